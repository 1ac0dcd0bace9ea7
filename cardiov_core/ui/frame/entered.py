"""What the widgets of a page hold, read so that nothing at the same moment ends the reading."""

from typing import Any

import streamlit as st

from cardiov_core.errors import CardioVError


class Entries(dict[str, Any]):
    """What widgets hold, by their keys."""

    def __missing__(self, key: str) -> Any:
        """Say that a widget is gone: its page was left before its callback began."""
        raise CardioVError("This was not taken: another page was opened at the same moment.", "Enter it again.")


def entered() -> Entries:
    """Return what all widgets of the page hold.

    For callbacks, which take the session's state along and read their widgets here: a single look into
    ``st.session_state`` ends a callback where another request waits (``fastReruns``), and the click would be lost
    without a word. A copy of all of it is taken without such a look.
    """
    return Entries(st.session_state.to_dict())
