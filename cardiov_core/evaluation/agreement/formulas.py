"""Formulas of agreement on an ordinal scale; pure functions on arrays.

Those of tables take any number of them at once, because a bootstrap needs a thousand. The tests hold kappa against
scikit-learn's, alpha and AC2 against published examples.
"""

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from cardiov_core.domain import Float64Array
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.bootstrap import Interval

MISSING = -1
"""Stands for a reading that was not made."""

N_LEVELS = 4
"""Levels of the critical value."""

CONFIDENCE = 0.95
"""Of all intervals."""

Table = Float64Array
"""Counts of pairs of levels, shape ``(..., n_levels, n_levels)``: the first reading in rows."""


def wilson(count: int, n: int) -> Interval:
    """Return the 95 % interval of a share by Wilson's score (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Parameters
    ----------
    count, n : int
        So many of so many; n at least 1.

    Raises
    ------
    LabelError
        If the count is not between 0 and n, or n is 0.
    """
    if n < 1 or not 0 <= count <= n:
        raise LabelError(f"{count} of {n} is no share.", "Give a count between 0 and n, with n at least 1.")
    limits = binomtest(count, n).proportion_ci(confidence_level=CONFIDENCE, method="wilson")
    return Interval(float(limits.low), float(limits.high))


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the p-value of McNemar's exact test (McNemar 1947, doi:10.1007/BF02295996)."""
    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0


def krippendorff_alpha(ratings: npt.ArrayLike, n_levels: int = N_LEVELS) -> float:
    """Return Krippendorff's alpha for ordinal readings (Hayes and Krippendorff 2007, doi:10.1080/19312450709336664).

    `ratings`: shape (n_cases, n_readers), levels from 0 on; `MISSING` where a reader did not read the case. Cases with
    one reading do not count.
    """
    coincidences = coincidences_of(level_counts(ratings, n_levels)).sum(axis=0)
    return float(alpha_of(coincidences, ordinal_distances(coincidences.sum(axis=-1))))


def gwet_ac2(ratings: npt.ArrayLike, n_levels: int = N_LEVELS) -> float:
    """Return Gwet's AC2 with quadratic weights: AC1 (Gwet 2008, doi:10.1348/000711006X126600) with partial agreement.

    Weights and missing readings as in Gwet, Handbook of Inter-Rater Reliability, 4th edition 2014. It stays stable
    where most cases are of one level, which drags kappa down.
    """
    pairs, levels = shares_of(level_counts(ratings, n_levels))
    return float(ac2_of(pairs.sum(axis=0), levels.sum(axis=0)))


def level_counts(ratings: npt.ArrayLike, n_levels: int = N_LEVELS) -> Float64Array:
    """Count how often each level was given to each case.

    Returns shape ``(n_cases, n_levels)``.
    """
    given = np.asarray(ratings)
    if given.ndim != 2 or not given.size or given.min() < MISSING or given.max() >= n_levels:
        raise LabelError(
            f"Readings of the shape {given.shape} are not levels 0 to {n_levels - 1} of (cases, readers).",
            f"Give one row per case, with {MISSING} where a reader did not read it.",
        )
    counts: Float64Array = (given[:, :, None] == np.arange(n_levels)).sum(axis=1).astype(np.float64)
    return counts


def case_tables(
    first: npt.ArrayLike, second: npt.ArrayLike, cases: npt.ArrayLike | None = None, n_levels: int = N_LEVELS
) -> Table:
    """Return one table of paired levels per case.

    `first`, `second`: shape (n,), two readings of the same cases, from 0 on. `cases`: which case each pair is of, where
    a case has several; each pair by itself where None.
    """
    rows, columns = np.asarray(first), np.asarray(second)
    both = np.concatenate([np.ravel(rows), np.ravel(columns)])
    if rows.ndim != 1 or rows.shape != columns.shape or not len(rows) or both.min() < 0 or both.max() >= n_levels:
        raise LabelError(
            f"Readings of the shapes {rows.shape} and {columns.shape} are not pairs of levels 0 to {n_levels - 1}.",
            "Give one level of each for every case, at least one.",
        )
    index = np.arange(len(rows)) if cases is None else np.unique(np.asarray(cases), return_inverse=True)[1]
    tables = np.zeros((int(index.max()) + 1, n_levels, n_levels))
    np.add.at(tables, (index, rows, columns), 1.0)
    return tables


def kappas_of(table: Table) -> Float64Array:
    """Return Cohen's kappa with quadratic weights of each table (Cohen 1968, doi:10.1037/h0026256).

    Of many tables at once; `cardiov_core.evaluation.metrics.kappa_of` takes one, and differs in the last digit.
    """
    weights = gaps(table.shape[-1]) ** 2
    observed = (weights * table).sum(axis=(-2, -1))
    expected = np.einsum("kl,...k,...l->...", weights, table.sum(axis=-1), table.sum(axis=-2))
    return 1 - _divided(observed * table.sum(axis=(-2, -1)), expected)


def ac2_of(pairs: Table, levels: Float64Array) -> Float64Array:
    """Return AC2 with quadratic weights from sums over cases.

    `pairs`: shape (..., n_levels, n_levels), how often two readings of one case were these levels, each case weighing
    the same. `levels`: shape (..., n_levels), how often each level was used, each case weighing the same.
    """
    n_levels = pairs.shape[-1]
    weights = 1 - (gaps(n_levels) / (n_levels - 1)) ** 2
    used = _divided(levels, levels.sum(axis=-1, keepdims=True))
    by_chance = weights.sum() / (n_levels * (n_levels - 1)) * (used * (1 - used)).sum(axis=-1)
    return _divided(mean_of(pairs, weights) - by_chance, 1 - by_chance)


def alpha_of(coincidences: Table, distances: Table) -> Float64Array:
    """Return Krippendorff's alpha from the coincidence matrix and the squared distances of its levels."""
    margins = coincidences.sum(axis=-1)
    total = margins.sum(axis=-1)
    observed = (coincidences * distances).sum(axis=(-2, -1))
    expected = np.einsum("...k,...l,...kl->...", margins, margins, distances)
    return 1 - _divided((total - 1) * observed, expected)


def ordinal_distances(margins: Float64Array) -> Table:
    """Return Krippendorff's squared ordinal distances: readings from level to level, half of both ends, squared.

    `margins`: shape (..., n_levels), readings a level.
    """
    # Up to the middle of each level: the difference of two is what lies between them.
    middle = np.cumsum(margins, axis=-1) - margins / 2
    distances: Table = (middle[..., :, None] - middle[..., None, :]) ** 2
    return distances


def gaps(n_levels: int) -> Table:
    """Return how many levels lie between two levels, shape ``(n_levels, n_levels)``."""
    levels = np.arange(n_levels, dtype=np.float64)
    return np.abs(levels[:, None] - levels[None, :])


def mean_of(table: Table, weights: Table) -> Float64Array:
    """Return the mean weight of the cells over the pairs of each table; NaN where a table is empty."""
    return _divided((table * weights).sum(axis=(-2, -1)), table.sum(axis=(-2, -1)))


def coincidences_of(counts: Float64Array) -> Table:
    """Return the pairs of readings within each case, both ways, each reading weighing the same.

    `counts`: shape (n_cases, n_levels), of `level_counts`.
    """
    n_levels = counts.shape[1]
    pairs: Table = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(n_levels)
    pairs /= np.maximum(counts.sum(axis=1) - 1, 1)[:, None, None]
    return pairs


def shares_of(counts: Float64Array) -> tuple[Table, Float64Array]:
    """Return of each case the shares of its pairs of readings (0 where there is one reading), and of its levels.

    `counts`: shape (n_cases, n_levels), of `level_counts`. Returns shapes ``(n_cases, n_levels, n_levels)`` and
    ``(n_cases, n_levels)``.
    """
    n_readings = np.maximum(counts.sum(axis=1), 1)
    return coincidences_of(counts) / n_readings[:, None, None], counts / n_readings[:, None]


def _divided(upper: Float64Array, lower: Float64Array) -> Float64Array:
    """Divide; NaN where the divisor is 0."""
    quotient: Float64Array = np.full(np.broadcast_shapes(upper.shape, lower.shape), np.nan)
    np.divide(upper, lower, out=quotient, where=lower != 0)
    return quotient
