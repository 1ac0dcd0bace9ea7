"""Prediction sets: neighbouring levels that hold the cardiologist's level in 90 % of like records.

Split conformal prediction (Vovk et al. 2005, doi:10.1007/b106715) with a score that makes every set contiguous: a
level's probability is raised to the largest one of those beyond it, seen from the most probable level, so that the
raised probabilities never rise away from it. Each level has a limit of its own (label-conditional, Vovk 2012), so that
sets hold 90 % of the records of each level and not only of all: a promise over all levels is kept by the healthy alone.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import LabelError
from cardiov_core.weights import ConformalPart, ModelCard

COVERAGE = 0.9
"""Share of each level's records whose set shall hold it."""


Limits = tuple[float, float, float, float]
"""Of the prediction sets, one per level."""


def contiguous_set(
    probabilities: Sequence[float] | Float64Array, limits: Sequence[float], decided: int | None = None
) -> tuple[int, ...]:
    """Return the levels of a prediction set, rising, without a gap and never empty.

    A level whose raised probability is at least as large as its limit (of `fit_limits`) belongs to the set, and so does
    one between two others. `decided` is the level that is shown, which belongs to its set; the most probable one by
    default.
    """
    raised = _raised(np.asarray(probabilities, dtype=np.float64)[np.newaxis])[0]
    chosen = np.flatnonzero(raised >= np.asarray(limits)).tolist()
    chosen.append(int(np.argmax(raised)) if decided is None else decided)
    return tuple(range(min(chosen), max(chosen) + 1))


def contiguous_sets(probabilities: Float64Array, limits: Float64Array, decided: IntArray) -> list[tuple[int, ...]]:
    """Return the prediction set of each record, by limits of its own; arguments as in `contiguous_set`, a row each."""
    rows = zip(probabilities, limits, decided.tolist(), strict=True)
    return [contiguous_set(row, own, level) for row, own, level in rows]


def fit_limits(probabilities: npt.ArrayLike, labels: npt.ArrayLike, coverage: float = COVERAGE) -> Limits:
    """Return the limits at which sets hold the labels of so many records of each level.

    Parameters
    ----------
    probabilities : array_like, shape (n, n_levels)
        Of records that did not train the grader.
    labels : array_like of int, shape (n,)
        Their levels.
    coverage : float
        Share wanted of each level, with the finite-sample correction (n + 1) / n.

    Returns
    -------
    tuple of float
        0 where a level has too few records to leave it out of any set.

    Raises
    ------
    LabelError
        If there are no records, or not one label per record.
    """
    values, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if values.ndim != 2 or not len(values) or truth.shape != (len(values),):
        raise LabelError(
            f"Probabilities have the shape {values.shape}, labels {truth.shape}.", "Give one label per record."
        )
    raised = _raised(values)
    limits = [_quantile(raised[truth == level, level], coverage) for level in range(values.shape[1])]
    return limits[0], limits[1], limits[2], limits[3]


def set_limits_of(card: ModelCard) -> Limits | None:
    """Return the limits of the prediction sets that a model card states; None where it states none."""
    stated = card.part(ConformalPart)
    if stated is None:
        return None
    return stated.limits or (stated.limit, stated.limit, stated.limit, stated.limit)


def _quantile(scores: Float64Array, coverage: float) -> float:
    """Return the largest limit that so many of as many and one more scores reach."""
    rank = len(scores) + 1 - int(np.ceil(coverage * (len(scores) + 1)))
    return float(np.sort(scores)[rank - 1]) if rank >= 1 else 0.0


def _raised(probabilities: Float64Array) -> Float64Array:
    """Raise each level to the largest probability beyond it, seen from the most probable one."""
    mode = probabilities.argmax(axis=1)[:, np.newaxis]
    at = np.arange(probabilities.shape[1])
    from_below = np.maximum.accumulate(probabilities, axis=1)
    from_above = np.maximum.accumulate(probabilities[:, ::-1], axis=1)[:, ::-1]
    return np.where(at <= mode, from_below, from_above)
