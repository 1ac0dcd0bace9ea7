"""Geometry of a sheet of ECG paper in mm: rows, columns, base lines, and where a time lies.

Columns run on in time, so one mapping from time to x holds for every row and column of a sheet.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import CHEST_LEADS, STANDARD_LEADS, FloatArray
from cardiov_core.reporting.trace.paper_options import Layout, PaperOptions

WINDOW_S = 10.0
"""Longest stretch on one sheet."""

CABRERA: tuple[str, ...] = ("aVL", "I", "-aVR", "II", "aVF", "III", *CHEST_LEADS)
"""Limb leads in the order of their axes, aVR inverted."""

PULSE_S = 0.2
"""Length of the calibration pulse."""

MARGIN_MM = 5.0
"""Above the first and below the last row."""

MOST_ADDED_MM = 30.0
"""Most paper that is added above or below; larger deflections leave the sheet until the reader lowers the gain."""

_RHYTHM: dict[Layout, tuple[str, ...]] = {"3x4+1": ("II",), "3x4+3": ("II", "V1", "V5"), "6x2": (), "12x1": ()}
# Rows, columns and the mm between rows at up to 10 mm/mV.
_GRID: dict[Layout, tuple[int, int, float]] = {
    "3x4+1": (3, 4, 25.0),
    "3x4+3": (3, 4, 25.0),
    "6x2": (6, 2, 25.0),
    "12x1": (12, 1, 20.0),
}


@dataclass(frozen=True)
class Sheet:
    """Geometry in mm."""

    left_mm: float  # where time 0 of the window lies; the calibration pulse stands to the left of it
    # Of the whole sheet.
    width_mm: float
    height_mm: float
    base_lines_mm: tuple[float, ...]  # base lines of the rows, from top to bottom
    shown_s: float  # length of the window that is drawn
    speed_mm_s: float

    def x_mm(self, window_s: float) -> float:
        """Return where a time of the window lies, in mm from the left edge."""
        return self.left_mm + window_s * self.speed_mm_s


@dataclass(frozen=True)
class Strip:
    """One lead in one place: its row, and its time within the window, in s."""

    lead: str
    row: int
    start_s: float
    end_s: float


def sheet_for(
    options: PaperOptions,
    shown_s: float,
    paper_s: float | None = None,
    *,
    above_mm: float = 0.0,
    below_mm: float = 0.0,
) -> Sheet:
    """Lay out a sheet; `paper_s` is the length of the paper where it is longer than the window."""
    rows, _, pitch = _GRID[options.layout]
    n_rows = rows + len(_RHYTHM[options.layout])
    if options.gain_mm_mv > 10:
        pitch = 5.0 * math.ceil(1.6 * pitch / 5)
    left = 5.0 * math.ceil((PULSE_S * options.speed_mm_s + 4) / 5)
    width = 5.0 * math.ceil((left + max(shown_s, paper_s or 0.0) * options.speed_mm_s + 1) / 5)
    height = n_rows * pitch + 2 * MARGIN_MM + above_mm + below_mm
    base_lines = tuple(height - MARGIN_MM - above_mm - (row + 0.6) * pitch for row in range(n_rows))
    return Sheet(left, width, height, base_lines, shown_s, options.speed_mm_s)


def strips_for(options: PaperOptions, shown_s: float) -> list[Strip]:
    """Place the leads column by column, then the rhythm strips over the whole width."""
    rows, columns, _ = _GRID[options.layout]
    order = CABRERA if options.lead_order == "cabrera" else STANDARD_LEADS
    column_s = shown_s / columns
    strips = [
        Strip(lead, index % rows, index // rows * column_s, (index // rows + 1) * column_s)
        for index, lead in enumerate(order)
    ]
    strips += [Strip(lead, rows + index, 0.0, shown_s) for index, lead in enumerate(_RHYTHM[options.layout])]
    return strips


def overshoot_mm(
    height_mm: float, deflections: Iterable[tuple[float, FloatArray]], gain_mm_mv: float
) -> tuple[float, float]:
    """Return how much paper is missing above and below, in whole large boxes, up to `MOST_ADDED_MM`.

    `deflections`: base line in mm and the samples drawn on it, in mV.
    """
    reach = []
    for base_mm, values in deflections:
        finite = values[np.isfinite(values)]
        if finite.size:
            reach.append((base_mm, float(finite.min()), float(finite.max())))
    return beyond_mm(height_mm, reach, gain_mm_mv)


def beyond_mm(height_mm: float, reach: Iterable[tuple[float, float, float]], gain_mm_mv: float) -> tuple[float, float]:
    """Return as `overshoot_mm`; `reach`: base line in mm, lowest and highest sample in mV."""
    above = below = 0.0
    for base_mm, low_mv, high_mv in reach:
        above = max(above, base_mm + gain_mm_mv * high_mv - height_mm)
        below = max(below, -base_mm - gain_mm_mv * low_mv)
    return _boxes(above), _boxes(below)


def _boxes(missing_mm: float) -> float:
    return min(MOST_ADDED_MM, 5.0 * math.ceil(missing_mm / 5))
