"""How unsure an ensemble is of a statement against how likely the cardiologist called it (the benchmark's Fig. 6)."""

from collections.abc import Mapping

import numpy as np

from cardiov_core.domain import Float64Array
from cardiov_core.errors import LabelError


def spread_by_likelihood(outputs: Float64Array, likelihoods: Float64Array) -> Mapping[float, tuple[float, int]]:
    """Return the ensemble's mean spread at each annotated likelihood.

    Parameters
    ----------
    outputs : numpy.ndarray, shape (n_members, n_records, n_statements)
        Probabilities by networks that differ in their seeds alone (Lakshminarayanan et al. 2017, arXiv:1612.01474).
    likelihoods : numpy.ndarray, shape (n_records, n_statements)
        In per cent; NaN where a record lacks the statement.

    Returns
    -------
    mapping
        Likelihood -> mean standard deviation over members, and how many statements have it; rising likelihoods.

    Raises
    ------
    LabelError
        If there are fewer than two members or the shapes do not fit.
    """
    if outputs.ndim != 3 or len(outputs) < 2 or outputs.shape[1:] != likelihoods.shape:
        raise LabelError(
            f"Outputs of shape {outputs.shape} and likelihoods of shape {likelihoods.shape} tell no spread.",
            "Give two members or more, and the same records and statements.",
        )
    spread = outputs.std(axis=0)
    known = np.unique(likelihoods[~np.isnan(likelihoods)])
    return {
        float(value): (float(spread[likelihoods == value].mean()), int((likelihoods == value).sum())) for value in known
    }
