"""The verdict of the quality gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cardiov_core.domain.reasons import LIMB_SWAPS, Reason, first_of


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
    reasons : tuple of Reason
        Why it is not acceptable.
    measured : mapping of str to float
        What was measured: ``amplitude_mv`` (peak to peak), ``drift_mv``, ``noise_mv``, ``burst_mv``, ``hum_mv``; a
        number that the lead or its sampling rate does not allow is absent.
    """

    lead: str
    verdict: QualityVerdict
    reasons: tuple[Reason, ...] = ()
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
    reasons : tuple of Reason
        Why the record as a whole is not acceptable, and what else must be known of it.
    suggested_gain_factor : float or None
        Factor that would bring a wrong gain right (``signal * factor``); applied only when a reader confirms it.
    """

    verdict: QualityVerdict
    leads: tuple[LeadQuality, ...]
    reasons: tuple[Reason, ...] = ()
    suggested_gain_factor: float | None = None

    @property
    def limb_swap(self) -> Reason | None:
        """What says that limb electrodes look swapped; None where nothing does."""
        return first_of(self.reasons, LIMB_SWAPS)
