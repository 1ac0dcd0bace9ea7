"""Intervals by the percentile bootstrap (Efron 1979, doi:10.1214/aos/1176344552), whole groups at a time.

Records of one patient resemble each other; drawing them one by one would make the intervals too narrow.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.errors import ConfigurationError

# A statistic that most resamples leave undefined has no usable interval.
_MAX_DRAWS_A_RESAMPLE = 20
# A block of counts that stays in a core's cache.
_COUNTS_AT_ONCE = 200_000
_CONFIDENCE = 0.95
_EQUAL = 1e-12


class Interval(NamedTuple):
    """Limits of an interval; NaN where the data define none."""

    low: float
    high: float


Counted = Callable[[Float64Array], Float64Array]
"""Statistics of many resamples at once: ``(n_records, n_draws)`` counts to ``(n_statistics, n_draws)`` numbers."""

_NONE = Interval(float("nan"), float("nan"))


def bootstrap_interval(
    statistic: Callable[..., float],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the percentile interval of a statistic.

    Parameters
    ----------
    statistic : callable
        Takes the arrays and returns a number; NaN where a resample leaves it undefined (an AUC without a positive).
    *arrays : array_like
        One entry per record along the first axis.
    groups : array_like, optional
        Who each record is from; groups are drawn whole. Each record by itself where None.
    n_resamples : int
        Resamples with a defined statistic; undefined ones are drawn again.
    confidence : float
        Share of the resamples within the interval, between 0 and 1.
    seed : int
        Of the draws: the same seed gives the same interval.

    Returns
    -------
    Interval
        NaN on both sides where the statistic of the data is undefined or most resamples leave it so.

    Raises
    ------
    ConfigurationError
        If lengths differ, there are no records, or a number is out of range.
    """

    def as_array(*drawn: npt.NDArray[np.generic]) -> Float64Array:
        return np.array([statistic(*drawn)], dtype=np.float64)

    return bootstrap_intervals(
        as_array, *arrays, groups=groups, n_resamples=n_resamples, confidence=confidence, seed=seed
    )[0]


def bootstrap_intervals(
    statistics: Callable[..., Float64Array],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Interval]:
    """Return the percentile intervals of many statistics from one stream of draws.

    Each interval is the one that `bootstrap_interval` gives for its statistic alone: a draw that leaves a statistic
    undefined is drawn again for that one and counts for the others.

    Parameters
    ----------
    statistics : callable
        Takes the arrays and returns numbers, shape ``(n_statistics,)``; NaN where undefined.
    *arrays, groups, n_resamples, confidence, seed
        As in `bootstrap_interval`.

    Returns
    -------
    list of Interval
        One a statistic.

    Raises
    ------
    ConfigurationError
        If lengths differ, there are no records, or a number is out of range.
    """
    resamples = _resamples(statistics, arrays, groups, n_resamples, confidence, seed)
    return [_NONE if kept is None else _limits(kept, confidence) for kept in resamples]


def counted_intervals(
    statistics: Counted,
    n_records: int,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Interval]:
    """Return the intervals of `bootstrap_intervals`, for statistics that are computed of many resamples at once.

    `statistics`: takes how often each resample holds each record, shape ``(n_records, n_draws)``, and returns numbers,
    shape ``(n_statistics, n_draws)``; NaN where undefined.
    """
    resamples = _counted_resamples(statistics, n_records, groups, n_resamples, confidence, seed)
    return [_NONE if kept is None else _limits(kept, confidence) for kept in resamples]


def counted_tests(
    differences: Counted,
    n_records: int,
    *,
    groups: npt.ArrayLike | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
) -> list[tuple[Interval, float | None]]:
    """Return interval and p of many differences from one stream of draws, so that the two never contradict each other.

    p is twice the smaller share of resamples on either side of no difference, two-sided, and at least two of them:
    where the 95 % interval excludes none, p is below 0.05 (Efron and Tibshirani 1993, chapter 15).

    `differences`: as `statistics` in `counted_intervals`. Returns one a difference; p None where it has no interval.
    """
    return _tests(_counted_resamples(differences, n_records, groups, n_resamples, _CONFIDENCE, seed), n_resamples)


def _tests(resamples: list[Float64Array | None], n_resamples: int) -> list[tuple[Interval, float | None]]:
    tests: list[tuple[Interval, float | None]] = []
    for kept in resamples:
        if kept is None:
            tests.append((_NONE, None))
            continue
        # Equal differences differ in their last digits by the order of their sums.
        below, above = int((kept <= _EQUAL).sum()), int((kept >= -_EQUAL).sum())
        tests.append((_limits(kept, _CONFIDENCE), min(1.0, 2 * max(1, min(below, above)) / (n_resamples + 1))))
    return tests


def _limits(kept: Float64Array, confidence: float) -> Interval:
    tail = (1 - confidence) / 2
    low, high = np.quantile(kept, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _resamples(
    statistics: Callable[..., Float64Array],
    arrays: tuple[npt.ArrayLike, ...],
    groups: npt.ArrayLike | None,
    n_resamples: int,
    confidence: float,
    seed: int,
) -> list[Float64Array | None]:
    """Return the resampled values of each statistic; None where it is undefined or most resamples leave it so."""
    data = [np.asarray(array) for array in arrays]
    n_records = _checked_length({len(array) for array in data}, groups, n_resamples, confidence)
    wanted = ~np.isnan(statistics(*data))
    members = group_members(n_records, groups)
    values = _resampled(statistics, data, members, n_resamples, np.random.default_rng(seed), wanted)
    return _kept(values, wanted, n_resamples)


def _counted_resamples(
    statistics: Counted,
    n_records: int,
    groups: npt.ArrayLike | None,
    n_resamples: int,
    confidence: float,
    seed: int,
) -> list[Float64Array | None]:
    """Return what `_resamples` does, by blocks of resamples."""
    _checked_length({n_records}, groups, n_resamples, confidence)
    codes = np.arange(n_records) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    n_groups = int(codes.max()) + 1
    wanted = ~np.isnan(statistics(np.ones((n_records, 1)))[:, 0])
    generator = np.random.default_rng(seed)
    resampled = [np.empty((len(wanted), 0))]
    n_defined, n_drawn = np.zeros(len(wanted), dtype=np.int64), 0
    most = n_resamples * _MAX_DRAWS_A_RESAMPLE if wanted.any() else 0
    at_once = max(1, _COUNTS_AT_ONCE // n_records)
    while n_drawn < most and (n_defined[wanted] < n_resamples).any():
        n_draws = min(at_once, most - n_drawn, n_resamples - int(n_defined[wanted].min()))
        drawn = generator.integers(0, n_groups, (n_draws, n_groups)) + n_groups * np.arange(n_draws)[:, np.newaxis]
        times = np.bincount(drawn.ravel(), minlength=n_draws * n_groups).reshape(n_draws, n_groups)
        rows = statistics(times.T[codes].astype(np.float64))
        n_defined += (~np.isnan(rows)).sum(axis=1)
        n_drawn += n_draws
        resampled.append(rows)
    return _kept(np.concatenate(resampled, axis=1).T, wanted, n_resamples)


def _checked_length(lengths: set[int], groups: npt.ArrayLike | None, n_resamples: int, confidence: float) -> int:
    """Return how many records there are, once all that was given makes sense."""
    lengths = lengths | ({len(np.asarray(groups))} if groups is not None else set())
    if len(lengths) != 1 or 0 in lengths:
        raise ConfigurationError(
            f"Arrays of {', '.join(map(str, sorted(lengths))) or 'no'} records cannot be drawn together.",
            "Give arrays and groups one entry per record, at least one.",
        )
    if n_resamples < 1 or not 0 < confidence < 1:
        raise ConfigurationError(
            f"{n_resamples} resamples and a confidence of {confidence:g} make no interval.",
            "Use at least one resample and a confidence between 0 and 1.",
        )
    return next(iter(lengths))


def _kept(values: Float64Array, wanted: BoolArray, n_resamples: int) -> list[Float64Array | None]:
    """Return as many defined values of each statistic as are asked for; None where there are fewer."""
    drawn: list[Float64Array | None] = []
    for column, defined in zip(values.T, wanted, strict=True):
        kept = column[~np.isnan(column)][:n_resamples]
        drawn.append(kept if defined and len(kept) == n_resamples else None)
    return drawn


def group_members(n_records: int, groups: npt.ArrayLike | None) -> list[IntArray]:
    """Return the record indices of each group, groups in sorted order; each record by itself where None."""
    if groups is None:
        return [np.array([index], dtype=np.int64) for index in range(n_records)]
    _, codes = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(codes, kind="stable").astype(np.int64)
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _resampled(
    statistics: Callable[..., Float64Array],
    data: list[npt.NDArray[np.generic]],
    members: list[IntArray],
    n_resamples: int,
    generator: np.random.Generator,
    wanted: BoolArray,
) -> Float64Array:
    """Return ``(n_draws, n_statistics)``: draws until each wanted statistic is there often enough, or hopeless."""
    rows: list[Float64Array] = []
    counts = np.zeros(len(wanted), dtype=np.int64)
    most = n_resamples * _MAX_DRAWS_A_RESAMPLE if wanted.any() else 0
    while len(rows) < most and (counts[wanted] < n_resamples).any():
        drawn = generator.integers(0, len(members), len(members))
        chosen = np.concatenate([members[index] for index in drawn])
        row = np.asarray(statistics(*(array[chosen] for array in data)), dtype=np.float64)
        counts += ~np.isnan(row)
        rows.append(row)
    return np.stack(rows) if rows else np.empty((0, len(wanted)))
