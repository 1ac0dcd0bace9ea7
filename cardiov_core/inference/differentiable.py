"""What a network's numbers mean, in PyTorch and with gradients, for training and Grad-CAM; see `outputs` for the kinds.

`outputs.as_exceedances` says the same of the numbers of any backend.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.inference.outputs import Output
from cardiov_core.inference.uncertainty.calibration import Calibration
from cardiov_core.ordinal import N_LEVELS


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


def decoded_probabilities(logits: Tensor, calibration: Calibration | None = None) -> Tensor:
    """Calibrate and decode logits like `cardiov_core.ordinal.decode`, but differentiably.

    Parameters
    ----------
    logits : torch.Tensor
        Of the exceedances, shape ``(n, 3)``: what `exceedance_logits` makes of any kind of output.
    calibration : Calibration, optional
        Of the grader; its limits on extreme exceedances are left out, because they have no gradient.

    Returns
    -------
    torch.Tensor
        float64, shape ``(n, 4)``; each >= 0, rows sum to 1.
    """
    # In float64: 1 - sigmoid is 0 in float32 from a logit of 17 on, and a zero has no gradient.
    scaled = logits.double()
    if calibration is not None:
        scaled = scaled / calibration.temperature + scaled.new_tensor(calibration.offsets)
    exceedance = torch.cummin(torch.sigmoid(scaled), dim=1).values
    above = nn.functional.pad(exceedance, (1, 0), value=1.0)
    below = nn.functional.pad(exceedance, (0, 1), value=0.0)
    return above - below


def _level_scores(number: Tensor, residual_sd: float) -> Tensor:
    """Return the log density of a normal distribution around a number at each level, but for a constant."""
    levels = torch.arange(N_LEVELS, dtype=number.dtype, device=number.device)
    return -((number - levels) ** 2) / (2 * residual_sd**2)
