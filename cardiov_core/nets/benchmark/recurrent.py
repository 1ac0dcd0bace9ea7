"""lstm, lstm_bidir, gru and gru_bidir: two recurrent layers of 256 units and the benchmark's head.

Mean, maximum and last output over time are pooled side by side (Howard and Ruder 2018, arXiv:1801.06146). The last
output of a bidirectional network is the last of the forward direction beside the first of the backward one.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from cardiov_core.nets.shared.feature_net import FeatureNet
from cardiov_core.nets.shared.heads import HIDDEN, hidden_layer

_UNITS, _LAYERS = 256, 2


class RecurrentLayer(nn.Module):
    """One recurrent layer that takes and gives ``(batch, channels, time)``, so that maps can be drawn of it."""

    def __init__(self, kind: Literal["lstm", "gru"], n_in: int, units: int, *, bidirectional: bool) -> None:
        super().__init__()
        layer = nn.LSTM if kind == "lstm" else nn.GRU
        self.cells = layer(n_in, units, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs at all times."""
        outputs: Tensor = self.cells(x.transpose(1, 2))[0]
        return outputs.transpose(1, 2)


class Recurrent(FeatureNet):
    """Two layers, pooled."""

    def __init__(
        self,
        n_leads: int = 12,
        n_outputs: int = 71,
        *,
        kind: Literal["lstm", "gru"] = "lstm",
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        width = _UNITS * (2 if bidirectional else 1)
        sizes = [n_leads, *[width] * (_LAYERS - 1)]
        self.layers = nn.Sequential(
            *(RecurrentLayer(kind, size, _UNITS, bidirectional=bidirectional) for size in sizes)
        )
        self.bidirectional = bidirectional
        self.head = hidden_layer(3 * width)
        self.dense = nn.Linear(HIDDEN, n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Each layer's outputs at all times."""
        return tuple(self.layers.children())

    def features(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128)``."""
        y = self.layers(x)
        last = y[..., -1]
        if self.bidirectional:
            last = torch.cat([y[:, :_UNITS, -1], y[:, _UNITS:, 0]], dim=1)
        hidden: Tensor = self.head(torch.cat([y.mean(dim=-1), y.amax(dim=-1), last], dim=1))
        return hidden
