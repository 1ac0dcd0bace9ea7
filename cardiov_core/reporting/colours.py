"""Colours of ECG paper on a light and on a dark ground, and the one ramp of attention."""

from dataclasses import dataclass

ATTENTION = "#56B4E9"
"""Full attention; the ramp starts at the bare paper, so that the grid stays visible where attention is low."""

ATTENTION_SCALE: tuple[tuple[float, str], ...] = ((0.0, "rgba(86, 180, 233, 0)"), (1.0, "rgba(86, 180, 233, 1)"))


@dataclass(frozen=True)
class PaperColours:
    """Colours of one theme."""

    # The paper itself, its 1 mm and 5 mm lines, and the ink.
    paper: str
    minor_grid: str
    major_grid: str
    trace: str
    muted: str  # footer and remarks
    veil: str  # translucent paper behind the name of a lead, so that bands and lines leave it readable


LIGHT = PaperColours("#FFFFFF", "#F7D4D4", "#E8A0A0", "#111111", "#5A5A5A", "rgba(255, 255, 255, 0.6)")
"""Light paper; the first four are fixed for contrast (trace 13.8:1 and 9.0:1 against the grids)."""

DARK = PaperColours("#14181D", "#2B2529", "#55393F", "#F2F2F2", "#A9B0B8", "rgba(20, 24, 29, 0.6)")
"""Dark ground with dim red lines."""


def colours(*, dark: bool) -> PaperColours:
    """Return the colours of the chosen theme."""
    return DARK if dark else LIGHT
