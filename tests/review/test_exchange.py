"""Reads, labels and the audit out; reads made elsewhere in."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cardiov_core import review
from cardiov_core.domain import CaseStatus, EventKind, ReadKind, ReviewStudy, Severity
from cardiov_core.errors import ExchangeError
from cardiov_core.review import Store


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _read_two(store: Store, case_id: str) -> None:
    read = review.commit_read(
        store, case_id, "Ada", Severity(2), 3, ["ST depression", "=T wave"], '=cmd|" ", Zürich\nV4'
    )
    review.study_candidates(store, case_id, "Ada")
    review.give_verdict(store, case_id, "Ada", None, Severity(2))
    review.reveal(store, case_id, "Ada")
    review.keep_or_change(store, read.id, "Ada", Severity(3))
    review.commit_read(store, case_id, "Ben", Severity(1), 1)


@pytest.mark.parametrize("fmt", ["csv", "json"])
def test_reads_come_back_as_they_went_out(store: Store, add: Any, database_url: str, fmt: Any) -> None:
    case_id = add("r1", study="one")
    _read_two(store, case_id)
    text = review.export_reads(store, fmt)
    rows = json.loads(text) if fmt == "json" else _table(text)
    assert [row["reader"] for row in rows] == ["Ada", "Ben"]
    assert str(rows[0]["level"]) == "2"
    assert str(rows[0]["revised_level"]) == "3"
    assert (rows[0]["verdict"], str(rows[0]["verdict_level"])) == ("neither", "2")
    assert (str(rows[0]["label"]), str(rows[0]["model_level"]), rows[0]["status"]) == ("3", "1", "to adjudicate")
    assert datetime.fromisoformat(rows[0]["time"]).tzinfo is not None
    if fmt == "csv":
        # No spreadsheet takes it for a formula.
        assert rows[0]["text"].startswith("'=")
    # The same file again changes nothing.
    report = review.import_reads(store, text, "Dan")
    assert (report.added, report.known, report.errors) == (0, 2, ())
    # In another study that has the record, it brings the same reads.
    other = add("r1", study="two")
    report = review.import_reads(store, text.replace(case_id, "").replace("one", "two"), "Dan")
    assert (report.added, report.known, report.errors) == (2, 0, ())
    first, second = review.reads_of(store, other)
    original = review.reads_of(store, case_id)[0]
    assert (first.level, first.revised_level, first.verdict, first.text, first.reasons) == (
        original.level,
        original.revised_level,
        original.verdict,
        original.text,
        original.reasons,
    )
    assert (first.committed_at, second.kind) == (original.committed_at, ReadKind.BLIND)
    assert review.get_case(store, other).status is CaseStatus.TO_ADJUDICATE
    event = review.events_of(store, other)[1]
    assert (event.kind, event.who, event.after["reader"]) == (EventKind.READ_IMPORTED, "Dan", "Ada")


def test_an_export_is_of_one_study_where_that_is_asked_for(store: Store, add: Any) -> None:
    for study in ("one", "two"):
        review.commit_read(store, add("r1", study=study), "Ada", Severity(2), 3)
    assert len(_table(review.export_reads(store))) == 2
    assert [row["study"] for row in _table(review.export_reads(store, study="two"))] == ["two"]
    assert review.export_reads(store, study="three").count("\n") == 1


def test_each_wrong_row_is_named_and_the_rest_is_taken(store: Store, add: Any) -> None:
    add("r1")
    add("twice", study="one")
    add("twice", study="two")
    good = {
        "record_id": "r1",
        "reader": "Eve",
        "level": 2,
        "confidence": 1,
        "kind": "blind",
        "time": "2026-01-02T10:00Z",
    }
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wrong = {
        "4 is not a valid Severity": {"level": 4},
        "confidence 5": {"confidence": 5},
        "not a valid ReadKind": {"kind": "peeked"},
        "no zone": {"time": "2026-01-02T10:00"},
        "to come": {"time": later},
        "'time' is missing": {"time": None},
        "belong together": {"verdict": "label"},
        "no such case": {"record_id": "r9"},
        "several cases": {"record_id": "twice"},
        "1 to 100 characters": {"reader": "  "},
    }
    rows = [{name: value for name, value in (good | fault).items() if value is not None} for fault in wrong.values()]
    report = review.import_reads(store, json.dumps([*rows, good, good | {"level": 3}]), "Dan")
    assert (report.added, report.known) == (1, 0)
    assert len(report.errors) == len(wrong) + 1
    for number, (words, error) in enumerate(zip(wrong, report.errors, strict=False), start=1):
        assert error.message.startswith(f"Row {number}: ")
        assert words in error.message
    assert "another read" in report.errors[-1].message
    # Who was only named in a file may do nothing.
    assert review.roles_of(store, "Eve") == frozenset()


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "[1]", "[{]", "level,reader\n"])
def test_what_is_no_table_of_reads_is_refused(store: Store, text: str) -> None:
    with pytest.raises(ExchangeError):
        review.import_reads(store, text, "Dan")


def test_corrected_labels_are_those_of_settled_cases(store: Store, add: Any) -> None:
    agreed, differing, vague, signed, _ = (add(name) for name in ("r2", "r10", "r3", "r4", "r5"))
    for case_id, levels in ((agreed, (2, 2)), (differing, (0, 3)), (vague, (0, 1)), (signed, (1, 1))):
        for reader, level in zip(("Ada", "Ben"), levels, strict=True):
            review.commit_read(store, case_id, reader, Severity(level), 2)
    review.adjudicate(store, differing, "Dan", Severity(3), "why")
    review.adjudicate(store, vague, "Dan", None, "artefact")
    review.sign_off(store, signed, "Cyd", Severity(1))
    review.amend(store, signed, "Dan", Severity(2), "why")
    rows = _table(review.export_labels(store))
    assert [(row["ecg_id"], row["level"], row["reader"]) for row in rows] == [
        ("2", "2", "Ada + Ben"),
        ("4", "2", "Dan"),
        ("10", "3", "Dan"),
    ]
    assert all(datetime.fromisoformat(row["time"]).tzinfo is not None for row in rows)


def test_the_latest_decision_on_a_record_counts(store: Store, add: Any) -> None:
    review.set_study(store, ReviewStudy("one", 0.0, 1, with_verdict=False), "Ada")
    review.set_study(store, ReviewStudy("two", 0.0, 1, with_verdict=False), "Ada")
    for study, level in (("one", 1), ("two", 2)):
        review.commit_read(store, add("r1", study=study), "Ada", Severity(level), 2)
    assert [row["level"] for row in _table(review.export_labels(store))] == ["2"]
    assert [row["level"] for row in _table(review.export_labels(store, "one"))] == ["1"]


def test_the_audit_is_written_whole(store: Store, add: Any) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(1), 1)
    rows = json.loads(review.export_audit(store))
    assert [row["kind"] for row in rows[-2:]] == ["case added", "read committed"]
    assert set(rows[-1]) >= {"id", "at", "who", "before", "after", "model", "model_sha256", "app_version"}


def test_a_settled_record_has_a_corrected_label_and_others_have_none(store: Store, add: Any) -> None:
    case_id = add("r7", label=3, level=0)
    assert review.corrected_label(store, 7) is None
    for name in ("Ben", "Cyd"):
        review.commit_read(store, case_id, name, Severity.MEDIUM_RISK, 3)
    assert review.corrected_label(store, 7) is Severity.MEDIUM_RISK
    review.sign_off(store, case_id, "Dan", Severity.HIGH_RISK)
    assert review.corrected_label(store, 7) is Severity.HIGH_RISK
    assert review.corrected_label(store, 8) is None
