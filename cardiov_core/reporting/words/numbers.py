"""Numbers in words: figures, shares, intervals, p-values."""

from collections.abc import Sequence

NOT_DEFINED = "not defined"
"""Instead of a number that the records do not define."""


def number(value: float | None, digits: int = 3) -> str:
    """Write a figure: '0.491', or that the records do not define it."""
    return NOT_DEFINED if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Write a share as per cent: '56.5 %', or that the records do not define it."""
    return NOT_DEFINED if value is None else f"{100 * value:.1f}\u2009%"


def limits(interval: Sequence[float] | None, *, as_percent: bool = False) -> str:
    """Write an interval: '0.413 to 0.566'; 'no interval' where there is none."""
    if interval is None:
        return "no interval"
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f}\u2009%" if as_percent else f"{low:.3f} to {high:.3f}"


def p_words(p_value: float | None) -> str:
    """Write a p-value: '0.032', '< 0.001', or that there is none."""
    if p_value is None:
        return NOT_DEFINED
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
