"""Agreement with 95 % intervals, or why there is no number.

Every statistic follows from counts that add up over the cases. A percentile bootstrap by case (Efron 1979,
doi:10.1214/aos/1176344552) is therefore a weighting of the cases, and all resamples are worked out at once:
scikit-learn's kappa, called a thousand times for each pair of readers, would keep a page waiting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array
from cardiov_core.evaluation.agreement.formulas import (
    CONFIDENCE,
    N_LEVELS,
    Table,
    ac2_of,
    alpha_of,
    coincidences_of,
    gaps,
    kappas_of,
    level_counts,
    mean_of,
    ordinal_distances,
    shares_of,
    wilson,
)

MIN_CASES = 20
"""Fewer cases give no number (docs/clinical.md, 25)."""

TOO_FEW = f"too few (n < {MIN_CASES})"
"""What stands instead of a number."""

UNDEFINED = "not defined: all readings are one and the same level"
"""What stands instead of a chance-corrected number where there is nothing to tell apart."""

# A statistic that most resamples leave undefined has no usable interval; the share is `bootstrap_interval`'s.
_MIN_DEFINED_SHARE = 1 / 20


class Statistic(StrEnum):
    """Statistics of two readings of the same cases; the values are the words for readers."""

    KAPPA = "Quadratic-weighted kappa"
    AC2 = "Gwet AC2"
    ALPHA = "Krippendorff alpha (ordinal)"
    EXACT = "Exact agreement"
    WITHIN_ONE = "Within one level"
    MAE = "Mean absolute error (levels)"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, or why there is none.

    Attributes
    ----------
    n : int
        Cases behind it.
    value, low, high : float or None
        None where `reason` says why; the limits alone are None where most resamples leave the statistic undefined.
    count : int or None
        Of a share: how many of the n.
    reason : str
        Empty where there is a value.
    """

    n: int
    value: float | None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    reason: str = ""


def share(count: int, n: int) -> Estimate:
    """Return a share with Wilson's interval, or 'too few'; the count stands in either case."""
    if n < MIN_CASES:
        return Estimate(n, None, count=count, reason=TOO_FEW)
    return Estimate(n, count / n, *wilson(count, n), count=count)


def pair_agreement(tables: Table, *, n_resamples: int = 1000, seed: int = 0) -> Mapping[Statistic, Estimate]:
    """Return what two readings of the same cases have in common, with bootstrap intervals by case.

    `tables`: shape (n_cases, n_levels, n_levels), of `case_tables`. `seed`: of the draws: the same seed gives the same
    intervals.
    """
    n_levels = tables.shape[-1]

    def worked_out(sums: Float64Array) -> dict[Statistic, Float64Array]:
        table = sums.reshape(*sums.shape[:-1], n_levels, n_levels)
        coincidences = table + np.swapaxes(table, -1, -2)
        margins = coincidences.sum(axis=-1)
        return {
            Statistic.KAPPA: kappas_of(table),
            Statistic.AC2: ac2_of(table, margins),
            Statistic.ALPHA: alpha_of(coincidences, ordinal_distances(margins)),
            Statistic.EXACT: mean_of(table, np.eye(n_levels)),
            Statistic.WITHIN_ONE: mean_of(table, (gaps(n_levels) <= 1).astype(np.float64)),
            Statistic.MAE: mean_of(table, gaps(n_levels)),
        }

    return _estimates(tables.reshape(len(tables), -1), worked_out, n_resamples, seed)


def group_agreement(
    ratings: npt.ArrayLike, n_levels: int = N_LEVELS, *, n_resamples: int = 1000, seed: int = 0
) -> Mapping[Statistic, Estimate]:
    """Return alpha and AC2 of any number of readers, readings may be missing; bootstrap intervals by case."""
    counts = level_counts(ratings, n_levels)
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return dict.fromkeys((Statistic.ALPHA, Statistic.AC2), Estimate(0, None, reason=TOO_FEW))
    pairs, levels = shares_of(counts)
    size = n_levels * n_levels
    features = np.hstack([coincidences_of(counts).reshape(-1, size), pairs.reshape(-1, size), levels])

    def worked_out(sums: Float64Array) -> dict[Statistic, Float64Array]:
        square = (*sums.shape[:-1], n_levels, n_levels)
        coincidences = sums[..., :size].reshape(square)
        return {
            Statistic.ALPHA: alpha_of(coincidences, ordinal_distances(coincidences.sum(axis=-1))),
            Statistic.AC2: ac2_of(sums[..., size : 2 * size].reshape(square), sums[..., 2 * size :]),
        }

    return _estimates(features, worked_out, n_resamples, seed)


def _estimates(
    features: Float64Array,
    worked_out: Callable[[Float64Array], Mapping[Statistic, Float64Array]],
    n_resamples: int,
    seed: int,
) -> dict[Statistic, Estimate]:
    n = len(features)
    values = worked_out(features.sum(axis=0))
    if n < MIN_CASES:
        return {name: Estimate(n, None, reason=TOO_FEW) for name in values}
    resampled = worked_out(_resampled_sums(features, n_resamples, np.random.default_rng(seed)))
    return {name: _estimate(n, float(value), resampled[name]) for name, value in values.items()}


def _resampled_sums(features: Float64Array, n_resamples: int, generator: np.random.Generator) -> Float64Array:
    """Draw cases with replacement and add up: equal cases are drawn together, which costs less and changes nothing."""
    kinds, counts = np.unique(features, axis=0, return_counts=True)
    n = len(features)
    drawn = generator.multinomial(n, counts / n, size=n_resamples)
    sums: Float64Array = drawn @ kinds
    return sums


def _estimate(n: int, value: float, resampled: Float64Array) -> Estimate:
    if np.isnan(value):
        return Estimate(n, None, reason=UNDEFINED)
    defined = resampled[~np.isnan(resampled)]
    if len(defined) < _MIN_DEFINED_SHARE * len(resampled):
        return Estimate(n, value)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(n, value, float(low), float(high))
