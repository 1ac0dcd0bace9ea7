"""How a level looks and reads: colour, shape and word together, never colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cardiov_core.domain import Severity

THIN_SPACE = "\u2009"


@dataclass(frozen=True)
class LevelStyle:
    """Look of one level."""

    word: str  # 'No risk' to 'High risk'
    shape: Literal["circle", "triangle", "square", "diamond"]  # shape of the badge
    colour: str  # ground of the badge
    text_colour: str
    symbol: str  # the shape as a character, for places that cannot draw


LEVEL_STYLES: Mapping[Severity, LevelStyle] = MappingProxyType(
    {
        Severity.NO_RISK: LevelStyle("No risk", "circle", "#0072B2", "#FFFFFF", "\u25cf"),
        Severity.LOW_RISK: LevelStyle("Low risk", "triangle", "#F0E442", "#111111", "\u25b2"),
        Severity.MEDIUM_RISK: LevelStyle("Medium risk", "square", "#E69F00", "#111111", "\u25a0"),
        Severity.HIGH_RISK: LevelStyle("High risk", "diamond", "#D55E00", "#111111", "\u25c6"),
    }
)
"""The four levels; colours from the palette of Okabe and Ito, which colour-blind readers can tell apart."""


def whole_percent(probability: float) -> str:
    """Write a probability as whole per cent with a thin space; '<1 %' and '>99 %' at the ends.

    Parameters
    ----------
    probability : float
        Between 0 and 1.

    Returns
    -------
    str
        For example '64 %'.
    """
    if probability < 0.01:
        return f"<1{THIN_SPACE}%"
    if probability > 0.99:
        return f">99{THIN_SPACE}%"
    return f"{round(100 * probability)}{THIN_SPACE}%"
