"""Twelve leads on ECG paper, as samples and millimetres that a browser draws.

x runs at the paper speed and y at the gain, and leads are stacked by offset. Columns run on in time, so one band of
attention over the whole height lies right for every row and column. The samples of both display filters and the sheets
of all layouts, lead orders, speeds and gains are told at once: whoever draws changes them without asking again.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import pairwise
from typing import get_args

import numpy as np

from cardiov_core.domain import EcgRecord, FloatArray, Measurements
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.colours import ATTENTION, PaperColours, colours
from cardiov_core.reporting.trace.attention import standing_out
from cardiov_core.reporting.trace.boundaries import WAVE_STYLES, record_spans, record_spikes
from cardiov_core.reporting.trace.display_filter import BANDS_HZ, DisplayedSignal, filter_for_display
from cardiov_core.reporting.trace.lit import Lit, lit_drawing
from cardiov_core.reporting.trace.paper_options import (
    GAINS_MM_MV,
    LAYOUTS,
    SPEEDS_MM_S,
    LeadOrder,
    PaperOptions,
)
from cardiov_core.reporting.trace.sheet import PULSE_S, WINDOW_S, beyond_mm, sheet_for, strips_for

NO_SAMPLE = -32768
"""Stands in `EcgDrawing` where a lead has a gap."""

_FILTER_MARGIN_S = 10.0
_MARK, _MOST_MARKS = "\u25ae", 5
# So many shades of attention are told apart.
_SHADES = 20

EcgDrawing = dict[str, object]
"""What a browser needs to draw an ECG: numbers, colours and words, ready for JSON."""


def ecg_drawing(
    record: EcgRecord,
    options: PaperOptions,
    *,
    attention: FloatArray | None = None,
    leads_looked_at: Mapping[str, float] | None = None,
    dark: bool = False,
    boundaries: Measurements | None = None,
    lit: Lit | None = None,
    paper_s: float | None = None,
    both_filters: bool = True,
) -> EcgDrawing:
    """Prepare up to 10 s of a record to be drawn on ECG paper.

    All samples of the window are in it. Records under 10 s share their time among the columns, so that every lead is
    seen. Filtering is done on the record (up to 10 s beyond the window), then cut.

    Parameters
    ----------
    record : EcgRecord
        As read.
    options : PaperOptions
        Filter, notch and start of the window; whoever draws may choose all else of it by himself.
    attention : numpy.ndarray or None
        Attention per sample of the record, shape ``(n_samples,)``, 0..1, NaN where not analysed; drawn where it
        `standing_out`.
    leads_looked_at : mapping of str to float, optional
        Lead -> its importance, as a share of the largest: up to five marks beside the lead's name.
    dark : bool
        Dark ground.
    boundaries : Measurements or None
        Where given, onset and offset of each wave are drawn, as measured: they never follow the display filter.
    lit : Lit or None
        The leads, beats and levels of J of one finding.
    paper_s : float, optional
        Length of the paper, for two records of different length on one scale.
    both_filters : bool
        The samples of the other display filter, too; half as much is sent without them.

    Returns
    -------
    EcgDrawing
        Samples as base64 of 16-bit integers, times in s from the window's start, places in mm.

    Raises
    ------
    ConfigurationError
        If the window starts at or beyond the record's end, or attention has another length than the record.
    """
    _refuse(record, options, attention)
    rate = record.sampling_rate
    first = round(options.start_s * rate)
    last = min(record.n_samples, first + round(WINDOW_S * rate))
    shown_s = (last - first) / rate
    others = [name for name in BANDS_HZ if name != options.filter] if both_filters else []
    asked = [replace(options, filter=name) for name in (options.filter, *others)]
    return {
        "window": f"{record.record_id} {options.start_s:g}",
        "start_s": options.start_s,
        "rate_hz": rate,
        "n_samples": last - first,
        "leads": list(record.leads),
        "remarks": _remarks(record, leads_looked_at or {}),
        "filters": {one.filter: _filtered(record, one, first, last, paper_s, lit, dark=dark) for one in asked},
        "speeds": {f"{speed:g}": _width(options, speed, shown_s, paper_s) for speed in SPEEDS_MM_S},
        "pulse_s": PULSE_S,
        "attention": [] if attention is None else _runs(standing_out(attention)[first:last], rate),
        "waves": [] if boundaries is None else _waves(boundaries, options, shown_s, dark=dark),
        "filled": attention is None,
        "spikes": [] if boundaries is None else record_spikes(boundaries, options.start_s, shown_s),
        "colours": _colours(colours(dark=dark)),
    }


def _refuse(record: EcgRecord, options: PaperOptions, attention: FloatArray | None) -> None:
    """Raise `ConfigurationError` where window or attention are not of this record."""
    if options.start_s >= record.duration_s:
        raise ConfigurationError(
            f"The window starts at {options.start_s:g} s, but {record.record_id} ends at {record.duration_s:g} s.",
            "Choose an earlier start.",
        )
    if attention is not None and attention.shape != (record.n_samples,):
        raise ConfigurationError(
            f"Attention has shape {attention.shape}, but {record.record_id} has {record.n_samples} samples per lead.",
            "Give one value per sample of this record.",
        )


def _filtered(
    record: EcgRecord,
    options: PaperOptions,
    first: int,
    last: int,
    paper_s: float | None,
    lit: Lit | None,
    *,
    dark: bool,
) -> dict[str, object]:
    displayed, shown_s = _displayed(record, options, first, last), (last - first) / record.sampling_rate
    shown = None if lit is None else lit_drawing(lit, record, displayed.signal, options, shown_s, dark=dark)
    return {**_sheets(record, displayed, options, shown_s, paper_s), "lit": shown}


def _displayed(record: EcgRecord, options: PaperOptions, first: int, last: int) -> DisplayedSignal:
    """Filter the window with a margin on both sides, so that 30 minutes cost no more than 30 s."""
    margin = round(_FILTER_MARGIN_S * record.sampling_rate)
    begin, end = max(0, first - margin), min(record.n_samples, last + margin)
    wide = filter_for_display(record.signal[:, begin:end], record.sampling_rate, options.filter, options.notch_hz)
    return DisplayedSignal(wide.signal[:, first - begin : last - begin], wide.description, wide.notes)


def _samples(signal_mv: FloatArray) -> tuple[str, float]:
    """Return all samples as base64 of little-endian 16-bit integers, and what one unit is in mV: 1 uV or more."""
    finite = np.isfinite(signal_mv)
    largest_mv = float(np.abs(signal_mv[finite]).max()) if finite.any() else 0.0
    unit_mv = 0.001 * max(1.0, float(np.ceil(largest_mv / 32.0)))
    units = np.where(finite, np.round(np.nan_to_num(signal_mv) / unit_mv), NO_SAMPLE).astype("<i2")
    return base64.b64encode(units.tobytes()).decode(), unit_mv


def _sheets(
    record: EcgRecord, displayed: DisplayedSignal, options: PaperOptions, shown_s: float, paper_s: float | None
) -> dict[str, object]:
    """Return a filter's samples, its sheets of all lead orders and layouts, and what must be said of it."""
    samples, unit_mv = _samples(displayed.signal)
    orders: tuple[LeadOrder, ...] = get_args(LeadOrder)
    # Orders and layouts show the same stretches of leads.
    reach_of = cache(partial(_extremes, record, displayed))
    return {
        "samples": samples,
        "unit_mv": unit_mv,
        "orders": {
            order: {
                layout: _layout(reach_of, replace(options, lead_order=order, layout=layout), shown_s, paper_s)
                for layout in LAYOUTS
            }
            for order in orders
        },
        "footer": [*_after_gain(record, displayed, options)],
        "notes": " ".join(displayed.notes),
    }


def _layout(
    reach_of: Callable[[str, float, float], tuple[float, float] | None],
    options: PaperOptions,
    shown_s: float,
    paper_s: float | None,
) -> dict[str, object]:
    """Return a layout's strips, and per gain the height and base lines of a sheet that holds all deflections."""
    strips = strips_for(options, shown_s)
    reach = [(strip.row, reach_of(strip.lead, strip.start_s, strip.end_s)) for strip in strips]
    gains = {}
    for gain in GAINS_MM_MV:
        scaled = replace(options, gain_mm_mv=gain)
        sheet = sheet_for(scaled, shown_s, paper_s)
        drawn = [(sheet.base_lines_mm[row], *extremes) for row, extremes in reach if extremes is not None]
        above_mm, below_mm = beyond_mm(sheet.height_mm, drawn, gain)
        sheet = sheet_for(scaled, shown_s, paper_s, above_mm=above_mm, below_mm=below_mm)
        gains[f"{gain:g}"] = {"height_mm": sheet.height_mm, "base_lines_mm": list(sheet.base_lines_mm)}
    return {"strips": [[strip.lead, strip.row, strip.start_s, strip.end_s] for strip in strips], "gains": gains}


def _extremes(
    record: EcgRecord, displayed: DisplayedSignal, shown_as: str, start_s: float, end_s: float
) -> tuple[float, float] | None:
    """Return the lowest and the highest sample of a strip in mV, None where its lead was not recorded."""
    lead = shown_as.removeprefix("-")
    if lead not in record.leads:
        return None
    first, last = round(start_s * record.sampling_rate), round(end_s * record.sampling_rate)
    values = displayed.signal[record.leads.index(lead), first:last]
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    low_mv, high_mv = float(values.min()), float(values.max())
    return (-high_mv, -low_mv) if shown_as.startswith("-") else (low_mv, high_mv)


def _width(options: PaperOptions, speed_mm_s: float, shown_s: float, paper_s: float | None) -> dict[str, float]:
    sheet = sheet_for(replace(options, speed_mm_s=speed_mm_s), shown_s, paper_s)
    return {"left_mm": sheet.left_mm, "width_mm": sheet.width_mm}


def _remarks(record: EcgRecord, looked_at: Mapping[str, float]) -> dict[str, list[str]]:
    """Say beside a lead's name whether it was derived or not recorded, and by marks how much it was looked at."""
    derived = dict.fromkeys(record.derived_leads, "derived")
    marks = {lead: _MARK * round(_MOST_MARKS * share) for lead, share in looked_at.items()}
    return {lead: [derived.get(lead, ""), marks.get(lead, "")] for lead in {*derived, *marks}}


def _runs(shown: FloatArray, rate_hz: float) -> list[list[float]]:
    """Return stretches of equal attention: from, to in s and how much, 0..1; none where there is none."""
    shades = np.round(np.nan_to_num(shown) * _SHADES).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(shades)) + 1).tolist(), shades.size]
    return [
        [begin / rate_hz, end / rate_hz, int(shades[begin]) / _SHADES]
        for begin, end in pairwise(edges)
        if begin < end and shades[begin]
    ]


def _waves(measured: Measurements, options: PaperOptions, shown_s: float, *, dark: bool) -> list[dict[str, object]]:
    spans = record_spans(measured, options.start_s, shown_s)
    return [
        {
            "wave": wave,
            "colour": style.dark if dark else style.light,
            "dash": style.dash,
            "letter_mm": style.letter_mm,
            "spans": [[span.start, span.end, span.letters] for span in spans if span.wave == wave],
        }
        for wave, style in WAVE_STYLES.items()
    ]


def _colours(palette: PaperColours) -> dict[str, str]:
    return {
        "paper": palette.paper,
        "minor": palette.minor_grid,
        "major": palette.major_grid,
        "ink": palette.trace,
        "muted": palette.muted,
        "veil": palette.veil,
        "attention": ATTENTION,
    }


def footer_text(record: EcgRecord, displayed: DisplayedSignal, options: PaperOptions) -> str:
    """Write the footer of every trace: speed, gain, band, sampling rate, and whether a reader has signed.

    Returns for example '25 mm/s · 10 mm/mV · 0.05-150 Hz · 500 Hz · unconfirmed'.
    """
    scale = (f"{options.speed_mm_s:g} mm/s", f"{options.gain_mm_mv:g} mm/mV")
    return " · ".join((*scale, *_after_gain(record, displayed, options)))


def _after_gain(record: EcgRecord, displayed: DisplayedSignal, options: PaperOptions) -> Sequence[str]:
    """Return the parts of the footer that neither speed nor gain changes."""
    return (
        displayed.description,
        f"{record.sampling_rate:g} Hz",
        "confirmed" if options.confirmed else "unconfirmed",
    )
