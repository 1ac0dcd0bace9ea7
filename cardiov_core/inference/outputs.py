"""What a network's numbers mean: the one place where raw output of any kind becomes exceedances.

Everything behind, decoding, calibration, prediction sets, ROC curves and Grad-CAM, works on the three questions whether
the level is above no, above low and above medium risk. Each kind of output answers them in its own way:

- 'exceedance': three independent logits (paper, Eq. 3). The answers can contradict each other.
- 'rank_consistent': three conditional logits, 'given that it is above k - 1, is it above k?'; an exceedance is the
  product of the answers so far and so never rises (CORN: Shi, Cao and Raschka 2023, doi:10.1007/s10044-023-01181-9).
- 'classification': four logits of a softmax; an exceedance is the sum over the levels above.
- 'regression': one number. A normal distribution around it, with the standard deviation of the residuals on records
  that the network had not seen, is taken at the four levels and made to sum to 1. So the most probable level is the
  nearest one, the number rounded, whatever the standard deviation.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from cardiov_core.ordinal import N_LEVELS
from cardiov_core.weights import ModelCard, OutputKind


@dataclass(frozen=True)
class Output:
    """How a network's numbers are to be read.

    Attributes
    ----------
    kind : {"exceedance", "rank_consistent", "classification", "regression"}
        As described above.
    residual_sd : float
        Standard deviation of a regression's residuals, in levels; no other kind uses it.
    """

    kind: OutputKind = "exceedance"
    residual_sd: float = 1.0


def output_of(card: ModelCard) -> Output:
    """Return how a grader's card says that its network is to be read."""
    stated = card.stated.output
    return Output(stated.kind, 1.0 if stated.residual_sd is None else stated.residual_sd)


def exceedance_logits(raw: Tensor, output: Output) -> Tensor:
    """Turn a network's output into logits of the exceedances, differentiably.

    Parameters
    ----------
    raw : torch.Tensor
        Shape ``(n, 3)``, ``(n, 3)``, ``(n, 4)`` or ``(n, 1)`` by kind.
    output : Output
        How to read it.

    Returns
    -------
    torch.Tensor
        float64, shape ``(n, 3)``; their sigmoid is P(level > 0), P(> 1), P(> 2). Of all kinds but 'exceedance' they
        never rise.
    """
    # In float64: 1 - sigmoid is 0 in float32 from a logit of 17 on, and a zero has no gradient.
    raw = raw.double()
    if output.kind == "exceedance":
        return raw
    if output.kind == "rank_consistent":
        log_above = functional.logsigmoid(raw).cumsum(dim=1)
        return log_above - torch.log(-torch.expm1(log_above))
    scores = raw if output.kind == "classification" else _level_scores(raw, output.residual_sd)
    thresholds = range(1, N_LEVELS)
    return torch.stack(
        [torch.logsumexp(scores[:, k:], dim=1) - torch.logsumexp(scores[:, :k], dim=1) for k in thresholds], dim=1
    )


def _level_scores(number: Tensor, residual_sd: float) -> Tensor:
    """Return the log density of a normal distribution around a number at each level, but for a constant."""
    levels = torch.arange(N_LEVELS, dtype=number.dtype, device=number.device)
    return -((number - levels) ** 2) / (2 * residual_sd**2)
