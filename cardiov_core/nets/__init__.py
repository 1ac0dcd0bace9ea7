"""The networks, by name. Pure ``torch.nn.Module``, no weights, no files."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import nn

from cardiov_core.errors import ConfigurationError
from cardiov_core.nets.cardiov import COMPACT_WIDTHS, CardioV

__all__ = ["CardioV", "NetInfo", "build_net", "list_nets"]

_CARDIOV_PAPER = "Wei et al. 2022, BMC Medical Informatics and Decision Making 22:295"


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
    """

    name: str
    paper: str
    summary: str
    n_parameters: int


@dataclass(frozen=True)
class _Family:
    build: Callable[..., nn.Module]
    paper: str
    summary: str


_FAMILIES: Mapping[str, _Family] = {
    "cardiov": _Family(CardioV, _CARDIOV_PAPER, "Table 3 as printed: 61 layers, 64 to 1024 channels, 16 groups."),
    "cardiov-compact": _Family(
        partial(CardioV, widths=COMPACT_WIDTHS, groups=None),
        _CARDIOV_PAPER,
        "The same 61 layers, a quarter of the width, groups of 16 channels.",
    ),
}


def build_net(name: str, n_leads: int = 12, n_outputs: int = 3, **arguments: Any) -> nn.Module:
    """Build a network with fresh weights.

    Parameters
    ----------
    name : str
        One of `list_nets`.
    n_leads, n_outputs : int
        Input channels and logits.
    **arguments
        What the family takes beyond that: widths, blocks, groups, dropout ...

    Returns
    -------
    torch.nn.Module
        ``(batch, n_leads, samples) -> (batch, n_outputs)``.

    Raises
    ------
    ConfigurationError
        If there is no network of that name, or it does not take the arguments.
    """
    if name not in _FAMILIES:
        raise ConfigurationError(f"There is no network named {name!r}.", f"Choose one of: {', '.join(_FAMILIES)}.")
    try:
        return _FAMILIES[name].build(n_leads, n_outputs, **arguments)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"The network {name!r} cannot be built with {arguments}: {error}.",
            "See the arguments of cardiov_core.nets.CardioV.",
        ) from error


def list_nets() -> tuple[NetInfo, ...]:
    """Return all networks, the paper's first."""
    return tuple(
        NetInfo(name, family.paper, family.summary, sum(p.numel() for p in family.build(12, 3).parameters()))
        for name, family in _FAMILIES.items()
    )
