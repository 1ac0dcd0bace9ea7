"""Analyze: open one ECG, see its level, its trace and where the network looked."""

import streamlit as st

from cardiov_core.reporting import age_and_sex
from cardiov_core.ui.analyze import alert, findings, grader, result, upload
from cardiov_core.ui.analyze import log as review_log
from cardiov_core.ui.analyze import record as trace
from cardiov_core.ui.batch import steps
from cardiov_core.ui.frame import session as state
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import page
from cardiov_core.ui.opening import address


def show_case(case: state.Case) -> None:
    """Show the open record: its name, the result, the trace."""
    steps.show_place()
    name, middle, choice, close = st.columns([5, 4, 3, 2], vertical_alignment="center")
    title = f"**{plain(case.title)}**, {age_and_sex(case.record.age, case.record.sex)}"
    named = name.empty()
    named.markdown(title)
    close.button("Open another ECG", key=state.Key.CLOSE, on_click=state.session().close, width="stretch")
    with middle:
        upload.switch_record()
    upload.show_rejected()
    result.choose_window(case)
    analysis = result.analysis_of(case)
    rhythm = findings.rhythm_words(analysis)
    if rhythm:
        named.markdown(f"{title}. {plain(rhythm)}")
    with middle:
        findings.show_critical(analysis)
    with choice:
        grader.choose_grader(analysis)
    alert.show_alert(case, analysis)
    review_log.show_disagreement(case, analysis)
    result.show_result(case, analysis)
    trace.show_trace(case, analysis)
    review_log.note_grade_shown(case, analysis)
    steps.prepare_next_row()


with page():
    address.open_addressed()
    upload.read_pending()
    address.show_address()
    case = state.session().case
    if case is None:
        upload.empty_state()
    else:
        show_case(case)
