"""The delineator: where P wave, QRS complex and T wave begin and end on a median beat, in each lead and over all.

A U-Net (Ronneberger et al. 2015, doi:10.1007/978-3-319-24574-4_28) in one dimension whose layers are the same for every
lead; after each block a lead gets the mean and the maximum over all leads (Zaheer et al. 2017, Deep Sets,
arXiv:1703.06114), so that neither order nor number of leads matters. Each boundary comes out as a distribution over
the samples; its median is the boundary, finer than a sample. The boundaries over all leads have an output of their
own, which sees what share of the leads has begun or ended at each sample: the second earliest onset of twelve is a
question of that share.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.nets.beat_window import BOUNDARIES, WAVES

GROUPS = 4
CHANNELS_IN = 4
_FLAT_MV = 0.02
_MAGNIFY = 20.0
_MAGNIFIED = 3.7
_STEEP = 16.0
_TINY = 1e-12


class DelineatorOutput(NamedTuple):
    """What the network says; logits throughout.

    Attributes
    ----------
    lead_boundaries : torch.Tensor
        ``(batch, leads, 6, samples)``; the softmax over the samples is the distribution of a boundary.
    lead_waves : torch.Tensor
        ``(batch, leads, 3)``; the sigmoid is the probability that the lead carries the wave.
    boundaries : torch.Tensor
        ``(batch, 6, samples)``, over all leads: second earliest onset and second latest offset.
    waves : torch.Tensor
        ``(batch, 3)``, over all leads.
    """

    lead_boundaries: Tensor
    lead_waves: Tensor
    boundaries: Tensor
    waves: Tensor


class DelineatorNet(nn.Module):
    """The network.

    Parameters
    ----------
    channels : sequence of int
        Channels at each level, from the full rate to a sixteenth of it; multiples of 4.
    kernels : sequence of int
        Odd kernel sizes, one per level.
    global_channels, global_kernel : int
        Of the block that finds the boundaries over all leads.
    dropout : float
        Share of channels that training blanks, from 0 to 1.
    """

    def __init__(
        self,
        channels: Sequence[int] = (12, 16, 20, 24, 24),
        kernels: Sequence[int] = (5, 5, 3, 3, 3),
        global_channels: int = 16,
        global_kernel: int = 7,
        dropout: float = 0.05,
    ) -> None:
        super().__init__()
        width = CHANNELS_IN
        self.encoder = nn.ModuleList()
        for out, kernel in zip(channels, kernels, strict=True):
            self.encoder.append(Block(width, out, kernel, dropout))
            width = out
        self.decoder = nn.ModuleList()
        for out, kernel in zip(reversed(channels[:-1]), reversed(kernels[:-1]), strict=True):
            self.decoder.append(Block(width + out, out, kernel, dropout))
            width = out
        n_boundaries, n_waves, deep = len(BOUNDARIES), len(WAVES), 2 * channels[-1]
        self.lead_boundaries = nn.Conv1d(width, n_boundaries, 5, padding=2)
        self.lead_waves = nn.Linear(2 * deep, n_waves)
        self.together = Block(2 * width + 2 * n_boundaries, global_channels, global_kernel, dropout, mix=False)
        self.boundaries = nn.Conv1d(global_channels, n_boundaries, 5, padding=2)
        self.waves = nn.Linear(deep, n_waves)

    def forward(self, beats: Tensor, present: Tensor | None = None) -> DelineatorOutput:
        """Delineate beats.

        Parameters
        ----------
        beats : torch.Tensor
            ``(batch, leads, 320)`` in mV at 250 Hz, R peak at sample 128.
        present : torch.Tensor, optional
            ``(batch, leads)``: 1.0 for a lead that counts, 0.0 for one to leave out. All count by default.

        Returns
        -------
        DelineatorOutput
            Logits.
        """
        n_beats, n_leads, n_samples = beats.shape
        counts = torch.ones(n_beats, n_leads, device=beats.device) if present is None else present
        hidden = shown_four_ways(beats).reshape(n_beats * n_leads, CHANNELS_IN, n_samples)
        kept: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            hidden = block(hidden if level == 0 else functional.avg_pool1d(hidden, 2), counts)
            kept.append(hidden)
        deep = kept.pop().view(n_beats, n_leads, -1, hidden.shape[-1])
        for block in self.decoder:
            hidden = functional.interpolate(hidden, scale_factor=2.0, mode="linear", align_corners=False)
            hidden = block(torch.cat([hidden, kept.pop()], dim=1), counts)
        lead_boundaries = self.lead_boundaries(hidden).view(n_beats, n_leads, len(BOUNDARIES), n_samples)
        own = torch.cat([deep.mean(dim=-1), deep.amax(dim=-1)], dim=-1)
        weight = counts[:, :, None]
        shared = (own * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1.0)
        lead_waves = self.lead_waves(torch.cat([own, shared[:, None].expand_as(own)], dim=-1))
        passed = lead_boundaries.softmax(dim=-1).cumsum(dim=-1)
        pooled = [_over_leads(hidden.view(n_beats, n_leads, -1, n_samples), counts), _over_leads(passed, counts)]
        together = self.together(torch.cat(pooled, dim=1), counts)
        return DelineatorOutput(lead_boundaries, lead_waves, self.boundaries(together), self.waves(shared))


def mean_of(outputs: DelineatorOutput) -> DelineatorOutput:
    """Return what several networks say together, of outputs with an axis of networks first.

    Logarithms of the mean distribution of each boundary, and the mean probability of each wave.
    """

    def distribution(logits: Tensor) -> Tensor:
        return logits.softmax(dim=-1).mean(dim=0).clamp_min(_TINY).log()

    def there(logits: Tensor) -> Tensor:
        return logits.sigmoid().mean(dim=0)

    return DelineatorOutput(
        distribution(outputs.lead_boundaries),
        there(outputs.lead_waves),
        distribution(outputs.boundaries),
        there(outputs.waves),
    )


class Block(nn.Module):
    """Two convolutions around which the input is carried on, and what the other leads have to say."""

    def __init__(self, width: int, out: int, kernel: int, dropout: float, *, mix: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, out, kernel, padding=kernel // 2)
        self.first_norm = nn.GroupNorm(GROUPS, out)
        self.second = nn.Conv1d(out, out, kernel, padding=kernel // 2)
        self.second_norm = nn.GroupNorm(GROUPS, out)
        self.others = nn.Conv1d(2 * out, out, 1) if mix else None
        self.carried = nn.Conv1d(width, out, 1) if width != out else nn.Identity()
        self.dropout = nn.Dropout1d(dropout)

    def forward(self, x: Tensor, counts: Tensor) -> Tensor:
        """``(beats x leads, width, samples) -> (beats x leads, out, samples)``; `counts` as in `DelineatorNet`."""
        hidden = functional.silu(self.first_norm(self.first(x)))
        hidden = self.second_norm(self.second(hidden))
        if self.others is not None:
            n_beats, n_leads = counts.shape
            pooled = self.others(_over_leads(hidden.view(n_beats, n_leads, *hidden.shape[1:]), counts))
            hidden = hidden + pooled.repeat_interleave(n_leads, dim=0)
        out: Tensor = self.dropout(functional.silu(hidden + self.carried(x)))
        return out


def _over_leads(hidden: Tensor, counts: Tensor) -> Tensor:
    """Return mean and maximum over the leads that count: ``(n, leads, c, t) -> (n, 2 c, t)``."""
    weight = counts[:, :, None, None]
    mean = (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1.0)
    largest = hidden.masked_fill(weight == 0, -1e4).amax(dim=1)
    return torch.cat([mean, largest], dim=1)


def shown_four_ways(beats: Tensor) -> Tensor:
    """Show a lead four ways: to scale of its own size, with small waves magnified, its slope, and the time."""
    # The lower median, which torch's own is, by sorting: other backends have no word for the other.
    middle = (beats.shape[-1] - 1) // 2
    steady = beats - beats.sort(dim=-1).values[..., middle : middle + 1]
    scaled = steady / steady.abs().amax(dim=-1, keepdim=True).clamp_min(_FLAT_MV)
    magnified = torch.asinh(_MAGNIFY * scaled) / _MAGNIFIED
    slope = functional.pad(scaled[..., 2:] - scaled[..., :-2], (1, 1))
    time = torch.linspace(-1.0, 1.0, beats.shape[-1], device=beats.device).expand_as(beats)
    return torch.stack([scaled, magnified, torch.asinh(_STEEP * slope), time], dim=-2)
