"""Several delineators of one architecture as one grouped network: each layer is computed for all of them at once.

The networks that stand for the folds are small, and one after the other they cost more in calls than in arithmetic.
Here the channels of all networks lie side by side, last in memory, and a convolution keeps them apart by its groups.
The numbers are those of the single networks but for the order in which float32 adds up.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.nets.delineator import GROUPS, Block, DelineatorNet, DelineatorOutput, shown_four_ways


class SeveralDelineators(nn.Module):
    """The layers of several networks, each built of the same layer of all of them, for evaluation only."""

    def __init__(
        self,
        nets: Sequence[DelineatorNet],
        block: Callable[..., nn.Module],
        convolution: Callable[[Sequence[nn.Conv1d]], nn.Module],
        linear: Callable[[Sequence[nn.Linear]], nn.Module],
    ) -> None:
        super().__init__()
        self.n_nets = len(nets)
        # The first block of all networks sees the same beats.
        self.encoder = nn.ModuleList(
            block(blocks, shared=level == 0)
            for level, blocks in enumerate(zip(*(net.encoder for net in nets), strict=True))
        )
        self.decoder = nn.ModuleList(block(blocks) for blocks in zip(*(net.decoder for net in nets), strict=True))
        self.lead_boundaries = convolution([net.lead_boundaries for net in nets])
        self.together = block([net.together for net in nets])
        self.boundaries = convolution([net.boundaries for net in nets])
        self.lead_waves = linear([net.lead_waves for net in nets])
        self.waves = linear([net.waves for net in nets])
        self.requires_grad_(False)


class DelineatorGroup(SeveralDelineators):
    """Networks of one architecture side by side, for evaluation only.

    Parameters
    ----------
    nets : sequence of DelineatorNet
        At least one; their weights are copied.
    """

    def __init__(self, nets: Sequence[DelineatorNet]) -> None:
        super().__init__(nets, _GroupedBlock, _GroupedConvolution, _GroupedLinear)

    def forward(self, beats: Tensor) -> DelineatorOutput:
        """Delineate beats by all networks.

        Parameters
        ----------
        beats : torch.Tensor
            As in `DelineatorNet.forward`; all leads count.

        Returns
        -------
        DelineatorOutput
            Logits, each with an axis before those of `DelineatorNet`: the networks.
        """
        # Throughout (beats, leads, samples, networks, channels).
        hidden = shown_four_ways(beats).transpose(-1, -2).unsqueeze(-2)
        kept: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            hidden = block(hidden if level == 0 else _halved(hidden))
            kept.append(hidden)
        deep = kept.pop()
        for block in self.decoder:
            hidden = block(torch.cat([_doubled(hidden), kept.pop()], dim=-1))
        ends = self.lead_boundaries(hidden).permute(3, 0, 1, 4, 2).contiguous()
        own = torch.cat([deep.mean(dim=2), deep.amax(dim=2)], dim=-1)
        shared = own.mean(dim=1)
        lead_waves = self.lead_waves(torch.cat([own, shared[:, None].expand_as(own)], dim=-1))
        passed = ends.softmax(dim=-1).cumsum(dim=-1)
        begun = [part.permute(1, 3, 0, 2) for part in (passed.mean(dim=2), passed.amax(dim=2))]
        pooled = torch.cat([_over_leads(hidden), *begun], dim=-1)
        boundaries = self.boundaries(self.together(pooled[:, None]))[:, 0]
        return DelineatorOutput(
            ends, lead_waves.permute(2, 0, 1, 3), boundaries.permute(2, 0, 3, 1), self.waves(shared).transpose(0, 1)
        )


class _GroupedConvolution(nn.Module):
    """The same convolution of each network, over the samples."""

    def __init__(self, parts: Sequence[nn.Conv1d], *, shared: bool = False) -> None:
        super().__init__()
        weight = torch.cat([part.weight.detach() for part in parts])[:, :, None]
        self.weight = nn.Parameter(weight.contiguous(memory_format=torch.channels_last))
        self.bias = nn.Parameter(torch.cat([bias_of(part) for part in parts]))
        self.padding = (0, parts[0].kernel_size[0] // 2)
        self.n_nets, self.groups = len(parts), 1 if shared else len(parts)

    def forward(self, rows: Tensor) -> Tensor:
        # Channels last for torch: (beats x leads, networks x channels, 1, samples) without a copy.
        images = rows.flatten(3).flatten(0, 1)[:, None].permute(0, 3, 1, 2)
        convolved = functional.conv2d(images, self.weight, self.bias, padding=self.padding, groups=self.groups)
        return convolved.permute(0, 2, 3, 1).reshape(*rows.shape[:3], self.n_nets, -1)


class _GroupedLinear(nn.Module):
    """The same linear layer of each network over the channels: a `nn.Linear`, or a convolution of one sample."""

    def __init__(self, parts: Sequence[nn.Linear | nn.Conv1d]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([part.weight.detach().flatten(1) for part in parts]))
        self.bias = nn.Parameter(torch.stack([bias_of(part) for part in parts]))

    def forward(self, rows: Tensor) -> Tensor:
        return torch.einsum("...ni,noi->...no", rows, self.weight) + self.bias


class _GroupedNorm(nn.Module):
    """The same normalisation of each network.

    `functional.group_norm` takes four times as long where the channels are last in memory.
    """

    def __init__(self, parts: Sequence[nn.GroupNorm]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([part.weight.detach().view(GROUPS, -1) for part in parts]))
        self.bias = nn.Parameter(torch.stack([part.bias.detach() for part in parts]))
        self.eps = parts[0].eps

    def forward(self, rows: Tensor) -> Tensor:
        steady = rows - self._of_groups(rows).expand(-1, -1, -1, -1, self.weight.shape[-1]).flatten(3).unsqueeze(2)
        size = torch.rsqrt(self._of_groups(steady * steady) + self.eps)
        return torch.addcmul(self.bias, steady, (size * self.weight).flatten(3).unsqueeze(2))

    def _of_groups(self, rows: Tensor) -> Tensor:
        """Return the mean of each group of channels, ``(beats, leads, networks, groups, 1)``."""
        by_group: Tensor = rows.mean(dim=2).unflatten(-1, (GROUPS, -1))
        return by_group.mean(dim=-1, keepdim=True)


class _GroupedBlock(nn.Module):
    """The same block of each network."""

    def __init__(self, blocks: Sequence[nn.Module], *, shared: bool = False) -> None:
        super().__init__()
        parts = [block for block in blocks if isinstance(block, Block)]
        self.first = _GroupedConvolution([part.first for part in parts], shared=shared)
        self.second = _GroupedConvolution([part.second for part in parts])
        self.first_norm = _GroupedNorm([part.first_norm for part in parts])
        self.second_norm = _GroupedNorm([part.second_norm for part in parts])
        others = [part.others for part in parts if part.others is not None]
        self.others = _GroupedLinear(others) if others else None
        carried = [part.carried for part in parts if isinstance(part.carried, nn.Conv1d)]
        self.carried: nn.Module = nn.Identity()
        if carried:
            self.carried = _GroupedConvolution(carried, shared=True) if shared else _GroupedLinear(carried)

    def forward(self, rows: Tensor) -> Tensor:
        hidden = functional.silu(self.first_norm(self.first(rows)))
        hidden = self.second_norm(self.second(hidden))
        if self.others is not None:
            hidden = hidden + self.others(_over_leads(hidden))[:, None]
        return functional.silu(hidden + self.carried(rows))


def _over_leads(rows: Tensor) -> Tensor:
    """Return mean and maximum over the leads."""
    return torch.cat([rows.mean(dim=1), rows.amax(dim=1)], dim=-1)


def _halved(rows: Tensor) -> Tensor:
    """Return means of two samples each."""
    return (rows[:, :, ::2] + rows[:, :, 1::2]) * 0.5


def _doubled(rows: Tensor) -> Tensor:
    """Return twice as many samples, a quarter of a sample before and after each, the ends carried on."""
    before = torch.cat([rows[:, :, :1], rows[:, :, :-1]], dim=2)
    after = torch.cat([rows[:, :, 1:], rows[:, :, -1:]], dim=2)
    return torch.stack([torch.lerp(rows, before, 0.25), torch.lerp(rows, after, 0.25)], dim=3).flatten(2, 3)


def bias_of(part: nn.Conv1d | nn.Linear) -> Tensor:
    """Return what a layer adds, zeros where it has no bias."""
    return torch.zeros(len(part.weight)) if part.bias is None else part.bias.detach()
