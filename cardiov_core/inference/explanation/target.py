"""What can be explained of a level: a level's probability, or one of the thresholds between levels."""

import numpy as np

from cardiov_core.domain import Severity
from cardiov_core.errors import ExplanationError

THRESHOLD_TARGETS: tuple[str, ...] = ("above_no", "above_low", "above_medium")
"""Targets that explain one exceedance ('why above low risk?'); a level explains its decoded probability."""

Target = int | str | None


def checked_target(target: Target) -> Target:
    """Return the target, a level as int, a threshold by name, or None for the predicted level."""
    if target is None or (isinstance(target, str) and target in THRESHOLD_TARGETS):
        return target
    if isinstance(target, int | np.integer) and not isinstance(target, bool) and int(target) in tuple(Severity):
        return int(target)
    raise ExplanationError(
        f"{target!r} cannot be explained.", f"Choose a level 0 to 3 or one of: {', '.join(THRESHOLD_TARGETS)}."
    )


def target_in_words(target: int | str) -> str:
    """Return 'level 2' or 'above low'."""
    return f"level {target}" if isinstance(target, int) else target.replace("_", " ")
