"""Pooling over time, and the classification head of the PTB-XL benchmark."""

import torch
from torch import Tensor, nn

from cardiov_core.nets.shared.feature_net import FeatureNet

HIDDEN = 128
"""Width of the benchmark's head."""


def concat_pool(x: Tensor) -> Tensor:
    """Return mean and maximum over time side by side, ``(batch, c, t) -> (batch, 2 c)``."""
    return torch.cat([x.mean(dim=-1), x.amax(dim=-1)], dim=1)


def hidden_layer(n_features: int, hidden: int = HIDDEN) -> nn.Sequential:
    """Return the benchmark's head but for its last layer.

    One hidden layer; batch normalisation and dropout of 0.25 before it, and of 0.5 behind it.

    `hidden`: width; the dense layer that follows takes as many.
    """
    return nn.Sequential(
        nn.BatchNorm1d(n_features),
        nn.Dropout(0.25),
        nn.Linear(n_features, hidden),
        nn.ReLU(),
        nn.BatchNorm1d(hidden),
        nn.Dropout(0.5),
    )


class PooledNet(FeatureNet):
    """A network whose channels are pooled by mean and maximum and end in the benchmark's head."""

    head: nn.Sequential

    def end_in_head(self, width: int, n_outputs: int) -> None:
        """Add head and dense layer behind `width` channels; called last, so that seeds draw layer by layer."""
        self.head = hidden_layer(2 * width)
        self.dense = nn.Linear(HIDDEN, n_outputs)

    def channels(self, x: Tensor) -> Tensor:
        """Return what is pooled, ``(batch, leads, samples) -> (batch, width, time)``."""
        raise NotImplementedError

    def features(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128)``."""
        hidden: Tensor = self.head(concat_pool(self.channels(x)))
        return hidden


class StagedNet(PooledNet):
    """A stem, and stages of blocks behind it."""

    stem: nn.Module
    stages: nn.Sequential

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """The end of each stage."""
        return tuple(self.stages.children())

    def channels(self, x: Tensor) -> Tensor:
        """Return ``(batch, width, time)``."""
        y: Tensor = self.stages(self.stem(x))
        return y
