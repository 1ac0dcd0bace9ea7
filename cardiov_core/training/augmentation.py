"""Random changes to training windows. Tensors in, tensors out; all randomness comes from the generator given."""

import torch
from torch import Tensor

from cardiov_core.training.recipe import Augmentation


def augment(
    windows: Tensor, targets: Tensor, settings: Augmentation, sampling_rate_hz: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Crop, scale, drop leads, add noise and mix.

    Parameters
    ----------
    windows : torch.Tensor
        ``(batch, leads, samples)`` in mV.
    targets : torch.Tensor
        ``(batch, n_outputs)``, mixed together with the windows.
    settings : Augmentation
        How much of what.
    sampling_rate_hz : float
        Of `windows`.
    generator : torch.Generator
        Source of all randomness.

    Returns
    -------
    windows : torch.Tensor
        ``(batch, leads, crop)``.
    targets : torch.Tensor
        Same shape as before.
    """
    windows = random_crop(windows, round(settings.crop_s * sampling_rate_hz), generator)
    n_records, n_leads, _ = windows.shape
    gain = torch.exp(torch.randn(n_records, 1, 1, generator=generator) * settings.scale)
    kept = torch.rand(n_records, n_leads, 1, generator=generator) >= settings.lead_dropout
    noise = torch.randn(windows.shape, generator=generator) * settings.noise_mv
    windows = (windows * gain + noise) * kept
    if settings.mixup > 0:
        share = _beta(settings.mixup, n_records, generator)
        partner = torch.randperm(n_records, generator=generator)
        windows = share.view(-1, 1, 1) * windows + (1 - share).view(-1, 1, 1) * windows[partner]
        targets = share.view(-1, 1) * targets + (1 - share).view(-1, 1) * targets[partner]
    return windows, targets


def random_crop(windows: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """Cut a stretch of `length` samples out of each window, at a place of its own."""
    n_records, n_leads, n_samples = windows.shape
    if length >= n_samples:
        return windows
    starts = torch.randint(0, n_samples - length + 1, (n_records, 1), generator=generator)
    positions = (starts + torch.arange(length)).unsqueeze(1).expand(-1, n_leads, -1)
    return torch.gather(windows, 2, positions)


def _beta(alpha: float, n: int, generator: torch.Generator) -> Tensor:
    # torch.distributions takes no generator; a beta variable is a ratio of two gamma variables.
    shape = torch.full((n, 2), alpha)
    gamma = torch._standard_gamma(shape, generator=generator).clamp_min(1e-12)
    larger: Tensor = (gamma[:, 0] / gamma.sum(dim=1)).clamp_min(0.0)
    return torch.maximum(larger, 1 - larger)
