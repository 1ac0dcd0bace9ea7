"""How things are counted and listed in sentences."""

from collections.abc import Sequence


def how_many(n: int, noun: str) -> str:
    """Write '1 file' or '3 files'."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Write 'I', 'I and II' or 'I, II and V3'; nothing of none."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
