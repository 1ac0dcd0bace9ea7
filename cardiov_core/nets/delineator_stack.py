"""Several delineators of one architecture stacked in channels, and what they say together of one beat.

For backends that compile a network: one graph of grouped layers has a fifth of the nodes of five networks, and is read
and made ready in as much less time. `DelineatorGroup` is the same for PyTorch, which wants the channels last. The
numbers are those of the single networks but for the order in which float32 adds up.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.nets.beat_window import BOUNDARIES
from cardiov_core.nets.delineator import (
    CHANNELS_IN,
    GROUPS,
    Block,
    DelineatorNet,
    DelineatorOutput,
    mean_of,
    shown_four_ways,
)
from cardiov_core.nets.delineator_group import SeveralDelineators, bias_of


class DelineatorStack(SeveralDelineators):
    """Networks of one architecture on top of each other, for evaluation only.

    Parameters
    ----------
    nets : sequence of DelineatorNet
        At least one; their weights are copied.
    """

    def __init__(self, nets: Sequence[DelineatorNet]) -> None:
        super().__init__(nets, _StackedBlock, _stacked, _StackedLinear)

    def forward(self, beats: Tensor) -> DelineatorOutput:
        """Delineate one beat, ``(1, leads, samples)``, all leads of which count; returns as `mean_of`."""
        # Throughout (leads, networks x channels, samples).
        n_leads, n_samples = beats.shape[1:]
        hidden = shown_four_ways(beats).reshape(n_leads, CHANNELS_IN, n_samples)
        kept: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            hidden = block(hidden if level == 0 else functional.avg_pool1d(hidden, 2))
            kept.append(hidden)
        deep = self._by_net(kept.pop())
        for block in self.decoder:
            hidden = functional.interpolate(hidden, scale_factor=2.0, mode="linear", align_corners=False)
            hidden = block(torch.cat([self._by_net(hidden), self._by_net(kept.pop())], dim=2).flatten(1, 2))
        ends = self.lead_boundaries(hidden).view(n_leads, self.n_nets, len(BOUNDARIES), n_samples)
        own = torch.cat([deep.mean(dim=-1), deep.amax(dim=-1)], dim=-1).transpose(0, 1)
        shared = own.mean(dim=1, keepdim=True)
        lead_waves = self.lead_waves(torch.cat([own, shared.expand_as(own)], dim=-1))
        passed = ends.softmax(dim=-1).cumsum(dim=-1)
        pooled = torch.cat([*_over_leads(self._by_net(hidden)), *_over_leads(passed)], dim=2).flatten(1, 2)
        boundaries = self.boundaries(self.together(pooled)).view(self.n_nets, len(BOUNDARIES), n_samples)
        return mean_of(DelineatorOutput(ends.transpose(0, 1), lead_waves, boundaries, self.waves(shared)[:, 0]))

    def _by_net(self, hidden: Tensor) -> Tensor:
        """``(n, networks x channels, samples) -> (n, networks, channels, samples)``."""
        return hidden.view(hidden.shape[0], self.n_nets, -1, hidden.shape[-1])


class _StackedBlock(nn.Module):
    """The same block of each network."""

    def __init__(self, parts: Sequence[Block], *, shared: bool = False) -> None:
        super().__init__()
        self.first = _stacked([part.first for part in parts], shared=shared)
        self.first_norm = _stacked_norm([part.first_norm for part in parts])
        self.second = _stacked([part.second for part in parts])
        self.second_norm = _stacked_norm([part.second_norm for part in parts])
        carried = [part.carried for part in parts if isinstance(part.carried, nn.Conv1d)]
        self.carried = _stacked(carried, shared=shared) if carried else nn.Identity()
        self.n_copies = len(parts) if shared and not carried else 1
        others = [part.others for part in parts if part.others is not None]
        width = parts[0].second.out_channels
        self.of_mean = _stacked(others, columns=slice(None, width)) if others else None
        self.of_largest = _stacked(others, columns=slice(width, None)) if others else None

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.silu(self.first_norm(self.first(x)))
        hidden = self.second_norm(self.second(hidden))
        if self.of_mean is not None and self.of_largest is not None:
            mean, largest = _over_leads(hidden)
            hidden = hidden + (self.of_mean(mean) + self.of_largest(largest))
        carried = self.carried(x) if self.n_copies == 1 else x.repeat(1, self.n_copies, 1)
        return functional.silu(hidden + carried)


class _StackedLinear(nn.Module):
    """The same linear layer of each network: ``(networks, n, channels) -> (networks, n, outputs)``."""

    def __init__(self, parts: Sequence[nn.Linear]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([part.weight.detach().T for part in parts]))
        self.bias = nn.Parameter(torch.stack([part.bias.detach()[None] for part in parts]))

    def forward(self, rows: Tensor) -> Tensor:
        return torch.matmul(rows, self.weight) + self.bias


def _stacked(parts: Sequence[nn.Conv1d], *, shared: bool = False, columns: slice = slice(None)) -> nn.Conv1d:
    """Return one convolution for those of all networks, or for some columns of their input, then with half the bias."""
    weight = torch.cat([part.weight.detach()[:, columns] for part in parts])
    n_nets, kernel = 1 if shared else len(parts), parts[0].kernel_size[0]
    layer = nn.Conv1d(weight.shape[1] * n_nets, len(weight), kernel, padding=kernel // 2, groups=n_nets)
    layer.weight = nn.Parameter(weight)
    bias = torch.cat([bias_of(part) for part in parts])
    layer.bias = nn.Parameter(bias if columns == slice(None) else bias / 2.0)
    return layer


def _stacked_norm(parts: Sequence[nn.GroupNorm]) -> nn.GroupNorm:
    layer = nn.GroupNorm(GROUPS * len(parts), sum(part.num_channels for part in parts))
    layer.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]))
    layer.bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]))
    return layer


def _over_leads(hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and maximum over the leads, which keep a dimension of one."""
    return hidden.mean(dim=0, keepdim=True), hidden.amax(dim=0, keepdim=True)
