"""Convolutions over time with their normalisation, blurred downsampling, space to depth."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

_BLUR = (1.0, 2.0, 1.0)


def convolution(n_in: int, n_out: int, kernel: int, *, stride: int = 1, bias: bool = False) -> nn.Conv1d:
    """Return a convolution that keeps the length but for its stride: ``ceil(n / stride)`` samples, kernel odd."""
    return nn.Conv1d(n_in, n_out, kernel, stride=stride, padding=kernel // 2, bias=bias)


def conv_norm(
    n_in: int, n_out: int, kernel: int, *, stride: int = 1, bias: bool = False, activated: bool = True
) -> nn.Sequential:
    """Return convolution and batch normalisation, and ReLU behind them unless `activated` is False."""
    layers: list[nn.Module] = [
        convolution(n_in, n_out, kernel, stride=stride, bias=bias),
        nn.BatchNorm1d(n_out),
    ]
    return nn.Sequential(*layers, *([nn.ReLU()] if activated else []))


class Separable(nn.Module):
    """A depthwise convolution over time and a pointwise one over channels, both without bias."""

    def __init__(self, n_in: int, n_out: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(n_in, n_in, kernel, padding=kernel // 2, groups=n_in, bias=False)
        self.pointwise = nn.Conv1d(n_in, n_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, n_out, t)``."""
        y: Tensor = self.pointwise(self.depthwise(x))
        return y


class BlurPool(nn.Module):
    """Downsampling behind a fixed low-pass filter (Zhang 2019, arXiv:1904.11486), ``ceil(n / stride)`` samples.

    `weights`: of the filter before it is made to sum to 1; an odd number.
    """

    kernel: Tensor

    def __init__(self, channels: int, stride: int = 2, weights: Sequence[float] = _BLUR) -> None:
        super().__init__()
        taps = torch.tensor(weights) / sum(weights)
        self.stride, self.channels = stride, channels
        self.register_buffer("kernel", taps.repeat(channels, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled signal; both ends are continued by reflection."""
        pad = self.kernel.shape[-1] // 2
        mode = "reflect" if x.shape[-1] > pad else "replicate"
        padded = functional.pad(x, (pad, pad), mode=mode)
        pooled: Tensor = functional.conv1d(padded, self.kernel.to(x.dtype), stride=self.stride, groups=self.channels)
        return pooled


class SpaceToDepth(nn.Module):
    """`factor` neighbouring samples become channels (Sandler et al. 2019, doi:10.1109/ICCVW.2019.00131)."""

    def __init__(self, factor: int = 4) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, c, t) -> (batch, factor c, ceil(t / factor))``; the end is filled up with zeros."""
        filled = functional.pad(x, (0, -x.shape[-1] % self.factor))
        parts = filled.unflatten(-1, (-1, self.factor))
        channels: Tensor = parts.transpose(2, 3).flatten(1, 2)
        return channels
