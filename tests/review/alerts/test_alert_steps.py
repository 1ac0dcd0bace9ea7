"""An alert from its opening to its acknowledgement, on both databases, with every step in the audit."""

from datetime import UTC, datetime, timedelta

import pytest

from cardiov_core import review
from cardiov_core.critical import critical_results, load_rule_set
from cardiov_core.domain import (
    Alert,
    AlertSettings,
    AlertStatus,
    AlertWay,
    CriticalResult,
    EventKind,
    Measurements,
    Severity,
)
from cardiov_core.errors import CaseNotFoundError, NotAllowedError, ReviewError
from cardiov_core.review.alerts.delivery import Channels

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def slow() -> tuple[CriticalResult, ...]:
    """The results of a heart rate of 30/min: due within ten minutes by CardioV's own list."""
    return critical_results(load_rule_set(), (), Measurements(heart_rate_bpm=30.0))


def _open(store: review.Store, case_id: str, at: datetime = START) -> Alert:
    levels = {"level": Severity.HIGH_RISK, "graded_level": Severity.LOW_RISK}
    return review.open_alert(store, case_id, slow(), by="Ada", at=at, **levels)[0]


def test_an_alert_is_opened_once_for_a_case(store, add) -> None:
    case = add("r1")
    first = _open(store, case)
    again, new = review.open_alert(store, case, slow(), level=None, graded_level=None, by="Ben")
    assert (again, new) == (first, False)
    assert first.status is AlertStatus.OPEN
    assert (first.record_id, first.rule_set, first.opened_by) == ("r1", "cardiov", "Ada")
    assert (first.level, first.graded_level) == (Severity.HIGH_RISK, Severity.LOW_RISK)
    assert [reason.code for reason in first.reasons] == ["severe_bradycardia"]
    assert first.due_at - first.opened_at == timedelta(minutes=10)
    assert review.alert_of_case(store, case) == first
    assert review.waiting_alerts(store) == (first,)


def test_without_a_result_or_a_case_there_is_no_alert(store, add) -> None:
    with pytest.raises(ReviewError, match="needs a critical result"):
        review.open_alert(store, add("r1"), (), level=None, graded_level=None, by="Ada")
    with pytest.raises(CaseNotFoundError):
        _open(store, "nowhere")
    with pytest.raises(CaseNotFoundError, match="no such alert"):
        review.acknowledge(store, "nowhere", "Ben")


def test_a_second_person_acknowledges_and_nobody_after_them(store, add) -> None:
    alert = _open(store, add("r1"))
    done = review.acknowledge(store, alert.id, "Ben", START + timedelta(minutes=4))
    assert (done.status, done.acknowledged_by) == (AlertStatus.ACKNOWLEDGED, "Ben")
    assert review.waiting_alerts(store) == ()
    with pytest.raises(NotAllowedError, match="Ben acknowledged"):
        review.acknowledge(store, alert.id, "Cyd")
    with pytest.raises(NotAllowedError, match="named person"):
        review.acknowledge(store, alert.id, " ")


def test_what_is_due_is_escalated_once(store, add) -> None:
    early, late = _open(store, add("r1")), _open(store, add("r2"), START + timedelta(minutes=30))
    nowhere = Channels()
    assert review.escalate_due(store, nowhere, START + timedelta(minutes=9)) == ()
    (found,) = review.escalate_due(store, nowhere, START + timedelta(minutes=10))
    assert (found.id, found.status) == (early.id, AlertStatus.ESCALATED)
    assert review.escalate_due(store, nowhere, START + timedelta(minutes=20)) == ()
    # An escalated alert can still be acknowledged.
    assert review.acknowledge(store, early.id, "Ben").status is AlertStatus.ACKNOWLEDGED
    assert [each.id for each in review.waiting_alerts(store)] == [late.id]


def test_every_step_stands_in_the_audit(store, add) -> None:
    case = add("r1")
    alert = _open(store, case)
    review.tell(store, alert.id, told="Dr  Eve", way=AlertWay.PHONE, by="Ada")
    review.escalate_due(store, Channels(), START + timedelta(minutes=11))
    review.acknowledge(store, alert.id, "Ben", START + timedelta(minutes=12))
    events = [event for event in review.events_of(store, case) if event.kind.value.startswith("alert")]
    assert [event.kind for event in events] == [
        EventKind.ALERT_OPENED,
        EventKind.ALERT_TOLD,
        EventKind.ALERT_ESCALATED,
        EventKind.ALERT_ACKNOWLEDGED,
    ]
    opened, told, _, acknowledged = events
    assert (opened.who, opened.after["level"], opened.after["graded_level"]) == ("Ada", 3, 1)
    assert told.after | {"alert": ""} == {
        "alert": "",
        "told": "Dr Eve",
        "way": "phone",
        "delivered": True,
        "detail": "",
    }
    assert (acknowledged.who, acknowledged.before, acknowledged.after["late"]) == ("Ben", {"status": "escalated"}, True)


def test_statistics_count_what_is_late(store, add) -> None:
    minutes = {"r1": 4, "r2": 12, "r3": None, "r4": None}
    for name, after in minutes.items():
        alert = _open(store, add(name), START if name != "r4" else START + timedelta(minutes=55))
        if after is not None:
            review.acknowledge(store, alert.id, "Ben", START + timedelta(minutes=after))
    found = review.alert_statistics(store, START + timedelta(hours=1))
    # r2 was acknowledged two minutes late, r3 is due and waits, r4 is not due yet.
    assert (found.n, found.n_waiting, found.n_acknowledged, found.n_late) == (4, 2, 2, 2)
    assert (found.median_minutes, found.p90_minutes) == (8.0, pytest.approx(11.2))


def test_nothing_to_count(store) -> None:
    found = review.alert_statistics(store)
    assert (found.n, found.median_minutes) == (0, None)


def test_an_administrator_chooses_rule_set_and_limits_and_the_audit_says_so(store) -> None:
    assert review.alert_settings(store) == AlertSettings()
    limits = {"severe_bradycardia": {"heart_rate_bpm": {"at_most": 33.0}}}
    wanted = AlertSettings(open_alerts=True, rule_set="china-2017", limits=limits)
    review.set_alert_settings(store, wanted, "Ada")
    assert review.alert_settings(store) == wanted
    (rule,) = [rule for rule in review.rule_set_in_force(store).rules if rule.code == "severe_bradycardia"]
    assert rule.limits["heart_rate_bpm"].at_most == 33
    event = review.events_of(store)[-1]
    assert (event.who, event.kind) == ("Ada", EventKind.SETTINGS_CHANGED)
    assert event.before["critical_results"]["rule_set"] == "cardiov"
    assert event.after["critical_results"]["limits"] == limits


def test_only_an_administrator_may(store) -> None:
    review.ensure_reader(store, "Eve", identity="eve@example.org")
    with pytest.raises(NotAllowedError):
        review.set_alert_settings(store, AlertSettings(open_alerts=True), "Eve")
    assert not review.alert_settings(store).open_alerts
