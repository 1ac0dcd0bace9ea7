"""The Analyse page: what is to be opened is opened, then the first screen or the ECG is shown."""

from streamlit.delta_generator import DeltaGenerator

from cardiov_core.ui.analyze import upload
from cardiov_core.ui.frame.session import session
from cardiov_core.ui.head.page import show_case
from cardiov_core.ui.opening import address, first_screen, tour


def show_page(questions: DeltaGenerator | None) -> None:
    """Show the open ECG, or the rest of the first screen.

    `questions`: where those about an upload belong, on a first screen that is drawn already.
    """
    address.open_addressed()
    upload.read_pending()
    address.show_address()
    case = session().case
    if case is not None:
        tour.show_step()
        show_case(case)
        return
    with questions or first_screen.show_first_screen():
        upload.show_rejected()
        upload.ask_which_record()
    upload.offer_real_records()
