"""ROC curves of the levels and of the thresholds, with a band."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_curve

from cardiov_core.domain import Float64Array
from cardiov_core.evaluation.bootstrap import bootstrap_intervals
from cardiov_core.evaluation.metrics import LEVEL_KEYS, THRESHOLD_KEYS, exceedances_of_levels

_GRID = np.linspace(0.0, 1.0, 51)


def roc_curves(
    labels: npt.NDArray[np.int64],
    probabilities: Float64Array,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, list[float]]]:
    """Return the ROC curve of each level against the rest and of each threshold, as the paper's Fig. 2 shows them.

    Parameters
    ----------
    labels : numpy.ndarray of int, shape (n,)
        The cardiologist's levels.
    probabilities : numpy.ndarray, shape (n, 4)
        Of each level.
    groups : array_like, optional
        Who each record is from; drawn whole.
    n_resamples, seed : int
        Of the bootstrap behind the band.

    Returns
    -------
    dict
        Key of a level or of a threshold -> ``false_positive_rate`` and ``true_positive_rate`` (the corners of the
        curve), and ``band_at``, ``band_low``, ``band_high``: the pointwise 95 % band of the sensitivity at a grid of
        false-positive rates. A curve that the records do not define is left out, and a band that they do not is empty.
    """
    scores = _scores(probabilities)
    keys = (*LEVEL_KEYS, *THRESHOLD_KEYS)
    truth = _outcomes(labels)

    def on_grid(drawn: npt.NDArray[Any], given: Float64Array) -> Float64Array:
        return np.concatenate([_sensitivities(drawn[:, index], given[:, index]) for index in range(len(keys))])

    limits = bootstrap_intervals(on_grid, truth, scores, groups=groups, n_resamples=n_resamples, seed=seed)
    curves: dict[str, dict[str, list[float]]] = {}
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


def _outcomes(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    levels = labels[:, np.newaxis] == np.arange(len(LEVEL_KEYS))
    thresholds = labels[:, np.newaxis] > np.arange(len(THRESHOLD_KEYS))
    return np.concatenate([levels, thresholds], axis=1)


def _scores(probabilities: Float64Array) -> Float64Array:
    return np.concatenate([probabilities, exceedances_of_levels(probabilities)], axis=1)


def _sensitivities(truth: npt.NDArray[np.bool_], scores: Float64Array) -> Float64Array:
    n_positive = int(truth.sum())
    if not 0 < n_positive < len(truth):
        return np.full(len(_GRID), np.nan)
    order = np.argsort(-scores, kind="stable")
    # A corner of the curve lies where the score changes: equal scores are passed together.
    last = np.append(np.diff(scores[order]) != 0, True)
    above = np.cumsum(truth[order])[last]
    below = np.arange(1, len(truth) + 1)[last] - above
    sensitivities: Float64Array = np.interp(
        _GRID, np.append(0.0, below / (len(truth) - n_positive)), np.append(0.0, above / n_positive)
    )
    return sensitivities


def _rounded(values: npt.ArrayLike) -> list[float]:
    return [round(float(value), 6) for value in np.asarray(values)]
