"""s4d: a structured state-space network, diagonal S4 (Gu et al. 2022, arXiv:2206.11893), bidirectional, four layers.

Of every channel a linear system with complex diagonal state is turned into a kernel as long as the window, and applied
by Fourier transforms. The published figure is of S4 with 512 channels (Mehari and Strodthoff 2022, arXiv:2211.07579);
the default here has 128, for processors without a GPU.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.nets.shared.feature_net import FeatureNet

_STATE, _DEPTH, _WIDTH, _DROPOUT = 8, 4, 128, 0.2
_SLOWEST, _FASTEST = 1e-3, 1e-1


class DiagonalKernel(nn.Module):
    """Kernels of diagonal systems, one a channel and direction, begun as S4D-Lin."""

    def __init__(self, n_channels: int, n_states: int = _STATE) -> None:
        super().__init__()
        steps = torch.rand(n_channels) * (math.log(_FASTEST) - math.log(_SLOWEST)) + math.log(_SLOWEST)
        self.log_step = nn.Parameter(steps)
        self.log_decay = nn.Parameter(torch.full((n_channels, n_states), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(n_states).repeat(n_channels, 1))
        self.output = nn.Parameter(torch.randn(n_channels, n_states, 2) * 0.5**0.5)

    def forward(self, length: int) -> Tensor:
        """Return ``(n_channels, length)``."""
        pole = torch.complex(-torch.exp(self.log_decay), self.frequency)
        step = torch.exp(self.log_step).unsqueeze(-1)
        exponent = pole * step
        weights = torch.view_as_complex(self.output) * (torch.exp(exponent) - 1.0) / pole
        times = torch.arange(length, device=exponent.device)
        powers = torch.exp(exponent.unsqueeze(-1) * times)
        return 2 * torch.einsum("cn,cnt->ct", weights, powers).real


class StateSpaceLayer(nn.Module):
    """Both directions of time, GELU, a gated mixture of the channels, a shortcut, layer normalisation."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.forwards, self.backwards = DiagonalKernel(width), DiagonalKernel(width)
        self.direct = nn.Parameter(torch.randn(width))
        self.mix = nn.Sequential(nn.GELU(), nn.Dropout1d(dropout), nn.Conv1d(width, 2 * width, 1), nn.GLU(dim=1))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width, t)``."""
        length = x.shape[-1]
        kernel = functional.pad(self.forwards(length), (0, length))
        kernel = kernel + functional.pad(self.backwards(length).flip(-1), (length, 0))
        spectrum = torch.fft.rfft(x.float(), n=2 * length) * torch.fft.rfft(kernel, n=2 * length)
        y = torch.fft.irfft(spectrum, n=2 * length)[..., :length] + x * self.direct.unsqueeze(-1)
        summed = x + self.mix(y)
        normalised: Tensor = self.norm(summed.transpose(1, 2))
        return normalised.transpose(1, 2)


class StateSpace(FeatureNet):
    """A dense layer in, the layers, the mean over time, one dense layer out.

    `width`: channels throughout; 512 in the publication.
    """

    def __init__(
        self,
        n_leads: int = 12,
        n_outputs: int = 71,
        *,
        width: int = _WIDTH,
        depth: int = _DEPTH,
        dropout: float = _DROPOUT,
    ) -> None:
        super().__init__()
        self.encoder = nn.Conv1d(n_leads, width, 1)
        self.layers = nn.Sequential(*(StateSpaceLayer(width, dropout) for _ in range(depth)))
        self.dense = nn.Linear(width, n_outputs)

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """Each layer."""
        return tuple(self.layers.children())

    def features(self, x: Tensor) -> Tensor:
        """Return the mean over time, ``(batch, width)``."""
        pooled: Tensor = self.layers(self.encoder(x)).mean(dim=-1)
        return pooled
