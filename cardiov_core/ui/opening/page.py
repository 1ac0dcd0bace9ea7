"""The Analyse page: what is to be opened is opened, then the first screen or the ECG is shown."""

import streamlit as st

from cardiov_core.ui.analyze import upload
from cardiov_core.ui.frame.session import session
from cardiov_core.ui.head.page import show_case
from cardiov_core.ui.opening import address, demo, first_screen, tour


def show_page(*, drawn: bool) -> None:
    """Show the open ECG, or the rest of the first screen.

    `drawn`: sentence and drop zone stand on the screen already.
    """
    address.open_addressed()
    upload.read_pending()
    address.show_address()
    case = session().case
    if case is not None:
        tour.show_step()
        show_case(case)
        return
    if not drawn:
        first_screen.show_drop_zone()
    with st.container(key="offers", horizontal=True):
        tour.offer_tour()
        demo.offer_demo()
    upload.empty_state()
