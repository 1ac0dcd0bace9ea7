"""The audit: who did what to which case, when, with which grader and which CardioV."""

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from cardiov_core.domain import Event, EventKind, JsonObject, Prediction
from cardiov_core.review.database.rows import clean, one_at_a_time
from cardiov_core.review.database.schema import events
from cardiov_core.review.database.store import Store
from cardiov_core.version import installed_version

_MAX_WHO = 200

SEEN = (
    EventKind.CASE_SENT,
    EventKind.GRADE_SHOWN,
    EventKind.OPINION_GIVEN,
    EventKind.GRADE_REVEALED,
    EventKind.CANDIDATES_SHOWN,
    EventKind.CASE_ADJUDICATED,
    EventKind.ALERT_ACKNOWLEDGED,
)
"""After one of these, who did it has seen a grade of that record and no longer reads it blind."""


def now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)


def append_event(
    connection: sa.Connection,
    who: str,
    kind: EventKind,
    case_id: str | None = None,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    model: str = "",
    model_sha256: str = "",
    record_sha256: str | None = None,
    waveform_sha256: str | None = None,
) -> None:
    """Write one event within the caller's transaction, so that it stands or falls with the change it tells of."""
    connection.execute(
        sa.insert(events).values(
            at=now(),
            # A name is at most as long as the column; who runs a command may call themselves anything.
            who=clean(who, _MAX_WHO),
            kind=kind.value,
            case_id=case_id,
            record_sha256=record_sha256,
            waveform_sha256=waveform_sha256,
            before=dict(before or {}),
            after=dict(after or {}),
            model=model,
            model_sha256=model_sha256,
            app_version=installed_version(),
        )
    )


def log_sign_in(store: Store, who: str, at: datetime) -> bool:
    """Note that somebody signed in.

    Parameters
    ----------
    store : Store
        An open store.
    who : str
        A reader's name.
    at : datetime.datetime
        When the provider says they did; with its zone.

    Returns
    -------
    bool
        False where this sign-in was noted before: another tab or a reload is none.
    """
    known = sa.select(events.c.id).where(
        events.c.who == clean(who, _MAX_WHO), events.c.kind == EventKind.SIGNED_IN.value, events.c.at >= at
    )
    with store.writing() as connection:
        one_at_a_time(connection, f"sign-in|{who}")
        if connection.execute(known.limit(1)).first() is not None:
            return False
        append_event(connection, who, EventKind.SIGNED_IN)
    return True


def log_sign_out(store: Store, who: str, *, idle: bool = False) -> None:
    """Note that somebody signed out, or was signed out because nothing was done for too long."""
    with store.writing() as connection:
        append_event(connection, who, EventKind.SIGNED_OUT, after={"idle": idle})


def log_case_opened(store: Store, case_id: str, who: str) -> None:
    """Note that somebody opened a case; that alone unblinds nobody."""
    with store.writing() as connection:
        append_event(connection, who, EventKind.CASE_OPENED, case_id)


def has_seen_grade(connection: sa.Connection, who: str, record_sha256: str, waveform_sha256: str) -> bool:
    """Tell whether a person has seen a grade of these files, or of the same waveform under another name."""
    same = [events.c.waveform_sha256 == waveform_sha256]
    if record_sha256:
        same.append(events.c.record_sha256 == record_sha256)
    shown = connection.execute(
        sa.select(events.c.id)
        .where(events.c.who == who, events.c.kind.in_([kind.value for kind in SEEN]), sa.or_(*same))
        .limit(1)
    )
    return shown.first() is not None


def prediction_values(prediction: Prediction | None) -> JsonObject:
    """Return a grade as JSON values; ``level`` None, and nothing else, where it was withheld."""
    if prediction is None:
        return {"level": None}
    return {
        "level": int(prediction.severity),
        "probabilities": list(prediction.probabilities),
        "model": prediction.model_name,
        "model_sha256": prediction.model_sha256,
        "out_of_fold": prediction.out_of_fold,
    }


def events_of(store: Store, case_id: str | None = None, *, offset: int = 0, limit: int = 200) -> tuple[Event, ...]:
    """Return the audit in order.

    Parameters
    ----------
    store : Store
        An open store.
    case_id : str, optional
        Of one case; by default of all, and what belongs to no case.
    offset, limit : int
        Which part.

    Returns
    -------
    tuple of Event
        Oldest first.
    """
    query = sa.select(events).order_by(events.c.id).offset(offset).limit(limit)
    if case_id is not None:
        query = query.where(events.c.case_id == case_id)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return tuple(
        Event(
            row.id,
            row.at,
            row.who,
            EventKind(row.kind),
            row.case_id,
            row.before,
            row.after,
            row.model,
            row.model_sha256,
            row.app_version,
        )
        for row in rows
    )
