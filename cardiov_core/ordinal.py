"""Ordinal coding of critical values: thresholds in, exceedances out (paper, Eq. 1 to 6).

A network answers three questions, whether the level is above no, above low and above medium risk. Three independent
answers can contradict each other (a higher threshold more probable than a lower one), and the paper's Eq. 6 then
gives negative probabilities; as printed it is also wrong. Here the contradiction is repaired openly by the running
minimum, the repaired amount is returned, and with p the repaired exceedances the level probabilities are
1 - p0, p0 - p1, p1 - p2 and p2.
"""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array
from cardiov_core.errors import LabelError

N_LEVELS = 4
"""Critical values, no risk to high risk."""


def encode(levels: npt.ArrayLike, n_levels: int = N_LEVELS) -> Float64Array:
    """Turn levels into targets of the threshold questions (paper, Table 4).

    Parameters
    ----------
    levels : array_like of int, shape (n,)
        Levels, each within ``0 .. n_levels - 1``.
    n_levels : int
        Number of levels, at least 2.

    Returns
    -------
    numpy.ndarray, shape (n, n_levels - 1)
        float64; column k is 1 where the level is above k, otherwise 0.

    Raises
    ------
    LabelError
        If the shape is not ``(n,)`` or a value is no level.
    """
    if n_levels < 2:
        raise LabelError(f"{n_levels} levels leave nothing to tell apart.", "Use at least 2 levels.")
    try:
        values = np.asarray(levels, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise LabelError(f"Levels must be whole numbers: {exc}.", f"Use 0 to {n_levels - 1}.") from exc
    if values.ndim != 1:
        raise LabelError(f"Levels have the shape {values.shape}.", "Give one level per record: shape (n,).")
    wrong = values[~((values >= 0) & (values < n_levels) & (values == np.floor(values)))]
    if wrong.size:
        raise LabelError(f"There is no level {wrong[0]:g}.", f"Use whole numbers from 0 to {n_levels - 1}.")
    return (values[:, np.newaxis] > np.arange(n_levels - 1)).astype(np.float64)


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
