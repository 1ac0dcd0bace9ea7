"""The multi-branch backbones of team Revenger: plain, and lead-wise.

Three branches of six convolutions (kernels 11, 7, 7, 5, 5, 5) with dilations of their own (Table 1 of the paper), in
steps of one, two and three convolutions, each followed by pooling by 2 and dropout. The plain network normalises each
step once, the lead-wise one every convolution and each step.

In the lead-wise one every convolution is grouped by lead, and the normalisation too, so that each lead has a network of
its own: those of some leads can be taken out and put to work alone.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

_KERNELS = ((11,), (7, 7), (5, 5, 5))
_DILATIONS = (
    ((1,), (1, 1), (1, 1, 1)),
    ((2,), (2, 4), (8, 8, 8)),
    ((4,), (4, 8), (16, 32, 64)),
)
_WIDTHS = (96, 192, 384)
_DROPOUT = (0.0, 0.2, 0.0)
CHANNELS_A_LEAD: Mapping[int, int] = {12: 16, 6: 24, 4: 24, 3: 32, 2: 32}
"""Number of leads -> channels per lead in the first step of the published lead-wise networks."""


class Step(nn.Module):
    """Convolutions of one step of a branch, normalisation, ReLU, pooling by 2, dropout."""

    def __init__(
        self, n_in: int, width: int, kernels: Sequence[int], dilations: Sequence[int], groups: int, dropout: float
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (kernel, dilation) in enumerate(zip(kernels, dilations, strict=True)):
            padding = dilation * (kernel // 2)
            width_in = n_in if index == 0 else width
            layers.append(nn.Conv1d(width_in, width, kernel, padding=padding, dilation=dilation, groups=groups))
            if groups > 1:
                layers.append(nn.GroupNorm(groups, width))
            if groups > 1 or index == len(kernels) - 1:
                layers.append(nn.ReLU())
        norm: nn.Module = nn.GroupNorm(groups, width) if groups > 1 else nn.BatchNorm1d(width)
        self.layers = nn.Sequential(*layers, norm, nn.MaxPool1d(2), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(batch, width, t // 2)``."""
        y: Tensor = self.layers(x)
        return y


class _Branches(nn.Module):
    """Three branches side by side, halved three times; ``stages`` holds the branches of each step."""

    def __init__(self, n_leads: int, widths: Sequence[int], groups: int) -> None:
        super().__init__()
        stages, width = [], n_leads
        for index, out in enumerate(widths):
            stages.append(
                _Parallel(
                    Step(width, out, _KERNELS[index], branch[index], groups, _DROPOUT[index]) for branch in _DILATIONS
                )
            )
            width = out
        self.stages = nn.Sequential(*stages)
        self.n_channels = len(_DILATIONS) * width

    def forward(self, x: Tensor) -> Tensor:
        """Return feature maps, ``(batch, n_channels, t // 8)``."""
        y: Tensor = self.stages(x.repeat(1, len(_DILATIONS), 1))
        return y


class _Parallel(nn.ModuleList):
    """The same step of all branches, on their own parts of the channels."""

    def forward(self, x: Tensor) -> Tensor:
        parts = x.chunk(len(self), dim=1)
        return torch.cat([step(part) for step, part in zip(self, parts, strict=True)], dim=1)


class Branched(_Branches):
    """The plain multi-branch backbone."""

    def __init__(self, n_leads: int) -> None:
        super().__init__(n_leads, _WIDTHS, groups=1)


class LeadWise(_Branches):
    """The lead-wise backbone: one group a lead.

    `channels_a_lead`: in the first step; the published number for 12, 6, 4, 3 and 2 leads, 16 for any other, by
    default.
    """

    def __init__(self, n_leads: int, channels_a_lead: int | None = None) -> None:
        each = CHANNELS_A_LEAD.get(n_leads, CHANNELS_A_LEAD[12]) if channels_a_lead is None else channels_a_lead
        super().__init__(n_leads, [n_leads * each * factor for factor in (1, 2, 4)], groups=n_leads)
        self.n_leads, self.channels_a_lead = n_leads, each

    def of_leads(self, leads: Sequence[int]) -> "LeadWise":
        """Return the networks of some leads, with their weights, as a backbone that takes those leads alone.

        What it gives is what this backbone gives in the channels of these leads (`channels_of`).

        `leads`: positions among this backbone's leads.
        """
        taken = LeadWise(len(leads), self.channels_a_lead)
        own = self.state_dict()
        chosen = {key: _of_groups(value, leads, self.n_leads) for key, value in own.items()}
        taken.load_state_dict(chosen)
        return taken.train(self.training)

    def channels_of(self, leads: Sequence[int]) -> Tensor:
        """Return which of this backbone's channels belong to some leads, in the order that `of_leads` gives them."""
        numbers = torch.arange(self.n_channels).view(len(_DILATIONS), self.n_leads, -1)
        return numbers[:, list(leads)].flatten()


def _of_groups(values: Tensor, leads: Sequence[int], n_groups: int) -> Tensor:
    chosen: Tensor = values.unflatten(0, (n_groups, -1))[list(leads)].flatten(0, 1)
    return chosen.clone()
