"""inception1d: InceptionTime (Fawaz et al. 2020, doi:10.1007/s10618-020-00710-y) with the benchmark's head.

Six modules, each a bottleneck of 32 channels behind which kernels of 39, 19 and 9 samples work side by side, and a
pooled branch beside them; a shortcut over every third module.
"""

import torch
from torch import Tensor, nn

from cardiov_core.nets.shared.convolution import conv_norm, convolution
from cardiov_core.nets.shared.heads import PooledNet

_FILTERS, _KERNELS, _DEPTH, _SHORTCUT_EVERY = 32, (39, 19, 9), 6, 3
_WIDTH = _FILTERS * (len(_KERNELS) + 1)


class InceptionModule(nn.Module):
    """Four branches of 32 channels side by side, normalised and activated together."""

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.bottleneck = nn.Conv1d(n_in, _FILTERS, 1, bias=False)
        self.branches = nn.ModuleList(convolution(_FILTERS, _FILTERS, kernel) for kernel in _KERNELS)
        self.pooled = nn.Sequential(nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(n_in, _FILTERS, 1, bias=False))
        self.norm = nn.BatchNorm1d(_WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128, t)``."""
        narrow = self.bottleneck(x)
        parts = [branch(narrow) for branch in self.branches]
        return torch.relu(self.norm(torch.cat([*parts, self.pooled(x)], dim=1)))


class Inception1d(PooledNet):
    """Six modules with two shortcuts."""

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        widths = [n_leads, *[_WIDTH] * _DEPTH]
        self.modules_in_order = nn.ModuleList(InceptionModule(width) for width in widths[:-1])
        begins = widths[:-1:_SHORTCUT_EVERY]
        self.shortcuts = nn.ModuleList(conv_norm(width, _WIDTH, 1, activated=False) for width in begins)
        self.end_in_head(_WIDTH, n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Each module."""
        return tuple(self.modules_in_order)

    def channels(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128, time)``."""
        begun = x
        for index, module in enumerate(self.modules_in_order):
            x = module(x)
            if index % _SHORTCUT_EVERY == _SHORTCUT_EVERY - 1:
                x = begun = torch.relu(x + self.shortcuts[index // _SHORTCUT_EVERY](begun))
        return x
