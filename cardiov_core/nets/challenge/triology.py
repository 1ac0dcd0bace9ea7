"""The network of team Triology (CinC 2020): a light ResNet-18 in one dimension on signals of 80 Hz.

Every convolution is two branches of kernel 3, with dilation 1 and 2, side by side; max pooling of stride 1 and blurred
pooling of stride 2 take the place of strides; instance normalisation that of batch normalisation. Age and sex join the
pooled features. The paper gives neither widths nor stem: these are ResNet-18's, half of the channels in each branch.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cardiov_core.nets.shared.convolution import BlurPool
from cardiov_core.nets.shared.feature_net import FeatureNet

RATE_HZ = 80.0
"""Of the signals."""

_WIDTHS = (64, 128, 256, 512)
_BLOCKS = (2, 2, 2, 2)
_DROPOUT = 0.3
_N_PERSON = 2


class TwoScales(nn.Module):
    """Kernels of 3 samples with dilation 1 and 2 side by side, half of the channels each; instance normalisation."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv1d(n_in, n_out // 2, 3, padding=dilation, dilation=dilation, bias=False) for dilation in (1, 2)
        )
        self.norm = nn.InstanceNorm1d(n_out, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, n_out, t)``."""
        y: Tensor = self.norm(torch.cat([branch(x) for branch in self.branches], dim=1))
        return y


def _antialiased(channels: int) -> nn.Sequential:
    """Return max pooling of stride 1 and blurred pooling of stride 2 behind it."""
    return nn.Sequential(nn.MaxPool1d(3, stride=1, padding=1), BlurPool(channels))


class TwoScaleBlock(nn.Module):
    """A basic block of ResNet-18 from two such layers; where it shortens, path and shortcut are pooled alike."""

    def __init__(self, n_in: int, width: int, *, shorten: bool) -> None:
        super().__init__()
        down = [_antialiased(width)] if shorten else []
        self.path = nn.Sequential(TwoScales(n_in, width), nn.ReLU(), *down, TwoScales(width, width))
        changed = nn.Sequential(nn.Conv1d(n_in, width, 1, bias=False), nn.InstanceNorm1d(width, affine=True))
        self.shortcut = nn.Sequential(*([BlurPool(n_in)] if shorten else []), *(changed if n_in != width else []))
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width, t)``, or half as long."""
        y: Tensor = self.activation(self.path(x) + self.shortcut(x))
        return y


class Triology(FeatureNet):
    """Stem, four stages, mean over time, age and sex, dropout of 0.3, one dense layer."""

    n_person = _N_PERSON

    def __init__(self, n_leads: int = 12, n_outputs: int = 24, *, widths: Sequence[int] = _WIDTHS) -> None:
        super().__init__()
        width = widths[0]
        self.stem = nn.Sequential(TwoScales(n_leads, width), nn.ReLU(), _antialiased(width))
        stages = []
        for index, (out, count) in enumerate(zip(widths, _BLOCKS, strict=True)):
            blocks = []
            for position in range(count):
                blocks.append(TwoScaleBlock(width, out, shorten=index > 0 and position == 0))
                width = out
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(_DROPOUT)
        self.dense = nn.Linear(width + _N_PERSON, n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """The end of each stage."""
        return tuple(self.stages.children())

    def features(self, x: Tensor) -> Tensor:
        """Return the pooled features, ``(batch, widths[-1])``."""
        pooled: Tensor = self.dropout(self.stages(self.stem(x)).mean(dim=-1))
        return pooled
