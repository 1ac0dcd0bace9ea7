"""Normal ranges of the measurements in adults, and where a number lies against them.

The limits are those of the conventions that CardioV follows (PR 120-200 ms; QRS up to 110 ms normal, from 120 ms wide;
QTc prolonged from 450 ms in men and 460 ms in women, critical from 500 ms; QRS axis -30 to +90 degrees; critical under
40 and over 150 beats a minute, and in a pause over 3 s). Those of heart rate, P wave and voltages are named at their
place. They agree with the recommendations of the AHA, ACC and HRS of 2009 (Surawicz et al., part III, QRS and axis,
doi:10.1161/CIRCULATIONAHA.108.191095; Rautaharju et al., part IV, QT, doi:10.1161/CIRCULATIONAHA.108.191096; Hancock et
al., part V, P wave and voltages, doi:10.1161/CIRCULATIONAHA.108.191097).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cardiov_core.domain import Sex

ADULT_YEARS = 18
"""The ranges are for adults; younger patients need tables by age."""


class Flag(StrEnum):
    """Where a number lies against its range."""

    WITHIN = "within range"
    BELOW = "below range"
    ABOVE = "above range"
    DEPENDS_ON_SEX = "depends on sex"
    CRITICAL = "critical"


@dataclass(frozen=True)
class ReferenceRange:
    """Limits of one measurement; None where there is no limit on that side.

    Attributes
    ----------
    low, high : float or None
        Both still within the range, but for `high_excluded`.
    unit : str
        Of all limits.
    high_excluded : bool
        True where `high` itself is already above the range ('prolonged from 450 ms').
    critical_under, critical_over : float or None
        Critical below the one and above the other; both themselves are not.
    critical_from : float or None
        Critical at and above this.
    remark : str
        What the limits mean beyond the range: 'wide from 120 ms'.
    """

    low: float | None
    high: float | None
    unit: str
    high_excluded: bool = False
    critical_under: float | None = None
    critical_over: float | None = None
    critical_from: float | None = None
    remark: str = ""

    def flag(self, value: float) -> Flag:
        """Return where a value lies; critical takes precedence."""
        if (
            (self.critical_under is not None and value < self.critical_under)
            or (self.critical_over is not None and value > self.critical_over)
            or (self.critical_from is not None and value >= self.critical_from)
        ):
            return Flag.CRITICAL
        if self.low is not None and value < self.low:
            return Flag.BELOW
        if self.high is not None and (value > self.high or (self.high_excluded and value >= self.high)):
            return Flag.ABOVE
        return Flag.WITHIN


def _qtc(limit_ms: float) -> ReferenceRange:
    return ReferenceRange(None, limit_ms, "ms", high_excluded=True, critical_from=500, remark="critical from 500 ms")


_EITHER: Mapping[str, ReferenceRange] = MappingProxyType(
    {
        # 60-100: the usual definition of bradycardia and tachycardia in adults.
        "heart_rate_bpm": ReferenceRange(
            60, 100, "/min", critical_under=40, critical_over=150, remark="critical under 40 and over 150 /min"
        ),
        # Hancock 2009: a P wave of 120 ms or more is prolonged.
        "p_ms": ReferenceRange(None, 120, "ms", high_excluded=True),
        "pr_ms": ReferenceRange(120, 200, "ms"),
        "qrs_ms": ReferenceRange(None, 110, "ms", remark="wide from 120 ms"),
        "qrs_axis_deg": ReferenceRange(-30, 90, "\u00b0"),
        # Sokolow and Lyon 1949, in Hancock 2009: hypertrophy from 3.5 mV.
        "sokolow_lyon_mv": ReferenceRange(None, 3.5, "mV", high_excluded=True),
        "longest_pause_ms": ReferenceRange(None, None, "ms", critical_over=3000, remark="critical over 3000 ms"),
    }
)
_QTC_FIELDS = ("qtc_fridericia_ms", "qtc_bazett_ms", "qtc_framingham_ms", "qtc_hodges_ms")
# Cornell voltage: over 2.8 mV in men, over 2.0 mV in women (Casale 1985, in Hancock 2009).
_BY_SEX: Mapping[Sex, Mapping[str, ReferenceRange]] = MappingProxyType(
    {
        "male": {**dict.fromkeys(_QTC_FIELDS, _qtc(450)), "cornell_mv": ReferenceRange(None, 2.8, "mV")},
        "female": {**dict.fromkeys(_QTC_FIELDS, _qtc(460)), "cornell_mv": ReferenceRange(None, 2.0, "mV")},
    }
)


def ranges_of(field: str, sex: Sex | None = None, age: float | None = None) -> tuple[ReferenceRange, ...]:
    """Return the ranges that may hold for a patient.

    Parameters
    ----------
    field : str
        A field of `Measurements`: 'pr_ms', 'qtc_fridericia_ms' ...
    sex : {"male", "female"} or None
        As stated.
    age : float or None
        In years; unknown counts as adult, as the page says above the level.

    Returns
    -------
    tuple of ReferenceRange
        One; two (male, female) where the range depends on a sex that is not stated; none where the field has no range
        or the patient is under 18.
    """
    if age is not None and age < ADULT_YEARS:
        return ()
    if field in _EITHER:
        return (_EITHER[field],)
    sexes: tuple[Sex, ...] = ("male", "female") if sex is None else (sex,)
    return tuple(_BY_SEX[each][field] for each in sexes if field in _BY_SEX[each])


def flag(field: str, value: float, sex: Sex | None = None, age: float | None = None) -> Flag | None:
    """Return where a measurement lies against its range.

    Parameters
    ----------
    field : str
        A field of `Measurements`.
    value : float
        In the unit that the field's name states.
    sex, age : str or None, float or None
        Of the patient.

    Returns
    -------
    Flag or None
        `Flag.DEPENDS_ON_SEX` where the two sexes' ranges disagree and the sex is not stated; None without a range.
    """
    flags = {each.flag(value) for each in ranges_of(field, sex, age)}
    if not flags:
        return None
    return flags.pop() if len(flags) == 1 else Flag.DEPENDS_ON_SEX
