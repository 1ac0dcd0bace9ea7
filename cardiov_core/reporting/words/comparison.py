"""Two ECGs of one patient: whether they can be, which one is the earlier, and what changed in the measurements."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cardiov_core.domain import EcgRecord, Measurements
from cardiov_core.domain.record import over_89
from cardiov_core.reporting.words.measurements import QUANTITIES, Quantity, number, rhythm_text, value_of, value_text

Identity = Literal["same patient", "contradicting", "cannot be checked"]
"""What the stated facts say of two records."""

# Two ages in whole years, each up to a year old when it was written down.
_AGE_TOLERANCE_Y = 2.0
_YEAR = timedelta(days=365.25)
# Two clocks on earth differ by at most 26 h: local times further apart have a certain order without their zones.
_ZONES_APART = timedelta(hours=26)


@dataclass(frozen=True)
class IdentityCheck:
    """Whether two records may belong to one patient.

    Attributes
    ----------
    identity : Identity
        'contradicting' where a stated fact speaks against it; 'cannot be checked' where patient ids are not stated.
    reasons : tuple of str
        What contradicts or is missing, in whole sentences.
    """

    identity: Identity
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """One measurement then and now.

    Attributes
    ----------
    name, earlier, now : str
        Name, and both values with unit or 'not measurable: reason'.
    difference : str
        Now minus earlier, with sign and unit; empty where one of them is missing.
    """

    name: str
    earlier: str
    now: str
    difference: str


def check_identity(first: EcgRecord, second: EcgRecord) -> IdentityCheck:
    """Compare what two records say of their patient; nothing is guessed from the signal.

    Parameters
    ----------
    first, second : EcgRecord
        In any order.
    """
    contradictions = tuple(_contradictions(first, second))
    if contradictions:
        return IdentityCheck("contradicting", contradictions)
    if first.patient_id is None or second.patient_id is None:
        which = "either ECG" if first.patient_id == second.patient_id else "one of the ECGs"
        return IdentityCheck("cannot be checked", (f"The patient id is not stated in {which}.",))
    return IdentityCheck("same patient")


def recorded_first(first: EcgRecord, second: EcgRecord) -> EcgRecord | None:
    """Return the record with the earlier recording time; None where the stated times do not decide it.

    Parameters
    ----------
    first, second : EcgRecord
        In any order.
    """
    one, other = first.recorded_at, second.recorded_at
    if one is None or other is None or one == other:
        return None
    if (one.tzinfo is None) != (other.tzinfo is None):
        one, other = one.replace(tzinfo=None), other.replace(tzinfo=None)
        if abs(one - other) <= _ZONES_APART:
            return None
    return first if one < other else second


def changes(earlier: Measurements, now: Measurements) -> tuple[Change, ...]:
    """Return all measurements of both records with their differences.

    Parameters
    ----------
    earlier, now : Measurements
        Of the two records.
    """
    rows = [
        Change(q.name, value_text(q, earlier), value_text(q, now), _difference(q, earlier, now)) for q in QUANTITIES
    ]
    before, after = rhythm_text(earlier), rhythm_text(now)
    changed = None not in (earlier.regular, now.regular) and before != after
    rows.insert(1, Change("Rhythm", before, after, "changed" if changed else ""))
    return tuple(rows)


def interval_words(earlier: datetime, now: datetime) -> str:
    """Say how much time lies between two ECGs: '3 hours', '12 days', '2.5 years'.

    Parameters
    ----------
    earlier, now : datetime.datetime
        Recording times.
    """
    between = abs(now.replace(tzinfo=None) - earlier.replace(tzinfo=None))
    if between >= 2 * _YEAR:
        return f"{between / _YEAR:.1f} years"
    if between >= timedelta(days=2):
        return f"{between / timedelta(days=1):.0f} days"
    if between >= timedelta(hours=2):
        return f"{between / timedelta(hours=1):.0f} hours"
    return f"{between / timedelta(minutes=1):.0f} minutes"


def _difference(quantity: Quantity, earlier: Measurements, now: Measurements) -> str:
    before, after = value_of(quantity, earlier), value_of(quantity, now)
    if before is None or after is None:
        return ""
    # Rounded first: the difference is that of the numbers on show.
    difference = round(after, quantity.decimals) - round(before, quantity.decimals)
    if quantity.field.endswith("_axis_deg"):
        difference = _around_circle(difference)
    return number(difference, quantity.unit, quantity.decimals, signed=True)


def _around_circle(degrees: float) -> float:
    """Return the shorter way round: from 170 to -170 degrees are 20, not -340."""
    return (degrees + 180.0) % 360.0 - 180.0


def _contradictions(first: EcgRecord, second: EcgRecord) -> Iterator[str]:
    if None not in (first.patient_id, second.patient_id) and first.patient_id != second.patient_id:
        yield f"The patient ids differ: {first.patient_id} and {second.patient_id}."
    if None not in (first.sex, second.sex) and first.sex != second.sex:
        yield f"The sexes differ: {first.sex} and {second.sex}."
    one, other = first.age, second.age
    # Ages that are not told apart tell nothing about the time between.
    if one is None or other is None or over_89(one) or over_89(other):
        return
    if first.recorded_at is None or second.recorded_at is None:
        return
    years = (second.recorded_at.replace(tzinfo=None) - first.recorded_at.replace(tzinfo=None)) / _YEAR
    if abs((other - one) - years) > _AGE_TOLERANCE_Y:
        yield (
            f"The ages do not fit the times of recording: {one:g} and {other:g} years, "
            f"{interval_words(first.recorded_at, second.recorded_at)} apart."
        )
