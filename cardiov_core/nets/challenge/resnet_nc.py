"""ResNet-NC-SE, -BS and -BG: the network of Ribeiro et al. 2020 (doi:10.1038/s41467-020-15432-4) with attention inside.

A stem of 64 channels and four stages of one block each, kernels of 17, every stage a quarter as long: basic blocks with
squeeze-and-excitation (SE), bottlenecks with it (BS), or with global context (BG). The shortcut of a basic block
max-pools, then changes the channels; that of a bottleneck is normalised too.
"""

from typing import Literal

from torch import Tensor, nn

from cardiov_core.nets.shared.channel_attention import GlobalContext, SqueezeExcitation
from cardiov_core.nets.shared.convolution import conv_norm, convolution

_KERNEL, _STRIDE, _STEM, _BOTTLENECK = 17, 4, 64, 4
_WIDTHS = (128, 192, 256, 320)


class StageBlock(nn.Module):
    """The one block of a stage: its convolutions, attention, and a pooled shortcut."""

    def __init__(self, n_in: int, width: int, *, bottleneck: bool, attention: Literal["se", "gc"]) -> None:
        super().__init__()
        n_out = width * _BOTTLENECK if bottleneck else width
        if bottleneck:
            self.path = nn.Sequential(
                conv_norm(n_in, width, 1),
                conv_norm(width, width, _KERNEL, stride=_STRIDE),
                conv_norm(width, n_out, 1, activated=False),
            )
        else:
            self.path = nn.Sequential(
                conv_norm(n_in, width, _KERNEL),
                conv_norm(width, n_out, _KERNEL, stride=_STRIDE, activated=False),
            )
        self.attention = SqueezeExcitation(n_out) if attention == "se" else GlobalContext(n_out)
        self.shortcut = nn.Sequential(
            nn.MaxPool1d(_STRIDE, ceil_mode=True), convolution(n_in, n_out, 1), nn.BatchNorm1d(n_out)
        )
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, n_out, ceil(t / 4))``."""
        y: Tensor = self.activation(self.attention(self.path(x)) + self.shortcut(x))
        return y


class ResNetNC(nn.Module):
    """The backbone, ``(batch, leads, t) -> (batch, n_channels, ceil(t / 256))``."""

    def __init__(self, n_leads: int, *, bottleneck: bool = False, attention: Literal["se", "gc"] = "se") -> None:
        super().__init__()
        self.stem = conv_norm(n_leads, _STEM, _KERNEL, bias=True)
        stages, width = [], _STEM
        for out in _WIDTHS:
            stages.append(StageBlock(width, out, bottleneck=bottleneck, attention=attention))
            width = out * _BOTTLENECK if bottleneck else out
        self.stages = nn.Sequential(*stages)
        self.n_channels = width

    def forward(self, x: Tensor) -> Tensor:
        """Return feature maps."""
        y: Tensor = self.stages(self.stem(x))
        return y
