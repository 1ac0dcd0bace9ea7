"""Whether two ECGs can be of one patient, and which of them came first; nothing is guessed from the signal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from cardiov_core.domain import EcgRecord, over_89

Identity = Literal["same patient", "contradicting", "cannot be checked"]
"""What the stated facts say of two records."""

IdentityReason = Literal["patient ids differ", "sexes differ", "ages do not fit", "no patient id", "one patient id"]
"""What contradicts, or is missing: in both records, or in one of them."""

YEAR = timedelta(days=365.25)
"""A year on the average."""

# Two ages in whole years, each up to a year old when it was written down.
_AGE_TOLERANCE_Y = 2.0
# Two clocks on earth differ by at most 26 h: local times further apart have a certain order without their zones.
_ZONES_APART = timedelta(hours=26)

_Keyed = TypeVar("_Keyed")


@dataclass(frozen=True)
class IdentityCheck:
    """Whether two records may belong to one patient.

    Attributes
    ----------
    identity : Identity
        'contradicting' where a stated fact speaks against it; 'cannot be checked' where patient ids are not stated.
    reasons : tuple of IdentityReason
        What contradicts or is missing.
    """

    identity: Identity
    reasons: tuple[IdentityReason, ...] = ()


def check_identity(first: EcgRecord, second: EcgRecord) -> IdentityCheck:
    """Compare what two records say of their patient.

    Parameters
    ----------
    first, second : EcgRecord
        In any order.
    """
    contradictions = tuple(_contradictions(first, second))
    if contradictions:
        return IdentityCheck("contradicting", contradictions)
    if first.patient_id is None or second.patient_id is None:
        none = first.patient_id is None and second.patient_id is None
        return IdentityCheck("cannot be checked", ("no patient id" if none else "one patient id",))
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


def came_before(recorded_at: datetime | None, known_since: datetime) -> bool:
    """Tell whether an ECG that was known at a time is surely older than one that was recorded at another.

    Parameters
    ----------
    recorded_at : datetime.datetime or None
        Of the one ECG, naive where its file has no zone.
    known_since : datetime.datetime
        With its zone: the other ECG was recorded before.
    """
    if recorded_at is None:
        return False
    if recorded_at.tzinfo is None:
        return recorded_at - known_since.replace(tzinfo=None) > _ZONES_APART
    return recorded_at > known_since


def of_same_patient(record: EcgRecord, others: Iterable[tuple[_Keyed, EcgRecord]]) -> tuple[_Keyed, ...]:
    """Return which of other records state the same patient.

    Parameters
    ----------
    record : EcgRecord
        Whose patient id counts.
    others : iterable of (key, EcgRecord)
        What the caller knows them by, and the record.

    Returns
    -------
    tuple
        Keys of other recordings of the patient, in the order of `others`; empty where `record` states no id.
    """
    if record.patient_id is None:
        return ()
    return tuple(
        key
        for key, other in others
        if other.patient_id == record.patient_id and other.fingerprint != record.fingerprint
    )


def _contradictions(first: EcgRecord, second: EcgRecord) -> Iterator[IdentityReason]:
    if None not in (first.patient_id, second.patient_id) and first.patient_id != second.patient_id:
        yield "patient ids differ"
    if None not in (first.sex, second.sex) and first.sex != second.sex:
        yield "sexes differ"
    one, other = first.age, second.age
    # Ages that are not told apart tell nothing about the time between.
    if one is None or other is None or over_89(one) or over_89(other):
        return
    if first.recorded_at is None or second.recorded_at is None:
        return
    years = (second.recorded_at.replace(tzinfo=None) - first.recorded_at.replace(tzinfo=None)) / YEAR
    if abs((other - one) - years) > _AGE_TOLERANCE_Y:
        yield "ages do not fit"
