"""Figures for graded ECGs; pure functions on arrays.

A figure that the data do not define (an AUC without a positive or without a negative) is NaN, never a made-up number.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.errors import LabelError

LEVEL_KEYS: tuple[str, ...] = ("no", "low", "medium", "high")
"""Names of the levels in tables of figures, lowest first."""

THRESHOLD_KEYS: tuple[str, ...] = ("above_no", "above_low", "above_medium")
"""Names of the thresholds in tables of figures: is the level above it?"""

_DISTANCES = np.abs(np.subtract.outer(np.arange(len(LEVEL_KEYS)), np.arange(len(LEVEL_KEYS))))


def mean_absolute_error(labels: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    """Return by how many levels the grades are off on average (the paper's MAE).

    Parameters
    ----------
    labels, levels : array_like of int, shape (n,)
        The cardiologist's and the grader's levels.

    Returns
    -------
    float
        0 is perfect, 3 the worst.

    Raises
    ------
    LabelError
        If the shapes differ or there are no records.
    """
    truth, given = _pair(labels, levels)
    return float(np.abs(truth - given).mean())


def accuracy(labels: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    """Return the share of records with exactly the cardiologist's level; arguments as in `mean_absolute_error`."""
    truth, given = _pair(labels, levels)
    return float((truth == given).mean())


def within_one(labels: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    """Return the share of records that are off by one level at most; arguments as in `mean_absolute_error`."""
    truth, given = _pair(labels, levels)
    return float((np.abs(truth - given) <= 1).mean())


def quadratic_weighted_kappa(labels: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    """Return Cohen's kappa with quadratic weights (Cohen 1968, doi:10.1037/h0026256).

    `labels`, `levels`: shape (n,), two readings of the same records. Returns 1 is perfect, 0 is chance; NaN where both
    readings are one and the same level throughout.
    """
    truth, given = _pair(labels, levels)
    return kappa_of(confusion_matrix(truth, given))


def confusion_matrix(labels: npt.ArrayLike, levels: npt.ArrayLike) -> IntArray:
    """Return how often each label (rows) met each level (columns), shape (4, 4).

    Raises
    ------
    LabelError
        If the shapes differ, there are no records, or a value is no level.
    """
    truth, given = _pair(labels, levels)
    n_levels = len(LEVEL_KEYS)
    wrong = np.concatenate([truth, given])
    wrong = wrong[(wrong < 0) | (wrong >= n_levels)]
    if len(wrong):
        raise LabelError(f"There is no level {wrong[0]}.", f"Use 0 to {n_levels - 1}.")
    return np.bincount(truth * n_levels + given, minlength=n_levels**2).reshape(n_levels, n_levels)


def kappa_of(confusion: IntArray) -> float:
    """Return the quadratic-weighted kappa of a confusion matrix, as `quadratic_weighted_kappa` does.

    The same number as scikit-learn's, at a twentieth of the time, which a bootstrap needs thousands of times.
    """
    weights = _DISTANCES**2
    by_chance = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) / confusion.sum()
    expected = float((weights * by_chance).sum())
    return float("nan") if expected == 0.0 else 1.0 - float((weights * confusion).sum()) / expected


def area_under_curve(positive: BoolArray, scores: Float64Array) -> float:
    """Return the area under one ROC curve: how often a positive record scores above a negative one, ties half.

    Computed from ranks (Mann and Whitney 1947, doi:10.1214/aoms/1177730491): the same number as scikit-learn's at a
    tenth of the time, which a bootstrap needs thousands of times.

    Parameters
    ----------
    positive : numpy.ndarray of bool, shape (n,)
        Which records have the class.
    scores : numpy.ndarray, shape (n,)
        The higher, the surer.

    Returns
    -------
    float
        NaN where no record is positive or none is negative.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    rank_sum = float(rankdata(scores)[positive].sum())
    return (rank_sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def auc_per_level(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> dict[str, float]:
    """Return the area under the ROC curve of each level against the rest (the paper's Table 5).

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        The cardiologist's levels.
    probabilities : array_like, shape (n, 4)
        Of each level.

    Returns
    -------
    dict
        Keys ``no``, ``low``, ``medium``, ``high`` and ``mean``; NaN for a level that no record or every record has, and
        then for the mean, too.

    Raises
    ------
    LabelError
        If the shapes do not fit each other.
    """
    truth = np.asarray(labels)
    scores = np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or scores.shape != (len(truth), len(LEVEL_KEYS)) or not len(truth):
        raise LabelError(
            f"Labels have the shape {truth.shape}, probabilities {scores.shape}.",
            f"Give one label and {len(LEVEL_KEYS)} probabilities per record.",
        )
    areas = {key: area_under_curve(truth == level, scores[:, level]) for level, key in enumerate(LEVEL_KEYS)}
    return areas | {"mean": float(np.mean(list(areas.values())))}


def exceedances_of_levels(probabilities: npt.ArrayLike) -> Float64Array:
    """Return P(level > 0), P(> 1), P(> 2) of level probabilities: ``(n, 4) -> (n, 3)``, never rising."""
    scores = np.asarray(probabilities, dtype=np.float64)
    return np.clip(np.cumsum(scores[:, ::-1], axis=1)[:, ::-1][:, 1:], 0.0, 1.0)


def auc_per_threshold(labels: npt.ArrayLike, probabilities: npt.ArrayLike) -> dict[str, float]:
    """Return the area under the ROC curve of each question that the grader answers: is the level above a threshold.

    `labels`: shape (n,), the cardiologist's levels. `probabilities`: shape (n, 4), of each level. Returns keys
    ``above_no``, ``above_low``, ``above_medium`` and ``mean``; NaN where all records lie on one side.
    """
    truth = np.asarray(labels)
    above = exceedances_of_levels(probabilities)
    areas = {key: area_under_curve(truth > index, above[:, index]) for index, key in enumerate(THRESHOLD_KEYS)}
    return areas | {"mean": float(np.mean(list(areas.values())))}


def macro_auc(y_true: npt.ArrayLike, y_score: npt.ArrayLike) -> float:
    """Return the mean area under the ROC curve over the classes of a multi-label task (PTB-XL benchmark).

    Parameters
    ----------
    y_true : array_like, shape (n, n_classes)
        1 where the record has the class, otherwise 0.
    y_score : array_like, shape (n, n_classes)
        The higher, the surer.

    Returns
    -------
    float
        Classes without a positive or without a negative record are left out; NaN where none is left.
    """
    truth = np.asarray(y_true)
    scores = np.asarray(y_score, dtype=np.float64)
    if truth.ndim != 2 or truth.shape != scores.shape:
        raise LabelError(
            f"Labels have the shape {truth.shape}, scores {scores.shape}.", "Give both as (records, classes)."
        )
    areas = [area_under_curve(truth[:, index] > 0, scores[:, index]) for index in range(truth.shape[1])]
    defined = [area for area in areas if not np.isnan(area)]
    return float(np.mean(defined)) if defined else float("nan")


def _pair(labels: npt.ArrayLike, levels: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    truth, given = np.asarray(labels), np.asarray(levels)
    if truth.ndim != 1 or truth.shape != given.shape or not len(truth):
        raise LabelError(
            f"Labels have the shape {truth.shape}, levels {given.shape}.",
            "Give one of each for every record, at least one.",
        )
    return truth.astype(np.int64), given.astype(np.int64)
