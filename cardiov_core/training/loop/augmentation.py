"""Random changes to training windows. Tensors in, tensors out; all randomness comes from the generator given."""

from typing import NamedTuple

import torch
from torch import Tensor

from cardiov_core.training.recipes.network import Augmentation


class Batch(NamedTuple):
    """What one step learns from.

    Attributes
    ----------
    windows : torch.Tensor
        ``(batch, leads, samples)`` in mV.
    targets : torch.Tensor
        ``(batch, n_targets)`` of the objective.
    side : torch.Tensor or None
        ``(batch, k)`` numbers for the side head, NaN where missing.
    person : torch.Tensor or None
        ``(batch, 2)`` age and sex, NaN where unknown; a mixed record keeps its own.
    """

    windows: Tensor
    targets: Tensor
    side: Tensor | None = None
    person: Tensor | None = None


def augment(batch: Batch, settings: Augmentation, sampling_rate_hz: float, generator: torch.Generator) -> Batch:
    """Crop, scale, drop leads, add noise and mix.

    Parameters
    ----------
    batch : Batch
        Unchanged records.
    settings : Augmentation
        How much of what.
    sampling_rate_hz : float
        Of the windows.
    generator : torch.Generator
        Source of all randomness. What a recipe does not ask for by `lead_scale` or `mixup` draws nothing.

    Returns
    -------
    Batch
        Windows ``(batch, leads, crop)``; targets and side numbers mixed together with the windows, a side number NaN
        where one of the two records lacks it.
    """
    windows = random_crop(batch.windows, round(settings.crop_s * sampling_rate_hz), generator)
    n_records, n_leads, _ = windows.shape
    gain = torch.exp(torch.randn(n_records, 1, 1, generator=generator) * settings.scale)
    kept = torch.rand(n_records, n_leads, 1, generator=generator) >= settings.lead_dropout
    noise = torch.randn(windows.shape, generator=generator) * settings.noise_mv
    if settings.lead_scale > 0 and settings.lead_scale_share > 0:
        gain = gain * _lead_gains(n_records, n_leads, settings, generator)
    changed = windows * gain + noise
    if settings.shift_mv > 0:
        changed = changed + torch.randn(n_records, n_leads, 1, generator=generator) * settings.shift_mv
    if settings.erase_s > 0:
        changed = changed * _left_over(changed, round(settings.erase_s * sampling_rate_hz), generator)
    mixed = batch._replace(windows=changed * kept)
    if settings.mixup <= 0 or not _happens(settings.mixup_share, generator):
        return mixed
    return _mixed(mixed, settings.mixup, generator)


def _happens(share: float, generator: torch.Generator) -> bool:
    # A share of 1 draws nothing, as trainings did before there was one.
    return share >= 1 or bool(torch.rand((), generator=generator) < share)


def _left_over(windows: Tensor, longest: int, generator: torch.Generator) -> Tensor:
    """Return zeros in a stretch of each record, of up to `longest` samples, and ones elsewhere; ``(n, 1, samples)``."""
    n_records, _, n_samples = windows.shape
    lengths = torch.randint(0, min(longest, n_samples) + 1, (n_records, 1, 1), generator=generator)
    begins = (torch.rand(n_records, 1, 1, generator=generator) * (n_samples - lengths + 1)).long()
    times = torch.arange(n_samples)
    return ((times < begins) | (times >= begins + lengths)).to(windows.dtype)


def random_crop(windows: Tensor, length: int, generator: torch.Generator) -> Tensor:
    """Cut a stretch of `length` samples out of each window, at a place of its own."""
    n_records, n_leads, n_samples = windows.shape
    if length >= n_samples:
        return windows
    starts = torch.randint(0, n_samples - length + 1, (n_records, 1), generator=generator)
    positions = (starts + torch.arange(length)).unsqueeze(1).expand(-1, n_leads, -1)
    return torch.gather(windows, 2, positions)


def _lead_gains(n_records: int, n_leads: int, settings: Augmentation, generator: torch.Generator) -> Tensor:
    """Return a gain per lead, ``(n_records, n_leads, 1)``; 1 for the records that do not get any."""
    logs = torch.randn(n_records, n_leads, 1, generator=generator) * settings.lead_scale
    chosen = torch.rand(n_records, 1, 1, generator=generator) < settings.lead_scale_share
    return torch.exp(logs * chosen)


def _mixed(batch: Batch, alpha: float, generator: torch.Generator) -> Batch:
    """Mix each record with another one (Zhang et al. 2018, arXiv:1710.09412)."""
    n_records = len(batch.windows)
    share = _beta(alpha, n_records, generator)
    partner = torch.randperm(n_records, generator=generator)

    def mix(values: Tensor) -> Tensor:
        own = share.view(-1, *[1] * (values.dim() - 1))
        return own * values + (1 - own) * values[partner]

    side = None if batch.side is None else mix(batch.side)
    return batch._replace(windows=mix(batch.windows), targets=mix(batch.targets), side=side)


def _beta(alpha: float, n: int, generator: torch.Generator) -> Tensor:
    # torch.distributions takes no generator; a beta variable is a ratio of two gamma variables.
    shape = torch.full((n, 2), alpha)
    gamma = torch._standard_gamma(shape, generator=generator).clamp_min(1e-12)
    larger: Tensor = (gamma[:, 0] / gamma.sum(dim=1)).clamp_min(0.0)
    return torch.maximum(larger, 1 - larger)
