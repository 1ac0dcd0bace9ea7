"""The trace of a case with its tools and measurements; label and grader reach it only after the reveal."""

from dataclasses import replace

import streamlit as st

from cardiov_core.domain import Case, Contributions, Explanation, Measurements
from cardiov_core.errors import CardioVError
from cardiov_core.reporting import RANGES_NOTE, MeasurementRow, measurement_rows
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.review_session import review_state
from cardiov_core.ui.frame.session import Key
from cardiov_core.ui.review.preload import Prepared
from cardiov_core.ui.sign_in.idle_clock import fragment
from cardiov_core.ui.trace.explanation import has_band, measured_reasons, remarks, stages_of
from cardiov_core.ui.trace.measurements import show_median_beat
from cardiov_core.ui.trace.tools import NO_STAGES, AttentionTools, show_paper, tool_row

_HEADS = ("Measurement", "Value", "Normal range", "Flag", "Remark")
# What fits on one line under the trace; the table below holds all.
_SHORT = {
    "Heart rate": "HR",
    "PR interval": "PR",
    "QRS duration": "QRS",
    "QT interval": "QT",
    "QTc, Fridericia": "QTc (Fridericia)",
    "QRS axis": "QRS axis",
}


@fragment
def show_case_trace(case_id: str, prepared: Prepared, revealed: Case | None, *, confirmed: bool = False) -> None:
    """Draw a case's ECG; before the reveal without attention, and with nothing that depends on label or model."""
    explained = None if revealed is None else revealed.level is not None
    grader = None if revealed is None else resources.predictor(revealed.model_name)
    banded = grader is None or has_band(grader)
    stages = NO_STAGES if grader is None else stages_of(grader)
    paper_key = f"{Key.TRACE}_{case_id}"
    tools = tool_row(0.0, measured=True, explained=explained, banded=banded, stages=stages, paper_key=paper_key)
    explanation: Explanation | Contributions | None = None
    failure: CardioVError | None = None
    if revealed is not None and tools.attention is not None and explained:
        try:
            explanation = _explain(revealed, prepared, tools.attention)
        except CardioVError as error:
            failure = error
    record = prepared.record
    words = f"ECG of the case: {len(record.leads)} leads, {record.duration_s:.1f} s"
    tools = replace(tools, paper=replace(tools.paper, confirmed=confirmed))
    band = explanation if isinstance(explanation, Explanation) else None
    asked = tools.attention is not None and tools.attention.target is None
    # Where the network looked is told where its band is asked for; what was measured is the reason for the level.
    looked = tools.attention is not None and tools.attention.overlay
    told = explanation if looked else measured_reasons(explanation)
    show_paper(
        record,
        tools,
        prepared.measured,
        band,
        words,
        remarks=remarks(told, revealed.level if revealed is not None and asked else None),
        key=paper_key,
    )
    if failure is not None:
        show_error(failure)
    if revealed is not None and told is not None:
        _say_whose(revealed)
    _show_measurements(prepared, tools.paper.gain_mm_mv)


def _explain(case: Case, prepared: Prepared, tools: AttentionTools) -> Explanation | Contributions:
    state = review_state()
    target: int | str = int(case.level or 0) if tools.target is None else tools.target
    key = (case.id, target)
    if key not in state.explanations:
        with st.spinner("Asking for the reasons ..."):
            grader = resources.predictor(case.model_name)
            state.explanations[key] = grader.explain(prepared.examination, target=target)
    return state.explanations[key]


def _say_whose(case: Case) -> None:
    """Say where the explanation is not that of the weights whose level is on show."""
    predictor = resources.predictor(case.model_name)
    if case.model_sha256 != predictor.card.sha256:
        st.caption(
            f"The explanation is that of {predictor.name} as it is now, not of the weights that graded this case."
        )
    elif case.out_of_fold:
        st.caption("The level is out-of-fold; the explanation is that of the shipped grader, which knew this record.")


def _show_measurements(prepared: Prepared, gain_mm_mv: float) -> None:
    record = prepared.record
    rows = measurement_rows(prepared.measured, record.sex, record.age)
    st.html(f'<div class="cv-counts cv-measured">{"".join(_short(row) for row in rows if row.name in _SHORT)}</div>')
    with st.expander("All measurements"):
        st.html(html_table(_HEADS, [(row.name, row.value, row.normal, row.flag_text, row.note) for row in rows]))
        st.caption(RANGES_NOTE)
        _median(prepared.measured, gain_mm_mv)


def _short(row: MeasurementRow) -> str:
    flag = f"&nbsp;{row.flag_text[0]}" if row.flag_text else ""
    return f'<span class="cv-count">{_SHORT[row.name]}&nbsp;<b>{row.short}</b>{flag}</span>'


def _median(measured: Measurements, gain_mm_mv: float) -> None:
    if st.toggle("Median beat", key="review_median"):
        show_median_beat(measured, gain_mm_mv)
