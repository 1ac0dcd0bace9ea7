"""A case's own waveform: compressed, de-identified, shared by its checksum, deleted for good when that is asked for."""

import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from cardiov_core.domain import AGE_OVER_89, Document, EcgRecord, EventKind, FloatArray, Provenance, Sex, over_89
from cardiov_core.errors import CaseNotFoundError, ReviewError
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import case_row, insert_missing, locked_case
from cardiov_core.review.database.schema import cases, deliveries, waveforms
from cardiov_core.review.database.store import Store

_STEPS_PER_MV = 1000.0
# What the float32 arithmetic of a file's reader may add to a multiple of 1 uV: a ten-thousandth of the step, or the
# last digit of a large value.
_TOLERANCE_MV = 1e-7
_MISSING = np.iinfo(np.int16).min
_LARGEST = np.iinfo(np.int16).max


class WaveformHeader(Document):
    """What is needed to read samples; nothing of the patient."""

    leads: tuple[str, ...]
    sampling_rate_hz: float
    derived_leads: tuple[str, ...]
    shape: tuple[int, int]
    coding: Literal["int16_uv_differences", "float32_mv"]


@dataclass(frozen=True, eq=False)
class StoredWaveform:
    """A record's signal as the database keeps it."""

    sha256: str  # over header and samples before compression: equal signals share one row
    header: WaveformHeader  # what is needed to read the samples
    samples: bytes


def pack(record: EcgRecord) -> StoredWaveform:
    """Compress a record's signal and leave all behind that tells of a person or a day.

    `record`: any record. Leads, rate and samples are kept; patient, device, times, comments, warnings, file names and
    the machine's own statements are not. Returns int16 differences in steps of 1 uV where that is the signal itself
    (NaN kept), float32 otherwise.
    """
    signal = np.ascontiguousarray(record.signal, dtype=np.float32)
    steps = _whole_steps(signal)
    raw = (
        signal.astype("<f4").tobytes()
        if steps is None
        else np.diff(steps, axis=1, prepend=np.int16(0)).astype("<i2").tobytes()
    )
    header = WaveformHeader(
        leads=record.leads,
        sampling_rate_hz=float(record.sampling_rate),
        derived_leads=record.derived_leads,
        shape=(signal.shape[0], signal.shape[1]),
        coding="float32_mv" if steps is None else "int16_uv_differences",
    )
    digest = hashlib.sha256(json.dumps(header.as_json(), sort_keys=True).encode() + raw).hexdigest()
    return StoredWaveform(digest, header, zlib.compress(raw, level=6))


def _whole_steps(signal: FloatArray) -> npt.NDArray[np.int16] | None:
    """Return the signal in whole microvolts, None where it is finer or larger than that."""
    missing = np.isnan(signal)
    filled = np.where(missing, np.float32(0.0), signal).astype(np.float64)
    rounded = np.round(filled * _STEPS_PER_MV)
    if not np.isfinite(rounded).all() or np.abs(rounded).max(initial=0.0) > _LARGEST:
        return None
    last_digit = np.spacing(np.abs(np.where(missing, np.float32(0.0), signal)))
    if (np.abs(rounded / _STEPS_PER_MV - filled) > np.maximum(last_digit, _TOLERANCE_MV)).any():
        return None
    steps: npt.NDArray[np.int16] = np.where(missing, _MISSING, rounded).astype(np.int16)
    return steps


def unpack(stored: StoredWaveform, *, record_id: str, age: float | None, sex: Sex | None) -> EcgRecord:
    """Return the record of a case: its signal with no more of the patient than age and sex."""
    header = stored.header
    try:
        raw = zlib.decompress(stored.samples)
        if header.coding == "float32_mv":
            signal = np.frombuffer(raw, "<f4").reshape(header.shape).astype(np.float32)
        else:
            # Differences wrapped round like the sums do: int16 in, int16 out.
            steps = np.cumsum(np.frombuffer(raw, "<i2").reshape(header.shape), axis=1, dtype=np.int16)
            signal = (steps.astype(np.float64) / _STEPS_PER_MV).astype(np.float32)
            signal[steps == _MISSING] = np.nan
    except (zlib.error, ValueError) as error:
        raise ReviewError("The waveform of this case is damaged.", "Restore the database from its backup.") from error
    return EcgRecord(
        signal=signal,
        leads=header.leads,
        sampling_rate=header.sampling_rate_hz,
        record_id=record_id,
        provenance=Provenance(path=record_id, format="review"),
        age=age,
        sex=sex,
        derived_leads=header.derived_leads,
    )


def keep(connection: sa.Connection, stored: StoredWaveform) -> None:
    """Store a waveform unless it is there."""
    columns = {"sha256": stored.sha256, "header": stored.header.as_json(), "samples": stored.samples}
    insert_missing(connection, waveforms, columns)


def coarse_age(age: float | None) -> float | None:
    """Return an age that tells of no person: 300 for all over 89, as PTB-XL publishes them."""
    return AGE_OVER_89 if over_89(age) else age


def waveform_of(store: Store, case_id: str) -> EcgRecord:
    """Return the record of a case.

    Parameters
    ----------
    store : Store
        An open store.
    case_id : str
        Of which case.

    Returns
    -------
    EcgRecord
        Its name is the case's id: a file's name may tell more than a blind reader should know.

    Raises
    ------
    CaseNotFoundError
        If there is no such case, or its waveform was deleted.
    ReviewError
        If the stored bytes are damaged.
    """
    with store.reading() as connection:
        case = case_row(connection, case_id)
        row = connection.execute(sa.select(waveforms).where(waveforms.c.sha256 == case.waveform_sha256)).first()
    if row is None:
        raise CaseNotFoundError(
            "The waveform of this case was deleted.", "Its reads and its audit are still there; the trace is not."
        )
    stored = StoredWaveform(row.sha256, WaveformHeader.of(row.header), row.samples)
    return unpack(stored, record_id=case_id, age=case.age, sex=case.sex)


def delete_waveform(store: Store, case_id: str, by: str, reason: str) -> int:
    """Delete a case's waveform for good, with that of all cases that share it; the audit keeps that it was.

    Parameters
    ----------
    store : Store
        An open store.
    case_id : str
        Of which case.
    by, reason : str
        Who deletes it and why: on the patient's request, or the like.

    Returns
    -------
    int
        Cases that lost their waveform.

    Raises
    ------
    CaseNotFoundError
        If there is no such case, or its waveform was deleted before.
    ReviewError
        If no reason is given.
    """
    if not reason.strip():
        raise ReviewError("A deletion needs a reason.", "Say why the waveform is deleted.")
    with store.writing() as connection:
        case = locked_case(connection, case_id)
        if case.waveform_deleted_at is not None:
            raise CaseNotFoundError("The waveform of this case was deleted before.", "There is nothing to delete.")
        n_cases = _delete(connection, case.waveform_sha256, by, EventKind.WAVEFORM_DELETED, reason.strip())
    _forget_the_log(store)
    return n_cases


def expire_waveforms(store: Store, older_than: datetime, by: str) -> int:
    """Delete the waveforms whose retention time is over, whatever the status of their cases.

    Parameters
    ----------
    store : Store
        An open store.
    older_than : datetime.datetime
        With a time zone. A waveform goes when all cases that use it came in before this.
    by : str
        Who says so.

    Returns
    -------
    int
        Cases that lost their waveform.

    Raises
    ------
    ReviewError
        If the time has no zone.
    """
    if older_than.tzinfo is None:
        raise ReviewError(f"{older_than} has no time zone.", "Give a time with its zone, best UTC.")
    old = (
        sa.select(cases.c.waveform_sha256)
        .where(cases.c.waveform_deleted_at.is_(None))
        .group_by(cases.c.waveform_sha256)
        .having(sa.func.max(cases.c.created_at) < sa.bindparam("limit", older_than, cases.c.created_at.type))
    )
    n_cases = 0
    with store.writing() as connection:
        for sha256 in connection.execute(old).scalars().all():
            reason = f"came in before {older_than.date().isoformat()}"
            n_cases += _delete(connection, sha256, by, EventKind.WAVEFORM_EXPIRED, reason)
    if n_cases:
        _forget_the_log(store)
    return n_cases


def _delete(connection: sa.Connection, sha256: str, by: str, kind: EventKind, reason: str) -> int:
    using = sa.and_(cases.c.waveform_sha256 == sha256, cases.c.waveform_deleted_at.is_(None))
    case_ids = connection.execute(sa.select(cases.c.id).where(using).with_for_update()).scalars().all()
    connection.execute(sa.update(cases).where(using).values(waveform_deleted_at=now(), patient_key=None))
    connection.execute(sa.delete(waveforms).where(waveforms.c.sha256 == sha256))
    # A result that nobody has taken yet holds the signal, too.
    unsent = sa.and_(deliveries.c.case_id.in_(case_ids), deliveries.c.sent_at.is_(None))
    connection.execute(sa.delete(deliveries).where(unsent))
    for case_id in case_ids:
        append_event(connection, by, kind, case_id, before={"waveform": sha256}, after={"reason": reason})
    return len(case_ids)


def _forget_the_log(store: Store) -> None:
    """Empty SQLite's write-ahead log, in which the deleted bytes may still stand."""
    if store.dialect == "sqlite":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
