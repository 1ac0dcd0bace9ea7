"""Two ECGs of one patient: identity is checked, order is known or asked, differences are those on show."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Measurements, Provenance
from cardiov_core.reporting.words.comparison import changes, check_identity, interval_words, recorded_first

THEN = datetime(2020, 3, 1, 9, 30)


def _record(**facts) -> EcgRecord:
    signal = np.zeros((12, 5000), dtype=np.float32)
    return EcgRecord(signal, STANDARD_LEADS, 500.0, "made", Provenance("made", "synthetic"), **facts)


def test_equal_patient_ids_are_one_patient() -> None:
    first = _record(patient_id="7", sex="male", age=60.0, recorded_at=THEN)
    second = _record(patient_id="7", sex="male", age=63.0, recorded_at=THEN.replace(year=2023))
    assert check_identity(first, second).identity == "same patient"


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"patient_id": "8"}, "patient ids differ: 7 and 8"),
        ({"patient_id": "7", "sex": "female"}, "sexes differ: male and female"),
        ({"patient_id": "7", "age": 50.0, "recorded_at": THEN + timedelta(days=4)}, "ages do not fit"),
    ],
)
def test_what_contradicts_is_named(facts: dict[str, object], word: str) -> None:
    check = check_identity(_record(patient_id="7", sex="male", age=60.0, recorded_at=THEN), _record(**facts))
    assert check.identity == "contradicting"
    assert word in check.reasons[0]


def test_missing_ids_cannot_be_checked_and_coded_ages_contradict_nothing() -> None:
    check = check_identity(_record(age=60.0), _record(patient_id="7", age=50.0))
    assert check.identity == "cannot be checked"
    assert "one of the ECGs" in check.reasons[0]
    old = _record(patient_id="7", age=300.0, recorded_at=THEN)
    assert check_identity(old, _record(patient_id="7", age=89.0, recorded_at=THEN)).identity == "same patient"


def test_the_earlier_one_is_known_or_nobody_guesses() -> None:
    first, second = _record(recorded_at=THEN), _record(recorded_at=THEN + timedelta(hours=1))
    assert recorded_first(first, second) is first
    assert recorded_first(second, first) is first
    assert recorded_first(first, _record()) is None
    assert recorded_first(first, _record(recorded_at=THEN)) is None


def test_a_zone_on_one_side_only_decides_nothing_within_26_hours() -> None:
    local = _record(recorded_at=THEN)
    assert recorded_first(local, _record(recorded_at=(THEN + timedelta(hours=20)).replace(tzinfo=UTC))) is None
    assert recorded_first(local, _record(recorded_at=(THEN + timedelta(hours=30)).replace(tzinfo=UTC))) is local
    east = _record(recorded_at=THEN.replace(tzinfo=timezone(timedelta(hours=9))))
    west = _record(recorded_at=(THEN - timedelta(hours=2)).replace(tzinfo=UTC))
    assert recorded_first(east, west) is east, "09:30 at +09:00 is 00:30 UTC, before 07:30 UTC"


def test_differences_are_those_of_the_numbers_on_show() -> None:
    earlier = Measurements(heart_rate_bpm=61.4, pr_ms=160.4, qrs_axis_deg=170.0, regular=True, sokolow_lyon_mv=2.0)
    now = Measurements(
        heart_rate_bpm=75.6,
        qrs_axis_deg=-170.0,
        regular=False,
        sokolow_lyon_mv=1.85,
        not_measurable={"pr_ms": "no P wave was found"},
    )
    rows = {change.name: change for change in changes(earlier, now)}
    assert rows["Heart rate"].difference == "+15\u2009/min"
    assert rows["PR interval"].now == "not measurable: no P wave was found"
    assert rows["PR interval"].difference == ""
    assert rows["QRS axis"].difference == "+20\u00b0", "the shorter way round"
    assert rows["Rhythm"].difference == "changed"
    assert next(value for name, value in rows.items() if "Sokolow" in name).difference == "\u22120.15\u2009mV"


@pytest.mark.parametrize(
    ("between", "words"),
    [
        (timedelta(minutes=40), "40 minutes"),
        (timedelta(hours=5), "5 hours"),
        (timedelta(days=12, hours=3), "12 days"),
        (timedelta(days=913), "2.5 years"),
    ],
)
def test_the_time_between_reads_as_one_says_it(between: timedelta, words: str) -> None:
    assert interval_words(THEN, THEN + between) == words
