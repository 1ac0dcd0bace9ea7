"""The networks, by name. Pure ``torch.nn.Module``, no weights, no files."""

from cardiov_core.nets.cardiov import CardioV
from cardiov_core.nets.registry import (
    InputUse,
    NetInfo,
    build_net,
    count_flops,
    count_parameters,
    flops_of,
    list_nets,
    net_info,
)
from cardiov_core.nets.shared.feature_net import FeatureNet, Windows

__all__ = [
    "CardioV",
    "FeatureNet",
    "InputUse",
    "NetInfo",
    "Windows",
    "build_net",
    "count_flops",
    "count_parameters",
    "flops_of",
    "list_nets",
    "net_info",
]
