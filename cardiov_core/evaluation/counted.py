"""Figures of many resamples at once: a resample is how often it holds each record.

A figure is made of sums over records, which are a matrix product of all resamples, or of an area under a ROC curve, for
which the scores are sorted once and not once a resample. Arrays of counts have the shape ``(n_records, n_draws)``.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray, Severity
from cardiov_core.evaluation.calibration_curve import N_BINS, bins_of
from cardiov_core.evaluation.metrics import LEVEL_KEYS, THRESHOLD_KEYS, confusion_matrix, exceedances_of_levels
from cardiov_core.evaluation.operating_points import OPERATING_POINTS, check_prevalence

_N_LEVELS = len(LEVEL_KEYS)
_DISTANCES = np.abs(np.subtract.outer(np.arange(_N_LEVELS), np.arange(_N_LEVELS))).astype(np.float64)


def shares(part: npt.ArrayLike, whole: npt.ArrayLike) -> Float64Array:
    """Return ``part / whole``; NaN where the whole is 0."""
    above, below = np.broadcast_arrays(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))
    ratio: Float64Array = np.full(below.shape, np.nan)
    np.divide(above, below, out=ratio, where=below != 0.0)
    return ratio


class CountedArea:
    """The area under one ROC curve, as `area_under_curve` gives it for the records of each resample.

    `positive`: shape (n,), which records have the class. `scores`: shape (n,), the higher, the surer.
    """

    def __init__(self, positive: BoolArray, scores: Float64Array) -> None:
        negatives = np.flatnonzero(~positive)
        self._negatives = negatives[np.argsort(scores[negatives], kind="stable")]
        self._positives = np.flatnonzero(positive)
        ordered, own = scores[self._negatives], scores[self._positives]
        self._below = np.searchsorted(ordered, own, side="left")
        self._up_to = np.searchsorted(ordered, own, side="right")

    def __call__(self, counts: Float64Array) -> Float64Array:
        """Return the areas, shape ``(n_draws,)``; NaN where no record is positive or none is negative."""
        passed = np.zeros((len(self._negatives) + 1, counts.shape[1]))
        np.cumsum(counts[self._negatives], axis=0, out=passed[1:])
        own = counts[self._positives]
        # A tie counts half: the mean of the negatives below and those up to the score.
        twice = np.einsum("id,id->d", own, passed[self._below] + passed[self._up_to])
        return shares(0.5 * twice, own.sum(axis=0) * passed[-1])


class CountedCalibrationError:
    """The expected calibration error of one probability; arguments as in `expected_calibration_error`."""

    def __init__(self, happened: BoolArray, stated: Float64Array) -> None:
        self._gaps = np.zeros((N_BINS, len(stated)))
        self._gaps[bins_of(stated), np.arange(len(stated))] = stated - happened

    def __call__(self, counts: Float64Array) -> Float64Array:
        """Return the errors, shape ``(n_draws,)``."""
        return shares(np.abs(self._gaps @ counts).sum(axis=0), counts.sum(axis=0))


def level_areas(labels: IntArray, scores: Float64Array) -> dict[str, CountedArea]:
    """Return the area of each level against the rest, by its key; `scores` of shape ``(n, 4)``."""
    return {key: CountedArea(labels == level, scores[:, level]) for level, key in enumerate(LEVEL_KEYS)}


class CountedLevels:
    """How often each label met each level."""

    def __init__(self, labels: IntArray, levels: IntArray) -> None:
        # Refuses what is no level.
        confusion_matrix(labels, levels)
        self._cells = np.zeros((_N_LEVELS**2, len(labels)))
        self._cells[labels * _N_LEVELS + levels, np.arange(len(labels))] = 1.0

    def __call__(self, counts: Float64Array) -> Float64Array:
        """Return the confusion matrices, shape ``(4, 4, n_draws)``; rows are labels."""
        return np.asarray(self._cells @ counts).reshape(_N_LEVELS, _N_LEVELS, -1)


def level_figures(confusions: Float64Array) -> dict[str, Float64Array]:
    """Return mae, accuracy, within_one and quadratic_weighted_kappa of confusion matrices, each ``(n_draws,)``."""
    n = confusions.sum(axis=(0, 1))
    weights = _DISTANCES**2
    by_chance = confusions.sum(axis=1)[:, np.newaxis] * confusions.sum(axis=0)[np.newaxis]
    expected = shares(np.tensordot(weights, by_chance, axes=2), n)
    return {
        "mae": shares(np.tensordot(_DISTANCES, confusions, axes=2), n),
        "accuracy": shares(np.trace(confusions), n),
        "within_one": shares(confusions[_DISTANCES <= 1].sum(axis=0), n),
        "quadratic_weighted_kappa": 1.0 - shares(np.tensordot(weights, confusions, axes=2), expected),
    }


def alarm_figures(confusions: Float64Array, prevalence: Mapping[str, float] | None = None) -> dict[str, Float64Array]:
    """Return ``operating_points.NAME.FIGURE`` as `Alarm` has them, each ``(n_draws,)``."""
    figures: dict[str, Float64Array] = {}
    for name, level in OPERATING_POINTS.items():
        cut, start = int(level), f"operating_points.{name}"
        right, wrong = confusions[cut:, cut:].sum(axis=(0, 1)), confusions[:cut, cut:].sum(axis=(0, 1))
        missed, quiet = confusions[cut:, :cut].sum(axis=(0, 1)), confusions[:cut, :cut].sum(axis=(0, 1))
        sensitivity, specificity = shares(right, right + missed), shares(quiet, quiet + wrong)
        figures |= {
            f"{start}.sensitivity": sensitivity,
            f"{start}.specificity": specificity,
            f"{start}.ppv": shares(right, right + wrong),
            f"{start}.npv": shares(quiet, quiet + missed),
        }
        among = (prevalence or {}).get(name)
        if among is not None:
            caught, spared = sensitivity * among, specificity * (1.0 - among)
            figures[f"{start}.ppv_at_stated"] = shares(caught, caught + (1.0 - specificity) * (1.0 - among))
            figures[f"{start}.npv_at_stated"] = shares(spared, spared + (1.0 - sensitivity) * among)
    return figures


def confusion_shares(confusions: Float64Array) -> dict[str, Float64Array]:
    """Return ``confusion_share.<label>.<grade>``: the share of a label's records with each grade, NaN without one."""
    records = confusions.sum(axis=1)
    return {
        f"confusion_share.{label}.{grade}": shares(confusions[row, column], records[row])
        for row, label in enumerate(LEVEL_KEYS)
        for column, grade in enumerate(LEVEL_KEYS)
    }


def high_risk_graded_low(confusions: Float64Array) -> Float64Array:
    """Return the share of the high-risk records that are graded no or low risk, ``(n_draws,)``."""
    row = confusions[Severity.HIGH_RISK]
    return shares(row[: Severity.MEDIUM_RISK].sum(axis=0), row.sum(axis=0))


class CountedFigures:
    """Every figure that is one number; arguments as in `Graded`."""

    def __init__(
        self,
        labels: IntArray,
        levels: IntArray,
        probabilities: Float64Array,
        violated: Float64Array,
        prevalence: Mapping[str, float] | None = None,
    ) -> None:
        above = exceedances_of_levels(probabilities)
        happened = labels[:, np.newaxis] > np.arange(len(THRESHOLD_KEYS))
        self._prevalence = dict(prevalence or {})
        for share in self._prevalence.values():
            check_prevalence(share)
        self._levels = CountedLevels(labels, levels)
        self._areas = level_areas(labels, probabilities)
        self._thresholds = {
            key: CountedArea(happened[:, index], above[:, index]) for index, key in enumerate(THRESHOLD_KEYS)
        }
        own = (labels[:, np.newaxis] == np.arange(_N_LEVELS)) - probabilities
        self._squared = {"levels": (own**2).sum(axis=1)}
        self._squared |= {key: (happened[:, at] - above[:, at]) ** 2 for at, key in enumerate(THRESHOLD_KEYS)}
        # Of the level that is given, which need not be the most probable one: a regression rounds.
        given = np.minimum(probabilities[np.arange(len(levels)), levels], 1.0)
        self._errors = {"level": CountedCalibrationError(labels == levels, given)}
        self._errors |= {
            key: CountedCalibrationError(happened[:, at], above[:, at]) for at, key in enumerate(THRESHOLD_KEYS)
        }
        self._violated = violated

    def __call__(self, counts: Float64Array) -> dict[str, Float64Array]:
        """Return the figures by dotted name, each ``(n_draws,)``, NaN where undefined."""
        n = counts.sum(axis=0)
        confusions = self._levels(counts)
        figures = level_figures(confusions)
        for name, areas in (("auc", self._areas), ("auc_threshold", self._thresholds)):
            values = {key: area(counts) for key, area in areas.items()}
            figures |= {f"{name}.{key}": value for key, value in values.items()}
            figures[f"{name}.mean"] = np.mean([*values.values()], axis=0)
        figures |= {f"brier.{key}": shares(squared @ counts, n) for key, squared in self._squared.items()}
        figures |= {f"ece.{key}": error(counts) for key, error in self._errors.items()}
        figures |= alarm_figures(confusions, self._prevalence)
        figures["high_risk_graded_no_or_low"] = high_risk_graded_low(confusions)
        figures["rank_violation_rate"] = shares(self._violated @ counts, n)
        return figures | confusion_shares(confusions)
