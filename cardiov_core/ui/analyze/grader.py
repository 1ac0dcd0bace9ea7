"""Whose level is on show: the choice of a grader, and the line that says where graders differ."""

import streamlit as st

from cardiov_core.domain import Analysis
from cardiov_core.inference import Grader
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.entered import entered
from cardiov_core.ui.frame.session import Key, session


def grader() -> Grader:
    """Return the grader that this session asks: the one that the reader chose, else the default one."""
    return resources.predictor(session().grader)


def choose_grader(analysis: Analysis) -> None:
    """Offer every shipped grader, each with a line of its card and what it says; nothing where there is only one."""
    known = resources.graders()
    if len(known) < 2:
        return
    current, names = session(), list(known)
    # What the reader chose outlives a visit to another page, where Streamlit forgets widgets.
    st.session_state[Key.GRADER] = grader().name

    def _choose() -> None:
        current.grader = entered().get(Key.GRADER, current.grader)

    st.radio(
        "Whose level is shown",
        names,
        format_func=lambda name: f"{name} (default)" if name == names[0] else name,
        captions=[f"{known[name].card.stated.title}.{_level_words(analysis, name)}" for name in names],
        key=Key.GRADER,
        on_change=_choose,
    )
    st.caption("Kept for the ECGs that you open next. All graders are asked, whichever is shown.")


def _level_words(analysis: Analysis, name: str) -> str:
    """Return what a grader says of the open record, for the list of graders."""
    if analysis.panel is None:
        return ""
    prediction = analysis.panel.of(name)
    if prediction is not None:
        return f" Says: level {prediction.severity.numbered}."
    return f" Gives no level: {analysis.panel.silent[name].text}" if name in analysis.panel.silent else ""
