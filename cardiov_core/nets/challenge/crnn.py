"""The framework of team Revenger (Kang and Wen 2022, doi:10.1088/1361-6579/ac6aa4): backbone, LSTM, attention, layers.

A convolutional backbone; optionally two bidirectional LSTM layers of 192 units with dropout of 0.2; optionally
squeeze-and-excitation; global max pooling; one linear layer, or two with 1024 units and Mish between them. Every
row of the paper's Table 5 has its number of parameters to the last one.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, TypedDict

from torch import Tensor, nn

from cardiov_core.nets.challenge.branched import Branched, LeadWise
from cardiov_core.nets.challenge.resnet_nc import ResNetNC
from cardiov_core.nets.challenge.tresnet import FEMTO, NANO, PICO, TResNet
from cardiov_core.nets.shared.channel_attention import GlobalContext, SqueezeExcitation
from cardiov_core.nets.shared.feature_net import FeatureNet

_UNITS, _LSTM_DROPOUT, _HIDDEN, _RATIO = 192, 0.2, 1024, 8

Attention = Literal["none", "se", "gc"]


class CrnnParts(TypedDict):
    """What stands behind a backbone: arguments of `Crnn`."""

    lstm: bool
    attention: Attention
    n_linear: int


BACKBONES: Mapping[str, Callable[[int], nn.Module]] = {
    "resnet_nc_se": ResNetNC,
    "resnet_nc_bs": partial(ResNetNC, bottleneck=True),
    "resnet_nc_bg": partial(ResNetNC, bottleneck=True, attention="gc"),
    "tresnet_n": partial(TResNet, size=NANO),
    "tresnet_p": partial(TResNet, size=PICO),
    "tresnet_f": partial(TResNet, size=FEMTO),
    "branched": Branched,
    "branched_lw": LeadWise,
}
"""Each takes the number of leads and has ``n_channels`` and ``stages``."""


class LongRange(nn.Module):
    """Two bidirectional LSTM layers on feature maps, ``(batch, c, t) -> (batch, 384, t)``."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.cells = nn.LSTM(
            n_channels, _UNITS, num_layers=2, batch_first=True, bidirectional=True, dropout=_LSTM_DROPOUT
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs at all times."""
        outputs: Tensor = self.cells(x.transpose(1, 2))[0]
        return outputs.transpose(1, 2)


class Crnn(FeatureNet):
    """A network of the framework.

    `backbone`: one of `BACKBONES`. `n_linear`: linear layers, 1 or 2. `channels_a_lead`: of the lead-wise backbone's
    first step, in place of the published number.
    """

    def __init__(
        self,
        n_leads: int = 12,
        n_outputs: int = 26,
        *,
        backbone: str = "resnet_nc_se",
        lstm: bool = False,
        attention: Attention = "none",
        n_linear: int = 1,
        channels_a_lead: int | None = None,
    ) -> None:
        super().__init__()
        if n_linear not in (1, 2) or backbone not in BACKBONES:
            raise ValueError(f"n_linear must be 1 or 2 and backbone one of {', '.join(BACKBONES)}")
        if channels_a_lead is not None and backbone != "branched_lw":
            raise ValueError("channels_a_lead goes with the backbone branched_lw")
        self._parts: CrnnParts = {"lstm": lstm, "attention": attention, "n_linear": n_linear}
        lead_wise = partial(LeadWise, channels_a_lead=channels_a_lead)
        self.backbone = (lead_wise if backbone == "branched_lw" else BACKBONES[backbone])(n_leads)
        width = int(self.backbone.n_channels)  # type: ignore[arg-type]
        self.recurrent: nn.Module = LongRange(width) if lstm else nn.Identity()
        width = 2 * _UNITS if lstm else width
        kinds = {"se": SqueezeExcitation, "gc": GlobalContext}
        self.attention: nn.Module = nn.Identity() if attention == "none" else kinds[attention](width, _RATIO)
        self.hidden: nn.Module = nn.Identity()
        if n_linear == 2:
            self.hidden = nn.Sequential(nn.Linear(width, _HIDDEN), nn.Mish())
            width = _HIDDEN
        self.dense = nn.Linear(width, n_outputs)

    def of_leads(self, leads: Sequence[int]) -> "Crnn | None":
        """Return a network of some leads that begins with their part of this one's lead-wise backbone.

        What stands behind the backbone begins anew, since it has fewer channels (the paper's section 3.3). None where
        the backbone is not lead-wise.

        `leads`: positions among this network's leads.
        """
        if not isinstance(self.backbone, LeadWise):
            return None
        each = self.backbone.channels_a_lead
        part = Crnn(len(leads), self.dense.out_features, backbone="branched_lw", channels_a_lead=each, **self._parts)
        part.backbone = self.backbone.of_leads(leads)
        return part

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        """The end of each stage of the backbone."""
        stages: nn.Module = self.backbone.get_submodule("stages")
        return tuple(stages.children())

    def features(self, x: Tensor) -> Tensor:
        """Return the pooled features, behind the first of two linear layers where there are two."""
        pooled = self.attention(self.recurrent(self.backbone(x))).amax(dim=-1)
        hidden: Tensor = self.hidden(pooled)
        return hidden
