"""Prediction sets: neighbouring levels that hold the cardiologist's level in 90 % of like records.

Split conformal prediction (Vovk et al. 2005, doi:10.1007/b106715) with a score that makes every set contiguous: a
level's probability is raised to the largest one of those beyond it, seen from the most probable level, so that the
raised probabilities never rise away from it. The coverage is marginal: over all records like those of the fit, not
for each level.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cardiov_core.domain.arrays import Float64Array
from cardiov_core.errors import LabelError
from cardiov_core.weights import ModelCard
from cardiov_core.weights.card_parts import ConformalPart

COVERAGE = 0.9
"""Share of records whose set shall hold their level."""


def contiguous_set(probabilities: Sequence[float] | Float64Array, limit: float) -> tuple[int, ...]:
    """Return the levels of a prediction set, rising and without a gap.

    Parameters
    ----------
    probabilities : sequence of float
        Of each level.
    limit : float
        From `fit_limit`: levels whose raised probability is at least as large belong to the set.

    Returns
    -------
    tuple of int
        Never empty: the most probable level always belongs to it.
    """
    raised = _raised(np.asarray(probabilities, dtype=np.float64)[np.newaxis])[0]
    chosen = set(np.flatnonzero(raised >= limit).tolist()) | {int(np.argmax(raised))}
    return tuple(sorted(chosen))


def fit_limit(probabilities: npt.ArrayLike, labels: npt.ArrayLike, coverage: float = COVERAGE) -> float:
    """Return the limit at which sets hold the labels of so many records.

    Parameters
    ----------
    probabilities : array_like, shape (n, n_levels)
        Of records that did not train the grader.
    labels : array_like of int, shape (n,)
        Their levels.
    coverage : float
        Share wanted, with the finite-sample correction (n + 1) / n.

    Returns
    -------
    float
        0 where there are too few records for any smaller set than all levels.

    Raises
    ------
    LabelError
        If there are no records, or not one label a record.
    """
    values, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if values.ndim != 2 or not len(values) or truth.shape != (len(values),):
        raise LabelError(
            f"Probabilities have the shape {values.shape}, labels {truth.shape}.", "Give one label a record."
        )
    of_label = np.sort(_raised(values)[np.arange(len(truth)), truth])
    rank = len(of_label) + 1 - int(np.ceil(coverage * (len(of_label) + 1)))
    return float(of_label[rank - 1]) if rank >= 1 else 0.0


def set_limit_of(card: ModelCard) -> float | None:
    """Return the limit of the prediction sets that a model card states; None where it states none.

    Raises
    ------
    ModelCardError
        If it makes no sense.
    """
    stated = card.part(ConformalPart)
    return None if stated is None else stated.limit


def _raised(probabilities: Float64Array) -> Float64Array:
    """Raise each level to the largest probability beyond it, seen from the most probable one."""
    mode = probabilities.argmax(axis=1)[:, np.newaxis]
    at = np.arange(probabilities.shape[1])
    from_below = np.maximum.accumulate(probabilities, axis=1)
    from_above = np.maximum.accumulate(probabilities[:, ::-1], axis=1)[:, ::-1]
    return np.where(at <= mode, from_below, from_above)
