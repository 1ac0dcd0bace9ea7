"""Sentences and small words that every report and page says alike."""

from cardiov_core.domain import Severity
from cardiov_core.reporting.words.levels import THIN_SPACE

RESEARCH_USE = (
    "Research software. Not a medical device. Not for diagnostic use. A qualified clinician must read the ECG."
)
"""Stands on every page, on screen and on paper (CLINICAL conventions, 18)."""

EXCEEDANCE_NAMES: tuple[str, str, str] = ("above no risk", "above low risk", "above medium risk")
"""What the three outputs mean, in their order."""

OLDEST_STATED_AGE = 89
"""PTB-XL codes every age above it as 300, so that such patients cannot be told apart."""


def wording(level: Severity) -> str:
    """Return the sentence that goes with a level; a low level never reads healthy (CLINICAL conventions, 18).

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


def age_words(age: float | None) -> str:
    """Write an age: '61 y', '90 or over', 'age not stated' (CLINICAL conventions, 15).

    Parameters
    ----------
    age : float or None
        In years.

    Returns
    -------
    str
        Words for a report.
    """
    if age is None:
        return "age not stated"
    return "90 or over" if age > OLDEST_STATED_AGE else f"{age:.0f}{THIN_SPACE}y"
