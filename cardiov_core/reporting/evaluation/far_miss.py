"""One ECG as drawn on paper with the attention of all stages, as a small picture for a list of cases."""

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.domain import EcgRecord, Explanation
from cardiov_core.reporting.colours import ATTENTION, LIGHT
from cardiov_core.reporting.print.picture import only_sheet
from cardiov_core.reporting.print.text import DRAWING, FONT, TextStyle, font_of
from cardiov_core.reporting.print.trace import (
    GRID_LEFT_MM,
    GRID_WIDTH_MM,
    INK,
    PAGE_WIDTH_MM,
    PULSE_MM,
    GridArea,
    TraceWindow,
    draw_trace,
    trace_window,
)
from cardiov_core.reporting.trace.attention import standing_out
from cardiov_core.reporting.trace.paper_options import PaperOptions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 110
_GRID_MM, _EDGE_MM = 110.0, 1.5
_STAGE_MM = 3.2
_SMALL = TextStyle(6.0)


def trace_picture(record: EcgRecord, explanation: Explanation | None = None) -> str:
    """Draw up to 10 s of a record, 3x4 with a rhythm strip at 25 mm/s and 10 mm/mV, as a ``data:`` address (WebP).

    The last stage's attention lies behind the traces, and all stages in strips below, the first one uppermost, on the
    same time axis; stages that failed the network's passport are left out.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    window = trace_window(record, PaperOptions())
    sheet = only_sheet(window)
    stages: list[int] = []
    if explanation is not None:
        stages = [stage for stage in sorted(explanation.stages) if stage not in explanation.withheld]
    foot_mm = _STAGE_MM * len(stages) + (3.0 if stages else 0.0) + _EDGE_MM
    height_mm = _GRID_MM + foot_mm + _EDGE_MM
    target = io.BytesIO()
    with DRAWING, rc_context({"font.family": FONT, "path.simplify": False}):
        figure = Figure(figsize=(PAGE_WIDTH_MM / 25.4, height_mm / 25.4))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.axis("off")
        if explanation is not None and stages:
            top_mm = foot_mm - 2.0
            for row, stage in enumerate(stages):
                bottom = top_mm - (row + 1) * _STAGE_MM
                _draw_band(axes, window, explanation.stages[stage], bottom + 0.3, _STAGE_MM - 0.3)
                axes.text(GRID_LEFT_MM, bottom + 0.9, f"stage {stage}", fontproperties=font_of(_SMALL), color=INK)
            _draw_band(axes, window, explanation.stages[stages[-1]], foot_mm, _GRID_MM, opacity=0.5)
        draw_trace(axes, window, sheet, GridArea(foot_mm, _GRID_MM))
        axes.set_xlim(GRID_LEFT_MM - _EDGE_MM, GRID_LEFT_MM + GRID_WIDTH_MM + _EDGE_MM)
        axes.set_ylim(0, height_mm)
        # Without loss, and less than a third of a PNG of the same picture.
        figure.savefig(target, format="webp", dpi=_DPI, facecolor=LIGHT.paper, pil_kwargs={"lossless": True})
    return f"data:image/webp;base64,{base64.b64encode(target.getvalue()).decode()}"


def _draw_band(
    axes: "Axes",
    window: TraceWindow,
    attention: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    bottom_mm: float,
    height_mm: float,
    *,
    opacity: float = 1.0,
) -> None:
    """Draw attention over the time of the window; columns run on in time, so one band lies right for every row."""
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("attention", [LIGHT.paper, ATTENTION])
    n_shown = window.displayed.signal.shape[1]
    left = GRID_LEFT_MM + PULSE_MM
    right = left + window.shown_s * window.options.speed_mm_s
    axes.imshow(
        standing_out(attention)[np.newaxis, :n_shown],
        extent=(left, right, bottom_mm, bottom_mm + height_mm),
        cmap=ramp,
        vmin=0.0,
        vmax=1.0,
        alpha=opacity,
        aspect="auto",
        interpolation="nearest",
        zorder=0.5,
    )
