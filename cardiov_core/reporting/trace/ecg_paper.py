"""Twelve leads on ECG paper: one Plotly figure with one pair of axes in millimetres.

x runs at the paper speed and y at the gain, leads are stacked by offset, and both axes share one mm-to-pixel factor.
Columns run on in time, so one band of attention over the whole height lies right for every row and column.
"""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from cardiov_core.domain import EcgRecord, FloatArray, Measurements
from cardiov_core.errors import ConfigurationError
from cardiov_core.reporting.colours import ATTENTION, ATTENTION_SCALE, PaperColours, colours
from cardiov_core.reporting.trace.attention import standing_out
from cardiov_core.reporting.trace.boundaries import band_traces, record_spans, spike_traces
from cardiov_core.reporting.trace.display_filter import DisplayedSignal, filter_for_display
from cardiov_core.reporting.trace.lit import Lit, light
from cardiov_core.reporting.trace.marks import column_ticks
from cardiov_core.reporting.trace.paper_options import PaperOptions
from cardiov_core.reporting.trace.sheet import (
    CABRERA,
    PULSE_S,
    WINDOW_S,
    Sheet,
    Strip,
    overshoot_mm,
    sheet_for,
    strips_for,
)

__all__ = ["CABRERA", "WINDOW_S", "PaperOptions", "ecg_figure", "footer_text"]

_WIDTH_PX = 1180.0
_FILTER_MARGIN_S = 10.0
_TOP_PX, _BOTTOM_PX = 4, 46
_MARK, _MOST_MARKS = "\u25ae", 5


def ecg_figure(
    record: EcgRecord,
    options: PaperOptions,
    *,
    attention: FloatArray | None = None,
    opacity: float = 0.4,
    leads_looked_at: Mapping[str, float] | None = None,
    dark: bool = False,
    calipers: bool = False,
    boundaries: Measurements | None = None,
    lit: Lit | None = None,
    width_px: float = _WIDTH_PX,
    paper_s: float | None = None,
) -> go.Figure:
    """Draw up to 10 s of a record on ECG paper.

    All samples of the window are in the figure. Records under 10 s share their time among the columns, so that
    every lead is seen. Filtering is done on the record (up to 10 s beyond the window), then cut.

    Parameters
    ----------
    record : EcgRecord
        As read.
    options : PaperOptions
        Layout, speed, gain, filter, lead order, start of the window.
    attention : numpy.ndarray or None
        Attention per sample of the record, shape ``(n_samples,)``, 0..1, NaN where not analysed; drawn where it
        `standing_out`.
    opacity : float
        Opacity of the attention band, 0..1.
    leads_looked_at : mapping of str to float, optional
        Lead -> its importance, as a share of the largest: up to five marks beside the lead's name.
    dark : bool
        Dark ground.
    calipers : bool
        Dragging selects a box instead of zooming; see `calipers.caliper_reading`.
    boundaries : Measurements or None
        Where given, onset and offset of each wave are drawn, as measured: they never follow the display filter.
    lit : Lit or None
        The leads, beats and levels of J of one finding.
    width_px : float
        Width that the paper is meant for; its height follows.
    paper_s : float, optional
        Length of the paper, for two records of different length on one scale.

    Returns
    -------
    plotly.graph_objects.Figure
        One figure, no WebGL; `uirevision` changes with record, window and scale, so zoom survives filter and overlay.

    Raises
    ------
    ConfigurationError
        If the window starts at or beyond the record's end, or attention has another length than the record.
    """
    _refuse(record, options, attention)
    first = round(options.start_s * record.sampling_rate)
    last = min(record.n_samples, first + round(WINDOW_S * record.sampling_rate))
    displayed = _displayed(record, options, first, last)
    shown_s = (last - first) / record.sampling_rate
    strips = strips_for(options, shown_s)
    sheet = _roomy_sheet(record, displayed, strips, options, shown_s, paper_s)
    palette = colours(dark=dark)
    figure = go.Figure()
    if attention is not None:
        figure.add_trace(_band(standing_out(attention)[first:last], sheet, record.sampling_rate, options, opacity))
    if boundaries is not None:
        spans = record_spans(boundaries, options.start_s, sheet)
        figure.add_traces(band_traces(spans, sheet.height_mm, dark=dark, filled=attention is None))
        figure.add_traces(spike_traces(boundaries, options.start_s, sheet, dark=dark))
    figure.add_trace(_pulses(sheet, options, palette))
    figure.add_trace(_caliper_anchor(sheet))
    traces = (_trace(record, displayed, strip, sheet, options, palette) for strip in strips)
    figure.add_traces([trace for trace in traces if trace is not None])
    if lit is not None:
        drawn = [(each, values) for each in strips if (values := _strip_values(record, displayed, each)) is not None]
        light(figure, lit, drawn, sheet, options, sampling_rate_hz=record.sampling_rate, dark=dark)
    annotations = [_name(record, strip, sheet, options, palette, leads_looked_at or {}) for strip in strips]
    annotations += _footer(record, displayed, options, palette)
    figure.update_layout(
        _layout(record, sheet, options, palette, calipers=calipers, width_px=width_px),
        annotations=annotations,
        shapes=[*figure.layout.shapes, *column_ticks(strips, sheet, palette.trace)],
    )
    return figure


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


def _displayed(record: EcgRecord, options: PaperOptions, first: int, last: int) -> DisplayedSignal:
    """Filter the window with a margin on both sides, so that 30 minutes cost no more than 30 s."""
    margin = round(_FILTER_MARGIN_S * record.sampling_rate)
    begin, end = max(0, first - margin), min(record.n_samples, last + margin)
    wide = filter_for_display(record.signal[:, begin:end], record.sampling_rate, options.filter, options.notch_hz)
    return DisplayedSignal(wide.signal[:, first - begin : last - begin], wide.description, wide.notes)


def _roomy_sheet(
    record: EcgRecord,
    displayed: DisplayedSignal,
    strips: list[Strip],
    options: PaperOptions,
    shown_s: float,
    paper_s: float | None,
) -> Sheet:
    """Lay out a sheet that also holds deflections beyond its first and last row."""
    sheet = sheet_for(options, shown_s, paper_s)
    drawn = (
        (sheet.base_lines_mm[strip.row], values)
        for strip in strips
        if (values := _strip_values(record, displayed, strip)) is not None
    )
    above_mm, below_mm = overshoot_mm(sheet.height_mm, drawn, options.gain_mm_mv)
    return sheet_for(options, shown_s, paper_s, above_mm=above_mm, below_mm=below_mm)


def _strip_values(record: EcgRecord, displayed: DisplayedSignal, strip: Strip) -> FloatArray | None:
    """Return the samples of one strip in mV, turned over where its lead is; None where it was not recorded."""
    lead = strip.lead.removeprefix("-")
    if lead not in record.leads:
        return None
    first, last = round(strip.start_s * record.sampling_rate), round(strip.end_s * record.sampling_rate)
    values = displayed.signal[record.leads.index(lead), first:last]
    return -values if strip.lead.startswith("-") else values


def _trace(
    record: EcgRecord,
    displayed: DisplayedSignal,
    strip: Strip,
    sheet: Sheet,
    options: PaperOptions,
    palette: PaperColours,
) -> go.Scatter | None:
    """Draw one strip; None where the lead was not recorded.

    The hover shows s and mV from whole ms and microvolts in 16 bits: the figure's separators write the thousands mark
    as a point. Two 32-bit columns would take twelve leads of 5000 samples over 1 MB.
    """
    values = _strip_values(record, displayed, strip)
    if values is None:
        return None
    rate = record.sampling_rate
    first = round(strip.start_s * rate)
    base = np.float32(sheet.base_lines_mm[strip.row])
    time_ms = np.arange(first, first + values.size) / rate * 1000
    microvolts = np.clip(np.nan_to_num(values) * 1000, -32_000, 32_000)
    after = f"{options.start_s:g} s + " if options.start_s else ""
    return go.Scatter(
        {
            "x0": sheet.left_mm + first / rate * options.speed_mm_s,
            "dx": options.speed_mm_s / rate,
            "y": values * np.float32(options.gain_mm_mv) + base,
            "customdata": np.column_stack([time_ms.round(), microvolts.round()]).astype(np.int16),
            "name": strip.lead,
            "mode": "lines",
            "line": {"color": palette.trace, "width": 1.15, "simplify": False},
            "connectgaps": False,
            "hovertemplate": f"{after}%{{customdata[0]:05,}} s<br>%{{customdata[1]:05,}} mV<extra>{strip.lead}</extra>",
        }
    )


def _pulses(sheet: Sheet, options: PaperOptions, palette: PaperColours) -> go.Scatter:
    """1 mV x 200 ms at the left of each row, as one trace with gaps."""
    width, height = PULSE_S * options.speed_mm_s, options.gain_mm_mv
    start = (sheet.left_mm - width) / 2
    x = [start - 1, start, start, start + width, start + width, start + width + 1, np.nan] * len(sheet.base_lines_mm)
    y = [base + part for base in sheet.base_lines_mm for part in (0, 0, height, height, 0, 0, np.nan)]
    return go.Scatter(
        {
            "x": np.asarray(x, dtype=np.float32),
            "y": np.asarray(y, dtype=np.float32),
            "name": "calibration 1 mV, 200 ms",
            "mode": "lines",
            "line": {"color": palette.trace, "width": 1.15},
            "connectgaps": False,
            "hoverinfo": "skip",
        }
    )


def _caliper_anchor(sheet: Sheet) -> go.Scatter:
    """One invisible marker: Plotly offers box selection only where a trace has markers."""
    return go.Scatter(
        {
            "x": [sheet.left_mm],
            "y": [0.0],
            "name": "caliper anchor",
            "mode": "markers",
            "marker": {"opacity": 0},
            "hoverinfo": "skip",
        }
    )


def _band(
    attention: FloatArray, sheet: Sheet, sampling_rate_hz: float, options: PaperOptions, opacity: float
) -> go.Heatmap:
    """Attention as one band over all rows, behind the traces."""
    step = options.speed_mm_s / sampling_rate_hz
    return go.Heatmap(
        {
            "z": attention.astype(np.float32)[np.newaxis, :],
            "x0": sheet.left_mm,
            "dx": step,
            "y0": sheet.height_mm / 2,
            "dy": sheet.height_mm,
            "zmin": 0,
            "zmax": 1,
            "colorscale": [list(stop) for stop in ATTENTION_SCALE],
            "opacity": opacity,
            "name": "attention",
            "hoverinfo": "skip",
            "colorbar": {
                "title": {"text": "relative attention within this ECG, 0-1", "side": "top", "font": {"size": 11}},
                "orientation": "h",
                "thickness": 8,
                "len": 0.24,
                "x": 1,
                "xanchor": "right",
                "xpad": 12,
                "y": 0,
                "yanchor": "top",
                "ypad": 4,
                "tickvals": [0, 0.5, 1],
                "tickfont": {"size": 10},
                "outlinewidth": 0.5,
            },
        }
    )


def _name(
    record: EcgRecord,
    strip: Strip,
    sheet: Sheet,
    options: PaperOptions,
    palette: PaperColours,
    looked_at: Mapping[str, float],
) -> dict[str, object]:
    """Write a strip's lead name, whether it was derived or not recorded, and how much it was looked at."""
    lead = strip.lead.removeprefix("-")
    shown = strip.lead.replace("-", "\u2212")
    text = f"<b>{shown}</b>"
    if lead not in record.leads:
        text += " not recorded"
    elif lead in record.derived_leads:
        text += " derived"
    marks = round(_MOST_MARKS * looked_at.get(lead, 0.0))
    if marks:
        text += f" <span style='color:{ATTENTION}'>{_MARK * marks}</span>"
    pitch = sheet.base_lines_mm[0] - sheet.base_lines_mm[1]
    return {
        "text": text,
        "x": sheet.left_mm + strip.start_s * options.speed_mm_s + 0.5,
        "y": sheet.base_lines_mm[strip.row] + 0.5 * pitch,
        "xanchor": "left",
        "yanchor": "top",
        "showarrow": False,
        "font": {"size": 13, "color": palette.trace},
        "bgcolor": palette.veil,
        "borderpad": 0,
    }


def footer_text(record: EcgRecord, displayed: DisplayedSignal, options: PaperOptions) -> str:
    """Write the footer of every trace: speed, gain, band, sampling rate, and whether a reader has signed.

    Returns for example '25 mm/s · 10 mm/mV · 0.05-150 Hz · 500 Hz · unconfirmed'.
    """
    parts = (
        f"{options.speed_mm_s:g} mm/s",
        f"{options.gain_mm_mv:g} mm/mV",
        displayed.description,
        f"{record.sampling_rate:g} Hz",
        "confirmed" if options.confirmed else "unconfirmed",
    )
    return " · ".join(parts)


def _footer(
    record: EcgRecord, displayed: DisplayedSignal, options: PaperOptions, palette: PaperColours
) -> list[dict[str, object]]:
    """Footer and notes on the filter, outside the axes so that zooming keeps them."""
    text = footer_text(record, displayed, options)
    if displayed.notes:
        text += f"<br><b>{' '.join(displayed.notes)}</b>"
    return [
        {
            "text": text,
            "xref": "paper",
            "yref": "paper",
            "x": 0,
            "xanchor": "left",
            "align": "left",
            "y": 0,
            "yanchor": "top",
            "yshift": -5,
            "showarrow": False,
            "font": {"size": 12, "color": palette.muted},
        }
    ]


def _layout(
    record: EcgRecord, sheet: Sheet, options: PaperOptions, palette: PaperColours, *, calipers: bool, width_px: float
) -> dict[str, object]:
    """Axes in mm with 1 mm and 5 mm lines, one scale for both, and a height that fits a wide screen."""
    axis = {
        "showgrid": True,
        "dtick": 5,
        "tick0": 0,
        "gridcolor": palette.major_grid,
        "gridwidth": 1,
        "minor": {
            "dtick": 1,
            "tick0": 0,
            "showgrid": True,
            "gridcolor": palette.minor_grid,
            "gridwidth": 0.5,
            "ticks": "",
        },
        "zeroline": False,
        "showticklabels": False,
        "ticks": "",
        "constrain": "domain",
    }
    pixels_a_mm = min(5.0, width_px / sheet.width_mm)
    return {
        "xaxis": {**axis, "range": [0, sheet.width_mm]},
        "yaxis": {**axis, "range": [0, sheet.height_mm], "scaleanchor": "x", "scaleratio": 1},
        "height": round(sheet.height_mm * pixels_a_mm) + _TOP_PX + _BOTTOM_PX,
        "margin": {"l": 6, "r": 6, "t": _TOP_PX, "b": _BOTTOM_PX},
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "font": {"color": palette.trace},
        "showlegend": False,
        "hovermode": "closest",
        "separators": "..",
        "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": palette.muted},
        "dragmode": "select" if calipers else "zoom",
        "uirevision": f"{record.record_id} {options.start_s} {options.layout} "
        f"{options.speed_mm_s} {options.gain_mm_mv}",
    }
