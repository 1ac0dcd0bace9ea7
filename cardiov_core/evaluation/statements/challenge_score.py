"""The scorers of the challenges of 2020 and 2021 (Perez Alday et al. 2020, doi:10.1088/1361-6579/abc960)."""

from dataclasses import dataclass

import numpy as np

from cardiov_core.datasets import SINUS_RHYTHM, Year, challenge_classes, challenge_weights
from cardiov_core.domain import Float64Array
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.statements.multilabel import BoolMatrix, auc_per_class, check_shapes, f_beta_g_beta


@dataclass(frozen=True)
class ChallengeFigures:
    """What a scorer prints."""

    score: float  # the challenge's own: 1 for the truth, 0 for sinus rhythm whatever the record
    accuracy: float  # share of records with exactly their labels
    f_measure: float  # macro F1
    # Those of 2020 with beta 2, records weighted by one over their labels.
    f_beta: float
    g_beta: float
    # Macro areas under the ROC and the precision-recall curve; None without scores.
    auroc: float | None = None
    auprc: float | None = None


def challenge_figures(
    labels: BoolMatrix, answers: BoolMatrix, year: Year, scores: Float64Array | None = None
) -> ChallengeFigures:
    """Return all figures of a year's scorer.

    `labels`, `answers` and, where there are any, `scores` (probabilities) have shape ``(n_records, n_classes)``, in the
    order of `cardiov_core.datasets.labels.challenge.challenge_classes`.
    """
    f_beta, g_beta = f_beta_g_beta(labels, answers)
    return ChallengeFigures(
        score=challenge_score(labels, answers, year),
        accuracy=float((labels == answers).all(axis=1).mean()),
        f_measure=macro_f(labels, answers),
        f_beta=f_beta,
        g_beta=g_beta,
        auroc=None if scores is None else float(np.nanmean(auc_per_class(labels, scores))),
        auprc=None if scores is None else float(np.nanmean(precision_recall_areas(labels, scores))),
    )


def challenge_score(labels: BoolMatrix, answers: BoolMatrix, year: Year) -> float:
    """Return the challenge's own score; arguments as in `challenge_figures`."""
    check_shapes(labels, answers)
    classes, weights = challenge_classes(year), challenge_weights(year)
    if labels.shape[1] != len(classes):
        raise LabelError(
            f"There are {labels.shape[1]} classes, and the challenge of {year} has {len(classes)}.",
            "Give one column per class, in the order of challenge_classes.",
        )
    inactive = np.zeros_like(labels)
    inactive[:, [SINUS_RHYTHM in one.codes for one in classes]] = True
    observed, correct, idle = (_weighted(labels, given, weights) for given in (answers, labels, inactive))
    return float((observed - idle) / (correct - idle)) if correct != idle else 0.0


def _weighted(labels: BoolMatrix, answers: BoolMatrix, weights: Float64Array) -> float:
    """Return the sum of the confusions, each record's shared among all that it has or got."""
    shares = 1.0 / np.maximum((labels | answers).sum(axis=1), 1)
    confusions = (labels * shares[:, np.newaxis]).T @ answers.astype(np.float64)
    return float((weights * confusions).sum())


def macro_f(labels: BoolMatrix, answers: BoolMatrix) -> float:
    """Return the mean F1 of the classes that occur among labels or answers, NaN where none does."""
    hit = (labels & answers).sum(axis=0)
    total = labels.sum(axis=0) + answers.sum(axis=0)
    occurs = total > 0
    return float((2 * hit[occurs] / total[occurs]).mean()) if occurs.any() else float("nan")


def precision_recall_areas(labels: BoolMatrix, scores: Float64Array) -> Float64Array:
    """Return the area under the precision-recall curve of each class as a sum of steps, NaN without a positive."""
    check_shapes(labels, scores)
    areas = np.full(labels.shape[1], np.nan)
    for k in np.flatnonzero(labels.any(axis=0)):
        order = np.argsort(-scores[:, k], kind="stable")
        falling, hit = scores[order, k], np.cumsum(labels[order, k])
        whole = np.append(falling[1:] != falling[:-1], True)
        precision = (hit / np.arange(1, len(hit) + 1))[whole]
        areas[k] = (np.diff(hit[whole] / hit[-1], prepend=0.0) * precision).sum()
    return areas
