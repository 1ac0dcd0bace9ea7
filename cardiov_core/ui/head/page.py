"""An open ECG: its head, its trace, and what comes with its level. The trace stands there before the level does."""

import streamlit as st

from cardiov_core.ui.analyze import alert, result, upload
from cardiov_core.ui.analyze import log as review_log
from cardiov_core.ui.analyze import record as trace
from cardiov_core.ui.batch import steps
from cardiov_core.ui.frame.session import Case, Key, session
from cardiov_core.ui.head.cart import cart_head
from cardiov_core.ui.head.evidence import evidence
from cardiov_core.ui.opening.first_screen import drop_zone
from cardiov_core.ui.opening.person import ask_person


def show_case(case: Case) -> None:
    """Show the open record."""
    steps.show_place()
    upload.show_rejected()
    result.choose_window(case)
    analysis = result.known_analysis(case)
    with st.container(key="head"):
        glance, buttons = st.columns([9, 1], gap="small")
        glance.html(cart_head(case, analysis))
        with buttons:
            if analysis is not None:
                evidence(case, analysis)
            _open_other()
            ask_person(case)
    if analysis is not None:
        result.show_answers(case, analysis)
        alert.show_alert(case, analysis)
    trace.show_trace(case, analysis)
    if analysis is None:
        result.analysis_of(case)
        # Once more, with the level: the trace is the same and is not drawn again.
        st.rerun()
    review_log.note_grade_shown(case, analysis)
    steps.prepare_next_row()


def _open_other() -> None:
    """Keep a drop zone within reach, and the other records of the upload."""
    with st.popover("Open", key=Key.OPEN_OTHER, width="stretch"):
        drop_zone("Drop another ECG")
        upload.switch_record()
        st.button("Samples and data sets", key=Key.CLOSE, on_click=session().close, width="stretch")
