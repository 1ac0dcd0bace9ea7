"""The median beat in twelve leads on ECG paper, with the boundaries that the intervals were measured between."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from cardiov_core.domain import STANDARD_LEADS, MedianBeat, WaveBoundaries
from cardiov_core.reporting.colours import PaperColours, colours
from cardiov_core.reporting.trace.boundaries import Span, Wave, band_traces
from cardiov_core.reporting.trace.lit import median_level_traces
from cardiov_core.reporting.trace.sheet import overshoot_mm

SPEED_MM_S = 50.0
"""Twice the usual paper speed: one beat a cell leaves room, and boundaries want a closer look."""

_ROWS, _COLUMNS = 3, 4
_PITCH_MM = 30.0
_LOUD_PITCH_MM = 45.0
_MARGIN_MM = 5.0
_GAP_MM = 5.0
_WIDTH_PX = 1180.0
_MOST_PIXELS_A_MM = 4.6


@dataclass(frozen=True)
class _Grid:
    """Cells in mm: width of a cell with its gap, height of the sheet, base lines from top to bottom."""

    cell_mm: float
    width_mm: float
    height_mm: float
    pitch_mm: float
    base_lines_mm: tuple[float, ...]

    def left_mm(self, column: int) -> float:
        return _GAP_MM + column * self.cell_mm


def median_beat_figure(
    median: MedianBeat, *, gain_mm_mv: float = 10.0, dark: bool = False, j_mv: Mapping[str, float] | None = None
) -> go.Figure:
    """Draw the median beat of each lead in three rows of four, at 50 mm/s.

    Parameters
    ----------
    median : MedianBeat
        Beat and boundaries as measured; no display filter touches it.
    gain_mm_mv : float
        Gain in mm/mV.
    dark : bool
        Dark ground.
    j_mv : mapping of str to float, optional
        Lead -> measured level of J, drawn from the end of the QRS on.

    Returns
    -------
    plotly.graph_objects.Figure
        Axes in mm with one scale for both; a lead that is not in the beat is named 'not recorded'.
    """
    palette = colours(dark=dark)
    grid = _grid(median, gain_mm_mv)
    figure = go.Figure()
    figure.add_traces(band_traces(_spans(median, grid), grid.height_mm, dark=dark))
    annotations = []
    for index, lead in enumerate(STANDARD_LEADS):
        row, column = index % _ROWS, index // _ROWS
        if lead in median.leads:
            figure.add_trace(_trace(median, lead, grid.left_mm(column), grid.base_lines_mm[row], gain_mm_mv, palette))
        annotations.append(_name(median, lead, row, column, grid, palette))
    figure.add_traces(median_level_traces(_levels(median, grid, gain_mm_mv, j_mv or {}), SPEED_MM_S, dark=dark))
    annotations.append(_footer(median, gain_mm_mv, palette))
    figure.update_layout(_layout(grid, palette), annotations=annotations)
    return figure


def _grid(median: MedianBeat, gain_mm_mv: float) -> _Grid:
    beat_mm = median.signal.shape[1] / median.sampling_rate * SPEED_MM_S
    cell = 5.0 * math.ceil((beat_mm + _GAP_MM) / 5)
    pitch = _LOUD_PITCH_MM if gain_mm_mv > 10 else _PITCH_MM
    height = _ROWS * pitch + 2 * _MARGIN_MM
    base_lines = [height - _MARGIN_MM - (row + 0.6) * pitch for row in range(_ROWS)]
    drawn = (
        (base_lines[index % _ROWS], median.signal[median.leads.index(lead)])
        for index, lead in enumerate(STANDARD_LEADS)
        if lead in median.leads
    )
    above, below = overshoot_mm(height, drawn, gain_mm_mv)
    shifted = tuple(base + below for base in base_lines)
    return _Grid(cell, _COLUMNS * cell + _GAP_MM, height + above + below, pitch, shifted)


def _spans(median: MedianBeat, grid: _Grid) -> list[Span]:
    """Repeat the boundaries in each column: they belong to all leads."""
    waves: tuple[tuple[Wave, WaveBoundaries | None], ...] = (("P", median.p), ("QRS", median.qrs), ("T", median.t))
    spans = []
    for column in range(_COLUMNS):
        zero_mm = grid.left_mm(column) + median.r_index / median.sampling_rate * SPEED_MM_S
        spans += [
            Span(wave, zero_mm + boundaries.onset_s * SPEED_MM_S, zero_mm + boundaries.offset_s * SPEED_MM_S)
            for wave, boundaries in waves
            if boundaries is not None
        ]
    return spans


def _levels(
    median: MedianBeat, grid: _Grid, gain_mm_mv: float, j_mv: Mapping[str, float]
) -> list[tuple[float, float, float]]:
    """Place the levels: J, base line and height in mm; none where the QRS has no end."""
    if median.qrs is None:
        return []
    j_mm = (median.r_index / median.sampling_rate + median.qrs.offset_s) * SPEED_MM_S
    return [
        (grid.left_mm(index // _ROWS) + j_mm, grid.base_lines_mm[index % _ROWS], j_mv[lead] * gain_mm_mv)
        for index, lead in enumerate(STANDARD_LEADS)
        if lead in j_mv and lead in median.leads
    ]


def _trace(
    median: MedianBeat, lead: str, left_mm: float, base_mm: float, gain_mm_mv: float, palette: PaperColours
) -> go.Scatter:
    values = median.signal[median.leads.index(lead)]
    time_ms = (np.arange(values.size) - median.r_index) / median.sampling_rate * 1000
    microvolts = np.clip(np.nan_to_num(values) * 1000, -32_000, 32_000)
    return go.Scatter(
        {
            "x0": left_mm,
            "dx": SPEED_MM_S / median.sampling_rate,
            "y": values * np.float32(gain_mm_mv) + np.float32(base_mm),
            "customdata": np.column_stack([time_ms.round(), microvolts.round()]).astype(np.int16),
            "name": lead,
            "mode": "lines",
            "line": {"color": palette.trace, "width": 1.3, "simplify": False},
            "connectgaps": False,
            "hovertemplate": f"%{{customdata[0]}} ms from R<br>%{{customdata[1]:,}} mV<extra>{lead}</extra>",
        }
    )


def _name(
    median: MedianBeat, lead: str, row: int, column: int, grid: _Grid, palette: PaperColours
) -> dict[str, object]:
    return {
        "text": f"<b>{lead}</b>" + ("" if lead in median.leads else " not recorded"),
        "x": grid.left_mm(column),
        "y": grid.base_lines_mm[row] + 0.5 * grid.pitch_mm,
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 13, "color": palette.trace},
        "bgcolor": palette.veil,
        "borderpad": 0,
    }


def _footer(median: MedianBeat, gain_mm_mv: float, palette: PaperColours) -> dict[str, object]:
    beats = "1 beat" if median.n_beats == 1 else f"median of {median.n_beats} beats"
    parts = (
        beats,
        f"{SPEED_MM_S:g} mm/s",
        f"{gain_mm_mv:g} mm/mV",
        "as measured, no display filter",
        f"{median.sampling_rate:g} Hz",
        "unconfirmed",
    )
    return {
        "text": " · ".join(parts),
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yanchor": "top",
        "yshift": -5,
        "showarrow": False,
        "font": {"size": 12, "color": palette.muted},
    }


def _layout(grid: _Grid, palette: PaperColours) -> dict[str, object]:
    axis = {
        "showgrid": True,
        "dtick": 5,
        "tick0": 0,
        "gridcolor": palette.major_grid,
        "gridwidth": 1,
        "minor": {"dtick": 1, "showgrid": True, "gridcolor": palette.minor_grid, "gridwidth": 0.5, "ticks": ""},
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "constrain": "domain",
    }
    pixels_a_mm = min(_MOST_PIXELS_A_MM, _WIDTH_PX / grid.width_mm)
    return {
        "xaxis": {**axis, "range": [0, grid.width_mm]},
        "yaxis": {**axis, "range": [0, grid.height_mm], "scaleanchor": "x", "scaleratio": 1},
        "height": round(grid.height_mm * pixels_a_mm) + 34,
        "margin": {"l": 6, "r": 6, "t": 4, "b": 30},
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "font": {"color": palette.trace},
        "showlegend": False,
        "hovermode": "closest",
        "separators": "..",
        "dragmode": "zoom",
    }
