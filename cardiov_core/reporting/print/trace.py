"""Twelve leads on paper that is measured with a ruler: one page, one pair of axes in mm.

25 mm are one second and 10 mm are one millivolt at the usual settings, whatever the page; what does not fit on one
page goes on the next, never smaller.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import EcgRecord, Float64Array
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.colours import LIGHT
from cardiov_core.reporting.print.text import TextStyle, font_of
from cardiov_core.reporting.trace.display_filter import DisplayedSignal, filter_for_display
from cardiov_core.reporting.trace.paper_options import PaperOptions
from cardiov_core.reporting.trace.sheet import PULSE_S, WINDOW_S, strips_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 297.0, 210.0
"""A4, landscape."""

GRID_LEFT_MM, GRID_WIDTH_MM = 13.5, 270.0
PULSE_MM = 15.0
"""Left part of the grid, which holds the calibration pulses."""

TRACE_MM = 250.0
"""What is left for the trace: 10 s at 25 mm/s; 5 mm of grid stay free at its right."""

PULSE_MV = 1.0
"""Height of the calibration pulse."""

INK = "#000000"
"""Print is black on white (docs/clinical.md, 2)."""

_FILTER_MARGIN_S = 10.0
_LEAST_PITCH_MM: dict[float, float] = {2.5: 13.5, 5.0: 13.5, 10.0: 27.0, 20.0: 40.0}
"""Gain -> least distance of two base lines: 2.7 mV up to 10 mm/mV, which tall R waves overstep here and there as on
any cart's paper, and four rows per page at 20 mm/mV."""
_FIRST_PAGE_PITCH_MM = 27.0
"""Least distance beside a summary: four rows of a 3x4 with its rhythm strip."""
_NAME = TextStyle(8.0, bold=True)
_TRACE_PT, _MINOR_PT, _MAJOR_PT = 0.75, 0.25, 0.5


@dataclass(frozen=True)
class GridArea:
    """Where the grid lies on the page, from the page's lower left corner."""

    # In mm; left edge and width are the same on all pages.
    bottom_mm: float
    height_mm: float


@dataclass(frozen=True)
class TraceSheet:
    """What of the window is on one page."""

    # Rows of the layout.
    first_row: int
    n_rows: int
    # Time within the window.
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class TraceWindow:
    """The stretch of a record that is drawn."""

    record: EcgRecord
    options: PaperOptions  # how it is drawn
    displayed: DisplayedSignal  # filtered for display, the window only

    @property
    def shown_s(self) -> float:
        """Length of the window in s."""
        return float(self.displayed.signal.shape[1] / self.record.sampling_rate)

    @property
    def n_rows(self) -> int:
        """Rows of the layout, rhythm strips included."""
        return 1 + max(strip.row for strip in strips_for(self.options, self.shown_s))

    def sheets(self, grid_height_mm: float) -> tuple[TraceSheet, ...]:
        """Divide rows and time among pages, so that the scale never changes."""
        pitch = _LEAST_PITCH_MM[self.options.gain_mm_mv]
        n_pages = math.ceil(self.n_rows / int(grid_height_mm // pitch))
        a_page = math.ceil(self.n_rows / n_pages)
        seconds = TRACE_MM / self.options.speed_mm_s
        # A sample more than 10 s is no reason for another page.
        n_cuts = max(1, math.ceil(self.shown_s / seconds - 1e-3))
        return tuple(
            TraceSheet(first, min(a_page, self.n_rows - first), cut * seconds, min((cut + 1) * seconds, self.shown_s))
            for first in range(0, self.n_rows, a_page)
            for cut in range(n_cuts)
        )

    def fits_beside_summary(self, grid_height_mm: float) -> bool:
        """Tell whether all of it fits on a first page that holds a summary as well."""
        low_enough = self.options.gain_mm_mv <= 10 and self.n_rows * _FIRST_PAGE_PITCH_MM <= grid_height_mm
        return low_enough and len(self.sheets(grid_height_mm)) == 1


def trace_window(record: EcgRecord, options: PaperOptions) -> TraceWindow:
    """Filter and cut the stretch that is drawn.

    Parameters
    ----------
    record : EcgRecord
        As read.
    options : PaperOptions
        Filter and start of the window.

    Returns
    -------
    TraceWindow
        Up to 10 s.

    Raises
    ------
    ConfigurationError
        If the window starts at or beyond the record's end.
    """
    if options.start_s >= record.duration_s:
        raise ConfigurationError(
            f"The window starts at {options.start_s:g} s, but {record.record_id} ends at {record.duration_s:g} s.",
            "Choose an earlier start.",
        )
    rate = record.sampling_rate
    first = round(options.start_s * rate)
    last = min(record.n_samples, first + round(WINDOW_S * rate))
    margin = round(_FILTER_MARGIN_S * rate)
    begin = max(0, first - margin)
    wide = filter_for_display(record.signal[:, begin : last + margin], rate, options.filter, options.notch_hz)
    signal = wide.signal[:, first - begin : last - begin]
    return TraceWindow(record, options, DisplayedSignal(signal, wide.description, wide.notes))


def draw_trace(axes: "Axes", window: TraceWindow, sheet: TraceSheet, area: GridArea) -> tuple[str, ...]:
    """Draw grid, calibration pulses, leads and their names; return the leads that leave the grid and are cut there."""
    _draw_grid(axes, area)
    options = window.options
    pieces = _pieces(window, sheet)
    bases = _base_lines(pieces, sheet, area, options.gain_mm_mv)
    pitch = (bases[0] - bases[-1]) / (len(bases) - 1) if len(bases) > 1 else area.height_mm
    left = GRID_LEFT_MM + (PULSE_MM - PULSE_S * options.speed_mm_s) / 2
    width, height = PULSE_S * options.speed_mm_s, PULSE_MV * options.gain_mm_mv
    for base in bases:
        x = [left - 1, left, left, left + width, left + width, left + width + 1]
        _draw_line(axes, x, [base, base, base + height, base + height, base, base], area)
    cut: list[str] = []
    for piece in pieces:
        base = bases[piece.row]
        x_mm = GRID_LEFT_MM + PULSE_MM + piece.after_s * options.speed_mm_s
        _draw_name(axes, window.record, piece.lead, x_mm, min(base + 0.47 * pitch, _top(area) - 1))
        if piece.values_mv is None:
            continue
        y = base + piece.values_mv * options.gain_mm_mv
        _draw_line(axes, x_mm + np.arange(y.size) * (options.speed_mm_s / window.record.sampling_rate), y, area)
        if np.any(y < area.bottom_mm) or np.any(y > _top(area)):
            cut.append(piece.lead)
    return tuple(dict.fromkeys(cut))


@dataclass(frozen=True, eq=False)
class _Piece:
    """What of a strip is on one page: row of the page, seconds from its left edge, samples where there are any."""

    lead: str
    row: int
    after_s: float
    values_mv: Float64Array | None


def _pieces(window: TraceWindow, sheet: TraceSheet) -> tuple[_Piece, ...]:
    """Cut the strips to what the page shows of them."""
    rate, leads = window.record.sampling_rate, window.record.leads
    pieces: list[_Piece] = []
    for strip in strips_for(window.options, window.shown_s):
        start, end = max(strip.start_s, sheet.start_s), min(strip.end_s, sheet.end_s)
        if not sheet.first_row <= strip.row < sheet.first_row + sheet.n_rows or end <= start:
            continue
        first, last = round(start * rate), round(end * rate)
        lead = strip.lead.removeprefix("-")
        values: Float64Array | None = None
        if lead in leads:
            values = window.displayed.signal[leads.index(lead), first:last].astype(np.float64)
            values = -values if strip.lead.startswith("-") else values
        pieces.append(_Piece(strip.lead, strip.row - sheet.first_row, first / rate - sheet.start_s, values))
    return tuple(pieces)


def _draw_line(axes: "Axes", x: npt.ArrayLike, y: npt.ArrayLike, area: GridArea) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.transforms import Bbox, TransformedBbox

    line = Line2D(
        x, y, color=INK, linewidth=_TRACE_PT, solid_joinstyle="round", solid_capstyle="round", snap=False, zorder=3
    )
    axes.add_line(line)
    corners = Bbox.from_bounds(GRID_LEFT_MM, area.bottom_mm, GRID_WIDTH_MM, area.height_mm)
    line.set_clip_box(TransformedBbox(corners, axes.transData))


def _draw_grid(axes: "Axes", area: GridArea) -> None:
    """1 mm lines, and over them 5 mm lines, each as one path."""
    from matplotlib.lines import Line2D

    steps = np.arange(round(max(GRID_WIDTH_MM, area.height_mm)) + 1)
    for major, colour, width in ((False, LIGHT.minor_grid, _MINOR_PT), (True, LIGHT.major_grid, _MAJOR_PT)):
        chosen = steps[(steps % 5 == 0) == major].astype(np.float64)
        x: list[float] = []
        y: list[float] = []
        for step in chosen[chosen <= GRID_WIDTH_MM]:
            x += [GRID_LEFT_MM + step, GRID_LEFT_MM + step, np.nan]
            y += [area.bottom_mm, _top(area), np.nan]
        for step in chosen[chosen <= area.height_mm]:
            x += [GRID_LEFT_MM, GRID_LEFT_MM + GRID_WIDTH_MM, np.nan]
            y += [area.bottom_mm + step, area.bottom_mm + step, np.nan]
        axes.add_line(
            Line2D(x, y, color=colour, linewidth=width, solid_capstyle="butt", snap=False, zorder=1 + 0.1 * major)
        )


def _draw_name(axes: "Axes", record: EcgRecord, lead: str, x_mm: float, top_mm: float) -> None:
    """Write a lead's name, and whether it was derived or not recorded; the trace goes over it."""
    plain = lead.removeprefix("-")
    text = lead.replace("-", "\u2212")
    if plain not in record.leads:
        text += " not recorded"
    elif plain in record.derived_leads:
        text += " derived"
    axes.text(
        x_mm + 0.8,
        top_mm,
        text,
        fontproperties=font_of(_NAME),
        color=INK,
        va="top",
        ha="left",
        zorder=2,
        parse_math=False,
        bbox={"facecolor": LIGHT.paper, "edgecolor": "none", "pad": 0.6},
    )


def _top(area: GridArea) -> float:
    return area.bottom_mm + area.height_mm


def _base_lines(pieces: tuple[_Piece, ...], sheet: TraceSheet, area: GridArea, gain_mm_mv: float) -> tuple[float, ...]:
    """Return base lines from top to bottom, on lines of the grid, evenly spaced.

    The outer rows move inwards where their deflections would leave the grid, each by a third of its height at most.
    """
    usual = area.height_mm / sheet.n_rows
    last_row = sheet.n_rows - 1
    above = min(max(0.55 * usual, gain_mm_mv * _largest(pieces, 0, 1.0) + 1), area.height_mm / 3)
    below = min(max(0.45 * usual, gain_mm_mv * _largest(pieces, last_row, -1.0) + 1), area.height_mm / 3)
    step = (area.height_mm - above - below) / last_row if last_row else 0.0
    return tuple(area.bottom_mm + round(area.height_mm - above - row * step) for row in range(sheet.n_rows))


def _largest(pieces: tuple[_Piece, ...], row: int, sign: float) -> float:
    """Return the largest deflection of a row to one side, in mV; 0 where there is none."""
    rows = [sign * piece.values_mv for piece in pieces if piece.row == row and piece.values_mv is not None]
    finite = np.concatenate([*(values[np.isfinite(values)] for values in rows), [0.0]])
    return float(finite.max())
