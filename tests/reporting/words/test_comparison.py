"""Two ECGs of one patient in words: what contradicts, what is new, gone or changed, and what is not compared."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cardiov_core.comparison import ComparedItem, SerialComparison, Why, check_identity
from cardiov_core.domain import Analysis, Finding, Quality, QualityVerdict
from cardiov_core.reporting.words.comparison import (
    compared_rows,
    identity_words,
    interval_words,
    lead_change_rows,
    lead_gap_words,
    summary_words,
    why_words,
)
from tests.comparison.hearts import heart

THEN = datetime(2020, 3, 1, 9, 30)
MINUS = "\u2212"


def _analysis(*titles: tuple[str, str]) -> Analysis:
    findings = tuple(Finding(code, title, "present", "", {}) for code, title in titles)
    return Analysis(heart(1), Quality(QualityVerdict.ACCEPTABLE, (), ()), None, findings=findings)


@pytest.fixture
def comparison() -> SerialComparison:
    items = (
        ComparedItem("level", "level", "changed", 1.0, 3.0, change=2.0, limit=0.4),
        ComparedItem("rhythm", "rhythm", "changed", "sinus_rhythm", "atrial_fibrillation"),
        ComparedItem("finding", "st_elevation", "new", "absent", "present"),
        ComparedItem("finding", "long_qtc", "unchanged", "present", "absent", why=Why("within the noise")),
        ComparedItem("finding", "wide_qrs", "unchanged", "absent", "absent"),
        ComparedItem("finding", "irregular_rhythm", "new", "absent", "present"),
        ComparedItem("number", "qtc_fridericia_ms", "changed", 418.6, 466.2, change=47.6, limit=25.0),
        ComparedItem("number", "j_mv", "changed", 0.02, 0.24, "III", 0.22, 0.05),
        ComparedItem("number", "r_mv", "unchanged", 1.0, 1.02, "V4", 0.02, 0.3),
        ComparedItem(
            "number", "pr_ms", "not compared", 160.0, None, why=Why("not measurable", "later", "no P wave found")
        ),
    )
    return SerialComparison(items, _analysis(), _analysis(("st_elevation", "ST elevation, inferior")))


def test_the_summary_names_level_new_and_changed(comparison: SerialComparison) -> None:
    level, new, changed = summary_words(comparison)
    assert level == "The level is higher: 1 Low risk, now 3 High risk."
    assert new == "New: ST elevation, inferior."
    assert "Rhythm (Sinus rhythm, now Atrial fibrillation)" in changed
    assert "QTc, Fridericia +47\u2009ms" in changed
    assert changed.endswith("ST at J in III.")


def test_st_t_and_r_stand_lead_by_lead_and_an_arrow_marks_what_changed(comparison: SerialComparison) -> None:
    by_lead = {lead: numbers for lead, *numbers in lead_change_rows(comparison)}
    assert by_lead["III"][0] == "0.02 \u2192 0.24 \u25b2", "ST"
    assert {t for _, t, _ in by_lead.values()} == {""}, "nothing measured"
    assert by_lead["V4"][2] == "1.00 \u2192 1.02", "R, unchanged"
    assert {row.lead for row in compared_rows(comparison, "changed") if row.name.startswith("ST at J in")} == {"III"}


def test_a_column_without_numbers_says_why(comparison: SerialComparison) -> None:
    why = Why("not measurable", "later", "no end of T found")
    gaps = tuple(ComparedItem("number", "t_mv", "not compared", 0.2, None, lead, why=why) for lead in ("V1", "V2"))
    assert lead_gap_words(replace(comparison, items=(*comparison.items, *gaps))) == (
        "T is not compared in any lead: not measurable in the later ECG: no end of T found.",
    )
    measured = ComparedItem("number", "t_mv", "unchanged", 0.2, 0.2, "V3", 0.0, 0.1)
    assert lead_gap_words(replace(comparison, items=(*comparison.items, *gaps, measured))) == ()


def test_a_name_keeps_its_capital_within_a_sentence(comparison: SerialComparison) -> None:
    voltage = ComparedItem("number", "cornell_mv", "changed", 1.33, 1.95, change=0.62, limit=0.56)
    changed = summary_words(replace(comparison, items=(*comparison.items, voltage)))[2]
    assert ", Cornell voltage" in changed


def test_nothing_changed_is_said(comparison: SerialComparison) -> None:
    items = tuple(item for item in comparison.items if item.state in ("unchanged", "not compared"))
    level = ComparedItem("level", "level", "not compared", None, 1.0, why=Why("withheld", "earlier"))
    words = summary_words(replace(comparison, items=(level, *items)))
    assert words[0] == "Level not compared: the level of the earlier ECG is withheld."
    assert words[1] == "Nothing else differs by more than two ECGs do without a change."


def test_rows_carry_value_difference_and_limit(comparison: SerialComparison) -> None:
    rows = {row.name: row for row in compared_rows(comparison, "changed", "unchanged", "new", "not compared")}
    qtc = rows["QTc, Fridericia"]
    assert (qtc.earlier, qtc.later, qtc.change) == ("419\u2009ms", "466\u2009ms", "+47\u2009ms")
    assert qtc.outcome == "Changed (a change from 25\u2009ms on)"
    assert rows["PR interval"].outcome == "Not compared: not measurable in the later ECG: no P wave found"
    assert rows["PR interval"].later == "not measurable"
    assert rows["Prolonged QTc"].outcome.startswith("Unchanged: what decides it")
    # Absent in both, and criteria that are not shown by default.
    assert "Wide QRS" not in rows
    assert "Irregular rhythm" not in rows
    assert "Irregular rhythm" in {row.name for row in compared_rows(comparison, "new", shown_only=False)}


def test_leads_that_are_not_compared_for_one_reason_are_one_row(comparison: SerialComparison) -> None:
    why = Why("other QRS form", "later", "left_bundle_branch_block")
    items = tuple(ComparedItem("number", "j_mv", "not compared", 0.1, 0.2, lead, why=why) for lead in ("V1", "V2"))
    (row,) = compared_rows(replace(comparison, items=items), "not compared")
    assert row.name == "ST at J in V1 and V2"


def test_another_form_names_the_finding_and_its_ecg() -> None:
    words = why_words(Why("other QRS form", "later", "left_bundle_branch_block"))
    assert words.startswith("left bundle branch block in the later ECG alone")


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({"patient_id": "8"}, "patient ids differ: 7 and 8"),
        ({"patient_id": "7", "sex": "female"}, "sexes differ: male and female"),
        ({"patient_id": "7", "age": 50.0, "recorded_at": THEN + timedelta(days=4)}, "60 and 50 years, 4 days apart"),
        ({}, "not stated in one of the ECGs"),
    ],
)
def test_what_contradicts_or_is_missing_is_named(facts: dict[str, object], word: str) -> None:
    first = replace(heart(1, patient_id="7"), recorded_at=THEN)
    second = replace(heart(2), **facts)  # type: ignore[arg-type]
    (sentence,) = identity_words(check_identity(first, second), first, second)
    assert word in sentence


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(hours=3), "3 hours"),
        (timedelta(days=12), "12 days"),
        (timedelta(days=913), "2.5 years"),
    ],
)
def test_the_time_between_in_words(apart: timedelta, words: str) -> None:
    assert interval_words(THEN, THEN + apart) == words
