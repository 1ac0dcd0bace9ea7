"""Lead occlusion: what the level loses when a lead is taken away (Zeiler and Fergus 2014, arXiv:1311.2901).

Each lead in turn is replaced by a flat line, which is what a lead that is off looks like after the band-pass, and the
loss of log odds of what is explained is the lead's importance. One batch of as many windows as leads, and one more.
"""

import numpy as np
import torch
from torch import Tensor, nn

from cardiov_core.domain import Float64Array
from cardiov_core.inference.differentiable import decoded_probabilities, exceedance_logits
from cardiov_core.inference.explanation.grad_cam import evaluation_mode
from cardiov_core.inference.explanation.target import THRESHOLD_TARGETS
from cardiov_core.inference.outputs import Output
from cardiov_core.inference.uncertainty.calibration import Calibration

# A probability of 0 or 1 has no odds; the same limits as those of the calibration.
_CLIP = 1e-3


def lead_importance(
    net: nn.Module,
    values: Tensor,
    target: int | str,
    calibration: Calibration | None = None,
    output: Output | None = None,
    *,
    whole: Tensor | None = None,
) -> Float64Array:
    """Return what a network's answer loses without each lead.

    Callers that share the network between threads hold a lock.

    `values`: input of one record, shape ``(1, n_leads, n_samples)``. `target`: a level, whose log odds are meant, or
    'above_no', 'above_low', 'above_medium', whose logit is. `whole`: logits of the exceedances with all leads,
    ``(1, 3)``, where they are known. Returns shape (n_leads,), loss of log odds, above 0 where
    the lead spoke for the target; 0 for a lead that is flat already.
    """
    n_leads = values.shape[1]
    without = without_each_lead(values)
    with torch.no_grad(), evaluation_mode(net):
        logits = exceedance_logits(
            net(without if whole is not None else torch.cat([values, without])), output or Output()
        )
        logits = logits if whole is None else torch.cat([whole, logits])
        log_odds = target_log_odds(logits, [target] * (n_leads + 1), calibration)
    return np.asarray(log_odds[0] - log_odds[1:], dtype=np.float64)


def without_each_lead(values: Tensor) -> Tensor:
    """Return copies of one window ``(1, n_leads, n_samples)``, each with another lead flat: ``(n_leads, ...)``."""
    n_leads = values.shape[1]
    copies = values.repeat(n_leads, 1, 1)
    copies[torch.arange(n_leads), torch.arange(n_leads)] = 0.0
    return copies


def target_log_odds(logits: Tensor, targets: list[int | str], calibration: Calibration | None) -> Float64Array:
    """Return the log odds of each window's target; of a threshold, its logit.

    `logits`: of the exceedances, shape ``(n, 3)``.
    """
    probabilities = np.clip(decoded_probabilities(logits, calibration).cpu().numpy(), _CLIP, 1.0 - _CLIP)
    raw = logits.double().cpu().numpy()
    return np.array(
        [
            np.log(probabilities[at, target] / (1.0 - probabilities[at, target]))
            if isinstance(target, int)
            else raw[at, THRESHOLD_TARGETS.index(target)]
            for at, target in enumerate(targets)
        ]
    )
