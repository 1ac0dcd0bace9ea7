"""The ablation's document, and its table as text and as Markdown."""

from collections.abc import Sequence

from cardiov_core.domain import Document, Ends, JsonObject
from cardiov_core.reporting import limits, number, percent
from cardiov_core.weights import Intervals, Numbers

_HEADS = (
    *("output", "MAE", "95 %", "paper", "mean AUC", "95 %", "paper", "accuracy", "95 %", "rank violations"),
    *("MAE - ordinal's", "95 %"),
)
_TITLES = {
    "ordinal": "ordinal (independent sigmoids)",
    "rank_consistent": "rank-consistent (CORN)",
    "classification": "classification (softmax)",
    "regression": "regression (mean squared error)",
}
_NOT_STATED = "-"

Row = tuple[str, ...]


class FromOrdinal(Document):
    """How far a figure lies from the first output's, with an interval from the same draws of patients."""

    value: float
    interval: Ends | None


class OutputFigures(Document):
    """Figures of one output, those of the paper, and how far MAE and mean AUC lie from the first output's."""

    output: str
    mae: float | None
    accuracy: float | None
    within_one: float | None
    quadratic_weighted_kappa: float | None
    auc: Numbers
    rank_violation_rate: float | None
    intervals: Intervals
    paper: dict[str, float]
    minus_ordinal: dict[str, FromOrdinal] | None = None


class AblationDocument(Document):
    """What ``ablation.json`` holds, in this order; docs/method/training.md describes it."""

    recipe: JsonObject
    dataset: str
    label_rule: str
    n: int
    n_patients: int
    groups: int
    epochs: tuple[int, ...]
    n_resamples: int
    paper_source: str
    outputs: tuple[OutputFigures, ...]


def text_of(document: AblationDocument) -> str:
    """Return the table for a terminal: columns side by side, what it stands on below."""
    rows = [_HEADS, *rows_of(document)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *notes_of(document)]) + "\n"


def markdown_of(document: AblationDocument) -> str:
    """Return the table as Markdown, what it stands on below."""
    rows = [_HEADS, ("---",) * len(_HEADS), *rows_of(document)]
    return "\n".join([*("| " + " | ".join(row) + " |" for row in rows), "", *notes_of(document)]) + "\n"


def rows_of(document: AblationDocument) -> list[Row]:
    """Return a row per output, in the order of the table's heads."""
    return [_row(entry) for entry in document.outputs]


def notes_of(document: AblationDocument) -> Sequence[str]:
    """Return what the figures stand on."""
    epochs = " + ".join(map(str, document.epochs))
    return (
        f"{document.n} records of {document.n_patients} patients, pooled out-of-fold predictions of "
        f"{document.groups} groups of patients, {epochs} epochs, seed {document.recipe['seed']}, recipe "
        f"{document.recipe['name']}; probabilities not calibrated.",
        f"Intervals: 95 %, {document.n_resamples} bootstrap resamples of patients. The stages before the last are "
        "trained once per group and shared by all outputs.",
        f"Paper: {document.paper_source}, 2203 test records, full width; it states no AUC for the regression and "
        "has no rank-consistent output. A regression's AUC here rests on a normal distribution around its number.",
    )


def _row(entry: OutputFigures) -> Row:
    intervals, paper = entry.intervals, entry.paper
    difference = None if entry.minus_ordinal is None else entry.minus_ordinal["mae"]
    return (
        _TITLES[entry.output],
        number(entry.mae),
        limits(intervals.mae),
        _paper(paper.get("mae")),
        number(entry.auc["mean"]),
        limits(intervals.auc["mean"]),
        _paper(paper.get("auc")),
        percent(entry.accuracy),
        limits(intervals.accuracy, as_percent=True),
        percent(entry.rank_violation_rate),
        _NOT_STATED if difference is None else f"{difference.value:+.3f}",
        _NOT_STATED if difference is None else _signed(difference.interval),
    )


def _paper(value: float | None) -> str:
    return _NOT_STATED if value is None else f"{value:.4f}"


def _signed(interval: Sequence[float] | None) -> str:
    return "no interval" if interval is None else f"{interval[0]:+.3f} to {interval[1]:+.3f}"
