"""Each figure of an evaluation as files of its own, SVG and CSV, with a sentence to cite it by."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from cardiov_core.domain import Severity
from cardiov_core.evaluation import LEVEL_KEYS, PAPER_AUC, EvaluationDocument
from cardiov_core.reporting.evaluation.figures import Panel
from cardiov_core.reporting.evaluation.words import LEVEL_WORDS, figure_at, interval_at
from cardiov_core.weights import Subgroup

_GAP_PT = 8.0
_TITLES = {
    "auc": "AUC of each level",
    "roc": "ROC curves",
    "confusion": "Label against grade",
    "subgroups": "Figures by subgroup",
    "reliability": "Reliability of the probabilities",
}
Row = Sequence[object]


def figure_svg(panels: Sequence[Panel]) -> str:
    """Return the panels of a figure beside each other as one SVG.

    Parameters
    ----------
    panels : sequence of Panel
        As `panels_of` has them; at least one.

    Returns
    -------
    str
        Self-contained.
    """
    x, height, parts = 0.0, 0.0, []
    for panel in panels:
        drawing = panel.svg[panel.svg.index("<svg") :]
        size = re.search(r'height="([\d.]+)pt".*?width="([\d.]+)pt"|width="([\d.]+)pt".*?height="([\d.]+)pt"', drawing)
        numbers = [float(each) for each in size.groups() if each] if size is not None else [0.0, 0.0]
        high, wide = numbers if size is not None and size.group(1) else numbers[::-1]
        parts.append(drawing.replace("<svg", f'<svg x="{x:g}"', 1).replace('pt"', '"'))
        x, height = x + wide + _GAP_PT, max(height, high)
    width = x - _GAP_PT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width:g}pt" '
        f'height="{height:g}pt" viewBox="0 0 {width:g} {height:g}">{"".join(parts)}</svg>'
    )


def figure_csv(key: str, document: EvaluationDocument) -> str:
    """Return the numbers behind a figure as CSV.

    Parameters
    ----------
    key : str
        As in `FIGURE_SENTENCES`.
    document : EvaluationDocument
        The evaluation.

    Returns
    -------
    str
        With a head; empty cells where a number is not defined.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerows(_ROWS[key](document))
    return target.getvalue()


def citation(key: str, document: EvaluationDocument) -> str:
    """Return a sentence that says whose figure it is, of which records and weights.

    Parameters
    ----------
    key : str
        As in `FIGURE_SENTENCES`.
    document : EvaluationDocument
        The evaluation.
    """
    model = document.model
    return (
        f"{_TITLES[key]} of CardioV's grader {model.name} (weights SHA-256 {model.sha256[:12]}) on {document.n} "
        f"records of {document.n_patients} patients of PTB-XL, folds {_folds(document.folds)}, "
        f"{document.n_out_of_fold} of them with out-of-fold predictions; 95\u2009% intervals by patient, "
        f"{document.n_resamples} bootstrap resamples."
    )


def _folds(folds: Sequence[int]) -> str:
    """Write folds that follow each other as a span: '1-9'."""
    whole = len(folds) > 2 and list(folds) == list(range(folds[0], folds[-1] + 1))
    return f"{folds[0]}-{folds[-1]}" if whole else ", ".join(map(str, folds))


def _auc_rows(document: EvaluationDocument) -> Iterable[Row]:
    yield "level", "auc", "low", "high", "paper"
    for key in (*LEVEL_KEYS, "mean"):
        yield LEVEL_WORDS.get(key, key), document.auc[key], *_pair(document.intervals.auc[key]), PAPER_AUC[key]


def _roc_rows(document: EvaluationDocument) -> Iterable[Row]:
    yield "curve", "false_positive_rate", "true_positive_rate"
    for key, curve in document.curves.roc.items():
        for across, up in zip(curve.false_positive_rate, curve.true_positive_rate, strict=True):
            yield key, across, up


def _confusion_rows(document: EvaluationDocument) -> Iterable[Row]:
    yield "label", *(f"grade {level.title.lower()}" for level in Severity)
    for level, row in zip(Severity, document.confusion, strict=True):
        yield level.title.lower(), *row


def _subgroup_rows(document: EvaluationDocument) -> Iterable[Row]:
    yield "group", "n", "figure", "value", "low", "high"
    parts: list[tuple[str, EvaluationDocument | Subgroup]] = [("all", document), *document.subgroups.items()]
    for name, group in parts:
        for figure in ("mae", "auc.mean"):
            yield name, group.n, figure, figure_at(group, figure), *_pair(interval_at(group.intervals, figure))


def _reliability_rows(document: EvaluationDocument) -> Iterable[Row]:
    yield "threshold", "from", "to", "n", "stated", "observed", "low", "high"
    for key, bins in document.curves.reliability.items():
        for one in bins:
            yield key, one.low, one.high, one.n, one.mean_probability, one.observed, *_pair(one.interval)


def _pair(interval: Sequence[float] | None) -> tuple[object, object]:
    return ("", "") if interval is None else (interval[0], interval[1])


_ROWS = {
    "auc": _auc_rows,
    "roc": _roc_rows,
    "confusion": _confusion_rows,
    "subgroups": _subgroup_rows,
    "reliability": _reliability_rows,
}
