"""The ECG on paper with its tools, and what stands under it: explanation and record facts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from cardiov_core.domain import Analysis, Explanation, FloatArray
from cardiov_core.errors import CardioVError
from cardiov_core.inference import analysis_to_dict
from cardiov_core.reporting import CAPTION, PaperOptions, attention_stack_figure, caliper_reading, ecg_figure
from cardiov_core.reporting.boundaries import boundaries_caption
from cardiov_core.reporting.options import GAINS_MM_MV, LAYOUTS, SPEEDS_MM_S, FilterName, LeadOrder
from cardiov_core.ui import resources
from cardiov_core.ui.compare import compare_tab
from cardiov_core.ui.components import dark_theme, facts, guarded, show_error
from cardiov_core.ui.findings import findings_tab, quality_tab
from cardiov_core.ui.measurements import measurements_tab
from cardiov_core.ui.report import report_tab
from cardiov_core.ui.report import report_tab
from cardiov_core.ui.result import explanation_of
from cardiov_core.ui.state import Case, Key
from cardiov_core.ui.upload import age_and_sex, recording_time

_FILTERS: Mapping[FilterName, str] = {"diagnostic": "0.05-150 Hz", "monitor": "0.5-40 Hz"}
_NOTCHES_HZ = (0, 50, 60)
_LEAD_ORDERS: tuple[LeadOrder, ...] = ("standard", "cabrera")
_OPACITIES = (0.2, 0.4, 0.6, 0.8)
_STAGES = (1, 2, 3, 4, 5, 6, 7)
_TABS = ("Explanation", "Measurements", "Findings", "Quality", "Compare", "Record", "Report")
_CHART_CONFIG = {"displaylogo": False, "scrollZoom": False}
_TARGETS: Mapping[str, str | None] = {
    "this level?": None,
    "above no risk?": "above_no",
    "above low risk?": "above_low",
    "above medium risk?": "above_medium",
}


@dataclass(frozen=True)
class Tools:
    """What the tool row says.

    Attributes
    ----------
    paper : PaperOptions
        How the ECG is drawn.
    overlay : bool
        Whether the attention band is drawn.
    opacity : float
        Of the band, 0..1.
    stage : int
        Whose attention, 1..7.
    target : str or None
        Threshold asked about; None for the predicted level.
    calipers : bool
        Whether dragging measures instead of zooming.
    waves : bool
        Whether the boundaries of P, QRS and T are drawn.
    """

    paper: PaperOptions
    overlay: bool
    opacity: float
    stage: int
    target: str | None
    calipers: bool
    waves: bool


@st.fragment
def show_trace(case: Case, analysis: Analysis) -> None:
    """Draw the ECG with its tools and tabs; its controls rerun this part alone and never the network.

    Parameters
    ----------
    case : Case
        The open record.
    analysis : Analysis
        What CardioV says of it.
    """
    prediction = analysis.prediction
    start_s = prediction.window.start_s if prediction is not None else 0.0
    measured = analysis.measurements
    tools = _tool_row(start_s, explained=prediction is not None, measured=measured is not None)
    explanation: Explanation | None = None
    failure: CardioVError | None = None
    if prediction is not None:
        try:
            # The level on show, which for an out-of-fold prediction need not be the shipped network's own.
            target = int(prediction.severity) if tools.target is None else tools.target
            explanation = explanation_of(case, target)
        except CardioVError as error:
            failure = error
    attention = explanation.stages[tools.stage] if explanation is not None and tools.overlay else None
    figure = ecg_figure(
        case.record,
        tools.paper,
        attention=attention,
        opacity=tools.opacity,
        dark=dark_theme(),
        calipers=tools.calipers,
        boundaries=measured if tools.waves else None,
    )
    with st.container(key="paper_trace"):
        event = st.plotly_chart(
            figure,
            key=Key.TRACE,
            theme=None,
            on_select="rerun",
            selection_mode="box",
            config=_CHART_CONFIG,
            alt=_alternative(case, analysis),
        )
    if tools.calipers:
        _show_calipers(event.selection.box, tools.paper)
    if attention is not None:
        st.caption(_band_caption(attention, tools.stage))
    if measured is not None and tools.waves:
        st.caption(boundaries_caption(measured))
    _show_tabs(case, analysis, explanation, failure, tools)


@st.fragment
def _show_tabs(
    case: Case, analysis: Analysis, explanation: Explanation | None, failure: CardioVError | None, tools: Tools
) -> None:
    """Show what stands under the trace, the open tab alone: a figure that is drawn unseen gets a wrong width."""
    tabs = dict(zip(_TABS, st.tabs(_TABS, key=Key.TABS, on_change="rerun"), strict=True))
    contents: Mapping[str, Callable[[], None]] = {
        "Explanation": lambda: _explanation_tab(case, analysis, explanation, failure),
        "Measurements": lambda: measurements_tab(case, analysis, tools.paper.gain_mm_mv),
        "Findings": lambda: findings_tab(analysis),
        "Quality": lambda: quality_tab(analysis.quality),
        "Compare": lambda: compare_tab(case, tools.paper, waves=tools.waves),
        "Record": lambda: _record_tab(case, analysis, explanation, tools.paper),
        "Report": lambda: report_tab(case, analysis, tools.paper),
    }
    for name, tab in tabs.items():
        if tab.open:
            with tab, guarded():
                contents[name]()


def _band_caption(attention: FloatArray, stage: int) -> str:
    """Say what the band is, also where Grad-CAM leaves nothing to paint."""
    if not np.nanmax(attention) > 0:
        return f"Stage {stage} has no stretch that speaks for this target: there is no band. Try another stage."
    return f"Blue band: relative attention within this ECG, 0-1, stage {stage}. {CAPTION}"


def _tool_row(start_s: float, *, explained: bool, measured: bool) -> Tools:
    """Show the display controls in one slim row."""
    off = not explained
    with st.container(key="tools", horizontal=True, gap="xsmall", vertical_alignment="bottom"):
        layout = st.selectbox("Layout", LAYOUTS, key=Key.LAYOUT, width=88)
        speed = st.selectbox("Speed", SPEEDS_MM_S, 1, format_func=lambda mm: f"{mm:g} mm/s", key=Key.SPEED, width=104)
        gain = st.selectbox("Gain", GAINS_MM_MV, 2, format_func=lambda mm: f"{mm:g} mm/mV", key=Key.GAIN, width=114)
        band = st.selectbox("Filter", tuple(_FILTERS), format_func=_FILTERS.__getitem__, key=Key.FILTER, width=120)
        notch = st.selectbox("Notch", _NOTCHES_HZ, format_func=_notch_name, key=Key.NOTCH, width=80)
        order = st.selectbox("Leads", _LEAD_ORDERS, format_func=str.capitalize, key=Key.LEAD_ORDER, width=100)
        drag = st.selectbox("Drag", ("zoom", "calipers"), key=Key.DRAG, width=96)
        waves = st.selectbox("Waves", ("off", "on"), key=Key.WAVES, disabled=not measured, width=70)
        overlay = st.selectbox("Attention", ("on", "off"), key=Key.OVERLAY, disabled=off, width=74)
        opacity = st.selectbox(
            "Opacity", _OPACITIES, 1, format_func="{:.0%}".format, key=Key.OPACITY, disabled=off, width=78
        )
        stage = st.selectbox("Stage", _STAGES, len(_STAGES) - 1, key=Key.STAGE, disabled=off, width=62)
        why = st.selectbox("Why", tuple(_TARGETS), key=Key.TARGET, disabled=off, width=152)
    paper = PaperOptions(
        layout=layout,
        speed_mm_s=speed,
        gain_mm_mv=gain,
        filter=band,
        notch_hz=notch,
        lead_order=order,
        start_s=start_s,
    )
    return Tools(paper, overlay == "on", opacity, stage, _TARGETS[why], drag == "calipers", measured and waves == "on")


def _notch_name(hertz: int) -> str:
    return f"{hertz} Hz" if hertz else "off"


def _show_calipers(boxes: Sequence[Mapping[str, Any]], paper: PaperOptions) -> None:
    """Measure the box that was dragged on the paper; two times do the same without a mouse."""
    with st.container(key="calipers", horizontal=True, vertical_alignment="bottom"):
        first_s = st.number_input("Calipers: from, s", 0.0, value=None, step=0.01, key=Key.CALIPER_FROM, width=150)
        second_s = st.number_input("Calipers: to, s", 0.0, value=None, step=0.01, key=Key.CALIPER_TO, width=150)
        if first_s is not None and second_s is not None:
            speed = paper.speed_mm_s
            reading = caliper_reading(first_s * speed, 0.0, second_s * speed, 0.0, paper)
        elif boxes:
            (x0, x1), (y0, y1) = boxes[-1]["x"], boxes[-1]["y"]
            reading = caliper_reading(x0, y0, x1, y1, paper)
        else:
            st.markdown("Drag a box from one point to the other on the ECG, or type two times.", width="content")
            return
        rate = f"{reading.bpm:.0f} bpm, " if reading.bpm is not None else ""
        voltage = f"{abs(reading.mv):.2f} mV" if reading.mv else ""
        st.markdown(f"**{reading.ms:.0f} ms**, {rate}{voltage}".rstrip(", "), width="content")


def _alternative(case: Case, analysis: Analysis) -> str:
    record = case.record
    level = analysis.prediction.severity.title if analysis.prediction is not None else "level withheld"
    return f"ECG {case.title}: {len(record.leads)} leads, {record.duration_s:.1f} s, {level}"


def _explanation_tab(
    case: Case, analysis: Analysis, explanation: Explanation | None, failure: CardioVError | None
) -> None:
    if failure is not None:
        show_error(failure)
        return
    if explanation is None:
        st.write("There is no level, so there is nothing to explain.")
        return
    st.plotly_chart(
        attention_stack_figure(case.record, explanation, start_s=explanation.window.start_s, dark=dark_theme()),
        key=Key.STACK,
        theme=None,
        config=_CHART_CONFIG,
        alt=f"Attention of the seven stages of {explanation.model_name} over time",
    )
    st.caption(
        f"Grad-CAM of all seven stages of {explanation.model_name} for {explanation.target}. {CAPTION} "
        "The network mixes all leads in its first convolution, so a band belongs to all leads alike."
    )
    if analysis.prediction is not None and analysis.prediction.out_of_fold:
        st.caption(
            "The level on show is out-of-fold: it comes from a network that never saw this record. "
            "The attention is that of the shipped network, which did."
        )


def _record_tab(case: Case, analysis: Analysis, explanation: Explanation | None, paper: PaperOptions) -> None:
    facts(_facts(case, analysis, paper))
    # Names the grader that was asked also where the level is withheld.
    card = resources.predictor().card
    st.download_button(
        "Download the analysis (JSON)",
        key=Key.DOWNLOAD,
        data=lambda: json.dumps(
            analysis_to_dict(analysis, explanation, card=card), ensure_ascii=False, allow_nan=False
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
        ("Recorded", recording_time(record)),
        ("Device", record.device or "not stated"),
        ("Patient id", record.patient_id or "not stated"),
        ("Files", ", ".join(source.files) or source.path),
        ("Format", source.format),
        ("Sampling rate", f"{record.sampling_rate:g} Hz"),
        ("Duration", f"{record.duration_s:.2f} s, {record.n_samples} samples a lead"),
        ("Leads", ", ".join(record.leads)),
        ("Derived leads", ", ".join(record.derived_leads) or "none"),
        ("Display filter", f"{_FILTERS[paper.filter]}, notch {f'{paper.notch_hz} Hz' if paper.notch_hz else 'off'}"),
        ("SHA-256 of the files", source.sha256 or "no file"),
    ]
    if source.gains_per_mv:
        gains = dict.fromkeys(f"{gain:g}" for gain in source.gains_per_mv)
        rows.append(("Stated gain", f"{', '.join(gains)} per mV"))
    if source.gain_factor != 1.0:
        rows.append(("Confirmed gain factor", f"{source.gain_factor:g}"))
    if analysis.prediction is not None:
        prediction = analysis.prediction
        rows += [
            ("Analysed", f"{prediction.window.start_s:.2f} to {prediction.window.end_s:.2f} s"),
            ("On the way in", "; ".join(prediction.notes) or "nothing changed"),
            ("Model", f"{prediction.model_name}, SHA-256 {prediction.model_sha256}"),
        ]
    rows.append(("Warnings", " ".join(analysis.warnings) or "none"))
    if record.comments:
        rows.append(("Comments in the file", " | ".join(record.comments)))
    return rows
