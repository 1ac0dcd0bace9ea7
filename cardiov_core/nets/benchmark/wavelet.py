"""wavelet_nn: a shallow network on statistics of wavelet coefficients, the only one without learned filters.

A discrete wavelet transform of five levels (Daubechies' db6) of each lead gives six arrays of coefficients, and each
array twelve numbers: entropy, 5th, 25th, 50th, 75th and 95th percentile, mean, standard deviation, variance, root of
the mean square, and how often the coefficients cross zero and their own mean. One hidden layer stands behind them.

The entropy is that of the coefficients' energy, since the entropy of how often each value occurs, which the benchmark's
code takes, is the same number for every array of different values.
"""

import pywt
import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.nets.shared.feature_net import FeatureNet

_LEVELS, _HIDDEN = 5, 128
_PERCENTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
N_STATISTICS = 12
"""Numbers of each array of coefficients."""
_SMALL = 1e-12


class WaveletTransform(nn.Module):
    """PyWavelets' multilevel transform with its symmetric continuation of both ends, as convolutions."""

    low: Tensor
    high: Tensor

    def __init__(self, levels: int = _LEVELS, name: str = "db6") -> None:
        super().__init__()
        self.levels = levels
        wavelet = pywt.Wavelet(name)
        # A convolution layer correlates: the filters lie reversed.
        self.register_buffer("low", torch.tensor(wavelet.dec_lo[::-1]).view(1, 1, -1), persistent=False)
        self.register_buffer("high", torch.tensor(wavelet.dec_hi[::-1]).view(1, 1, -1), persistent=False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return ``levels + 1`` arrays of coefficients, ``(batch, leads, n)``, the coarsest first."""
        n_records, n_leads, _ = x.shape
        rest = x.reshape(n_records * n_leads, 1, -1)
        details = []
        for _ in range(self.levels):
            padded = _symmetric(rest, self.low.shape[-1] - 1)[..., 1:]
            details.append(functional.conv1d(padded, self.high.to(x.dtype), stride=2))
            rest = functional.conv1d(padded, self.low.to(x.dtype), stride=2)
        return [values.view(n_records, n_leads, -1) for values in (rest, *reversed(details))]


def _symmetric(x: Tensor, pad: int) -> Tensor:
    """Continue both ends by their mirror image with the last sample doubled."""
    length = x.shape[-1]
    positions = torch.arange(-pad, length + pad, device=x.device) % (2 * length)
    return x[..., torch.where(positions < length, positions, 2 * length - 1 - positions)]


def statistics_of(coefficients: Tensor) -> Tensor:
    """Return the twelve numbers of arrays of coefficients, ``(batch, leads, n) -> (batch, leads, 12)``."""
    energy = coefficients.square()
    share = energy / energy.sum(dim=-1, keepdim=True).clamp_min(_SMALL)
    entropy = -(share * torch.log(share.clamp_min(_SMALL))).sum(dim=-1)
    at = torch.tensor(_PERCENTILES, device=coefficients.device, dtype=coefficients.dtype)
    percentiles = torch.quantile(coefficients, at, dim=-1)
    mean = coefficients.mean(dim=-1)
    deviation = coefficients.std(dim=-1, unbiased=False)
    crossings = [_crossings(coefficients), _crossings(coefficients - mean.unsqueeze(-1))]
    moments = [mean, deviation, deviation.square(), energy.mean(dim=-1).sqrt()]
    return torch.stack([entropy, *percentiles, *moments, *crossings], dim=-1)


def _crossings(x: Tensor) -> Tensor:
    above = x > 0
    return (above[..., 1:] != above[..., :-1]).sum(dim=-1).to(x.dtype)


class WaveletNN(FeatureNet):
    """Statistics of wavelet coefficients, standardised, and one hidden layer."""

    def __init__(self, n_leads: int = 12, n_outputs: int = 71) -> None:
        super().__init__()
        n_statistics = n_leads * (_LEVELS + 1) * N_STATISTICS
        self.transform = WaveletTransform()
        # Standardised by the training records' own running mean and variance, without weights.
        self.standardised = nn.BatchNorm1d(n_statistics, affine=False)
        self.hidden = nn.Sequential(nn.Linear(n_statistics, _HIDDEN), nn.ReLU(), nn.Dropout(0.25))
        self.dense = nn.Linear(_HIDDEN, n_outputs)

    def features(self, x: Tensor) -> Tensor:
        """Return ``(batch, 128)``."""
        with torch.no_grad():
            numbers = torch.stack([statistics_of(values) for values in self.transform(x.float())], dim=-2)
        hidden: Tensor = self.hidden(self.standardised(numbers.flatten(1)))
        return hidden
