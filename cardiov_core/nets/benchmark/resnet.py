"""resnet1d18 to resnet1d101 and wrn1d_22: He et al. 2016 (arXiv:1512.03385) and Zagoruyko 2016 (arXiv:1605.07146).

The benchmark's code has them beside the networks that its paper reports. Every stage keeps its width; the first block
of a stage alone has kernels of 5, all others have 3. The wide network normalises before it convolves, adds a fifth of
what it computed, and is not wide at all: 16 channels throughout.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from cardiov_core.nets.shared.convolution import conv_norm, convolution
from cardiov_core.nets.shared.heads import StagedNet

_WIDTH, _FIRST_KERNEL, _KERNEL, _EXPANSION = 128, 5, 3, 4
_NARROW, _N_STAGES, _N_BLOCKS, _SHARE = 16, 3, 3, 0.2


class ResBlock(nn.Module):
    """Two convolutions, or three with `expansion` above 1, beside a shortcut."""

    def __init__(self, n_in: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        n_out = _WIDTH * expansion
        if expansion == 1:
            path = [
                conv_norm(n_in, _WIDTH, kernel, stride=stride),
                conv_norm(_WIDTH, n_out, _KERNEL, activated=False),
            ]
        else:
            path = [
                conv_norm(n_in, _WIDTH, 1),
                conv_norm(_WIDTH, _WIDTH, kernel, stride=stride),
                conv_norm(_WIDTH, n_out, 1, activated=False),
            ]
        self.path = nn.Sequential(*path)
        changed = stride > 1 or n_in != n_out
        self.shortcut = conv_norm(n_in, n_out, 1, stride=stride, activated=False) if changed else nn.Identity()
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128 * expansion, ceil(t / stride))``."""
        y: Tensor = self.activation(self.path(x) + self.shortcut(x))
        return y


class ResNet1d(StagedNet):
    """A stem, a maximum over three samples, four stages.

    `bottleneck`: blocks of three convolutions that leave with four times their width.
    """

    def __init__(
        self,
        n_leads: int = 12,
        n_outputs: int = 71,
        *,
        blocks: Sequence[int] = (2, 2, 2, 2),
        bottleneck: bool = False,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_norm(n_leads, _WIDTH, _FIRST_KERNEL, stride=2), nn.MaxPool1d(3, stride=2, padding=1)
        )
        expansion, width, stages = _EXPANSION if bottleneck else 1, _WIDTH, []
        for index, count in enumerate(blocks):
            layers = []
            for position in range(count):
                kernel = _FIRST_KERNEL if position == 0 else _KERNEL
                stride = 2 if index > 0 and position == 0 else 1
                layers.append(ResBlock(width, kernel=kernel, stride=stride, expansion=expansion))
                width = _WIDTH * expansion
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        self.end_in_head(width, n_outputs)


class WideBlock(nn.Module):
    """Two convolutions with normalisation before each, a fifth of which is added to the shortcut."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.BatchNorm1d(_NARROW), nn.ReLU())
        self.path = nn.Sequential(
            convolution(_NARROW, _NARROW, _FIRST_KERNEL, stride=stride),
            nn.BatchNorm1d(_NARROW),
            nn.ReLU(),
            convolution(_NARROW, _NARROW, _FIRST_KERNEL),
        )
        self.shortcut = convolution(_NARROW, _NARROW, _KERNEL, stride=stride) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, 16, ceil(t / stride))``."""
        activated = self.before(x)
        y: Tensor = self.shortcut(activated) + _SHARE * self.path(activated)
        return y


class WideResNet1d(StagedNet):
    """A convolution and three stages of three blocks."""

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        self.stem = convolution(n_leads, _NARROW, _KERNEL)
        strides = [[2 if stage and not block else 1 for block in range(_N_BLOCKS)] for stage in range(_N_STAGES)]
        self.stages = nn.Sequential(*(nn.Sequential(*(WideBlock(stride) for stride in stage)) for stage in strides))
        self.end_in_head(_NARROW, n_outputs)
