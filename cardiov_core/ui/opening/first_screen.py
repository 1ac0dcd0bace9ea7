"""The first screen: one sentence and the drop zone, drawn before graders and drawing tools are loaded."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import streamlit as st

from cardiov_core.ui.frame.resources import warm_up
from cardiov_core.ui.frame.session import Key, Session, session

_LAST_ROOM = "cardiov_core.ui.opening.page"

SENTENCE = "Open a 12-lead ECG: you see it on ECG paper, its critical value from 0 to 3, and why."


def drawn_at_once() -> bool:
    """Draw the drop zone where nothing is open or about to be opened; tell whether it was drawn."""
    current = session()
    empty = current.case is None and not current.unread and not st.query_params
    if empty:
        show_drop_zone()
        warm_up()
    return empty


@contextmanager
def loading() -> Iterator[None]:
    """Say that the rooms are being loaded, once a server, where that takes a while."""
    if _LAST_ROOM in sys.modules:
        yield
        return
    with st.spinner("Loading ..."):
        yield


def show_drop_zone() -> None:
    """Show the sentence and the drop zone."""
    st.html(f"<p>{SENTENCE}</p>")
    drop_zone("Drop ECG files here: from a cart or a data set, several at once or as a .zip")


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
    files = st.session_state[key]
    if files:
        current.receive([(file.name, file.getvalue()) for file in files])
