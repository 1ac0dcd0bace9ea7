"""A finding on the paper: its leads lit, its beats marked, and the level of J drawn where it was measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from cardiov_core.domain import BeatBoundaries, Finding, FloatArray, Measurements
from cardiov_core.reporting.trace.paper_options import PaperOptions
from cardiov_core.reporting.trace.sheet import Sheet, Strip
from cardiov_core.signals import BASE_LINE_S

LEVEL_S = 0.08
"""Length of the line that shows the level of J, from J on."""

_ABOVE = 0.6
_FILL = "rgba(230, 159, 0, 0.20)"
_INK = {False: "#8A5A00", True: "#F0B73E"}


@dataclass(frozen=True)
class Lit:
    """What lights up for one finding.

    Attributes
    ----------
    leads : tuple of str
        Leads in which it is seen.
    beats : tuple of BeatBoundaries
        Beats that are marked: those in which it is seen, or all where it belongs to no lead and to no beat in
        particular, as a rhythm does; empty where the leads say it all.
    level_beats : tuple of BeatBoundaries
        Beats whose level of J is drawn.
    j_mv : mapping of str to float
        Lead -> level of J against the level before the QRS, of the leads in which it is seen.
    """

    leads: tuple[str, ...] = ()
    beats: tuple[BeatBoundaries, ...] = ()
    level_beats: tuple[BeatBoundaries, ...] = ()
    j_mv: Mapping[str, float] = field(default_factory=dict)


def lit_by(finding: Finding, measured: Measurements | None) -> Lit:
    """Return what lights up for a finding.

    Parameters
    ----------
    finding : Finding
        With its leads, beats and levels of J.
    measured : Measurements or None
        Whose beats the finding counts.
    """
    every = measured.beats if measured is not None else ()
    beats = tuple(every[index] for index in finding.beats if index < len(every))
    levels = {lead: level for lead, level in finding.j_mv.items() if lead in finding.leads}
    level_beats = beats or tuple(beat for beat in every if beat.dominant)
    marked = beats if beats or finding.leads else every
    return Lit(finding.leads, marked, level_beats if levels else (), levels)


def light(
    figure: go.Figure,
    lit: Lit,
    drawn: Sequence[tuple[Strip, FloatArray]],
    sheet: Sheet,
    options: PaperOptions,
    *,
    sampling_rate_hz: float,
    dark: bool,
) -> None:
    """Light up a finding: its leads below the grid, its beats and levels above the traces.

    `drawn`: strips with their samples in mV as drawn.
    """
    figure.update_layout(shapes=_lead_shapes(lit, (strip for strip, _ in drawn), sheet, dark=dark))
    figure.add_traces(_beat_traces(lit, options.start_s, sheet, dark=dark))
    figure.add_traces(_level_traces(lit, drawn, options, sheet, sampling_rate_hz, dark=dark))


def _lead_shapes(lit: Lit, strips: Iterable[Strip], sheet: Sheet, *, dark: bool) -> list[dict[str, object]]:
    """Return one rectangle behind each strip of a lit lead, named 'lit II' after its lead."""
    pitch = sheet.base_lines_mm[0] - sheet.base_lines_mm[1]
    return [
        {
            "type": "rect",
            "name": f"lit {strip.lead.removeprefix('-')}",
            "x0": sheet.x_mm(strip.start_s),
            "x1": sheet.x_mm(strip.end_s),
            "y0": sheet.base_lines_mm[strip.row] - (1 - _ABOVE) * pitch,
            "y1": sheet.base_lines_mm[strip.row] + _ABOVE * pitch,
            "fillcolor": _FILL,
            "line": {"color": _INK[dark], "width": 1},
            "layer": "below",
        }
        for strip in strips
        if strip.lead.removeprefix("-") in lit.leads
    ]


def _beat_traces(lit: Lit, start_s: float, sheet: Sheet, *, dark: bool) -> list[go.Scatter]:
    """Mark each beat of the finding by a dotted line through its R peak; none where there are none."""
    places = [beat.r_s - start_s for beat in lit.beats]
    x_mm = [sheet.x_mm(time_s) for time_s in places if 0 <= time_s <= sheet.shown_s]
    points = [(x, y) for x in x_mm for y in (0.0, sheet.height_mm, None)]
    return [_line("beats of the finding", points, dark=dark, dash="dot", width=1.2)] if points else []


def _level_traces(
    lit: Lit,
    drawn: Sequence[tuple[Strip, FloatArray]],
    options: PaperOptions,
    sheet: Sheet,
    rate_hz: float,
    *,
    dark: bool,
) -> list[go.Scatter]:
    """Draw the measured level of J in every beat of the lit leads, against the drawn level before its QRS."""
    points: list[tuple[float, float | None]] = []
    for strip, values in drawn:
        lead = strip.lead.removeprefix("-")
        if lead not in lit.j_mv:
            continue
        level_mv = -lit.j_mv[lead] if strip.lead.startswith("-") else lit.j_mv[lead]
        for beat in lit.level_beats:
            if beat.qrs is None:
                continue
            onset = round((beat.qrs.onset_s - options.start_s - strip.start_s) * rate_hz)
            before = values[max(0, onset - round(BASE_LINE_S * rate_hz)) : max(0, onset)]
            j_s = beat.qrs.offset_s - options.start_s
            if not np.isfinite(before).any() or j_s + LEVEL_S > strip.end_s:
                continue
            y_mm = sheet.base_lines_mm[strip.row] + (float(np.nanmean(before)) + level_mv) * options.gain_mm_mv
            points += _level(sheet.x_mm(j_s), y_mm, LEVEL_S * sheet.speed_mm_s)
    return [_line("level of J", points, dark=dark, dash="solid", width=2.5)] if points else []


def median_level_traces(
    j_mm: Iterable[tuple[float, float, float]], speed_mm_s: float, *, dark: bool
) -> list[go.Scatter]:
    """Draw the level of J in the cells of the median beat.

    `j_mm`: where J lies in mm from the left, the base line in mm, and the level of J in mm above it.
    """
    points = [
        point for x_mm, base_mm, level_mm in j_mm for point in _level(x_mm, base_mm + level_mm, LEVEL_S * speed_mm_s)
    ]
    return [_line("level of J", points, dark=dark, dash="solid", width=2.5)] if points else []


def _level(x_mm: float, y_mm: float, length_mm: float) -> list[tuple[float, float | None]]:
    return [(x_mm, y_mm), (x_mm + length_mm, y_mm), (x_mm + length_mm, None)]


def _line(
    name: str, points: Sequence[tuple[float, float | None]], *, dark: bool, dash: str, width: float
) -> go.Scatter:
    return go.Scatter(
        {
            "x": [x for x, _ in points],
            "y": [y for _, y in points],
            "name": name,
            "mode": "lines",
            "line": {"color": _INK[dark], "width": width, "dash": dash},
            "connectgaps": False,
            "hoverinfo": "skip",
        }
    )
