"""The first screen: one sentence, the drop zone and the samples, drawn before graders and drawing tools are loaded."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.navigation import show_logo
from cardiov_core.ui.frame.resources import warm_up
from cardiov_core.ui.frame.session import Key, Session, session

_LAST_ROOM = "cardiov_core.ui.opening.page"
_DRAWING_S = 0.5

SENTENCE = "Open a 12-lead ECG: you see it on ECG paper, its critical value from 0 to 3, and why."


def drawn_at_once() -> DeltaGenerator | None:
    """Draw the first screen where nothing is open or about to be opened.

    Returns where questions about an upload belong; None where nothing was drawn.
    """
    current = session()
    if current.case is not None or current.unread or st.query_params:
        show_logo()
        return None
    questions = show_first_screen()
    show_logo()
    warm_up()
    return questions


def show_first_screen() -> DeltaGenerator:
    """Show the sentence, the drop zone and the samples; return where questions about an upload belong."""
    st.html(f"<p>{SENTENCE}</p>")
    drop_zone("Drop ECG files here: from a cart or a data set, several at once or as a .zip")
    questions = st.container(key="questions")
    if _LAST_ROOM not in sys.modules:
        # What the browser draws these with comes from this server, and would wait for what is loaded meanwhile.
        time.sleep(_DRAWING_S)
    from cardiov_core.ui.opening.samples import show_offers

    show_offers()
    return questions


@contextmanager
def loading() -> Iterator[None]:
    """Say that the rooms are being loaded, once a server, where that takes a while."""
    if _LAST_ROOM in sys.modules:
        yield
        return
    with st.spinner("Loading ..."):
        yield


def drop_zone(label: str) -> None:
    """Show a drop zone alone."""
    current = session()
    key = f"{Key.DROP_ZONE}_{current.n_uploads}"
    files = st.file_uploader(label, accept_multiple_files=True, key=key, on_change=partial(_receive, current, key))
    if files:
        # The callback did not take them: whatever is clicked or pressed at the same moment ends one at its first look
        # into the session, and the files would be lost without a word.
        current.receive([(file.name, file.getvalue()) for file in files])
        st.rerun()


def _receive(current: Session, key: str) -> None:
    """Take files also from the zone of the screen before, which stands there until the next is drawn."""
    files = entered().get(key)
    if files:
        current.receive([(file.name, file.getvalue()) for file in files])
