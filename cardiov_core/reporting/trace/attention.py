"""Where the network looked: all stages on one time axis."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cardiov_core.domain import EcgRecord, Explanation, FloatArray
from cardiov_core.errors import ExplanationError
from cardiov_core.reporting.colours import ATTENTION_SCALE, PaperColours, colours
from cardiov_core.reporting.trace.display_filter import filter_for_display

CAPTION = "Shows where the network looked, not why."
"""Stands under every picture of attention."""

STANDS_OUT = 2.0
"""How many times the record's own median a stretch's attention, or a lead's importance, has at least to be shown."""

_WINDOW_S = 10.0


def standing_out(values: FloatArray) -> FloatArray:
    """Return attention where it stands out against the record's own median, 0 elsewhere.

    A band over the whole strip says nothing. What is left keeps its order, so the tests of the maps hold for it.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        Attention of each sample, or importance of each lead, >= 0; NaN where nothing was analysed.

    Returns
    -------
    numpy.ndarray
        float32, the same shape; NaN stays. All 0 where nothing is twice as large as the median.
    """
    seen = values[~np.isnan(values)]
    floor = STANDS_OUT * float(np.median(seen)) if seen.size else 0.0
    return np.where(np.isnan(values) | (values >= floor), values, 0.0).astype(np.float32)


def attention_stack_figure(
    record: EcgRecord, explanation: Explanation, start_s: float = 0.0, dark: bool = False
) -> go.Figure:
    """Stack the attention of all stages below one lead, up to 10 s on a common time axis.

    Parameters
    ----------
    record : EcgRecord
        The record that was explained.
    explanation : Explanation
        Attention per stage on the record's own samples.
    start_s : float
        Start of the stretch that is drawn, in s.
    dark : bool
        Dark ground.

    Returns
    -------
    plotly.graph_objects.Figure
        Lead II (or the first lead there is) on top, one row per stage below, the first stage uppermost.

    Raises
    ------
    ExplanationError
        If a stage has another length than the record, or there is none.
    """
    stages = sorted(explanation.stages)
    if not stages or any(explanation.stages[stage].shape != (record.n_samples,) for stage in stages):
        raise ExplanationError(
            f"The explanation does not fit {record.record_id}: {len(stages)} stages, {record.n_samples} samples.",
            "Explain this record again.",
        )
    rate = record.sampling_rate
    first = min(round(start_s * rate), record.n_samples - 1)
    last = min(record.n_samples, first + round(_WINDOW_S * rate))
    palette = colours(dark=dark)
    lead = "II" if "II" in record.leads else record.leads[0]
    time = {"x0": first / rate, "dx": 1 / rate}
    figure = go.Figure()
    figure.add_trace(go.Heatmap(_bands(explanation, stages, slice(first, last)) | time))
    figure.add_trace(go.Scatter(_line(record, lead, first, last, palette) | time))
    figure.update_layout(
        _layout(lead, (first / rate, last / rate), palette),
        title={"text": f"Attention for {explanation.target}", "font": {"size": 15}},
        uirevision=f"{record.record_id} {first}",
    )
    return figure


def _bands(explanation: Explanation, stages: Sequence[int], window: slice) -> dict[str, object]:
    return {
        "z": np.stack([standing_out(_shown(explanation, stage))[window] for stage in stages]),
        "y": [f"Stage {stage}{', withheld' if stage in explanation.withheld else ''}" for stage in stages],
        "zmin": 0,
        "zmax": 1,
        "ygap": 3,
        "colorscale": [list(stop) for stop in ATTENTION_SCALE],
        "colorbar": {
            "title": {"text": "relative attention within this ECG, 0-1", "side": "right", "font": {"size": 11}},
            "thickness": 10,
            "tickvals": [0, 0.5, 1],
            "outlinewidth": 0.5,
        },
        "hovertemplate": "%{y}<br>%{x:.3f} s<br>attention %{z:.2f}<extra></extra>",
    }


def _line(record: EcgRecord, lead: str, first: int, last: int, palette: PaperColours) -> dict[str, object]:
    rate = record.sampling_rate
    # The filter needs signal on both sides of what is drawn.
    margin = round(_WINDOW_S * rate)
    begin = max(0, first - margin)
    trace = filter_for_display(record.lead(lead)[np.newaxis, begin : last + margin], rate).signal[0]
    return {
        "y": trace[first - begin : last - begin],
        "yaxis": "y2",
        "name": lead,
        "mode": "lines",
        "line": {"color": palette.trace, "width": 1.15},
        "connectgaps": False,
        "hovertemplate": f"%{{x:.3f}} s<br>%{{y:.2f}} mV<extra>{lead}</extra>",
    }


def _layout(lead: str, span_s: tuple[float, float], palette: PaperColours) -> dict[str, object]:
    return {
        "xaxis": {
            "title": {"text": f"time in s<br><i>{CAPTION}</i>"},
            "range": list(span_s),
            "showgrid": False,
            "anchor": "y",
        },
        "yaxis": {"domain": [0, 0.70], "autorange": "reversed", "showgrid": False, "automargin": True},
        "yaxis2": {
            "domain": [0.74, 1.0],
            "title": {"text": f"{lead}, mV"},
            "gridcolor": palette.minor_grid,
            "zeroline": False,
        },
        "height": 430,
        "margin": {"l": 60, "r": 10, "t": 44, "b": 60},
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "font": {"color": palette.trace},
        "showlegend": False,
    }


def _shown(explanation: Explanation, stage: int) -> FloatArray:
    """Return a stage's map, NaN where it is withheld: its row stays empty."""
    attention = explanation.stages[stage]
    return np.full_like(attention, np.nan) if stage in explanation.withheld else attention
