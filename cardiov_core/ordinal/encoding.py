"""Levels into the answers of the threshold questions."""

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
