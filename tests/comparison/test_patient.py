"""Whose ECGs two are, and which came first: stated facts only."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cardiov_core.comparison import came_before, check_identity, of_same_patient, recorded_first
from tests.comparison.hearts import heart

AT = datetime(2023, 3, 5, 10, 0)


def test_one_id_is_one_patient_and_two_are_not() -> None:
    assert check_identity(heart(1, patient_id="17"), heart(2, patient_id="17")).identity == "same patient"
    check = check_identity(heart(1, patient_id="17"), heart(2, patient_id="18"))
    assert (check.identity, check.reasons) == ("contradicting", ("patient ids differ",))


@pytest.mark.parametrize(("ids", "reason"), [((None, None), "no patient id"), (("17", None), "one patient id")])
def test_a_missing_id_cannot_be_checked(ids: tuple[str | None, str | None], reason: str) -> None:
    check = check_identity(heart(1, patient_id=ids[0]), heart(2, patient_id=ids[1]))
    assert (check.identity, check.reasons) == ("cannot be checked", (reason,))


def test_ages_that_do_not_fit_the_time_between_contradict() -> None:
    first = replace(heart(1, patient_id="17"), age=60.0, recorded_at=AT)
    second = replace(heart(2, patient_id="17"), age=50.0, recorded_at=AT + timedelta(days=365))
    assert check_identity(first, second).reasons == ("ages do not fit",)
    assert check_identity(first, replace(second, age=61.0)).identity == "same patient"
    # Ages over 89 are not told apart.
    assert check_identity(first, replace(second, age=300.0)).identity == "same patient"


def test_times_of_different_zones_decide_only_a_day_apart() -> None:
    zoned = replace(heart(1), recorded_at=AT.replace(tzinfo=timezone(timedelta(hours=9))))
    near, far = (replace(heart(2), recorded_at=AT + timedelta(hours=hours)) for hours in (20, 40))
    assert recorded_first(zoned, near) is None
    assert recorded_first(zoned, far) is zoned
    assert recorded_first(heart(1), near) is None


def test_an_ecg_that_was_known_before_another_was_recorded_is_the_earlier() -> None:
    known = datetime(2023, 3, 4, 9, 0, tzinfo=UTC)
    assert came_before(AT.replace(tzinfo=UTC), known)
    assert not came_before(known - timedelta(minutes=1), known)
    # Without a zone, a day and two hours must lie between.
    assert not came_before(AT, known)
    assert came_before(AT + timedelta(days=1), known)
    assert not came_before(None, known)


def test_other_recordings_of_the_patient_are_found_and_the_same_one_is_not() -> None:
    record = heart(1, patient_id="17")
    others = {"same": record, "other": heart(2, patient_id="17"), "stranger": heart(3, patient_id="4"), "?": heart(4)}
    assert of_same_patient(record, others.items()) == ("other",)
    assert of_same_patient(heart(1), others.items()) == ()
