"""schirrmeister: the deep network of Schirrmeister et al. 2017 (doi:10.1002/hbm.23730), in one dimension.

A convolution over time and one over its channels, then three wider ones with kernels of 10; ELU, pooling by 3, dropout
before each but the first; the benchmark's pooling and head behind them. Convolutions keep the length here: windows of
2.5 s would run out of samples otherwise.
"""

from itertools import pairwise

from torch import Tensor, nn

from cardiov_core.nets.shared.heads import PooledNet

_WIDTHS, _KERNEL, _POOL, _DROPOUT = (25, 50, 100, 200), 10, 3, 0.5


def _convolved(n_in: int, n_out: int) -> list[nn.Module]:
    padding = nn.ZeroPad1d(((_KERNEL - 1) // 2, _KERNEL // 2))
    return [padding, nn.Conv1d(n_in, n_out, _KERNEL, bias=False), nn.BatchNorm1d(n_out)]


class DeepConvNet(PooledNet):
    """Four blocks of convolution and pooling."""

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        first = _WIDTHS[0]
        mixed = [nn.Conv1d(first, first, 1, bias=False), nn.BatchNorm1d(first)]
        blocks = [nn.Sequential(*_convolved(n_leads, first), *mixed, nn.ELU(), nn.MaxPool1d(_POOL))]
        for width, out in pairwise(_WIDTHS):
            blocks.append(nn.Sequential(nn.Dropout(_DROPOUT), *_convolved(width, out), nn.ELU(), nn.MaxPool1d(_POOL)))
        self.blocks = nn.Sequential(*blocks)
        self.end_in_head(_WIDTHS[-1], n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Each block."""
        return tuple(self.blocks.children())

    def channels(self, x: Tensor) -> Tensor:
        """Return ``(batch, 200, time)``."""
        y: Tensor = self.blocks(x)
        return y
