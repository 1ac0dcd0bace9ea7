"""The verdict of the quality gate."""

from dataclasses import dataclass
from enum import StrEnum


class QualityVerdict(StrEnum):
    """Verdict of the quality gate (three states)."""

    ACCEPTABLE = "acceptable"
    LIMITED = "limited"
    NOT_ANALYSABLE = "not analysable"


@dataclass(frozen=True)
class LeadQuality:
    """Quality of one lead: verdict and the reasons for it."""

    lead: str
    verdict: QualityVerdict
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quality:
    """Quality of a record.

    Attributes
    ----------
    verdict : QualityVerdict
        'not analysable' withholds the level.
    leads : tuple of LeadQuality
        One for each standard lead, missing ones included.
    reasons : tuple of str
        Why the record as a whole is not acceptable, in whole sentences.
    suggested_gain_factor : float or None
        Factor that would bring a wrong gain right (``signal * factor``); applied only when a reader confirms it.
    """

    verdict: QualityVerdict
    leads: tuple[LeadQuality, ...]
    reasons: tuple[str, ...] = ()
    suggested_gain_factor: float | None = None
