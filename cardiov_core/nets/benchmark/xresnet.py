"""xresnet1d: residual networks with the tricks of He et al. 2018 (arXiv:1812.01187), in one dimension.

A stem of three convolutions, the stride of a bottleneck in its middle convolution, shortcuts that average before their
convolution of size 1, and blocks that begin as identities. Kernels are 5, and every stage has 64 channels (256 behind
bottlenecks): the benchmark lets a network deepen, not widen.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from cardiov_core.nets.shared.convolution import conv_norm
from cardiov_core.nets.shared.heads import StagedNet

_WIDTH, _KERNEL, _BOTTLENECK = 64, 5, 4
_STEM_WIDTHS = (32, 32, _WIDTH)
_FINEST_STRIDE = 1


class XResBlock(nn.Module):
    """A block of an xresnet; a bottleneck where `expansion` is above 1."""

    def __init__(self, n_in: int, width: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        n_out = width * expansion
        if expansion == 1:
            self.path = nn.Sequential(
                conv_norm(n_in, width, _KERNEL, stride=stride),
                conv_norm(width, n_out, _KERNEL, activated=False),
            )
        else:
            self.path = nn.Sequential(
                conv_norm(n_in, width, 1),
                conv_norm(width, width, _KERNEL, stride=stride),
                conv_norm(width, n_out, 1, activated=False),
            )
        average = nn.AvgPool1d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        changed = conv_norm(n_in, n_out, 1, activated=False) if n_in != n_out else nn.Identity()
        self.shortcut = nn.Sequential(average, changed)
        self.activation = nn.ReLU()
        last = self.path[-1]
        if isinstance(last, nn.Sequential) and isinstance(last[1], nn.BatchNorm1d):
            # The block begins as an identity.
            nn.init.zeros_(last[1].weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width * expansion, ceil(t / stride))``."""
        y: Tensor = self.activation(self.path(x) + self.shortcut(x))
        return y


class XResNet1d(StagedNet):
    """A network of the family.

    `blocks`: blocks in each of the four stages. `bottleneck`: blocks of three convolutions that leave with four times
    their width.
    """

    def __init__(
        self,
        n_leads: int = 12,
        n_outputs: int = 71,
        *,
        blocks: Sequence[int] = (3, 4, 23, 3),
        bottleneck: bool = True,
    ) -> None:
        super().__init__()
        stem, width = [], n_leads
        for index, out in enumerate(_STEM_WIDTHS):
            stem.append(conv_norm(width, out, _KERNEL, stride=2 if index == 0 else 1))
            width = out
        self.stem = nn.Sequential(*stem, nn.MaxPool1d(3, stride=2, padding=1))
        expansion = _BOTTLENECK if bottleneck else 1
        stages = []
        for index, count in enumerate(blocks):
            layers = []
            for position in range(count):
                stride = 2 if index > 0 and position == 0 else _FINEST_STRIDE
                layers.append(XResBlock(width, _WIDTH, stride=stride, expansion=expansion))
                width = _WIDTH * expansion
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        self.end_in_head(width, n_outputs)
