"""Figures of agreement: verdicts beside the paper's, agreement with intervals, and confusion matrices to click on."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from cardiov_core.domain import Severity
from cardiov_core.evaluation import PAPER_CASES, PAPER_VERDICTS, Comparison, Estimate, Statistic, VerdictShares
from cardiov_core.reporting.colours import PaperColours, colours
from cardiov_core.reporting.evaluation.agreement_words import SHARES, VERDICT_WORDS, with_interval

_ACCENT = {False: "#0072B2", True: "#56B4E9"}
"""The pages' accent on light and on dark ground."""

_ROW_PX, _EDGE_PX = 38, 70
_ONE_LINE = 22
"""Letters of a row's name; a longer one would leave a phone no room for its interval."""
_CELL_PX = 74
_CONFUSION_PX = 380


def verdict_figure(shares: VerdictShares, *, dark: bool = False) -> go.Figure:
    """Draw the three verdicts with Wilson's intervals, the paper's cardiologist beside them.

    Parameters
    ----------
    shares : VerdictShares
        Of one reader, or by case; a share without a number is left out.
    dark : bool
        Dark ground.

    Returns
    -------
    plotly.graph_objects.Figure
        Per cent along, one row a verdict.
    """
    palette = colours(dark=dark)
    words = list(VERDICT_WORDS.values())
    ours = [shares.shares[verdict] for verdict in VERDICT_WORDS]
    figure = go.Figure(
        [
            _dots(words, ours, "This review", _ACCENT[dark], as_share=True),
            go.Scatter(
                x=[100 * PAPER_VERDICTS[verdict] / PAPER_CASES for verdict in VERDICT_WORDS],
                y=list(range(len(words))),
                mode="markers",
                name=f"Paper, {PAPER_CASES} cases",
                marker={"symbol": "diamond-open", "size": 12, "color": palette.trace, "line": {"width": 2}},
                hovertext=words,
                hovertemplate="%{hovertext}: %{x:.2f} %<extra>paper</extra>",
            ),
        ]
    )
    figure.update_layout(
        _layout(palette, len(words) + 1),
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(_axis(palette, "% of the cases") | {"range": [0, 100]})
    figure.update_yaxes(_names(words))
    return figure


def agreement_figure(comparisons: Sequence[Comparison], statistic: Statistic, *, dark: bool = False) -> go.Figure:
    """Draw one statistic of many comparisons with bootstrap intervals.

    Parameters
    ----------
    comparisons : sequence of Comparison
        From top to bottom; those without a number keep their row, with the reason.
    statistic : Statistic
        Which.
    dark : bool
        Dark ground.

    Returns
    -------
    plotly.graph_objects.Figure
        The statistic along, one row a comparison.
    """
    palette = colours(dark=dark)
    as_share = statistic in SHARES
    names = [comparison_name(comparison) for comparison in comparisons]
    estimates = [comparison.agreement[statistic] for comparison in comparisons]
    figure = go.Figure(_dots(names, estimates, statistic.value, _ACCENT[dark], as_share=as_share))
    limits = [value for estimate in estimates for value in (estimate.low, estimate.value) if value is not None]
    most: float = {True: 100.0, False: 3.0 if statistic is Statistic.MAE else 1.0}[as_share]
    least = 0.0 if as_share or not limits else min(0.0, *limits)
    figure.update_layout(
        _layout(palette, len(names)),
        showlegend=False,
        annotations=[
            {"x": least, "y": row, "text": estimate.reason, "showarrow": False, "xanchor": "left"}
            | {"font": {"color": palette.muted}}
            for row, estimate in enumerate(estimates)
            if estimate.value is None
        ],
    )
    title = f"{statistic.value}, %" if as_share else statistic.value
    # At the chart's right edge: beside long names the axis is narrower than its title, which was cut on a phone.
    figure.update_layout(
        title={"text": title, "font": {"size": 13}, "xref": "container", "x": 1, "xanchor": "right"}
        | {"yref": "container", "y": 0, "yanchor": "bottom", "pad": {"r": 22, "b": 4}}
    )
    figure.update_xaxes(_axis(palette, "") | {"range": [least, most]})
    figure.update_yaxes(_names([_in_two_lines(name) for name in names]))
    return figure


def confusion_figure(comparison: Comparison, *, dark: bool = False) -> go.Figure:
    """Draw a confusion matrix; each cell is a point that can be selected.

    Parameters
    ----------
    comparison : Comparison
        The first one's levels in rows, lowest on top.
    dark : bool
        Dark ground.

    Returns
    -------
    plotly.graph_objects.Figure
        ``customdata`` of a point is four times the row's level and the column's.
    """
    palette = colours(dark=dark)
    figure = go.Figure([_shades(comparison, palette, dark=dark), _cells(comparison, palette, dark=dark)])
    # The diagonal, where both say the same, is framed: colour alone does not show it.
    frame = {"color": palette.trace, "width": 1.5}
    figure.update_layout(
        _layout(palette, 0),
        height=_CONFUSION_PX,
        showlegend=False,
        margin={"l": 84, "r": 10, "t": 10, "b": 92},
        shapes=[
            {"type": "rect", "x0": level - 0.48, "x1": level + 0.48, "y0": level - 0.48, "y1": level + 0.48}
            | {"line": frame}
            for level in range(len(Severity))
        ],
    )
    standing = {"text": comparison.first, "standoff": 6, "font": {"size": 13}}
    figure.update_xaxes(_level_axis(palette, comparison.second, [-0.5, 3.5], _title(comparison.second, 10)))
    figure.update_yaxes(_level_axis(palette, comparison.first, [3.5, -0.5], standing))
    return figure


def _shades(comparison: Comparison, palette: PaperColours, *, dark: bool) -> go.Heatmap:
    """Return the ground of the cells, the deeper the more records."""
    counts = [[cell.count for cell in row] for row in comparison.cells]
    return go.Heatmap(
        z=np.array(counts, dtype=np.float64),
        colorscale=[(0.0, palette.paper), (1.0, _ACCENT[dark])],
        zmin=0,
        zmax=_most(comparison),
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )


def _cells(comparison: Comparison, palette: PaperColours, *, dark: bool) -> go.Scatter:
    """Return the counts, each on an invisible point as large as its cell: a heatmap does not tell what was clicked."""
    cells = [(row, column) for row in Severity for column in Severity]
    counts = [comparison.cells[row][column].count for row, column in cells]
    most = _most(comparison)
    return go.Scatter(
        x=[int(column) for _, column in cells],
        y=[int(row) for row, _ in cells],
        mode="markers+text",
        text=[f"{count}" for count in counts],
        textfont={"color": [_cell_ink(count, most, palette, dark=dark) for count in counts], "size": 15},
        customdata=[int(row) * len(Severity) + int(column) for row, column in cells],
        hovertext=[f"{comparison.first}: {row.title}<br>{comparison.second}: {column.title}" for row, column in cells],
        marker={"symbol": "square", "size": _CELL_PX, "color": "rgba(0, 0, 0, 0)"},
        selected={"textfont": {"color": palette.trace}},
        hovertemplate="%{hovertext}<br>%{text} in this cell<extra></extra>",
    )


def _most(comparison: Comparison) -> int:
    return max(1, *(cell.count for row in comparison.cells for cell in row))


def _level_axis(palette: PaperColours, name: str, span: list[float], title: dict[str, object]) -> dict[str, object]:
    """Return an axis of the four levels, their titles in three lines, so that four of them fit on a phone."""
    return _axis(palette, name) | {
        "tickvals": list(range(len(Severity))),
        "ticktext": [f"{int(level)}<br>{level.title.replace(' ', '<br>')}" for level in Severity],
        "tickangle": 0,
        "showgrid": False,
        "zeroline": False,
        "range": span,
        "fixedrange": True,
        "title": title,
    }


def comparison_name(comparison: Comparison) -> str:
    """Return whom a comparison is of: 'Grader / All readers'."""
    return f"{comparison.first} / {comparison.second}"


def _in_two_lines(name: str) -> str:
    return name if len(name) <= _ONE_LINE else name.replace(" / ", " /<br>", 1)


def _dots(
    names: Sequence[str], estimates: Sequence[Estimate], title: str, colour: str, *, as_share: bool
) -> go.Scatter:
    """Draw dots with their intervals, which reach unequally far to both sides."""
    scale = 100.0 if as_share else 1.0
    shown = [(row, estimate, estimate.value) for row, estimate in enumerate(estimates) if estimate.value is not None]
    above = [scale * ((value if estimate.high is None else estimate.high) - value) for _, estimate, value in shown]
    below = [scale * (value - (value if estimate.low is None else estimate.low)) for _, estimate, value in shown]
    return go.Scatter(
        x=[scale * value for _, _, value in shown],
        y=[row for row, _, _ in shown],
        mode="markers",
        name=title,
        marker={"size": 9, "color": colour},
        cliponaxis=False,
        error_x={"type": "data", "symmetric": False, "array": above, "arrayminus": below}
        | {"color": colour, "thickness": 2, "width": 5},
        hovertext=[
            f"{names[row]}: {with_interval(estimate, as_share=as_share)}, n = {estimate.n}"
            for row, estimate, _ in shown
        ],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _cell_ink(count: int, most: int, palette: PaperColours, *, dark: bool) -> str:
    """Return the ink that contrasts more with the cell: at least 4 to 1 on every tint of either accent."""
    if dark:
        return "#111111" if count / most > 0.62 else palette.trace
    return "#FFFFFF" if count / most > 0.9 else palette.trace


def _layout(palette: PaperColours, n_rows: int) -> dict[str, object]:
    return {
        "height": _EDGE_PX + _ROW_PX * max(n_rows, 1),
        "margin": {"l": 10, "r": 22, "t": 6, "b": 46},
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "font": {"color": palette.trace, "size": 13},
        "dragmode": False,
    }


def _axis(palette: PaperColours, title: str) -> dict[str, object]:
    grid = "rgba(128, 128, 128, 0.25)"
    return {
        "title": {"text": title, "font": {"size": 13}},
        "gridcolor": grid,
        "zerolinecolor": grid,
        "linecolor": palette.muted,
    }


def _title(text: str, standoff_px: int) -> dict[str, object]:
    return {"text": text, "standoff": standoff_px, "font": {"size": 13}}


def _names(rows: Sequence[str]) -> dict[str, object]:
    """Return an axis of names, first on top, each with its row even where it has no dot."""
    return {
        "tickvals": list(range(len(rows))),
        "ticktext": list(rows),
        "zeroline": False,
        "range": [len(rows) - 0.5, -0.5],
        "automargin": True,
        "showgrid": False,
        "fixedrange": True,
    }
