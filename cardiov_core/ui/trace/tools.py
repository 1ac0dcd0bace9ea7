"""The tool row of every trace, the paper that it draws, and the calipers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from cardiov_core.domain import EcgRecord, Explanation, FloatArray, Measurements
from cardiov_core.reporting import (
    CAPTION,
    GAINS_MM_MV,
    LAYOUTS,
    SPEEDS_MM_S,
    STANDS_OUT,
    FilterName,
    LeadOrder,
    Lit,
    PaperOptions,
    boundaries_caption,
    ecg_drawing,
    leads_standing_out,
    standing_out,
)
from cardiov_core.ui.frame.html import plain
from cardiov_core.ui.frame.page import dark_theme
from cardiov_core.ui.frame.session import Key
from cardiov_core.ui.trace.choices import Choice, choose_next, keep_choices, recall_choices
from cardiov_core.ui.trace.paper import DRAGS, OPACITIES, Drag, draw_paper

FILTERS: Mapping[FilterName, str] = {"diagnostic": "0.05-150 Hz", "monitor": "0.5-40 Hz"}
"""Display filter -> its band in words."""
CHART_CONFIG = {"displaylogo": False, "scrollZoom": False, "displayModeBar": False}
"""How Plotly shows any figure."""

_NOTCHES_HZ = (0, 50, 60)
_LEAD_ORDERS: tuple[LeadOrder, ...] = ("standard", "cabrera")
_SWITCH = ("off", "on")
_TARGETS: Mapping[str, str | None] = {
    "this level?": None,
    "above no risk?": "above_no",
    "above low risk?": "above_low",
    "above medium risk?": "above_medium",
}

_LAYOUT, _SPEED, _GAIN, _FILTER = (
    Choice(Key.LAYOUT, LAYOUTS, LAYOUTS[0]),
    Choice(Key.SPEED, SPEEDS_MM_S, SPEEDS_MM_S[1]),
    Choice(Key.GAIN, GAINS_MM_MV, GAINS_MM_MV[2]),
    Choice(Key.FILTER, tuple(FILTERS), next(iter(FILTERS))),
)
_KEPT = (
    _LAYOUT,
    _SPEED,
    _GAIN,
    _FILTER,
    Choice(Key.NOTCH, _NOTCHES_HZ, _NOTCHES_HZ[0]),
    Choice(Key.LEAD_ORDER, _LEAD_ORDERS, _LEAD_ORDERS[0]),
)
# Letters that neither Streamlit nor the Review page takes.
_BY_KEY = {
    "A": _GAIN,
    "V": _SPEED,
    "Y": _LAYOUT,
    "F": _FILTER,
    "W": Choice(Key.WAVES, _SWITCH, _SWITCH[0]),
    "D": Choice(Key.DRAG, DRAGS, DRAGS[0]),
}


@dataclass(frozen=True)
class StageChoice:
    """Stages of a network whose attention can be asked for."""

    offered: tuple[int, ...] = (1,)  # from short waves to whole beats, at least one
    first: int = 1  # the one with which an ECG is opened


NO_STAGES = StageChoice()
"""Where no network answers: the choice is there and cannot be used."""


@dataclass(frozen=True)
class AttentionTools:
    """What the tool row says of the attention band."""

    overlay: bool  # whether the band is drawn
    opacity: float  # of the band, 0..1
    stage: int  # whose attention, from 1
    target: str | None  # threshold asked about; None for the predicted level


@dataclass(frozen=True)
class Tools:
    """What the tool row says."""

    paper: PaperOptions  # how the ECG is drawn
    drag: Drag  # {"zoom", "calipers"}; what dragging on the paper does
    waves: bool  # whether the boundaries of P, QRS and T are drawn
    attention: AttentionTools | None = None  # None where the row has no such controls: a blind reader's


def tool_row(
    start_s: float,
    *,
    measured: bool,
    explained: bool | None,
    banded: bool = True,
    stages: StageChoice = NO_STAGES,
    last: Callable[[PaperOptions], None] | None = None,
) -> Tools:
    """Show the display controls in one slim row, and what a page puts `last` into it.

    `explained` None leaves the controls of the explanation out.
    """
    recall_choices(_KEPT)
    with st.container(key="tools", horizontal=True, gap="xsmall", vertical_alignment="center"):
        layout = _shown("Layout", LAYOUTS, Key.LAYOUT, 96)
        speed = _shown("Speed", SPEEDS_MM_S, Key.SPEED, 108, "{:g} mm/s")
        gain = _shown("Gain", GAINS_MM_MV, Key.GAIN, 118, "{:g} mm/mV")
        band = st.selectbox(
            "Filter", tuple(FILTERS), format_func=FILTERS.__getitem__, key=Key.FILTER, width=124,
            label_visibility="collapsed",
        )  # fmt: skip
        st.session_state.setdefault(Key.DRAG, DRAGS[0])
        drag = st.segmented_control(
            "Drag", DRAGS, required=True, format_func=str.capitalize, key=Key.DRAG,
            label_visibility="collapsed",
        )  # fmt: skip
        with st.popover("More", key=Key.MORE):
            notch = st.selectbox("Notch", _NOTCHES_HZ, format_func=notch_name, key=Key.NOTCH)
            order = st.selectbox("Leads", _LEAD_ORDERS, format_func=str.capitalize, key=Key.LEAD_ORDER)
            waves = st.selectbox("Waves", _SWITCH, key=Key.WAVES, disabled=not measured)
            attention = None if explained is None else _attention_tools(not explained, banded, stages)
        # Unseen: it gives the controls their keys, and has no place of its own in the row.
        with st.container(key="tool_keys"):
            for letter, choice in _BY_KEY.items():
                name = f"next_{choice.key}"
                st.button(f"Next {choice.key}", key=name, shortcut=letter, on_click=partial(choose_next, choice))
            keep_choices(_KEPT)
        paper = PaperOptions(
            layout=layout,
            speed_mm_s=speed,
            gain_mm_mv=gain,
            filter=band,
            notch_hz=notch,
            lead_order=order,
            start_s=start_s,
        )
        if last is not None:
            last(paper)
    return Tools(paper, drag or DRAGS[0], measured and waves == "on", attention)


def _shown(label: str, options: Sequence[Any], key: Key, width: int, words: str = "{}") -> Any:
    """Show a control that stands on the screen without its label; screen readers hear it."""
    return st.selectbox(label, options, format_func=words.format, key=key, width=width, label_visibility="collapsed")


def _attention_tools(disabled: bool, banded: bool, stages: StageChoice) -> AttentionTools:
    no_band = disabled or not banded
    # Off until it is asked for: a band of attention is no finding.
    overlay = st.selectbox("Attention", _SWITCH, key=Key.OVERLAY, disabled=no_band)
    opacity = st.selectbox("Opacity", OPACITIES, 1, format_func="{:.0%}".format, key=Key.OPACITY, disabled=no_band)
    # Another grader's network may have fewer stages than the one that was chosen for.
    if st.session_state.get(Key.STAGE, stages.first) not in stages.offered:
        del st.session_state[Key.STAGE]
    first = stages.offered.index(stages.first)
    stage = st.selectbox("Stage", stages.offered, first, key=Key.STAGE, disabled=no_band)
    why = st.selectbox("Why", tuple(_TARGETS), key=Key.TARGET, disabled=disabled)
    return AttentionTools(overlay == "on", opacity, stage, _TARGETS[why])


def show_paper(
    record: EcgRecord,
    tools: Tools,
    measured: Measurements | None,
    explanation: Explanation | None,
    alternative: str,
    *,
    remarks: Sequence[str] = (),
    lit: Lit | None = None,
    key: str = Key.TRACE,
) -> None:
    """Draw the ECG as the tool row says; below it what the overlays mean."""
    overlay = tools.attention
    wanted = overlay.stage if explanation and overlay and overlay.overlay else None
    withheld = explanation.withheld.get(wanted) if explanation and wanted else None
    attention = explanation.stages[wanted] if explanation and wanted and withheld is None else None
    drawing = ecg_drawing(
        record,
        tools.paper,
        attention=attention,
        opacity=overlay.opacity if overlay else 0.0,
        leads_looked_at=leads_standing_out(explanation) if explanation and wanted else None,
        dark=dark_theme(),
        boundaries=measured if tools.waves else None,
        lit=lit,
    )
    with st.container(key="paper_trace"):
        draw_paper(drawing, key=key, alternative=alternative, drag=tools.drag)
    captions = [] if withheld is None else [f"{withheld} There is no band. Try another stage."]
    if attention is not None and wanted is not None:
        captions.append(band_caption(attention, wanted))
    if captions or remarks:
        st.caption("  \n".join(plain(words) for words in (*captions, *remarks)))
    if measured is not None and tools.waves:
        st.caption(boundaries_caption(measured))


def band_caption(attention: FloatArray, stage: int) -> str:
    """Say what the band is, also where Grad-CAM leaves nothing to paint.

    `attention`: shape (n_samples,), 0..1, NaN outside the window. `stage`: of the network, 1..7.
    """
    if np.nanmax(attention) > 0 and not np.nanmax(standing_out(attention)) > 0:
        return (
            f"Stage {stage} looked at all of this ECG alike: nothing stands out against the record's own median, so "
            "there is no band. Try another stage."
        )
    if not np.nanmax(attention) > 0:
        return f"Stage {stage} has no stretch that supports this target: there is no band. Try another stage."
    return (
        f"Blue band: relative attention within this ECG, 0-1, stage {stage}, where it is at least {STANDS_OUT:g} "
        f"times the record's own median. {CAPTION}"
    )


def notch_name(hertz: int) -> str:
    """Return the notch filter in words: its frequency in Hz, or 'off' for 0."""
    return f"{hertz} Hz" if hertz else "off"
