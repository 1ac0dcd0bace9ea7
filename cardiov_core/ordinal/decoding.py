"""Answers of the threshold questions into the probabilities of the levels, contradictions repaired first."""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array
from cardiov_core.errors import LabelError


def repair(exceedance: npt.ArrayLike) -> tuple[Float64Array, Float64Array]:
    """Make exceedances consistent: none above the one before it.

    Parameters
    ----------
    exceedance : array_like, shape (n, n_thresholds)
        Probabilities that the level is above each threshold, 0..1, as a network gave them.

    Returns
    -------
    repaired : numpy.ndarray, shape (n, n_thresholds)
        float64; the running minimum along each row, which never rises. Consistent rows are unchanged.
    violation : numpy.ndarray, shape (n,)
        float64; the largest amount by which a value of the row was lowered, 0 where it was consistent.

    Raises
    ------
    LabelError
        If the shape is not two-dimensional or a value is no probability.
    """
    try:
        values = np.asarray(exceedance, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise LabelError(f"Exceedances must be numbers: {exc}.", "Give probabilities within 0..1.") from exc
    if values.ndim != 2 or values.shape[1] < 1:
        raise LabelError(
            f"Exceedances have the shape {values.shape}.",
            "Give one row per record and one column per threshold: shape (n, 3) for four levels.",
        )
    wrong = values[~((values >= 0) & (values <= 1))]
    if wrong.size:
        raise LabelError(f"An exceedance of {wrong[0]:g} is no probability.", "Give probabilities within 0..1.")
    repaired: Float64Array = np.minimum.accumulate(values, axis=1)
    violation: Float64Array = (values - repaired).max(axis=1)
    return repaired, violation


def decode(exceedance: npt.ArrayLike) -> Float64Array:
    """Turn exceedances into probabilities of the levels, rank violations repaired first.

    Parameters
    ----------
    exceedance : array_like, shape (n, n_thresholds)
        Probabilities that the level is above each threshold, 0..1; need not be consistent.

    Returns
    -------
    numpy.ndarray, shape (n, n_thresholds + 1)
        float64; each >= 0, rows sum to 1. The level is the argmax.

    Raises
    ------
    LabelError
        If the shape is not two-dimensional or a value is no probability.
    """
    repaired, _ = repair(exceedance)
    ones = np.ones((repaired.shape[0], 1))
    zeros = np.zeros((repaired.shape[0], 1))
    above = np.concatenate([ones, repaired, zeros], axis=1)
    probabilities: Float64Array = above[:, :-1] - above[:, 1:]
    return probabilities
