"""Alerts: critical results on their way to a person, who was told, and who acknowledged them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from cardiov_core.domain.critical import Severity


class AlertStatus(StrEnum):
    """How far an alert is; 'acknowledged' is its end."""

    OPEN = "open"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"


class AlertWay(StrEnum):
    """By which way somebody was told."""

    PHONE = "phone"
    IN_PERSON = "in person"
    PAGE = "page"
    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class AlertReason:
    """A critical result as it stood when the alert opened.

    Attributes
    ----------
    code, title : str
        Of the rule.
    addressee : str
        Who must be told.
    within_minutes : int
        How soon it must be acknowledged.
    """

    code: str
    title: str
    addressee: str
    within_minutes: int


@dataclass(frozen=True)
class Alert:
    """One ECG with critical results.

    Attributes
    ----------
    id : str
        Random.
    case_id, record_id : str
        The case in the review, and the file's stem.
    rule_set : str
        Name of the set in force.
    reasons : tuple of AlertReason
        The rules that the ECG met, the gravest first.
    level, graded_level : Severity or None
        The level on show and the grader's; None where it was withheld.
    opened_at, due_at : datetime.datetime
        UTC; acknowledged after `due_at` is late.
    opened_by : str
        Who had the ECG open.
    status : AlertStatus
        How far it is.
    escalated_at, acknowledged_at : datetime.datetime or None
        UTC.
    acknowledged_by : str or None
        Who.
    """

    id: str
    case_id: str
    record_id: str
    rule_set: str
    reasons: tuple[AlertReason, ...]
    level: Severity | None
    graded_level: Severity | None
    opened_at: datetime
    due_at: datetime
    opened_by: str
    status: AlertStatus
    escalated_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None


@dataclass(frozen=True)
class AlertSettings:
    """What an installation set about critical results.

    Attributes
    ----------
    open_alerts : bool
        Whether a critical result opens an alert; off until an administrator turns it on.
    rule_set : str
        Name of the set in force.
    limits : mapping
        Rule -> number -> bounds that the installation changed, as :func:`cardiov_core.critical.with_limits` takes them.
    """

    open_alerts: bool = False
    rule_set: str = "cardiov"
    limits: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class AlertStatistics:
    """How fast alerts are acknowledged.

    Attributes
    ----------
    n, n_waiting, n_acknowledged : int
        Alerts in all, not acknowledged yet, acknowledged.
    n_late : int
        Acknowledged after they were due, or due and not acknowledged.
    n_escalated : int
        Escalated at some time.
    median_minutes, p90_minutes : float or None
        From opening to acknowledgement; None where none was acknowledged.
    """

    n: int
    n_waiting: int
    n_acknowledged: int
    n_late: int
    n_escalated: int
    median_minutes: float | None
    p90_minutes: float | None
