"""The owner's view of a study's progress: reads by reader and day, and the four corners of label against grade."""

from functools import partial

import streamlit as st

from cardiov_core.domain import Reader
from cardiov_core.review import Store, quadrant_counts, reading_pace
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.frame.review_session import ReviewState, review_state

QUADRANT_KEY, VIEW_KEY, CASES_VIEW = "quadrant", "view", "Cases"
"""Keys of the filter and of the choice of view, as in the address; the view of the cases."""

_HEADS = ("Day (UTC)", "Reader", "Reads", "Time a read")
_WORDS = {
    "missed": "Missed: label 2-3, grade 0-1",
    "both high": "Both 2-3",
    "both low": "Both 0-1",
    "false alarm": "False alarm: label 0-1, grade 2-3",
}
_ROWS = (("missed", "both high"), ("both low", "false alarm"))


def show_progress(store: Store, me: Reader, study: str) -> None:
    """Show how far the readers are, and where label and grade stand to each other.

    `me`: who looks; nothing of a single case is shown.
    """
    del me
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Reads by day")
        rows = [
            (f"{each.day:%d %b %Y}", each.reader, str(each.n), "" if each.seconds is None else _duration(each.seconds))
            for each in reading_pace(store, study)
        ]
        if not rows:
            st.write("No reads yet.")
        else:
            st.html(html_table(_HEADS, rows, columns="ttnn"))
            st.caption("Median time from one saved read to the next; pauses over ten minutes are left out.")
    with right:
        st.subheader("Label and grade")
        counts = quadrant_counts(store, study)
        for row in _ROWS:
            for column, name in zip(st.columns(2), row, strict=True):
                column.button(
                    f"**{counts[name]}**  \n{_WORDS[name]}",
                    key=f"quadrant_{name.replace(' ', '_')}",
                    width="stretch",
                    disabled=not counts[name],
                    type="primary" if name in ("missed", "false alarm") and counts[name] else "secondary",
                    on_click=partial(_open_cases, review_state(), name),
                )
        st.caption("A click opens these cases with labels and levels: you will read them unblinded.")


def take_corner() -> None:
    """Show the cases of the corner that was clicked, before view and filters are drawn."""
    state = review_state()
    if state.corner is not None:
        st.session_state[VIEW_KEY], st.session_state[QUADRANT_KEY] = CASES_VIEW, state.corner
        state.corner = None


# Leaves the rest to the page: a look into the session would end it when another click comes at the same moment.
def _open_cases(state: ReviewState, name: str) -> None:
    state.owner_view, state.corner = True, name


def _duration(seconds: float) -> str:
    # Nobody reads an ECG in less: such reads were brought in.
    if seconds < 1:
        return ""
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
