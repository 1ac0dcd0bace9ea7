"""fcn_wang and resnet1d_wang: the two networks of Wang, Yan and Oates 2017 (arXiv:1611.06455), the benchmark's way.

Concat pooling and the benchmark's head take the place of global average pooling and one layer; the residual network
keeps 128 channels throughout, with kernels of 5 and 3, and its second and third block halve the length. The first
kernel of the convolutional network is even, 8, with 3 zeros on both sides, so that one sample is lost.
"""

from torch import Tensor, nn

from cardiov_core.nets.shared.convolution import conv_norm
from cardiov_core.nets.shared.heads import PooledNet

_FCN_WIDTHS = (128, 256, 128)
_FCN_KERNELS = (8, 5, 3)
_WIDTH, _STEM_KERNEL, _KERNELS, _STRIDES = 128, 7, (5, 3), (1, 2, 2)


class FcnWang(PooledNet):
    """Three convolutions, each with batch normalisation and ReLU."""

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        blocks, width = [], n_leads
        for out, kernel in zip(_FCN_WIDTHS, _FCN_KERNELS, strict=True):
            conv = nn.Conv1d(width, out, kernel, padding=(kernel - 1) // 2, bias=False)
            blocks.append(nn.Sequential(conv, nn.BatchNorm1d(out), nn.ReLU()))
            width = out
        self.blocks = nn.Sequential(*blocks)
        self.end_in_head(width, n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Each block."""
        return tuple(self.blocks.children())

    def channels(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128, time)``."""
        y: Tensor = self.blocks(x)
        return y


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut, which has a convolution of its own where the length changes."""

    def __init__(self, width: int, kernels: tuple[int, int], stride: int) -> None:
        super().__init__()
        self.first = conv_norm(width, width, kernels[0], stride=stride)
        self.second = conv_norm(width, width, kernels[1], activated=False)
        self.shortcut = conv_norm(width, width, 1, stride=stride, activated=False) if stride > 1 else nn.Identity()
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width, ceil(t / stride))``."""
        y: Tensor = self.activation(self.second(self.first(x)) + self.shortcut(x))
        return y


class ResNet1dWang(PooledNet):
    """A stem and three residual blocks of 128 channels."""

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        self.stem = conv_norm(n_leads, _WIDTH, _STEM_KERNEL)
        self.blocks = nn.Sequential(*(ResidualBlock(_WIDTH, _KERNELS, stride) for stride in _STRIDES))
        self.end_in_head(_WIDTH, n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Each block."""
        return tuple(self.blocks.children())

    def channels(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128, time)``."""
        y: Tensor = self.blocks(self.stem(x))
        return y
