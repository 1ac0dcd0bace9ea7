"""Sentences and small words that every report and page says alike."""

from cardiov_core.domain import Severity

RESEARCH_USE = (
    "Research software. Not a medical device. Not for diagnostic use. A qualified clinician must read the ECG."
)
"""Stands on every page, on screen and on paper (docs/clinical.md, 18)."""

EXCEEDANCE_NAMES: tuple[str, str, str] = ("above no risk", "above low risk", "above medium risk")
"""What the three outputs mean, in their order."""


def wording(level: Severity) -> str:
    """Return the sentence that goes with a level; a low level never reads healthy (docs/clinical.md, 18).

    Parameters
    ----------
    level : Severity
        The level on show.

    Returns
    -------
    str
        One sentence.
    """
    if level <= Severity.LOW_RISK:
        return "A low level does not rule out disease."
    return "May suggest need for prompt review by a cardiologist."
