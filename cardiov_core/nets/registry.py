"""The networks by name: who published them, what they are fed, how many parameters and operations they have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cardiov_core.errors import ConfigurationError
from cardiov_core.nets.benchmark.deep_conv import DeepConvNet
from cardiov_core.nets.benchmark.inception import Inception1d
from cardiov_core.nets.benchmark.naive import Naive
from cardiov_core.nets.benchmark.recurrent import Recurrent
from cardiov_core.nets.benchmark.resnet import ResNet1d, WideResNet1d
from cardiov_core.nets.benchmark.wang import FcnWang, ResNet1dWang
from cardiov_core.nets.benchmark.wavelet import WaveletNN
from cardiov_core.nets.benchmark.xresnet import XResNet1d
from cardiov_core.nets.cardiov import COMPACT_WIDTHS, CardioV
from cardiov_core.nets.challenge.crnn import Crnn, CrnnParts
from cardiov_core.nets.challenge.triology import Triology
from cardiov_core.nets.shared.feature_net import FeatureNet, Windows
from cardiov_core.nets.state_space import StateSpace

_CARDIOV_PAPER = "Wei et al. 2022, BMC Medical Informatics and Decision Making 22:295"
_BENCHMARK_PAPER = "Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989"
_TRIOLOGY_PAPER = "Team Triology, Computing in Cardiology 2020"
_REVENGER_PAPER = "Kang and Wen 2022 (team Revenger), doi:10.1088/1361-6579/ac6aa4"
_STATE_SPACE_PAPER = "Mehari and Strodthoff 2022, arXiv:2211.07579"


@dataclass(frozen=True)
class InputUse:
    """What the publication feeds a network."""

    sampling_rate_hz: float  # rate of the signal
    window_s: float  # length of a window in seconds
    preparation: str  # what is done to the signal, in words

    @property
    def n_samples(self) -> int:
        """Samples of a window."""
        return round(self.sampling_rate_hz * self.window_s)


@dataclass(frozen=True)
class NetInfo:
    """What there is to know of a network before it is built.

    Attributes
    ----------
    name : str
        For `build_net`.
    paper : str
        The source.
    summary : str
        One sentence.
    n_parameters : int
        With 12 leads and 3 outputs.
    published : str
        The publication's figure with what it was measured on; empty where there is none.
    input_use : InputUse
        What the publication feeds it.
    """

    name: str
    paper: str
    summary: str
    n_parameters: int
    published: str
    input_use: InputUse


@dataclass(frozen=True)
class _Family:
    build: Callable[..., nn.Module]
    paper: str
    summary: str
    input_use: InputUse
    published: str = ""


_AS_RECORDED = InputUse(100.0, 2.5, "as recorded")
_CARDIOV_USE = InputUse(500.0, 10.0, "band-pass 0.5-45 Hz")
_CHALLENGE_USE = InputUse(500.0, 10.0, "band-pass 0.5-60 Hz (FIR), z-score")

_TABLE_5: Mapping[str, tuple[str, Mapping[str, float | None]]] = {
    "resnet_nc_se": (
        "Ribeiro's residual network with squeeze-and-excitation",
        {"": 0.683, "-2linear": 0.673, "-se-2linear": 0.674, "-lstm-se-2linear": 0.687},
    ),
    "resnet_nc_bs": (
        "its bottlenecks with squeeze-and-excitation",
        {
            "": 0.716,
            "-2linear": 0.700,
            "-se": 0.712,
            "-se-2linear": 0.702,
            "-lstm": 0.710,
            "-lstm-2linear": 0.713,
            "-lstm-se": 0.708,
            "-lstm-se-2linear": 0.708,
        },
    ),
    # The paper plots its figures and prints none.
    "resnet_nc_bg": ("its bottlenecks with global context", {"": None, "-lstm-se-2linear": None}),
    "tresnet_n": ("TResNet, nano", {"": 0.674, "-lstm-se-2linear": 0.703}),
    "tresnet_p": ("TResNet, pico", {"": 0.658, "-lstm-se-2linear": 0.700}),
    "tresnet_f": ("TResNet, femto, separable convolutions", {"": 0.643, "-lstm-se-2linear": 0.679}),
    "branched": ("three branches of dilated convolutions", {"": 0.647, "-lstm-se-2linear": 0.698}),
    "branched_lw": ("the same, lead by lead", {"": 0.654, "-lstm-se-2linear": 0.699}),
}
"""Backbone -> what it is, and the rows of the paper's Table 5 by what stands behind the backbone."""


def _benchmark(build: Callable[..., nn.Module], summary: str, published: str = "") -> _Family:
    figure = f"macro AUC {published} on PTB-XL, all 71 statements" if published else ""
    return _Family(build, _BENCHMARK_PAPER, summary, _AS_RECORDED, figure)


def _challenge() -> dict[str, _Family]:
    families = {}
    for backbone, (summary, rows) in _TABLE_5.items():
        for parts, score in rows.items():
            chosen: CrnnParts = {
                "lstm": "-lstm" in parts,
                "attention": "se" if "-se" in parts else "none",
                "n_linear": 2 if "2linear" in parts else 1,
            }
            behind = ", ".join(part for part in parts.split("-") if part) or "one linear layer"
            published = f"score {score:.3f} on its own validation part of CinC 2021" if score is not None else ""
            families[backbone + parts] = _Family(
                partial(Crnn, backbone=backbone, **chosen),
                _REVENGER_PAPER,
                f"{summary[0].upper()}{summary[1:]}; {behind}.",
                _CHALLENGE_USE,
                published,
            )
    return families


_FAMILIES: Mapping[str, _Family] = {
    "cardiov": _Family(
        CardioV, _CARDIOV_PAPER, "Table 3 as printed: 61 layers, 64 to 1024 channels, 16 groups.", _CARDIOV_USE
    ),
    "cardiov-compact": _Family(
        partial(CardioV, widths=COMPACT_WIDTHS, groups=None),
        _CARDIOV_PAPER,
        "The same 61 layers, a quarter of the width, groups of 16 channels.",
        replace(_CARDIOV_USE, sampling_rate_hz=100.0),
    ),
    "fcn_wang": _benchmark(FcnWang, "Three convolutions.", ".918"),
    "resnet1d_wang": _benchmark(ResNet1dWang, "Three residual blocks of 128 channels.", ".919"),
    "resnet1d18": _benchmark(ResNet1d, "Eight basic blocks of 128 channels."),
    "resnet1d34": _benchmark(partial(ResNet1d, blocks=(3, 4, 6, 3)), "Sixteen basic blocks of 128 channels."),
    "resnet1d50": _benchmark(
        partial(ResNet1d, blocks=(3, 4, 6, 3), bottleneck=True), "Sixteen bottlenecks of 512 channels."
    ),
    "resnet1d101": _benchmark(
        partial(ResNet1d, blocks=(3, 4, 23, 3), bottleneck=True), "Thirty-three bottlenecks of 512 channels."
    ),
    "wrn1d_22": _benchmark(WideResNet1d, "Nine blocks of 16 channels that normalise before they convolve."),
    "schirrmeister": _benchmark(DeepConvNet, "Five convolutions with pooling by 3."),
    "xresnet1d18": _benchmark(
        partial(XResNet1d, blocks=(2, 2, 2, 2), bottleneck=False), "Eight basic blocks of 64 channels."
    ),
    "xresnet1d34": _benchmark(
        partial(XResNet1d, blocks=(3, 4, 6, 3), bottleneck=False), "Sixteen basic blocks of 64 channels."
    ),
    "xresnet1d50": _benchmark(partial(XResNet1d, blocks=(3, 4, 6, 3)), "Sixteen bottlenecks of 256 channels."),
    "xresnet1d101": _benchmark(
        partial(XResNet1d, blocks=(3, 4, 23, 3)), "Thirty-three bottlenecks of 256 channels.", ".925"
    ),
    "xresnet1d152": _benchmark(partial(XResNet1d, blocks=(3, 8, 36, 3)), "Fifty bottlenecks of 256 channels."),
    "inception1d": _benchmark(Inception1d, "Six modules of kernels of 39, 19 and 9 samples side by side.", ".925"),
    "lstm": _benchmark(Recurrent, "Two layers of 256 units.", ".907"),
    "lstm_bidir": _benchmark(partial(Recurrent, bidirectional=True), "Two layers of 256 units per direction.", ".914"),
    "gru": _benchmark(partial(Recurrent, kind="gru"), "Two layers of 256 gated units."),
    "gru_bidir": _benchmark(
        partial(Recurrent, kind="gru", bidirectional=True), "Two layers of 256 gated units per direction."
    ),
    "wavelet_nn": _benchmark(WaveletNN, "One hidden layer on 864 statistics of wavelet coefficients.", ".849"),
    "naive": _benchmark(Naive, "The frequencies of the outputs, whatever the signal.", ".500"),
    "triology": _Family(
        Triology,
        _TRIOLOGY_PAPER,
        "ResNet-18 of two dilations, blurred pooling, age and sex.",
        InputUse(80.0, 2.5, "mean of each lead removed"),
        "score .328 on its own validation part of CinC 2020",
    ),
    **_challenge(),
    "s4d": _Family(
        StateSpace,
        _STATE_SPACE_PAPER,
        "Four layers of diagonal state spaces, both directions, 128 channels.",
        _AS_RECORDED,
        "macro AUC .941 on PTB-XL, all 71 statements (S4, 512 channels)",
    ),
}


def build_net(name: str, n_leads: int = 12, n_outputs: int = 3, **arguments: object) -> nn.Module:
    """Build a network with fresh weights.

    Parameters
    ----------
    name : str
        One of `list_nets`.
    n_leads, n_outputs : int
        Input channels and logits.
    **arguments
        What the family takes beyond that: widths, blocks, groups, dropout ...; and ``windows``, a mapping with the
        fields of `cardiov_core.nets.shared.feature_net.Windows`, where longer records are read in windows.

    Returns
    -------
    torch.nn.Module
        ``(batch, n_leads, samples) -> (batch, n_outputs)``.

    Raises
    ------
    ConfigurationError
        If there is no network of that name, or it does not take the arguments.
    """
    family = _family(name)
    given = dict(arguments)
    windows = given.pop("windows", None)
    try:
        net = family.build(n_leads, n_outputs, **given)
        if windows is not None and isinstance(net, FeatureNet):
            if not isinstance(windows, Mapping):
                raise TypeError("windows are no mapping")
            net.windows = Windows(**windows)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"The network {name!r} cannot be built with {arguments}: {error}.",
            "See the arguments of its class in cardiov_core.nets.",
        ) from error
    return net


def list_nets() -> tuple[NetInfo, ...]:
    """Return all networks, the paper's first."""
    return tuple(_described(name) for name in _FAMILIES)


def net_info(name: str) -> NetInfo:
    """Return what there is to know of one network.

    Raises
    ------
    ConfigurationError
        If there is no network of that name.
    """
    _family(name)
    return _described(name)


def count_parameters(net: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in net.parameters())


def count_flops(net: nn.Module, n_leads: int, n_samples: int) -> int:
    """Return the floating-point operations of one window: convolutions, matrix products and recurrent layers.

    A multiplication and an addition are two. Fourier transforms, normalisations and activations are left out.

    Parameters
    ----------
    net : torch.nn.Module
        It is left in evaluation mode.
    n_leads, n_samples : int
        Shape of the window.
    """
    layers = [module for module in net.modules() if isinstance(module, nn.RNNBase)]
    where = next((parameter.device for parameter in net.parameters()), torch.device("cpu"))
    window = torch.zeros(1, n_leads, n_samples, device=where)
    recurrent = 0

    def counted(layer: nn.RNNBase, x: torch.Tensor) -> tuple[torch.Tensor, None]:
        nonlocal recurrent
        weights = sum(value.numel() for name, value in layer.named_parameters() if name.startswith("weight"))
        recurrent += 2 * weights * x.shape[1]
        return x.new_zeros(len(x), x.shape[1], layer.hidden_size * (2 if layer.bidirectional else 1)), None

    try:
        for layer in layers:
            # The counter does not know the fused kernels of recurrent layers: counted by their weights instead.
            layer.forward = partial(counted, layer)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            net.eval()(window)
    finally:
        for layer in layers:
            del layer.forward
    return int(counter.get_total_flops()) + recurrent


@cache
def flops_of(name: str, n_leads: int = 12) -> int:
    """Return the floating-point operations of a named network on one window as its publication cuts it.

    Raises
    ------
    ConfigurationError
        If there is no network of that name.
    """
    with torch.device("meta"):
        return count_flops(build_net(name, n_leads), n_leads, _family(name).input_use.n_samples)


def _family(name: str) -> _Family:
    if name not in _FAMILIES:
        raise ConfigurationError(f"There is no network named {name!r}.", f"Choose one of: {', '.join(_FAMILIES)}.")
    return _FAMILIES[name]


@cache
def _described(name: str) -> NetInfo:
    family = _FAMILIES[name]
    # On the meta device parameters have shapes and no memory.
    with torch.device("meta"):
        n_parameters = count_parameters(family.build(12, 3))
    return NetInfo(name, family.paper, family.summary, n_parameters, family.published, family.input_use)
