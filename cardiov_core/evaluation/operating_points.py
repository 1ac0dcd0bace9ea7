"""What a grade means as an alarm: sensitivity, specificity and predictive values at a level or higher."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cardiov_core.domain import IntArray, Severity
from cardiov_core.errors import ConfigurationError

OPERATING_POINTS: Mapping[str, Severity] = MappingProxyType(
    {"medium_or_higher": Severity.MEDIUM_RISK, "high": Severity.HIGH_RISK}
)
"""Name of an operating point -> the lowest level that counts as an alarm."""


@dataclass(frozen=True)
class Alarm:
    """Counts of one operating point."""

    # Positive: the label is at this level or higher; true: so is the grade.
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def prevalence(self) -> float:
        """Share of records at this level or higher by label."""
        n = self.true_positive + self.false_positive + self.false_negative + self.true_negative
        return _share(self.true_positive + self.false_negative, n)

    @property
    def sensitivity(self) -> float:
        """Share of the positive records that raise the alarm; NaN without one."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        """Share of the negative records that raise none; NaN without one."""
        return _share(self.true_negative, self.true_negative + self.false_positive)

    @property
    def ppv(self) -> float:
        """Share of the alarms that are right, at the data's prevalence; NaN without an alarm."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def npv(self) -> float:
        """Share of the silences that are right, at the data's prevalence; NaN without one."""
        return _share(self.true_negative, self.true_negative + self.false_negative)

    def predictive_values_at(self, prevalence: float) -> tuple[float, float]:
        """Return PPV and NPV where another share of the records is positive (Bayes' theorem).

        Sensitivity and specificity are taken to be the same there, which holds only where the positive records are as
        grave as here.

        `prevalence`: share of positive records, between 0 and 1.
        """
        check_prevalence(prevalence)
        right, wrong = self.sensitivity * prevalence, (1 - self.specificity) * (1 - prevalence)
        quiet, missed = self.specificity * (1 - prevalence), (1 - self.sensitivity) * prevalence
        return _share(right, right + wrong), _share(quiet, quiet + missed)


def check_prevalence(prevalence: float) -> None:
    """Refuse a prevalence that is no share."""
    if not 0.0 < prevalence < 1.0:
        raise ConfigurationError(
            f"A prevalence of {prevalence:g} leaves nothing to predict.", "Give a share between 0 and 1."
        )


def alarm_at(confusion: IntArray, level: Severity) -> Alarm:
    """Return the counts of the alarm 'this level or higher' from a confusion matrix whose rows are labels."""
    cut = int(level)
    return Alarm(
        true_positive=int(confusion[cut:, cut:].sum()),
        false_positive=int(confusion[:cut, cut:].sum()),
        false_negative=int(confusion[cut:, :cut].sum()),
        true_negative=int(confusion[:cut, :cut].sum()),
    )


def missed_high_risk(confusion: IntArray) -> tuple[int, int]:
    """Return how many high-risk records are graded no or low risk, and how many high-risk records there are."""
    row = confusion[Severity.HIGH_RISK]
    return int(row[: Severity.MEDIUM_RISK].sum()), int(row.sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
