"""The ECG on paper with its tools, and what stands under it: explanation and record facts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from cardiov_core.domain import Analysis, Contributions, Explanation, Severity, texts, unique
from cardiov_core.errors import CardioVError
from cardiov_core.inference import analysis_to_dict
from cardiov_core.reporting import Lit, PaperOptions, age_and_sex, lit_by, recording_time
from cardiov_core.ui.analyze.findings import findings_tab, lit_finding, quality_tab
from cardiov_core.ui.analyze.grader import grader
from cardiov_core.ui.analyze.log import log_tab
from cardiov_core.ui.analyze.report import pdf_button, report_tab
from cardiov_core.ui.analyze.result import explanation_of, shown_from_s
from cardiov_core.ui.analyze.serial import compare_tab
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import facts, guarded
from cardiov_core.ui.frame.session import Case, Key, session
from cardiov_core.ui.sign_in.idle_clock import fragment
from cardiov_core.ui.trace.controls import FILTERS, notch_name
from cardiov_core.ui.trace.explanation import explanation_tab, has_band, remarks, stages_of
from cardiov_core.ui.trace.measurements import measurements_tab
from cardiov_core.ui.trace.tools import Tools, show_paper, tool_row

_TABS = ("Findings", "Measurements", "Explanation", "Quality", "Compare", "Record", "Report", "Log")


@fragment
def show_trace(case: Case, analysis: Analysis | None) -> None:
    """Draw the ECG with its tools and tabs; its controls rerun this part alone and never the network.

    `analysis`: None while it is computed: the ECG is drawn by itself meanwhile.
    """
    if analysis is None:
        tools = tool_row(session().window_start_s, measured=False, explained=False)
        show_paper(case.record, tools, None, None, f"ECG {case.title}", whole=False)
        return
    prediction = analysis.prediction
    start_s = prediction.window.start_s if prediction is not None else 0.0
    measured = analysis.measurements
    tools = tool_row(
        start_s,
        measured=measured is not None,
        explained=prediction is not None,
        banded=has_band(grader()),
        stages=stages_of(grader()),
        last=partial(pdf_button, case, analysis),
    )
    asked = tools.attention is not None and tools.attention.overlay
    explained = _explained(case, analysis, tools) if asked else _NOT_ASKED
    band = explained.explanation if isinstance(explained.explanation, Explanation) else None
    chosen = lit_finding(analysis)
    lit = None if chosen is None else lit_by(chosen, measured)
    lines = remarks(explained.explanation, explained.level)
    lines = lines if chosen is None else [*lines, f"Lit: {chosen.title}."]
    # Of a long record the window alone was measured: it is drawn as what it is, a record of its own.
    show_paper(analysis.record, tools, measured, band, _alternative(case, analysis), remarks=lines, lit=lit)
    _show_tabs(case, analysis, tools, lit)


@dataclass(frozen=True)
class _Explained:
    """What the explanation came to: it, the level that it is of, or why there is none."""

    explanation: Explanation | Contributions | None = None
    level: Severity | None = None
    failure: CardioVError | None = None


_NOT_ASKED = _Explained()


def _explained(case: Case, analysis: Analysis, tools: Tools) -> _Explained:
    """Explain the level on show, which for an out-of-fold prediction need not be the shipped grader's own."""
    prediction = analysis.prediction
    if prediction is None or tools.attention is None:
        return _NOT_ASKED
    threshold = tools.attention.target
    try:
        explanation = explanation_of(case, int(prediction.severity) if threshold is None else threshold)
    except CardioVError as error:
        return _Explained(failure=error)
    return _Explained(explanation, prediction.severity if threshold is None else None)


def _show_tabs(
    case: Case,
    analysis: Analysis,
    tools: Tools,
    lit: Lit | None,
) -> None:
    """Show what stands under the trace, the open tab alone: a figure that is drawn unseen gets a wrong width."""
    tabs = dict(zip(_TABS, st.tabs(_TABS, key=Key.TABS, on_change="rerun"), strict=True))
    contents: Mapping[str, Callable[[], None]] = {
        "Explanation": lambda: _explanation_tab(case, analysis, tools),
        "Measurements": lambda: measurements_tab(case, analysis, tools.paper.gain_mm_mv, lit.j_mv if lit else None),
        "Findings": lambda: findings_tab(analysis),
        "Quality": lambda: quality_tab(analysis.quality),
        "Compare": lambda: compare_tab(case, tools.paper),
        "Record": lambda: _record_tab(case, analysis, tools),
        "Report": lambda: report_tab(case, analysis, tools.paper),
        "Log": lambda: log_tab(case, analysis),
    }
    for name, tab in tabs.items():
        if tab.open:
            with tab, guarded():
                contents[name]()


def _explanation_tab(case: Case, analysis: Analysis, tools: Tools) -> None:
    explained = _explained(case, analysis, tools)
    # The measurements' side has its table right below.
    for line in remarks(explained.explanation, explained.level, measured=False):
        st.caption(plain(line))
    explanation_tab(case, analysis, explained.explanation, explained.failure)


def _alternative(case: Case, analysis: Analysis) -> str:
    record = case.record
    prediction = analysis.prediction
    level = "level withheld" if prediction is None else f"level {int(prediction.severity)}"
    return f"ECG {case.title}: {len(record.leads)} leads, {record.duration_s:.1f} s, {level}"


def _record_tab(case: Case, analysis: Analysis, tools: Tools) -> None:
    facts(_facts(case, analysis, tools.paper))
    # Names the grader that was asked also where the level is withheld.
    card = grader().card
    st.download_button(
        "Download the analysis (JSON)",
        key=Key.DOWNLOAD,
        data=lambda: json.dumps(
            analysis_to_dict(analysis, _explained(case, analysis, tools).explanation, card=card),
            ensure_ascii=False,
            allow_nan=False,
        ),
        file_name=f"{case.record.record_id}-cardiov.json",
        mime="application/json",
        on_click="ignore",
    )


def _facts(case: Case, analysis: Analysis, paper: PaperOptions) -> list[tuple[str, str]]:
    record, source = case.record, case.record.provenance
    rows = [
        ("Record", record.record_id),
        ("Origin", case.origin.value),
        ("Age and sex", age_and_sex(record.age, record.sex)),
        ("Recorded", recording_time(record) if record.recorded_at else "not stated"),
        ("Device", record.device or "not stated"),
        ("Patient id", record.patient_id or "not stated"),
        ("Files", ", ".join(source.files) or source.path),
        ("Format", source.format),
        ("Sampling rate", f"{record.sampling_rate:g} Hz"),
        ("Duration", f"{record.duration_s:.2f} s, {record.n_samples} samples per lead"),
        ("Leads", ", ".join(record.leads)),
        ("Derived leads", ", ".join(record.derived_leads) or "none"),
        ("Display filter", f"{FILTERS[paper.filter]}, notch {notch_name(paper.notch_hz)}"),
        ("SHA-256 of the files", source.sha256 or "no file"),
    ]
    if source.gains_per_mv:
        gains = dict.fromkeys(f"{gain:g}" for gain in source.gains_per_mv)
        rows.append(("Stated gain", f"{', '.join(gains)} per mV"))
    if source.gain_factor != 1.0:
        rows.append(("Confirmed gain factor", f"{source.gain_factor:g}"))
    if analysis.prediction is not None:
        prediction, from_s = analysis.prediction, shown_from_s(case)
        rows += [
            ("Analysed", f"{from_s + prediction.window.start_s:.2f} to {from_s + prediction.window.end_s:.2f} s"),
            ("Changed for the grader", "; ".join(texts(prediction.notes)) or "nothing"),
            ("Grader", f"{prediction.model_name}, SHA-256 {prediction.model_sha256}"),
        ]
    notes = () if analysis.prediction is None else analysis.prediction.notes
    rows.append(("Warnings", " ".join(texts(unique(analysis.warnings, notes))) or "none"))
    if record.comments:
        rows.append(("Comments in the file", " | ".join(record.comments)))
    return rows
