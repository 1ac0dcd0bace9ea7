"""ROC curves of the levels and of the thresholds, with a band."""

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue
from sklearn.metrics import roc_curve

from cardiov_core.domain import BoolArray, Float64Array, IntArray, JsonObject
from cardiov_core.evaluation.bootstrap import counted_intervals
from cardiov_core.evaluation.metrics import LEVEL_KEYS, THRESHOLD_KEYS, exceedances_of_levels

_GRID = np.linspace(0.0, 1.0, 51)


def roc_curves(
    labels: IntArray,
    probabilities: Float64Array,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> JsonObject:
    """Return the ROC curve of each level against the rest and of each threshold, as the paper's Fig. 2 shows them.

    `labels`: shape (n,), the cardiologist's levels. `probabilities`: shape (n, 4), of each level. `groups`: who each
    record is from; drawn whole. Returns key of a level or of a threshold -> ``false_positive_rate`` and
    ``true_positive_rate`` (the corners of the curve), and ``band_at``, ``band_low``, ``band_high``: the pointwise 95 %
    band of the sensitivity at a grid of false-positive rates. A curve that the records do not define is left out, and a
    band that they do not is empty.
    """
    scores = _scores(probabilities)
    keys = (*LEVEL_KEYS, *THRESHOLD_KEYS)
    truth = _outcomes(labels)

    sorted_once = [_Curve(truth[:, index], scores[:, index]) for index in range(len(keys))]

    def on_grid(counts: Float64Array) -> Float64Array:
        return np.concatenate([curve(counts) for curve in sorted_once])

    limits = counted_intervals(on_grid, len(truth), groups=groups, n_resamples=n_resamples, seed=seed)
    curves: JsonObject = {}
    for index, key in enumerate(keys):
        if 0 < truth[:, index].sum() < len(truth):
            false_positive, true_positive, _ = roc_curve(truth[:, index], scores[:, index])
            band = limits[index * len(_GRID) : (index + 1) * len(_GRID)]
            whole = not any(np.isnan(limit.low) for limit in band)
            curves[key] = {
                "false_positive_rate": _rounded(false_positive),
                "true_positive_rate": _rounded(true_positive),
                "band_at": _rounded(_GRID) if whole else [],
                "band_low": _rounded([limit.low for limit in band]) if whole else [],
                "band_high": _rounded([limit.high for limit in band]) if whole else [],
            }
    return curves


def _outcomes(labels: IntArray) -> BoolArray:
    levels = labels[:, np.newaxis] == np.arange(len(LEVEL_KEYS))
    thresholds = labels[:, np.newaxis] > np.arange(len(THRESHOLD_KEYS))
    return np.concatenate([levels, thresholds], axis=1)


def _scores(probabilities: Float64Array) -> Float64Array:
    return np.concatenate([probabilities, exceedances_of_levels(probabilities)], axis=1)


class _Curve:
    """The sensitivity of resamples at the grid of false-positive rates."""

    def __init__(self, truth: BoolArray, scores: Float64Array) -> None:
        self._order = np.argsort(-scores, kind="stable")
        # A corner of the curve lies where the score changes: equal scores are passed together.
        self._last = np.append(np.diff(scores[self._order]) != 0, True)
        self._truth = truth[self._order, np.newaxis].astype(np.float64)

    def __call__(self, counts: Float64Array) -> Float64Array:
        drawn = counts[self._order]
        passed = np.cumsum(drawn, axis=0)[self._last].T
        above = np.cumsum(drawn * self._truth, axis=0)[self._last].T
        sensitivities = np.full((len(_GRID), counts.shape[1]), np.nan)
        for draw, (true, every) in enumerate(zip(above, passed, strict=True)):
            n_positive, n_negative = true[-1], every[-1] - true[-1]
            if n_positive and n_negative:
                at = np.append(0.0, (every - true) / n_negative)
                sensitivities[:, draw] = np.interp(_GRID, at, np.append(0.0, true / n_positive))
        return sensitivities


def _rounded(values: npt.ArrayLike) -> list[JsonValue]:
    return [round(float(value), 6) for value in np.asarray(values)]
