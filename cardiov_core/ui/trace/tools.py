"""The tool row of every trace, the paper that it draws, and the calipers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from cardiov_core.domain import EcgRecord, Explanation, FloatArray, Measurements
from cardiov_core.reporting import (
    CAPTION,
    STANDS_OUT,
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
from cardiov_core.ui.trace.choices import folded_key, keep_choices, recall_choices, take_pressed
from cardiov_core.ui.trace.controls import (
    DRAG,
    FILTER,
    GAIN,
    LAYOUT,
    LEAD_ORDER,
    NOTCH,
    OPACITY,
    SPEED,
    SWITCH,
    WAVES,
    Choice,
    Option,
)
from cardiov_core.ui.trace.paper import draw_paper

CHART_CONFIG = {"displaylogo": False, "scrollZoom": False, "displayModeBar": False}
"""How Plotly shows any figure."""

_TARGETS: Mapping[str, str | None] = {
    "this level?": None,
    "above no risk?": "above_no",
    "above low risk?": "above_low",
    "above medium risk?": "above_medium",
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
    stage: int  # whose attention, from 1
    target: str | None  # threshold asked about; None for the predicted level


@dataclass(frozen=True)
class Tools:
    """What the tool row says."""

    paper: PaperOptions  # how the ECG is drawn
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
    paper_key: str = Key.TRACE,
) -> Tools:
    """Show the display controls in one slim row, and what a page puts `last` into it.

    `explained` None leaves the controls of the explanation out. `paper_key`: of the paper that they belong to.
    """
    recall_choices()
    take_pressed(paper_key)
    with st.container(key="tools", horizontal=True, gap="xsmall", vertical_alignment="center"):
        layout, speed = _shown(LAYOUT, 96), _shown(SPEED, 108)
        gain, band = _shown(GAIN, 118), _shown(FILTER, 124)
        st.session_state.setdefault(Key.DRAG, DRAG.first)
        st.segmented_control(
            DRAG.label, DRAG.options, required=True, format_func=DRAG.words, key=Key.DRAG,
            label_visibility="collapsed",
        )  # fmt: skip
        with st.popover("More", key=Key.MORE):
            notch, order = _choose(NOTCH), _choose(LEAD_ORDER)
            waves = _choose(WAVES, disabled=not measured)
            attention = None if explained is None else _attention_tools(not explained, banded, stages)
        keep_choices()
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
    return Tools(paper, measured and waves == "on", attention)


def _shown(choice: Choice[Option], width_px: int) -> Option:
    """Show a control that stands on the screen without its label; screen readers hear it."""
    return st.selectbox(
        choice.label, choice.options, format_func=choice.words, key=choice.key, width=width_px,
        label_visibility="collapsed",
    )  # fmt: skip


def _choose(choice: Choice[Option], *, disabled: bool = False) -> Option:
    """Show a control behind 'More'."""
    place = choice.options.index(st.session_state.get(choice.key, choice.first))
    chosen = st.selectbox(
        choice.label, choice.options, place, format_func=choice.words, key=folded_key(choice), disabled=disabled
    )
    st.session_state[choice.key] = chosen
    return chosen


def _attention_tools(disabled: bool, banded: bool, stages: StageChoice) -> AttentionTools:
    no_band = disabled or not banded
    # Off until it is asked for: a band of attention is no finding.
    overlay = st.selectbox("Attention", SWITCH, key=Key.OVERLAY, disabled=no_band)
    _choose(OPACITY, disabled=no_band)
    # Another grader's network may have fewer stages than the one that was chosen for.
    if st.session_state.get(Key.STAGE, stages.first) not in stages.offered:
        del st.session_state[Key.STAGE]
    first = stages.offered.index(stages.first)
    stage = st.selectbox("Stage", stages.offered, first, key=Key.STAGE, disabled=no_band)
    why = st.selectbox("Why", tuple(_TARGETS), key=Key.TARGET, disabled=disabled)
    return AttentionTools(overlay == "on", stage, _TARGETS[why])


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
    whole: bool = True,
) -> None:
    """Draw the ECG as the tool row says; below it what the overlays mean.

    `whole`: with the samples of both display filters; the first drawing of an ECG does without, to be there sooner.
    """
    overlay = tools.attention
    wanted = overlay.stage if explanation and overlay and overlay.overlay else None
    withheld = explanation.withheld.get(wanted) if explanation and wanted else None
    attention = explanation.stages[wanted] if explanation and wanted and withheld is None else None
    drawing = ecg_drawing(
        record,
        tools.paper,
        attention=attention,
        leads_looked_at=leads_standing_out(explanation) if explanation and wanted else None,
        dark=dark_theme(),
        boundaries=measured,
        lit=lit,
        both_filters=whole,
    )
    with st.container(key="paper_trace"):
        draw_paper(drawing, key=key, alternative=alternative, takes_keys=True)
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
