"""The objectives: the paper's two, those of its ablations, rank consistency, and the side head's."""

import torch
from torch import Tensor
from torch.nn import functional

from cardiov_core.training.recipes.network import Objective

N_OUTPUTS: dict[Objective, int] = {"cross_entropy": 4, "ordinal": 3, "rank_consistent": 3, "regression": 1}
"""Logits that each objective needs; 'measurements' leaves the dense layer as it is."""


def targets_for(
    levels: Tensor, objective: Objective, teacher: Tensor | None = None, teacher_share: float = 0.0
) -> Tensor:
    """Turn levels into what the objective compares with.

    `levels`: int64, ``(n,)``, 0-3. `objective`: 'cross_entropy': one-hot rows; 'ordinal' and 'rank_consistent': the
    three exceedances of the paper's Table 4; 'regression' and 'measurements': the level as a number. `teacher`: another
    grader's exceedances, ``(n, 3)``; rank violations are repaired by the running minimum. `teacher_share`: weight of
    the teacher in the targets, 0..1 (Hinton et al. 2015, arXiv:1503.02531, without temperature). Returns float32, ``(n,
    4)``, ``(n, 3)`` or ``(n, 1)``.
    """
    above = (levels.unsqueeze(1) > torch.arange(3)).float()
    if teacher is not None and teacher_share > 0:
        above = (1 - teacher_share) * above + teacher_share * torch.cummin(teacher.float(), dim=1).values
    if objective == "cross_entropy":
        return functional.pad(above, (1, 0), value=1.0) - functional.pad(above, (0, 1), value=0.0)
    if objective in ("ordinal", "rank_consistent"):
        return above
    return above.sum(dim=1, keepdim=True)


def loss_of(logits: Tensor, targets: Tensor, objective: Objective) -> Tensor:
    """Return the mean loss of a batch.

    The ordinal loss is the paper's Eq. 4 over Eq. 5 with the minus sign that Eq. 5 lacks in print; the regression's is
    the mean squared error of its ablation; the rank-consistent one is CORN's (see `corn_loss`).
    """
    if objective == "cross_entropy":
        return functional.cross_entropy(logits, targets)
    if objective == "regression":
        return functional.mse_loss(logits, targets)
    if objective == "rank_consistent":
        return corn_loss(logits, targets)
    return functional.binary_cross_entropy_with_logits(logits, targets)


def corn_loss(logits: Tensor, above: Tensor) -> Tensor:
    """Return the loss of conditional thresholds: is the level above k, given that it is above k - 1.

    CORN (Shi, Cao and Raschka 2023, doi:10.1007/s10044-023-01181-9): logit k learns from the records above k - 1 alone,
    and the product of the conditional probabilities never rises. Written with exceedances as weights, it also takes
    mixed records and a teacher's probabilities; for plain levels it is CORN's loss to the letter, the sum over all
    questions asked by their number.

    `logits`: ``(n, 3)`` of the conditional questions. `above`: ``(n, 3)`` exceedances, never rising.
    """
    asked = functional.pad(above[:, :-1], (1, 0), value=1.0)
    total = above * functional.logsigmoid(logits) + (asked - above) * functional.logsigmoid(-logits)
    return -total.sum() / asked.sum()


def side_loss(numbers: Tensor, wanted: Tensor) -> Tensor:
    """Return the smooth L1 loss (Huber's, with a threshold of 1) over the numbers that are known.

    `numbers`, `wanted`: ``(n, k)``, standardised; NaN in `wanted` where a record lacks one. A batch without any gives
    0.
    """
    known = ~torch.isnan(wanted)
    # Masked before the loss: a NaN times zero would still be NaN in the gradient.
    errors = functional.smooth_l1_loss(numbers, torch.where(known, wanted, numbers.detach()), reduction="none")
    return errors.sum() / max(int(known.sum()), 1)
