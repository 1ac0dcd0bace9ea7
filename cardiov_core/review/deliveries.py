"""Results that wait to be taken by other systems: queued once for each case and destination, kept until taken."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from cardiov_core.domain import EventKind
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import TableRow, clean, insert_missing
from cardiov_core.review.database.schema import deliveries
from cardiov_core.review.database.store import Store

_HELD_S = 120.0
"""For how long a delivery is its sender's alone: longer than any attempt takes."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 10.0, 900.0
_MAX_DOUBLINGS = 10
_MAX_TEXT = 200


@dataclass(frozen=True)
class Delivery:
    """A result for one destination that nobody has taken yet."""

    id: str
    case_id: str
    destination: str  # kind and address
    content: bytes  # what is sent; the same at every attempt
    n_attempts: int  # how often it was tried
    fault: str  # why the last attempt failed; empty before the first
    queued_at: datetime  # UTC
    next_at: datetime  # UTC; when it is due


def queue_delivery(store: Store, case_id: str, destination: str, content: bytes) -> bool:
    """Put a result into the queue.

    Parameters
    ----------
    store : Store
        An open store.
    case_id : str
        Whose result.
    destination : str
        Kind and address, without secrets.
    content : bytes
        What is sent.

    Returns
    -------
    bool
        False where this case's result was queued for the destination before, sent or not: it goes there once.
    """
    at = now()
    values = {
        "id": secrets.token_hex(5),
        "case_id": case_id,
        "destination": clean(destination, _MAX_TEXT),
        "content": content,
        "n_attempts": 0,
        "fault": "",
        "queued_at": at,
        "next_at": at,
        "sent_at": None,
    }
    with store.writing() as connection:
        return insert_missing(connection, deliveries, values)


def claim_delivery(store: Store, at: datetime | None = None) -> Delivery | None:
    """Take the delivery that is due longest; for two minutes no other process gets it.

    Whoever takes it says how it went: `note_sent` or `note_failed`. A process that dies in between leaves it to be
    claimed again.

    Parameters
    ----------
    store : Store
        An open store.
    at : datetime.datetime, optional
        UTC; now by default.

    Returns
    -------
    Delivery or None
        None where nothing is due.
    """
    moment = at or now()
    due = (deliveries.c.sent_at.is_(None), deliveries.c.next_at <= moment)
    with store.writing() as connection:
        query = sa.select(deliveries).where(*due).order_by(deliveries.c.next_at, deliveries.c.id).limit(1)
        row = connection.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        postponed = sa.update(deliveries).where(deliveries.c.id == row.id)
        connection.execute(postponed.values(next_at=moment + timedelta(seconds=_HELD_S)))
        return _delivery_of(row)


def note_sent(store: Store, delivery: Delivery, by: str) -> None:
    """Note that the destination took a result; its content is deleted, the audit keeps who got it and when."""
    gone = sa.update(deliveries).where(deliveries.c.id == delivery.id)
    with store.writing() as connection:
        connection.execute(gone.values(sent_at=now(), content=None, fault="", n_attempts=deliveries.c.n_attempts + 1))
        values = {"delivery": delivery.id, "destination": delivery.destination}
        append_event(connection, by, EventKind.RESULT_SENT, delivery.case_id, after=values)


def note_failed(store: Store, delivery: Delivery, fault: str, at: datetime | None = None) -> None:
    """Note that a result was not taken; it stays and is due again after a while that doubles up to 15 minutes."""
    wait_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(delivery.n_attempts, _MAX_DOUBLINGS))
    values = {
        "n_attempts": delivery.n_attempts + 1,
        "fault": clean(fault, _MAX_TEXT),
        "next_at": (at or now()) + timedelta(seconds=wait_s),
    }
    with store.writing() as connection:
        connection.execute(sa.update(deliveries).where(deliveries.c.id == delivery.id).values(**values))


def waiting_deliveries(store: Store) -> tuple[Delivery, ...]:
    """Return what nobody has taken yet, the oldest first."""
    query = sa.select(deliveries).where(deliveries.c.sent_at.is_(None)).order_by(deliveries.c.queued_at)
    with store.reading() as connection:
        return tuple(map(_delivery_of, connection.execute(query)))


def _delivery_of(row: TableRow) -> Delivery:
    return Delivery(
        row.id,
        row.case_id,
        row.destination,
        bytes(row.content),
        row.n_attempts,
        row.fault,
        row.queued_at,
        row.next_at,
    )
