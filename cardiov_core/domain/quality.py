"""The verdict of the quality gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class QualityVerdict(StrEnum):
    """Verdict of the quality gate (three states)."""

    ACCEPTABLE = "acceptable"
    LIMITED = "limited"
    NOT_ANALYSABLE = "not analysable"


@dataclass(frozen=True)
class LeadQuality:
    """Quality of one lead.

    Attributes
    ----------
    lead : str
        A standard lead.
    verdict : QualityVerdict
        'not analysable' for a lead that is dead or missing, 'limited' for one to be read with care.
    reasons : tuple of str
        Why it is not acceptable, in whole sentences.
    measured : mapping of str to float
        What was measured: ``amplitude_mv`` (peak to peak), ``drift_mv``, ``noise_mv``, ``burst_mv``, ``hum_mv``; a
        number that the lead or its sampling rate does not allow is absent.
    """

    lead: str
    verdict: QualityVerdict
    reasons: tuple[str, ...] = ()
    measured: Mapping[str, float] = field(default_factory=dict)


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
        Why the record as a whole is not acceptable, and what else must be known of it, in whole sentences.
    suggested_gain_factor : float or None
        Factor that would bring a wrong gain right (``signal * factor``); applied only when a reader confirms it.
    """

    verdict: QualityVerdict
    leads: tuple[LeadQuality, ...]
    reasons: tuple[str, ...] = ()
    suggested_gain_factor: float | None = None
