"""The steps of an alert, each with its event in the audit."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import sqlalchemy as sa

from cardiov_core.domain import (
    Alert,
    AlertReason,
    AlertStatistics,
    AlertStatus,
    AlertWay,
    CriticalResult,
    EventKind,
    JsonObject,
    Severity,
)
from cardiov_core.errors import CaseNotFoundError, NotAllowedError, ReviewError
from cardiov_core.review.audit import append_event, now
from cardiov_core.review.database.rows import Query, TableRow, case_row, clean, level_of, one_at_a_time
from cardiov_core.review.database.schema import alerts, cases
from cardiov_core.review.database.store import Store

ALERTS_STUDY = "alerts"
"""The study whose cases are the ECGs with alerts, apart from every reading study."""

_MAX_TOLD = 200


def open_alert(
    store: Store,
    case_id: str,
    results: Sequence[CriticalResult],
    *,
    level: Severity | None,
    graded_level: Severity | None,
    by: str,
    at: datetime | None = None,
) -> tuple[Alert, bool]:
    """Open an alert for a case; a case that has one keeps it.

    Parameters
    ----------
    store : Store
        An open store.
    case_id : str
        The case that holds the ECG.
    results : sequence of CriticalResult
        What the ECG meets, the gravest first; at least one.
    level, graded_level : Severity or None
        The level on show, and the grader's.
    by : str
        Who had the ECG open.
    at : datetime.datetime, optional
        UTC; now by default.

    Returns
    -------
    alert : Alert
        The case's alert.
    new : bool
        False where it was there already.

    Raises
    ------
    ReviewError
        If there is no result.
    CaseNotFoundError
        If there is no such case.
    """
    if not results:
        raise ReviewError("An alert needs a critical result.", "Open it where a rule is met.")
    with store.writing() as connection:
        one_at_a_time(connection, f"alert|{case_id}")
        case_row(connection, case_id)
        new = connection.execute(sa.select(alerts.c.id).where(alerts.c.case_id == case_id)).first() is None
        if new:
            kept: JsonObject = {
                "id": secrets.token_hex(8),
                "rule_set": results[0].rule_set,
                "reasons": [_reason(result) for result in results],
                "level": None if level is None else int(level),
                "graded_level": None if graded_level is None else int(graded_level),
            }
            within = timedelta(minutes=min(result.rule.within_minutes for result in results))
            _insert(connection, case_id, kept, by, at or now(), within)
        return _alert(_row(connection, alerts.c.case_id == case_id)), new


def _insert(
    connection: sa.Connection, case_id: str, kept: JsonObject, by: str, opened: datetime, within: timedelta
) -> None:
    due = opened + within
    connection.execute(
        sa.insert(alerts).values(
            **kept, case_id=case_id, opened_at=opened, opened_by=by, due_at=due, status=AlertStatus.OPEN.value
        )
    )
    append_event(connection, by, EventKind.ALERT_OPENED, case_id, after={**kept, "due_at": due.isoformat()})


def _reason(result: CriticalResult) -> JsonObject:
    """Return what an alert keeps of a result, by the names of `AlertReason`."""
    rule = result.rule
    return {
        "code": rule.code,
        "title": rule.title,
        "addressee": rule.addressee,
        "within_minutes": rule.within_minutes,
    }


def tell(
    store: Store, alert_id: str, *, told: str, way: AlertWay, by: str, delivered: bool = True, detail: str = ""
) -> None:
    """Note that somebody was told, by whom and by which way; the alert stays open until it is acknowledged.

    Parameters
    ----------
    store : Store
        An open store.
    alert_id : str
        Which alert.
    told : str
        Who was told.
    way : AlertWay
        How.
    by : str
        Who told them.
    delivered : bool
        False where a mail or a webhook could not be delivered.
    detail : str
        What went wrong, without anything of the patient.

    Raises
    ------
    ReviewError
        If nobody is named.
    CaseNotFoundError
        If there is no such alert.
    """
    name = " ".join(clean(told).split())[:_MAX_TOLD]
    if not name:
        raise ReviewError("Nobody is named.", "Name the person who was told.")
    with store.writing() as connection:
        row = _row(connection, alerts.c.id == alert_id)
        after = {"alert": alert_id, "told": name, "way": way.value, "delivered": delivered, "detail": detail}
        append_event(connection, by, EventKind.ALERT_TOLD, row.case_id, after=after)


def acknowledge(store: Store, alert_id: str, by: str, at: datetime | None = None) -> Alert:
    """Take an alert over: from now on a named person knows of it.

    Parameters
    ----------
    store : Store
        An open store.
    alert_id : str
        Which alert.
    by : str
        Who acknowledges it.
    at : datetime.datetime, optional
        UTC; now by default.

    Returns
    -------
    Alert
        Acknowledged.

    Raises
    ------
    NotAllowedError
        If it was acknowledged already, or nobody is named.
    CaseNotFoundError
        If there is no such alert.
    """
    if not by.strip():
        raise NotAllowedError("An alert is acknowledged by a named person.", "Give your name first.")
    moment = at or now()
    with store.writing() as connection:
        row = _row(connection, alerts.c.id == alert_id)
        if row.acknowledged_at is not None:
            raise NotAllowedError(
                f"{row.acknowledged_by} acknowledged this alert already.", "Nothing is left to do for it here."
            )
        values = {
            "status": AlertStatus.ACKNOWLEDGED.value,
            "acknowledged_at": moment,
            "acknowledged_by": by,
        }
        connection.execute(sa.update(alerts).where(alerts.c.id == alert_id).values(**values))
        after = {"alert": alert_id, "late": moment > row.due_at}
        append_event(
            connection, by, EventKind.ALERT_ACKNOWLEDGED, row.case_id, before={"status": row.status}, after=after
        )
        return _alert(_row(connection, alerts.c.id == alert_id))


def escalate(store: Store, at: datetime) -> tuple[Alert, ...]:
    """Mark every open alert that is due as escalated, and return them; each only once, whoever asks first."""
    due = (alerts.c.status == AlertStatus.OPEN.value, alerts.c.due_at <= at)
    with store.writing() as connection:
        one_at_a_time(connection, "alerts|escalate")
        due_alerts = connection.execute(sa.select(alerts.c.id, alerts.c.case_id, alerts.c.due_at).where(*due)).all()
        for row in due_alerts:
            values = {"status": AlertStatus.ESCALATED.value, "escalated_at": at}
            connection.execute(sa.update(alerts).where(alerts.c.id == row.id).values(**values))
            after = {"alert": row.id, "due_at": row.due_at.isoformat()}
            append_event(connection, "CardioV", EventKind.ALERT_ESCALATED, row.case_id, after=after)
        return tuple(_alert(_row(connection, alerts.c.id == row.id)) for row in due_alerts)


def waiting_alerts(store: Store) -> tuple[Alert, ...]:
    """Return the alerts that nobody acknowledged yet, the one that is due first at the top."""
    with store.reading() as connection:
        rows = connection.execute(
            _with_record().where(alerts.c.status != AlertStatus.ACKNOWLEDGED.value).order_by(alerts.c.due_at)
        ).all()
    return tuple(map(_alert, rows))


def alert_of_case(store: Store, case_id: str) -> Alert | None:
    """Return a case's alert; None where it has none."""
    with store.reading() as connection:
        row = connection.execute(_with_record().where(alerts.c.case_id == case_id)).first()
    return None if row is None else _alert(row)


def alert_statistics(store: Store, at: datetime | None = None) -> AlertStatistics:
    """Count alerts and how fast they were acknowledged.

    Parameters
    ----------
    store : Store
        An open store.
    at : datetime.datetime, optional
        The time by which a waiting alert is late or not; now by default.
    """
    moment = at or now()
    with store.reading() as connection:
        all_alerts = [_alert(row) for row in connection.execute(_with_record()).all()]
    done = [each for each in all_alerts if each.acknowledged_at is not None]
    minutes = [(each.acknowledged_at - each.opened_at).total_seconds() / 60 for each in done if each.acknowledged_at]
    late = sum((each.acknowledged_at or moment) > each.due_at for each in all_alerts)
    return AlertStatistics(
        n=len(all_alerts),
        n_waiting=len(all_alerts) - len(done),
        n_acknowledged=len(done),
        n_late=late,
        n_escalated=sum(each.escalated_at is not None for each in all_alerts),
        median_minutes=float(np.median(minutes)) if minutes else None,
        p90_minutes=float(np.quantile(minutes, 0.9)) if minutes else None,
    )


def _with_record() -> Query:
    return sa.select(alerts, cases.c.record_id).join(cases, cases.c.id == alerts.c.case_id)


def _row(connection: sa.Connection, which: sa.ColumnElement[bool]) -> TableRow:
    row = connection.execute(_with_record().where(which)).first()
    if row is None:
        raise CaseNotFoundError("There is no such alert.", "Open it from the worklist.")
    return row


def _alert(row: TableRow) -> Alert:
    return Alert(
        id=row.id,
        case_id=row.case_id,
        record_id=row.record_id,
        rule_set=row.rule_set,
        reasons=tuple(AlertReason(**reason) for reason in row.reasons),
        level=level_of(row.level),
        graded_level=level_of(row.graded_level),
        opened_at=row.opened_at,
        due_at=row.due_at,
        opened_by=row.opened_by,
        status=AlertStatus(row.status),
        escalated_at=row.escalated_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
    )
