"""The ECG on paper with its tools, and what stands under it: explanation and record facts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from cardiov_core.domain import Analysis, Explanation
from cardiov_core.errors import CardioVError
from cardiov_core.inference import analysis_to_dict
from cardiov_core.reporting.attention import attention_stack_figure
from cardiov_core.reporting.ecg_paper import PaperOptions, ecg_figure
from cardiov_core.ui.components import dark_theme, facts, show_error
from cardiov_core.ui.result import explanation_of
from cardiov_core.ui.state import Case, Key
from cardiov_core.ui.upload import age_and_sex

_LAYOUTS = ("3x4+1", "3x4+3", "6x2", "12x1")
_SPEEDS_MM_S = (12.5, 25.0, 50.0)
_GAINS_MM_MV = (2.5, 5.0, 10.0, 20.0)
_FILTERS: Mapping[str, str] = {"diagnostic": "0.05-150 Hz", "monitor": "0.5-40 Hz"}
_NOTCHES_HZ = (0, 50, 60)
_LEAD_ORDERS = ("standard", "cabrera")
_OPACITIES = (0.2, 0.4, 0.6, 0.8)
_STAGES = (1, 2, 3, 4, 5, 6, 7)
_TARGETS: Mapping[str, str | None] = {
    "this level?": None,
    "above no risk?": "above_no",
    "above low risk?": "above_low",
    "above medium risk?": "above_medium",
}
CAPTION = "Shows where the model looked, not why."
"""Stands beside every attention map (CLINICAL 21)."""


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
    """

    paper: PaperOptions
    overlay: bool
    opacity: float
    stage: int
    target: str | None


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
    tools = _tool_row(start_s, explained=prediction is not None)
    explanation: Explanation | None = None
    failure: CardioVError | None = None
    if prediction is not None:
        try:
            explanation = explanation_of(case, tools.target)
        except CardioVError as error:
            failure = error
    attention = explanation.stages[tools.stage] if explanation is not None and tools.overlay else None
    figure = ecg_figure(case.record, tools.paper, attention=attention, opacity=tools.opacity, dark=dark_theme())
    st.plotly_chart(
        figure,
        key=Key.TRACE,
        theme=None,
        config={"displaylogo": False, "scrollZoom": False},
        alt=_alternative(case, analysis),
    )
    if attention is not None:
        st.caption(f"Blue band: relative attention within this ECG, 0-1, stage {tools.stage}. {CAPTION}")
    tab_explanation, tab_record = st.tabs(["Explanation", "Record"])
    with tab_explanation:
        _explanation_tab(case, explanation, failure)
    with tab_record:
        _record_tab(case, analysis, explanation, tools.paper)


def _tool_row(start_s: float, *, explained: bool) -> Tools:
    """Show the display controls in one slim row."""
    with st.container(key="tools"):
        slots = st.columns([1.1, 1.2, 1.3, 1.6, 1, 1.2, 1, 1, 0.9, 1.8], vertical_alignment="bottom")
    layout = slots[0].selectbox("Layout", _LAYOUTS, key=Key.LAYOUT)
    speed = slots[1].selectbox("Speed", _SPEEDS_MM_S, 1, format_func=lambda value: f"{value:g} mm/s", key=Key.SPEED)
    gain = slots[2].selectbox("Gain", _GAINS_MM_MV, 2, format_func=lambda value: f"{value:g} mm/mV", key=Key.GAIN)
    band = slots[3].selectbox("Filter", tuple(_FILTERS), format_func=_FILTERS.__getitem__, key=Key.FILTER)
    notch = slots[4].selectbox("Notch", _NOTCHES_HZ, format_func=lambda hz: f"{hz} Hz" if hz else "off", key=Key.NOTCH)
    order = slots[5].selectbox("Leads", _LEAD_ORDERS, format_func=str.capitalize, key=Key.LEAD_ORDER)
    overlay = slots[6].selectbox("Attention", ("on", "off"), key=Key.OVERLAY, disabled=not explained) == "on"
    opacity = slots[7].selectbox(
        "Opacity",
        _OPACITIES,
        1,
        format_func=lambda value: f"{100 * value:.0f} %",
        key=Key.OPACITY,
        disabled=not explained,
    )
    stage = slots[8].selectbox("Stage", _STAGES, len(_STAGES) - 1, key=Key.STAGE, disabled=not explained)
    why = slots[9].selectbox("Why", tuple(_TARGETS), key=Key.TARGET, disabled=not explained)
    paper = PaperOptions(
        layout=layout,
        speed_mm_s=speed,
        gain_mm_mv=gain,
        filter=band,
        notch_hz=notch,
        lead_order=order,
        start_s=start_s,
    )
    return Tools(paper, overlay, opacity, stage, _TARGETS[why])


def _alternative(case: Case, analysis: Analysis) -> str:
    record = case.record
    level = analysis.prediction.severity.title if analysis.prediction is not None else "level withheld"
    return f"ECG {case.title}: {len(record.leads)} leads, {record.duration_s:.1f} s, {level}"


def _explanation_tab(case: Case, explanation: Explanation | None, failure: CardioVError | None) -> None:
    if failure is not None:
        show_error(failure)
        return
    if explanation is None:
        st.write("There is no level, so there is nothing to explain.")
        return
    st.plotly_chart(
        attention_stack_figure(case.record, explanation),
        key=Key.STACK,
        theme=None,
        config={"displaylogo": False},
        alt=f"Attention of the seven stages of {explanation.model_name} over time",
    )
    st.caption(
        f"Grad-CAM of all seven stages of {explanation.model_name} for {explanation.target}. {CAPTION} "
        "The network mixes all leads in its first convolution, so a band belongs to all leads alike. "
        "Early stages see milliseconds, late ones seconds."
    )


def _record_tab(case: Case, analysis: Analysis, explanation: Explanation | None, paper: PaperOptions) -> None:
    facts(_facts(case, analysis, paper))
    st.download_button(
        "Download the analysis (JSON)",
        key=Key.DOWNLOAD,
        data=lambda: json.dumps(analysis_to_dict(analysis, explanation), ensure_ascii=False, allow_nan=False),
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
        ("Recorded", _recording_time(case)),
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


def _recording_time(case: Case) -> str:
    recorded = case.record.recorded_at
    if recorded is None:
        return "not stated"
    zone = recorded.tzname() if recorded.tzinfo is not None else "time zone not stated"
    return f"{recorded:%d %b %Y %H:%M:%S} ({zone})"
