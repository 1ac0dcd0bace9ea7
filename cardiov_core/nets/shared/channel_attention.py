"""Attention over channels: squeeze-and-excitation and global context."""

import torch
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """One weight in 0..1 a channel from the means over time (Hu et al. 2018, arXiv:1709.01507).

    `ratio`: what the hidden layer is narrower by.
    """

    def __init__(self, channels: int, ratio: int = 8) -> None:
        super().__init__()
        hidden = channels // ratio
        self.squeeze = nn.Linear(channels, hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted channels, ``(batch, c, t)``."""
        weights = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean(dim=-1)))))
        return x * weights.unsqueeze(-1)


class GlobalContext(nn.Module):
    """A context pooled with attention over time, that scales the channels and is added to them.

    GCNet (Cao et al. 2019, arXiv:1904.11492) with both of its fusions. The gate has no bias of its own: with that the
    number of parameters is the one of the published network.

    `ratio`: what the hidden layers are narrower by.
    """

    def __init__(self, channels: int, ratio: int = 8) -> None:
        super().__init__()
        hidden = channels // ratio
        self.where = nn.Conv1d(channels, 1, 1)
        self.scale = _transform(channels, hidden, bias=False)
        self.shift = _transform(channels, hidden, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, c, t)``."""
        attention = torch.softmax(self.where(x), dim=-1)
        context = (x * attention).sum(dim=-1)
        gate = torch.sigmoid(self.scale(context)).unsqueeze(-1)
        fused: Tensor = x * gate + self.shift(context).unsqueeze(-1)
        return fused


def _transform(channels: int, hidden: int, *, bias: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(channels, hidden), nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, channels, bias=bias)
    )
