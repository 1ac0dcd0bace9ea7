"""Figures for records with several statements each: macro AUC, Fmax, F-beta and G-beta.

The figures of the PTB-XL benchmark (Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989, section III-A).
"""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.metrics import area_under_curve

_TINY = 1e-300

BoolMatrix = BoolArray


def auc_per_class(labels: BoolMatrix, scores: Float64Array) -> Float64Array:
    """Return the area under the ROC curve of each class, NaN where no record or every record has it.

    Parameters
    ----------
    labels : numpy.ndarray of bool, shape (n_records, n_classes)
        What each record has.
    scores : numpy.ndarray, shape (n_records, n_classes)
        The higher, the surer.
    """
    check_shapes(labels, scores)
    # Memory in the order of columns: a ROC curve goes down one of them.
    columns = zip(np.ascontiguousarray(labels.T), np.ascontiguousarray(scores.T), strict=True)
    return np.array([area_under_curve(positive, values) for positive, values in columns])


def macro_auc(labels: BoolMatrix, scores: Float64Array) -> float:
    """Return the mean of the classes' areas; classes that have none are left out, NaN where no class has one."""
    areas = auc_per_class(labels, scores)
    defined = areas[~np.isnan(areas)]
    return float(defined.mean()) if len(defined) else float("nan")


def f_max(labels: BoolMatrix, scores: Float64Array) -> float:
    """Return the highest F1 of mean precision and mean recall over records, over all thresholds common to all classes.

    Precision counts records with any answer alone. Every score is tried as a threshold, so the figure is the maximum
    itself and not that of a grid.

    Parameters
    ----------
    labels, scores : numpy.ndarray
        As in `auc_per_class`; every record has a label.

    Raises
    ------
    LabelError
        If a record has no label.
    """
    check_shapes(labels, scores)
    if not labels.any(axis=1).all():
        raise LabelError("A record has no label, so its recall is undefined.", "Leave such records out.")
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = np.take_along_axis(labels, order, axis=1)
    sorted_scores = np.take_along_axis(scores, order, axis=1).ravel()
    answers = np.arange(1, scores.shape[1] + 1)
    precision = np.cumsum(hits, axis=1) / answers
    gained_precision = np.diff(precision, axis=1, prepend=0.0).ravel()
    gained_recall = (hits / labels.sum(axis=1, keepdims=True)).ravel()
    first = np.broadcast_to(answers == 1, scores.shape).ravel()
    falling = np.argsort(-sorted_scores, kind="stable")
    values = sorted_scores[falling]
    whole = np.append(values[1:] != values[:-1], True)
    mean_precision = np.cumsum(gained_precision[falling]) / np.cumsum(first[falling])
    mean_recall = np.cumsum(gained_recall[falling]) / len(labels)
    total = mean_precision + mean_recall
    f_1 = 2 * mean_precision * mean_recall / np.where(total > 0, total, 1.0)
    return float(f_1[whole].max())


def f_beta_g_beta(labels: BoolMatrix, answers: BoolMatrix, beta: float = 2.0) -> tuple[float, float]:
    """Return the macro F-beta and G-beta of the challenge of 2020's first phase.

    Each record counts by one over the number of its labels; classes without label and answer are left out.
    G-beta is ``TP / (TP + FP + beta FN)``.

    Parameters
    ----------
    labels, answers : numpy.ndarray of bool, shape (n_records, n_classes)
        What each record has, and what was said of it.
    beta : float
        How many times recall counts.
    """
    f, g = f_beta_g_beta_per_class(labels, answers, beta)
    known = ~np.isnan(f)
    return (float(f[known].mean()), float(g[known].mean())) if known.any() else (float("nan"), float("nan"))


def f_beta_g_beta_per_class(
    labels: BoolMatrix, answers: BoolMatrix, beta: float = 2.0
) -> tuple[Float64Array, Float64Array]:
    """Return the same of each class, NaN where it has neither label nor answer; arguments as in `f_beta_g_beta`."""
    check_shapes(labels, answers)
    weights = 1.0 / np.maximum(labels.sum(axis=1, keepdims=True), 1)
    hit = (weights * (labels & answers)).sum(axis=0)
    wrong = (weights * (~labels & answers)).sum(axis=0)
    missed = (weights * (labels & ~answers)).sum(axis=0)
    some = np.where(hit + wrong + missed > 0, 1.0, np.nan)
    f = (1 + beta**2) * hit / (some * np.maximum((1 + beta**2) * hit + wrong + beta**2 * missed, _TINY))
    g = hit / (some * np.maximum(hit + wrong + beta * missed, _TINY))
    return f, g


def check_shapes(labels: npt.NDArray[np.generic], scores: npt.NDArray[np.generic]) -> None:
    """Refuse arrays that are not of the same records and classes."""
    if labels.shape != scores.shape or labels.ndim != 2 or not labels.size:
        raise LabelError(
            f"Labels of shape {labels.shape} and scores of shape {scores.shape} do not belong together.",
            "Give both one row per record and one column per class.",
        )
