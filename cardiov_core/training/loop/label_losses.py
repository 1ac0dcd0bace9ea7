"""Losses of several labels a record: those of the PTB-XL benchmark and of the two challenge entries.

All take logits and targets ``(batch, outputs)`` with targets within 0..1 and return the mean loss of the batch.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from cardiov_core.training.recipes.labels import LossName, LossSettings

_SMALL = 1e-8


def label_loss(
    logits: Tensor, targets: Tensor, settings: LossSettings, weights: Tensor | None = None, draw: float = 0.0
) -> Tensor:
    """Return the loss that a recipe asks for.

    `logits`: ``(batch, outputs)``; of Triology's random switch ``(batch, segments, outputs)``. `targets`: ``(batch,
    outputs)``. `weights`: one per class (see `class_weights`), for the weighted losses. `draw`: a number within 0..1
    that decides the random switch for this batch.
    """
    wanted = smoothed(targets, settings.label_smoothing)
    if settings.name == "random_switch":
        return random_switch(logits, wanted, draw, weights)
    return _LOSSES[settings.name](logits, wanted, settings, weights)


def smoothed(targets: Tensor, share: float) -> Tensor:
    """Return soft labels, ``(1 - share) y + share / K`` (Szegedy et al. 2016, arXiv:1512.00567)."""
    return targets if share == 0.0 else (1 - share) * targets + share / targets.shape[1]


def class_weights(targets: Tensor) -> Tensor:
    """Return a weight a class, inversely proportional to its records, with a mean of 1 over the classes that occur.

    `targets`: ``(n, outputs)`` of all training records.
    """
    counts = targets.sum(dim=0)
    inverse = torch.where(counts > 0, 1.0 / counts.clamp_min(1.0), torch.zeros_like(counts))
    return inverse * ((counts > 0).sum() / inverse.sum().clamp_min(_SMALL))


def asymmetric_loss(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """Return the asymmetric loss by Eqs. 4 and 5 of Kang and Wen 2022 (Ridnik et al. 2021, arXiv:2009.14119).

    Negatives are focused on by the shifted probability: those under the margin do not count at all.
    """
    p = torch.sigmoid(logits)
    shifted = (p - settings.margin).clamp_min(0.0)
    positive = (1 - p) ** settings.gamma_positive * torch.log(p.clamp_min(_SMALL))
    negative = shifted**settings.gamma_negative * torch.log((1 - shifted).clamp_min(_SMALL))
    return -(targets * positive + (1 - targets) * negative).mean()


def weighted_cross_entropy(probabilities: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the cross-entropy of probabilities that sum to 1 against several labels, weighted by class."""
    shares = targets if weights is None else targets * weights
    return -(shares * torch.log(probabilities.clamp_min(_SMALL))).sum() / shares.sum().clamp_min(_SMALL)


def lovasz_loss(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Return the Lovász extension of one minus the Jaccard index, mean over classes (Berman et al. 2018,
    arXiv:1705.08790): of softmax probabilities it is the Lovász softmax, of sigmoids the Lovász sigmoid.

    Classes that no record of the batch has are left out. Of probabilities 0 and 1 it is the mean of one minus the
    Jaccard index itself.
    """  # noqa: D205
    losses = []
    for own, label in zip(probabilities.T, (targets > 0.5).to(probabilities.dtype).T, strict=True):
        if not label.any():
            continue
        errors, order = torch.sort((label - own).abs(), descending=True)
        losses.append(torch.dot(errors, _lovasz_slope(label[order])))
    return torch.stack(losses).mean() if losses else probabilities.sum() * 0.0


def _lovasz_slope(labels: Tensor) -> Tensor:
    """Return by how much the Jaccard loss rises with each further error."""
    total = labels.sum()
    jaccard = 1.0 - (total - labels.cumsum(0)) / (total + (1.0 - labels).cumsum(0))
    return torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])


def random_switch(segments: Tensor, targets: Tensor, draw: float, weights: Tensor | None = None) -> Tensor:
    """Return Triology's loss (its Eq. 3): for one half of the batches weighted cross-entropy of the softmax, for the
    other Lovász loss of the sigmoid, each of the probabilities averaged over a record's segments.
    """  # noqa: D205
    parts = segments if segments.dim() == 3 else segments.unsqueeze(1)
    if draw <= 0.5:
        return weighted_cross_entropy(torch.softmax(parts, dim=-1).mean(dim=1), targets, weights)
    return lovasz_loss(torch.sigmoid(parts).mean(dim=1), targets)


def _bce(logits: Tensor, targets: Tensor, _settings: LossSettings, _weights: Tensor | None) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, targets)


def _weighted_bce(logits: Tensor, targets: Tensor, _settings: LossSettings, weights: Tensor | None) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, targets, weight=weights)


_LOSSES: Mapping[LossName, Callable[[Tensor, Tensor, LossSettings, Tensor | None], Tensor]] = {
    "bce": _bce,
    "weighted_bce": _weighted_bce,
    "cross_entropy": lambda z, y, _s, w: weighted_cross_entropy(torch.softmax(z, dim=1), y, w),
    "asymmetric": lambda z, y, settings, _w: asymmetric_loss(z, y, settings),
    "lovasz_softmax": lambda z, y, _s, _w: lovasz_loss(torch.softmax(z, dim=1), y),
    "lovasz_sigmoid": lambda z, y, _s, _w: lovasz_loss(torch.sigmoid(z), y),
    "mse": lambda z, y, _s, _w: functional.mse_loss(z, y),
}
