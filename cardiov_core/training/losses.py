"""The two objectives of the paper."""

import torch
from torch import Tensor
from torch.nn import functional

from cardiov_core.training.recipe import Objective

N_OUTPUTS: dict[Objective, int] = {"cross_entropy": 4, "ordinal": 3}
"""Logits that each objective needs."""


def targets_for(levels: Tensor, objective: Objective) -> Tensor:
    """Turn levels into what the objective compares with.

    Parameters
    ----------
    levels : torch.Tensor
        int64, ``(n,)``, 0-3.
    objective : {"cross_entropy", "ordinal"}
        One-hot rows, or the three exceedances of the paper's Table 4.

    Returns
    -------
    torch.Tensor
        float32, ``(n, 4)`` or ``(n, 3)``.
    """
    if objective == "cross_entropy":
        return functional.one_hot(levels, 4).float()
    return (levels.unsqueeze(1) > torch.arange(3)).float()


def loss_of(logits: Tensor, targets: Tensor, objective: Objective) -> Tensor:
    """Return the mean loss of a batch.

    The ordinal loss is the paper's Eq. 4 over Eq. 5 with the minus sign that Eq. 5 lacks in print.
    """
    if objective == "cross_entropy":
        return functional.cross_entropy(logits, targets)
    return functional.binary_cross_entropy_with_logits(logits, targets)
