"""TResNet-N, -P and -F: three small one-dimensional descendants of TResNet (Ridnik et al. 2021, arXiv:2003.13630).

Space to depth instead of a stem's pooling, blurred downsampling instead of strides, two stages of basic blocks and two
of bottlenecks. The third stage carries squeeze-and-excitation at its output: with it the number of parameters is the
published one, while the paper's Table 2 speaks of the second convolution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from cardiov_core.nets.shared.channel_attention import SqueezeExcitation
from cardiov_core.nets.shared.convolution import BlurPool, Separable, SpaceToDepth, convolution

_FOLD, _BOTTLENECK = 4, 4
_STRIDES = (1, 2, 2, 2)
_ATTENTION = (True, True, True, False)
_SLOPE = 1e-3


@dataclass(frozen=True)
class Size:
    """One member of the family."""

    widths: Sequence[int]  # of the blocks in the four stages; the last two leave with four times theirs
    n_blocks: int  # in each stage
    kernel: int  # of all convolutions over time
    separable: bool = False  # depthwise and pointwise convolutions instead of full ones


NANO = Size((56, 112, 224, 448), 2, 15)
PICO = Size((56, 112, 224, 448), 1, 17)
FEMTO = Size((32, 64, 128, 256), 1, 17, separable=True)


class TBlock(nn.Module):
    """A basic block or a bottleneck whose convolution over time is followed by blurred downsampling."""

    def __init__(self, n_in: int, width: int, stride: int, size: Size, *, bottleneck: bool, attention: bool) -> None:
        super().__init__()
        n_out = width * _BOTTLENECK if bottleneck else width
        down = [BlurPool(width, stride)] if stride > 1 else []
        if bottleneck:
            self.path = nn.Sequential(
                *_layer(n_in, width, 1),
                *_layer(width, width, size.kernel, separable=size.separable),
                *down,
                *_layer(width, n_out, 1, activated=False),
            )
        else:
            self.path = nn.Sequential(
                *_layer(n_in, width, size.kernel, separable=size.separable),
                *down,
                *_layer(width, n_out, size.kernel, separable=size.separable, activated=False),
            )
        self.attention: nn.Module = SqueezeExcitation(n_out) if attention else nn.Identity()
        average = nn.AvgPool1d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        changed = _layer(n_in, n_out, 1, activated=False) if n_in != n_out or stride > 1 else []
        self.shortcut = nn.Sequential(average, *changed)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, n_out, ceil(t / stride))``."""
        y: Tensor = self.activation(self.attention(self.path(x)) + self.shortcut(x))
        return y


def _layer(n_in: int, n_out: int, kernel: int, *, separable: bool = False, activated: bool = True) -> list[nn.Module]:
    conv: nn.Module = Separable(n_in, n_out, kernel) if separable else convolution(n_in, n_out, kernel)
    return [conv, nn.BatchNorm1d(n_out), *([nn.LeakyReLU(_SLOPE)] if activated else [])]


class TResNet(nn.Module):
    """The backbone, ``(batch, leads, t) -> (batch, n_channels, ceil(t / 32))``.

    `size`: `NANO`, `PICO` or `FEMTO`.
    """

    def __init__(self, n_leads: int, size: Size = NANO) -> None:
        super().__init__()
        width = size.widths[0]
        self.stem = nn.Sequential(
            SpaceToDepth(_FOLD),
            convolution(n_leads * _FOLD, width, 1, bias=True),
            nn.BatchNorm1d(width),
            nn.LeakyReLU(_SLOPE),
        )
        stages = []
        for index, (out, stride, attention) in enumerate(zip(size.widths, _STRIDES, _ATTENTION, strict=True)):
            blocks, bottleneck = [], index >= 2
            for position in range(size.n_blocks):
                first = stride if position == 0 else 1
                blocks.append(TBlock(width, out, first, size, bottleneck=bottleneck, attention=attention))
                width = out * _BOTTLENECK if bottleneck else out
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.n_channels = width

    def forward(self, x: Tensor) -> Tensor:
        """Return feature maps."""
        y: Tensor = self.stages(self.stem(x))
        return y
