"""Earlier ECGs of a patient among the cases, by a keyed checksum of the patient id; the id itself is not kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from cardiov_core.domain import EcgRecord
from cardiov_core.review.audit import now
from cardiov_core.review.database.rows import insert_missing
from cardiov_core.review.database.schema import cases, settings
from cardiov_core.review.database.store import Store
from cardiov_core.review.database.waveforms import pack

_NAME = "patient_key"
_KEY_BYTES = 32


@dataclass(frozen=True)
class KnownEcg:
    """An ECG of a patient that lies in the review.

    Attributes
    ----------
    case_id : str
        Of the case, whose waveform is still there.
    came_in_at : datetime.datetime
        UTC; it was recorded before, when exactly is not kept.
    """

    case_id: str
    came_in_at: datetime


def patient_checksum(connection: sa.Connection, patient_id: str | None) -> str | None:
    """Return the checksum by which ECGs of one patient are found again; None without a patient id.

    `connection`: that writes: the installation's key is made at first use.
    """
    if patient_id is None or not patient_id.strip():
        return None
    stored = sa.select(settings.c.value).where(settings.c.name == _NAME)
    row = connection.execute(stored).first()
    if row is None:
        value = {"key": secrets.token_hex(_KEY_BYTES)}
        new = {"name": _NAME, "value": value, "changed_at": now(), "changed_by": ""}
        insert_missing(connection, settings, new)
        row = connection.execute(stored).one()
    return _checksum(row.value["key"], patient_id)


def ecgs_of_patient(store: Store, record: EcgRecord) -> tuple[KnownEcg, ...]:
    """Return the other ECGs of a record's patient that lie in the review, the newest first.

    Parameters
    ----------
    store : Store
        An open store.
    record : EcgRecord
        Whose patient id counts.

    Returns
    -------
    tuple of KnownEcg
        Each waveform once; empty where the record states no patient id.

    Raises
    ------
    StoreUnavailableError
        If the database cannot be read.
    """
    if record.patient_id is None or not record.patient_id.strip():
        return ()
    own = pack(record).sha256
    with store.reading() as connection:
        row = connection.execute(sa.select(settings.c.value).where(settings.c.name == _NAME)).first()
        if row is None:
            return ()
        rows = connection.execute(
            sa.select(cases.c.id, cases.c.created_at, cases.c.waveform_sha256)
            .where(
                cases.c.patient_key == _checksum(row.value["key"], record.patient_id),
                cases.c.waveform_deleted_at.is_(None),
                cases.c.waveform_sha256 != own,
            )
            .order_by(cases.c.created_at.desc(), cases.c.id)
        ).all()
    # A record that several studies have is one ECG: the time of its first arrival says most.
    first: dict[str, KnownEcg] = {}
    for case in rows:
        first[case.waveform_sha256] = KnownEcg(case.id, case.created_at)
    return tuple(first.values())


def _checksum(key: str, patient_id: str) -> str:
    return hmac.new(bytes.fromhex(key), patient_id.strip().encode("utf-8"), hashlib.sha256).hexdigest()
