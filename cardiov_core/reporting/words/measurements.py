"""Measurements as rows for readers: name, value with unit, normal range, flag in words and shape, remarks."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cardiov_core.domain import STANDARD_LEADS, Measurements, Sex
from cardiov_core.reporting.words.levels import THIN_SPACE
from cardiov_core.signals import Flag, ReferenceRange, flag, ranges_of

MINUS = "\u2212"
NOT_MEASURABLE = "not measurable"

FLAG_SYMBOLS: Mapping[Flag, str] = MappingProxyType(
    {
        Flag.WITHIN: "\u25cb",
        Flag.BELOW: "\u25bc",
        Flag.ABOVE: "\u25b2",
        Flag.DEPENDS_ON_SEX: "\u25c7",
        Flag.CRITICAL: "\u25c6",
    }
)
"""Shape of each flag: a flag is read without colour."""

RANGES_NOTE = (
    "Ranges for adults by the recommendations of the AHA, ACC and HRS (2009). Intervals and axes are measured over all "
    "leads on the median beat; the display filter does not touch them."
)


@dataclass(frozen=True)
class Quantity:
    """How a field of `Measurements` is written: its name, its unit, and its decimals."""

    field: str
    name: str
    unit: str
    decimals: int = 0


QUANTITIES: tuple[Quantity, ...] = (
    Quantity("heart_rate_bpm", "Heart rate", "/min"),
    Quantity("p_ms", "P duration", "ms"),
    Quantity("pr_ms", "PR interval", "ms"),
    Quantity("qrs_ms", "QRS duration", "ms"),
    Quantity("qt_ms", "QT interval", "ms"),
    Quantity("qtc_fridericia_ms", "QTc, Fridericia", "ms"),
    Quantity("qtc_bazett_ms", "QTc, Bazett", "ms"),
    Quantity("qtc_framingham_ms", "QTc, Framingham", "ms"),
    Quantity("qtc_hodges_ms", "QTc, Hodges", "ms"),
    Quantity("p_axis_deg", "P axis", "\u00b0"),
    Quantity("qrs_axis_deg", "QRS axis", "\u00b0"),
    Quantity("t_axis_deg", "T axis", "\u00b0"),
    Quantity("sokolow_lyon_mv", "Sokolow-Lyon voltage (S V1 + R V5 or V6)", "mV", 2),
    Quantity("cornell_mv", "Cornell voltage (R aVL + S V3)", "mV", 2),
    Quantity("longest_pause_ms", "Longest RR interval", "ms"),
)
"""In the order of the table; Fridericia first among the corrected QT intervals."""


@dataclass(frozen=True)
class MeasurementRow:
    """One line of the table.

    Attributes
    ----------
    name : str
        What was measured.
    value : str
        The number with its unit, or 'not measurable: reason'.
    normal : str
        The normal range in words; empty where there is none in use.
    flag : Flag or None
        Where the number lies; None without number or range.
    note : str
        What to know about the number.
    missing : str or None
        Why there is no number, empty where that is not known; None where there is one.
    """

    name: str
    value: str
    normal: str = ""
    flag: Flag | None = None
    note: str = ""
    missing: str | None = None

    @property
    def short(self) -> str:
        """The value without the reason why there is none."""
        return self.value if self.missing is None else NOT_MEASURABLE

    @property
    def flag_text(self) -> str:
        """Shape and word of the flag; empty without one."""
        return "" if self.flag is None else f"{FLAG_SYMBOLS[self.flag]} {self.flag.value}"


def measurement_rows(
    measurements: Measurements, sex: Sex | None = None, age: float | None = None
) -> tuple[MeasurementRow, ...]:
    """Return all measurements as rows, those that could not be made included.

    Parameters
    ----------
    measurements : Measurements
        What was measured.
    sex : {"male", "female"} or None
        Of the patient; decides the limits of QTc and Cornell voltage.
    age : float or None
        Of the patient, in years; no ranges under 18.
    """
    rows = [_row(quantity, measurements, sex, age) for quantity in QUANTITIES]
    rows.insert(len(rows) - 1, _rhythm(measurements))
    return tuple(rows)


def number(value: float, unit: str, decimals: int = 0, *, signed: bool = False) -> str:
    """Write a number with a thin space and its unit; degrees stand without the space.

    Parameters
    ----------
    value : float
        To write.
    unit : str
        Behind it.
    decimals : int
        Behind the point.
    signed : bool
        Write a plus before positive numbers, for differences.
    """
    rounded = round(value, decimals) + 0.0
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):.{decimals}f}{'' if unit == chr(176) else THIN_SPACE}{unit}".rstrip(THIN_SPACE)


def value_text(quantity: Quantity, measurements: Measurements) -> str:
    """Write one measurement, or why there is none."""
    value = value_of(quantity, measurements)
    if value is not None:
        return number(value, quantity.unit, quantity.decimals)
    return _unmeasured(measurements, quantity.field)


def value_of(quantity: Quantity, measurements: Measurements) -> float | None:
    """Return one measurement as a number; None where it could not be made."""
    value: float | None = getattr(measurements, quantity.field)
    return value


def rhythm_text(measurements: Measurements) -> str:
    """Say whether the rhythm is regular, or why that is unknown."""
    if measurements.regular is None:
        return _unmeasured(measurements, "regular")
    return "regular" if measurements.regular else "irregular"


def lead_rows(measurements: Measurements) -> tuple[tuple[str, str, str, str], ...]:
    """Return ST level, R and S amplitude of each standard lead: name and three numbers in mV.

    Parameters
    ----------
    measurements : Measurements
        A lead without a number reads 'not measurable'.
    """

    def _mv(values: Mapping[str, float], lead: str, *, signed: bool = False) -> str:
        return number(values[lead], "mV", 2, signed=signed) if lead in values else NOT_MEASURABLE

    return tuple(
        (
            lead,
            _mv(measurements.st_mv, lead, signed=True),
            _mv(measurements.r_mv, lead),
            _mv(measurements.s_mv, lead),
        )
        for lead in STANDARD_LEADS
    )


def lead_remark(measurements: Measurements) -> str:
    """Say why amplitudes are missing, where all of them miss for one reason."""
    return next(
        (measurements.not_measurable[key] for key in ("st_mv", "r_mv") if key in measurements.not_measurable), ""
    )


def _row(quantity: Quantity, measurements: Measurements, sex: Sex | None, age: float | None) -> MeasurementRow:
    value = value_of(quantity, measurements)
    ranges = ranges_of(quantity.field, sex, age)
    return MeasurementRow(
        quantity.name,
        value_text(quantity, measurements),
        _range_text(quantity, ranges),
        None if value is None else flag(quantity.field, value, sex, age),
        measurements.notes.get(quantity.field, ""),
        None if value is not None else measurements.not_measurable.get(quantity.field, ""),
    )


def _rhythm(measurements: Measurements) -> MeasurementRow:
    note = measurements.notes.get("regular", "")
    if not note and measurements.rr_mean_ms is not None and measurements.rr_sd_ms is not None:
        mean, deviation = number(measurements.rr_mean_ms, ""), number(measurements.rr_sd_ms, "ms")
        note = f"RR interval {mean} \u00b1 {deviation}, {measurements.n_beats} beats"
    missing = None if measurements.regular is not None else measurements.not_measurable.get("regular", "")
    return MeasurementRow("Rhythm", rhythm_text(measurements), "regular", None, note, missing)


def _unmeasured(measurements: Measurements, field: str) -> str:
    reason = measurements.not_measurable.get(field, "")
    return f"{NOT_MEASURABLE}: {reason}" if reason else NOT_MEASURABLE


def _range_text(quantity: Quantity, ranges: tuple[ReferenceRange, ...]) -> str:
    if not ranges:
        return ""
    limits = [_limits(each, quantity.decimals) for each in ranges]
    text = limits[0] if len(limits) == 1 else f"men {limits[0]}, women {limits[1]}"
    return "; ".join(part for part in (text, ranges[0].remark) if part)


def _limits(limits: ReferenceRange, decimals: int) -> str:
    if limits.low is not None and limits.high is not None:
        return f"{number(limits.low, '', decimals)} to {number(limits.high, limits.unit, decimals)}"
    if limits.high is not None:
        word = "under" if limits.high_excluded else "up to"
        return f"{word} {number(limits.high, limits.unit, decimals if limits.unit != 'mV' else 1)}"
    return ""
