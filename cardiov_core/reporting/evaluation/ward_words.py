"""What a decision would come to among 1,000 patients, as rows of a table and a figure."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from cardiov_core.evaluation import PATIENTS, Interval, WardOutcome
from cardiov_core.reporting.colours import colours

WARD_ROWS: Mapping[str, str] = {
    "right_alarms": "Graded medium or higher, and are",
    "false_alarms": "Graded medium or higher, and are not (false alarms)",
    "missed": "Graded no or low, and are medium or high (missed)",
    "missed_high": "Graded no or low, and are high (missed)",
    "too_low": "Graded below their level",
    "too_high": "Graded above their level",
}
"""Figure -> what it counts, in words."""

WARD_CAPTION = (
    f"Of {PATIENTS:,} patients; in brackets 95\u2009% intervals by patient. On either side of medium risk, patients "
    "are taken to be as ill as the records that were evaluated; the probabilities are those of these records."
)
"""Stands under the table."""


def ward_rows(outcomes: Sequence[tuple[WardOutcome, Mapping[str, Interval]]]) -> list[tuple[str, ...]]:
    """Return a row per figure: what it counts, and the number of patients by each decision, with its interval."""
    rows = [
        (words, *(_patients(getattr(outcome, name), ends[name]) for outcome, ends in outcomes))
        for name, words in WARD_ROWS.items()
    ]
    for name, words in (("sensitivity", "Sensitivity of medium or higher"), ("specificity", "Its specificity")):
        rows.append((words, *(_share(getattr(outcome, name), ends[name]) for outcome, ends in outcomes)))
    return rows


def ward_figure(
    path: Sequence[tuple[str, WardOutcome]], marked: Sequence[tuple[str, WardOutcome]], *, dark: bool = False
) -> go.Figure:
    """Draw missed patients against false alarms, along all costs and at the decisions that are compared.

    Parameters
    ----------
    path : sequence of tuple of str and WardOutcome
        Cost in words, and what it comes to, in their order.
    marked : sequence of tuple of str and WardOutcome
        Name of a decision, and what it comes to.
    dark : bool
        Dark ground.
    """
    palette = colours(dark=dark)
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            {
                "x": [outcome.false_alarms for _, outcome in path],
                "y": [outcome.missed for _, outcome in path],
                "text": [words for words, _ in path],
                "mode": "lines+markers",
                "marker": {"size": 5, "color": palette.muted},
                "line": {"color": palette.muted, "width": 1.2},
                "hovertemplate": "a miss counts %{text}<br>%{x:.0f} false alarms<br>%{y:.0f} missed<extra></extra>",
                "name": "costs",
            }
        )
    )
    for (name, outcome), symbol in zip(marked, ("circle", "diamond", "square"), strict=False):
        figure.add_trace(_mark(name, outcome, {"size": 12, "symbol": symbol, "color": palette.trace}))
    axis = {"gridcolor": palette.minor_grid, "zeroline": False, "rangemode": "tozero"}
    figure.update_layout(
        xaxis={**axis, "title": {"text": f"false alarms of {PATIENTS:,} patients"}},
        yaxis={**axis, "title": {"text": f"missed at medium or high risk, of {PATIENTS:,}"}},
        height=320,
        margin={"l": 60, "r": 20, "t": 10, "b": 45},
        paper_bgcolor=palette.paper,
        plot_bgcolor=palette.paper,
        font={"color": palette.trace},
        showlegend=False,
    )
    return figure


def _mark(name: str, outcome: WardOutcome, marker: Mapping[str, object]) -> go.Scatter:
    return go.Scatter(
        {
            "x": [outcome.false_alarms],
            "y": [outcome.missed],
            "mode": "markers+text",
            "text": [name],
            "textposition": "top right",
            "marker": marker,
            "hovertemplate": f"{name}<br>%{{x:.0f}} false alarms<br>%{{y:.0f}} missed<extra></extra>",
            "name": name,
        }
    )


def _patients(value: float, ends: Interval) -> str:
    return f"{value:.0f} ({ends.low:.0f} to {ends.high:.0f})"


def _share(value: float, ends: Interval) -> str:
    return f"{100 * value:.0f}\u2009% ({100 * ends.low:.0f} to {100 * ends.high:.0f})"
