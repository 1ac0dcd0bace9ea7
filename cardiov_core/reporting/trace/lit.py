"""A finding on the paper: its leads lit, its beats marked, and the level of J drawn where it was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go

from cardiov_core.domain import BeatBoundaries, EcgRecord, Finding, FloatArray, Measurements
from cardiov_core.reporting.trace.paper_options import PaperOptions
from cardiov_core.signals import BASE_LINE_S

LEVEL_S = 0.08
"""Length of the line that shows the level of J, from J on."""

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


def lit_drawing(
    lit: Lit, record: EcgRecord, signal_mv: FloatArray, options: PaperOptions, shown_s: float, *, dark: bool
) -> dict[str, object]:
    """Return what lights up on the paper: leads by name, beats and levels of J by time.

    `signal_mv`: the record's window as drawn, shape ``(n_leads, n_samples)``.
    """
    beats = [beat.r_s - options.start_s for beat in lit.beats]
    return {
        "leads": list(lit.leads),
        "beats": [time_s for time_s in beats if 0 <= time_s <= shown_s],
        "levels": list(_levels(lit, record, signal_mv, options.start_s)),
        "level_s": LEVEL_S,
        "fill": _FILL,
        "ink": _INK[dark],
    }


def _levels(lit: Lit, record: EcgRecord, signal_mv: FloatArray, start_s: float) -> Iterator[list[object]]:
    """Yield lead, J in s and the measured level of J in mV, against the drawn level before the QRS of each beat."""
    rate = record.sampling_rate
    for lead, level_mv in lit.j_mv.items():
        if lead not in record.leads:
            continue
        values = signal_mv[record.leads.index(lead)]
        for beat in lit.level_beats:
            if beat.qrs is None:
                continue
            onset = round((beat.qrs.onset_s - start_s) * rate)
            before = values[max(0, onset - round(BASE_LINE_S * rate)) : max(0, onset)]
            if np.isfinite(before).any():
                yield [lead, beat.qrs.offset_s - start_s, float(np.nanmean(before)) + level_mv]


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
