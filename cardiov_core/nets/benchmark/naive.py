"""naive: how often each statement occurs, whatever the signal; and the ensemble, the mean of its members."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cardiov_core.nets.shared.feature_net import FeatureNet, mean_probability_logit


class Naive(FeatureNet):
    """The same outputs for every record: an AUC of 0.5, and what figures are held against.

    `n_leads`, `n_outputs`: input channels, which are not looked at, and logits.
    """

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        self.n_leads = n_leads
        self.dense = nn.Linear(1, n_outputs)

    def features(self, x: Tensor) -> Tensor:
        """Return zeros, ``(batch, 1)``: the bias alone is left."""
        return x.new_zeros(len(x), 1)


class Ensemble(nn.Module):
    """Networks of one task, whose probabilities are averaged.

    `members`: all ``(batch, leads, samples) -> (batch, outputs)``.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of the mean probabilities, ``(batch, outputs)``."""
        return mean_probability_logit(torch.stack([member(x) for member in self.members], dim=1))
