"""Marks on ECG paper: where one lead ends and the next begins, and a distance marched out over the strip."""

from collections.abc import Iterable

import plotly.graph_objects as go

from cardiov_core.reporting.trace.sheet import Sheet, Strip

_TICK_MM = 2.5
# So many repeats are seen; a distance of a few ms would fill the paper.
_MOST_MARCHED = 40
_MARCH_COLOUR = "#0072B2"


def column_ticks(strips: Iterable[Strip], sheet: Sheet, colour: str) -> list[dict[str, object]]:
    """Return a short upright line where a column begins, a Plotly shape each, so that no beat is read across two leads.

    Parameters
    ----------
    strips : iterable of Strip
        Of the sheet.
    sheet : Sheet
        Its geometry.
    colour : str
        Of the trace.
    """
    return [
        _upright(
            sheet.x_mm(strip.start_s),
            sheet.base_lines_mm[strip.row] - _TICK_MM,
            sheet.base_lines_mm[strip.row] + _TICK_MM,
            colour,
            1.0,
        )
        for strip in strips
        if strip.start_s > 0
    ]


def march_out(figure: go.Figure, x0_mm: float, x1_mm: float) -> None:
    """Repeat the distance between two points over the whole sheet.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        Of `ecg_figure`.
    x0_mm, x1_mm : float
        The two points in mm of paper.
    """
    step = abs(x1_mm - x0_mm)
    width, height = figure.layout.xaxis.range[1], figure.layout.yaxis.range[1]
    if step * _MOST_MARCHED < width:
        return
    first = min(x0_mm, x1_mm) % step
    for number in range(int((width - first) / step) + 1):
        figure.add_shape(_upright(first + number * step, 0.0, height, _MARCH_COLOUR, 1.0))


def _upright(x_mm: float, bottom_mm: float, top_mm: float, colour: str, width: float) -> dict[str, object]:
    line = {"color": colour, "width": width}
    return {"type": "line", "x0": x_mm, "x1": x_mm, "y0": bottom_mm, "y1": top_mm, "line": line}
