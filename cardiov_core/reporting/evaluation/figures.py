"""Figures of an evaluation as small SVG panels, for the report and for the page: the same drawing in both."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.domain import Severity
from cardiov_core.evaluation import (
    LEVEL_KEYS,
    PAPER_AUC,
    PAPER_MAE,
    PAPER_SUBTYPES,
    EvaluationDocument,
    ReliabilityRow,
    RocCurve,
    wilson,
)
from cardiov_core.reporting.colours import colours
from cardiov_core.reporting.evaluation.words import LEVEL_WORDS, THRESHOLD_WORDS, figure_at, interval_at
from cardiov_core.reporting.print.text import DRAWING
from cardiov_core.reporting.words.numbers import limits, number, percent
from cardiov_core.weights import OperatingPoint, Subgroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACCENT = {False: "#0072B2", True: "#56B4E9"}
_SIZE_IN = (3.3, 3.0)
_ROW_IN, _MARGIN_IN = 0.19, 0.9
_FONT_PT = 9.0
# One record moves the share of fewer by more than 20 points: a line through them would show noise.
_LEAST_IN_BIN = 5
_ROC_ALARMS: Mapping[str, str | None] = {
    "no": None,
    "low": None,
    "medium": None,
    "high": "high",
    "above_low": "medium_or_higher",
}
"""Curve -> the alarm whose point lies in it."""


@dataclass(frozen=True)
class Panel:
    """One drawing.

    Attributes
    ----------
    name : str
        For its file.
    alternative : str
        What it shows, in words: for those who cannot see it.
    svg : str
        The drawing, self-contained.
    """

    name: str
    alternative: str
    svg: str

    @property
    def image(self) -> str:
        """The panel as an HTML image that needs nothing else."""
        return f'<img alt="{escape(self.alternative, quote=True)}" src="{self.source}">'

    @property
    def source(self) -> str:
        """The drawing as an address that holds it."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg.encode()).decode()}"


@dataclass(frozen=True)
class _Ink:
    """Colours of a panel."""

    paper: str
    line: str
    muted: str
    accent: str


def roc_panels(document: EvaluationDocument, *, dark: bool = False) -> tuple[Panel, ...]:
    """Draw the ROC curve of each level against the rest (the paper's Fig. 2) and of 'medium risk or higher'.

    A cross marks where the grades themselves lie as an alarm; a level that the records do not define is left out.
    """
    panels = []
    for key, alarm in _ROC_ALARMS.items():
        curve = document.curves.roc.get(key)
        if curve is None:
            continue
        name, title = ("auc_threshold", "medium risk or higher") if key == "above_low" else ("auc", LEVEL_WORDS[key])
        area, interval = figure_at(document, f"{name}.{key}"), interval_at(document.intervals, f"{name}.{key}")
        point = None if alarm is None else document.operating_points[alarm]
        alternative = f"ROC curve of {title}: AUC {number(area)} ({limits(interval)})"
        alternative += f", paper {PAPER_AUC[key]:.4f}." if key in PAPER_AUC else "."
        if point is not None:
            alternative += f" As graded: sensitivity {percent(point.sensitivity)}, specificity "
            alternative += f"{percent(point.specificity)}."
        drawn = partial(_draw_roc, curve=curve, point=point)
        title = f"{title.capitalize()}: AUC {number(area, 2)}"
        panels.append(Panel(f"roc-{key.replace('_', '-')}", alternative, _svg(drawn, title, dark=dark)))
    return tuple(panels)


def _draw_roc(axes: "Axes", ink: _Ink, *, curve: RocCurve, point: OperatingPoint | None) -> None:
    axes.plot([0, 1], [0, 1], color=ink.muted, linewidth=0.8, linestyle=(0, (3, 3)))
    if curve.band_at:
        axes.fill_between(curve.band_at, curve.band_low, curve.band_high, color=ink.accent, alpha=0.22, linewidth=0)
    axes.plot(curve.false_positive_rate, curve.true_positive_rate, color=ink.accent, linewidth=1.6)
    if point is not None and point.specificity is not None and point.sensitivity is not None:
        axes.plot(1 - point.specificity, point.sensitivity, "x", color=ink.line, markersize=7, markeredgewidth=1.8)
    _unit_axes(axes, "1 - specificity", "sensitivity")


def reliability_panels(document: EvaluationDocument, *, dark: bool = False) -> tuple[Panel, ...]:
    """Draw stated against observed probability of each threshold; arguments as in `roc_panels`."""
    panels = []
    for key, words in THRESHOLD_WORDS.items():
        bins = document.curves.reliability[key]
        alternative = (
            f"Reliability of P({words}): "
            + "; ".join(f"stated {one.mean_probability:.2f}, observed {one.observed:.2f}" for one in bins)
            + "."
        )
        title = f"P({words}): ECE {number(document.ece[key], 2)}"
        drawn = partial(_draw_reliability, bins=bins)
        panels.append(Panel(f"reliability-{key.replace('_', '-')}", alternative, _svg(drawn, title, dark=dark)))
    return tuple(panels)


def _draw_reliability(axes: "Axes", ink: _Ink, *, bins: Sequence[ReliabilityRow]) -> None:
    most = max(one.n for one in bins)
    axes.bar(
        [(one.low + one.high) / 2 for one in bins],
        [0.2 * one.n / most for one in bins],
        width=0.08,
        color=ink.muted,
        alpha=0.35,
        linewidth=0,
    )
    axes.plot([0, 1], [0, 1], color=ink.muted, linewidth=0.8, linestyle=(0, (3, 3)))
    stated = [one.mean_probability for one in bins]
    # Where all records of a bin had one outcome, the bootstrap has no interval.
    spans = [one.interval or wilson(one.n_positive, one.n) for one in bins]
    axes.vlines(stated, [low for low, _ in spans], [high for _, high in spans], color=ink.accent, linewidth=1)
    enough = [one for one in bins if one.n >= _LEAST_IN_BIN]
    at, observed = [one.mean_probability for one in enough], [one.observed for one in enough]
    axes.plot(stated, [one.observed for one in bins], "o", color=ink.accent, markerfacecolor=ink.paper, markersize=4)
    axes.plot(at, observed, "o-", color=ink.accent, linewidth=1.4, markersize=4)
    _unit_axes(axes, "stated probability", "observed share")


def auc_panel(document: EvaluationDocument, *, dark: bool = False) -> Panel:
    """Draw the AUC of each level and their mean with intervals beside the paper's; arguments as in `roc_panels`."""
    names = [*LEVEL_KEYS, "mean"]
    rows = [
        (LEVEL_WORDS.get(key, "mean"), document.auc[key], document.intervals.auc[key], PAPER_AUC[key]) for key in names
    ]
    alternative = "AUC per level: " + "; ".join(
        f"{words} {number(value)} ({limits(interval)}), paper {paper:.4f}" for words, value, interval, paper in rows
    )
    return Panel("auc", f"{alternative}.", _svg(_forest(rows, (0.5, 1.0)), "AUC beside the paper's", dark=dark))


def subgroup_panels(document: EvaluationDocument, *, dark: bool = False) -> tuple[Panel, ...]:
    """Draw MAE and mean AUC of all records and of each group with intervals; arguments as in `roc_panels`."""
    parts: list[tuple[str, EvaluationDocument | Subgroup]] = [("all", document), *document.subgroups.items()]
    panels = []
    for name, title, paper in (
        ("mae", "Mean absolute error", PAPER_MAE),
        ("auc.mean", "AUC, mean of the levels", PAPER_AUC["mean"]),
    ):
        rows = [
            (
                words.replace(" years", "").replace(" and over", "+"),
                figure_at(part, name),
                interval_at(part.intervals, name),
                paper if words == "all" else PAPER_SUBTYPES.get(words, {}).get(name.removesuffix(".mean")),
            )
            for words, part in parts
        ]
        highest = max([interval[1] for _, _, interval, _ in rows if interval] + [1.0])
        span = (0.0, 1.05 * highest) if name == "mae" else (0.5, 1.0)
        alternative = f"{title}: " + "; ".join(
            f"{words} {number(value)} ({limits(interval)})" for words, value, interval, _ in rows
        )
        panels.append(
            Panel(
                f"subgroups-{name.replace('.', '-')}",
                f"{alternative}.",
                _svg(_forest(rows, span), title, dark=dark, n_rows=len(rows)),
            )
        )
    return tuple(panels)


def confusion_panel(document: EvaluationDocument, *, dark: bool = False) -> Panel:
    """Draw how often each label (rows) got each grade (columns); arguments as in `roc_panels`."""
    counts = np.array(document.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    words = [level.title.split(maxsplit=1)[0].lower() for level in Severity]

    def draw(axes: "Axes", ink: _Ink) -> None:
        from matplotlib.colors import LinearSegmentedColormap

        ramp = LinearSegmentedColormap.from_list("risk", [ink.paper, ink.accent])
        axes.imshow(shares, cmap=ramp, vmin=0.0, vmax=1.0, aspect="equal")
        for row, column in np.ndindex(*counts.shape):
            deep = shares[row, column] > 0.6
            axes.text(
                column,
                row,
                f"{counts[row, column]}",
                ha="center",
                va="center",
                color=ink.paper if deep else ink.line,
                fontweight="bold" if row == column else "normal",
            )
        axes.set_xticks(range(len(words)), words)
        axes.set_yticks(range(len(words)), words)
        axes.set_xlabel("grade")
        axes.set_ylabel("label")

    alternative = "Label by grade: " + "; ".join(
        f"label {word}: " + ", ".join(f"{count} {given}" for count, given in zip(row, words, strict=True))
        for word, row in zip(words, counts.tolist(), strict=True)
    )
    return Panel("confusion", f"{alternative}.", _svg(draw, "Label and grade", dark=dark))


ForestRow = tuple[str, float | None, Sequence[float] | None, float | None]


def _forest(rows: Sequence[ForestRow], span: tuple[float, float]) -> "Callable[[Axes, _Ink], None]":
    def draw(axes: "Axes", ink: _Ink) -> None:
        for place, (_, value, interval, paper) in enumerate(rows):
            if interval is not None:
                axes.hlines(place, interval[0], interval[1], color=ink.accent, linewidth=1.6)
            if value is not None:
                axes.plot(value, place, "o", color=ink.accent, markersize=5.5)
            else:
                axes.text(span[0], place, " not defined", va="center", color=ink.muted)
            if paper is not None:
                axes.plot(paper, place - 0.28, "D", markerfacecolor="none", markeredgecolor=ink.line, markersize=5)
        axes.set_yticks(range(len(rows)), [words for words, *_ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.6)
        axes.set_xlim(*span)
        axes.grid(axis="x", color=ink.muted, alpha=0.25, linewidth=0.6)
        axes.set_xlabel("dot: CardioV, 95 % interval\ndiamond: paper", fontsize=7.5)

    return draw


def _unit_axes(axes: "Axes", along: str, up: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.grid(alpha=0.2, linewidth=0.6)
    axes.set_xlabel(along)
    axes.set_ylabel(up)


def _svg(draw: "Callable[[Axes, _Ink], None]", title: str, *, dark: bool, n_rows: int = 0) -> str:
    """Draw one panel; with many rows it grows, so that their names do not touch."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    palette = colours(dark=dark)
    ink = _Ink(palette.paper, palette.trace, palette.muted, _ACCENT[dark])
    target = io.StringIO()
    with (
        DRAWING,
        rc_context(
            {
                "svg.fonttype": "path",
                "svg.hashsalt": "cardiov",
                "font.family": ["DejaVu Sans"],
                "font.size": _FONT_PT,
            }
        ),
    ):
        width_in, height_in = _SIZE_IN
        size_in = (width_in, max(height_in, _ROW_IN * n_rows + _MARGIN_IN))
        figure = Figure(figsize=size_in, facecolor=ink.paper, layout="constrained")
        axes = figure.subplots()
        axes.set_facecolor(ink.paper)
        draw(axes, ink)
        axes.set_title(title, fontsize=_FONT_PT + 1, color=ink.line)
        axes.tick_params(colors=ink.line, length=2.5)
        axes.xaxis.label.set_color(ink.line)
        axes.yaxis.label.set_color(ink.line)
        for name, spine in axes.spines.items():
            spine.set_color(ink.muted)
            spine.set_visible(name in {"left", "bottom"})
        figure.savefig(target, format="svg", facecolor=ink.paper, metadata={"Date": None, "Creator": "CardioV"})
    return target.getvalue()
