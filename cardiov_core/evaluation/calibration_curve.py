"""How far probabilities can be taken at their word: reliability curve, expected calibration error, Brier score."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.bootstrap import Interval, counted_intervals

N_BINS = 10
"""Bins of equal width (Guo et al. 2017, arXiv:1706.04599, use 10 to 15; with some 400 records more would be empty)."""


@dataclass(frozen=True)
class ReliabilityBin:
    """Records whose stated probability falls into one bin."""

    # Limits of the bin; the upper one belongs to the next bin, 1 to the last.
    low: float
    high: float
    # Records, and those for which what was stated came true.
    n: int
    n_positive: int
    # What was stated on average, and the share that came true; never NaN: empty bins are left out.
    mean_probability: float
    observed: float


def brier_score(happened: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean squared distance between probability and outcome (Brier 1950).

    Parameters
    ----------
    happened : array_like of bool, shape (n,) or (n, k)
        What came true; one column per level for the score of all levels.
    probabilities : array_like, shape as `happened`
        Of it, 0..1.

    Returns
    -------
    float
        0 is perfect. For one outcome at most 1; for the levels together Brier's own sum over levels, at most 2.

    Raises
    ------
    LabelError
        If the shapes differ or there are no records.
    """
    truth, stated = _pair(happened, probabilities)
    squared = (stated - truth) ** 2
    return float(squared.reshape(len(squared), -1).sum(axis=1).mean())


def expected_calibration_error(happened: npt.ArrayLike, probabilities: npt.ArrayLike) -> float:
    """Return the mean distance between what is stated and what comes true, over bins weighted by their records.

    Naeini et al. 2015 (AAAI). It is never negative, so chance alone lifts it above 0 in few records.

    Parameters
    ----------
    happened : array_like of bool, shape (n,)
        What came true.
    probabilities : array_like, shape (n,)
        Of it, 0..1.

    Returns
    -------
    float
        0 is perfect, 1 the worst.

    Raises
    ------
    LabelError
        If the shapes differ, are not (n,) or there are no records.
    """
    truth, stated = _pair(happened, probabilities)
    if truth.ndim != 1:
        raise LabelError(f"Outcomes have the shape {truth.shape}.", "Give one outcome a record.")
    bins = bins_of(stated)
    gaps = np.bincount(bins, weights=stated - truth, minlength=N_BINS)
    return float(np.abs(gaps).sum() / len(truth))


def reliability_curve(happened: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[ReliabilityBin, ...]:
    """Return the bins of a reliability diagram, lowest first; arguments as in `expected_calibration_error`."""
    truth, stated = _pair(happened, probabilities)
    bins = bins_of(stated)
    curve = []
    for index in range(N_BINS):
        inside = bins == index
        n = int(inside.sum())
        if n:
            n_positive = int(truth[inside].sum())
            mean = float(stated[inside].mean())
            limits = (index / N_BINS, (index + 1) / N_BINS)
            curve.append(ReliabilityBin(*limits, n, n_positive, mean, n_positive / n))
    return tuple(curve)


def observed_intervals(
    happened: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> list[Interval]:
    """Return the 95 % interval of what came true in each bin of `reliability_curve`, by the bootstrap."""
    truth, stated = _pair(happened, probabilities)
    filled = np.unique(bins_of(stated))

    inside = (bins_of(stated) == filled[:, np.newaxis]).astype(np.float64)

    def shares(counts: Float64Array) -> Float64Array:
        n, n_positive = inside @ counts, (inside * truth) @ counts
        return np.where(n > 0, n_positive / np.maximum(n, 1), np.nan)

    limits = counted_intervals(shares, len(truth), groups=groups, n_resamples=n_resamples, seed=seed)
    whole = shares(np.ones((len(truth), 1)))[:, 0]
    none = Interval(float("nan"), float("nan"))
    return [limit if 0.0 < share < 1.0 else none for limit, share in zip(limits, whole, strict=True)]


def bins_of(stated: Float64Array) -> IntArray:
    """Return the bin of each probability, 0 to `N_BINS` - 1."""
    return np.clip((stated * N_BINS).astype(np.int64), 0, N_BINS - 1)


def _pair(happened: npt.ArrayLike, probabilities: npt.ArrayLike) -> tuple[Float64Array, Float64Array]:
    truth, stated = np.asarray(happened, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if truth.shape != stated.shape or not truth.size:
        raise LabelError(
            f"Outcomes have the shape {truth.shape}, probabilities {stated.shape}.",
            "Give one of each for every record.",
        )
    return truth, stated
