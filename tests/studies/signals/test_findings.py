"""Confusion matrices of hand-made answers, labels of hand-made and real data sets."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cardiov_core.datasets.labelled import LabelledRecord, Source, labelled_records
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Finding, FindingState, Measurements
from cardiov_core.errors import DatasetError, RecordUnsupportedError
from cardiov_core.signals import apply_rules
from cardiov_core.studies.signals.finding_labels import COMPARISONS
from cardiov_core.studies.signals.findings import (
    PAPER,
    Confusion,
    FindingsCheck,
    check_findings,
    check_to_dict,
)

SHORT = generate("normal", duration_s=1.0)


def _labelled(name: str, source: Source, *labels: str) -> LabelledRecord:
    return LabelledRecord(replace(SHORT, record_id=name), source, frozenset(labels))


def _said(states: dict[str, dict[str, FindingState]]) -> Callable[[EcgRecord], tuple[Finding, ...]]:
    """Findings by record name and code."""

    def find(record: EcgRecord) -> tuple[Finding, ...]:
        return tuple(Finding(code, code, state, ".", {}) for code, state in states[record.record_id].items())

    return find


def _row(check: FindingsCheck, name: str, source: Source) -> tuple[Confusion, tuple[str, ...], tuple[str, ...]]:
    row = next(row for row in check.rows if row.comparison.name == name and row.source == source)
    return row.confusion, row.false_positives, row.false_negatives


def test_counts_and_names_of_what_differs() -> None:
    records = [
        _labelled("a", "CinC", "426177001"),
        _labelled("b", "CinC", "426627000", "39732003"),
        _labelled("c", "CinC", "426783006"),
        _labelled("d", "CinC", "426783006"),
        _labelled("e", "CinC", "426177001"),
        _labelled("f", "LUDB", "sinus bradycardia"),
    ]
    present: dict[str, FindingState] = {"bradycardia": "present"}
    absent: dict[str, FindingState] = {"bradycardia": "absent"}
    missing: dict[str, FindingState] = {"bradycardia": "not measurable"}
    find = _said({"a": present, "b": absent, "c": present, "d": absent, "e": missing, "f": present})
    check = check_findings(records, find)
    assert check.n_records == {"CinC": 5, "LUDB": 1}
    assert _row(check, "bradycardia", "CinC") == (Confusion(1, 1, 1, 1, 1, 0), ("c",), ("b",))
    assert _row(check, "bradycardia", "LUDB")[0] == Confusion(1, 0, 0, 0)


def test_one_of_two_findings_is_enough_and_both_must_be_absent() -> None:
    pairs: dict[str, tuple[FindingState, FindingState]] = {
        "a": ("present", "absent"),
        "b": ("absent", "not measurable"),
        "c": ("absent", "absent"),
        "d": ("not measurable", "present"),
    }
    codes = ("low_qrs_voltage_limb", "low_qrs_voltage_precordial")
    find = _said({name: dict(zip(codes, pair, strict=True)) for name, pair in pairs.items()})
    check = check_findings([_labelled(name, "PTB-XL", "LVOLT") for name in pairs], find)
    assert _row(check, "low QRS voltage (limb or precordial)", "PTB-XL")[0] == Confusion(2, 0, 0, 1, 1, 0)
    assert _row(check, "low QRS voltage (limb)", "PTB-XL")[0] == Confusion(1, 0, 0, 2, 1, 0)


def test_records_that_state_no_axis_say_nothing_about_it() -> None:
    states: dict[str, FindingState] = {"left_axis_deviation_2_lead": "present"}
    records = [
        _labelled("a", "PTB-XL", "NORM"),
        _labelled("b", "PTB-XL", "heart_axis", "heart_axis:LAD"),
        _labelled("c", "PTB-XL", "heart_axis", "heart_axis:MID"),
    ]
    check = check_findings(records, _said(dict.fromkeys("abc", states)))
    assert _row(check, "left axis deviation (2 leads)", "PTB-XL") == (Confusion(1, 1, 0, 0), ("c",), ())


def test_a_record_that_cannot_be_measured_is_skipped_with_its_reason() -> None:
    def refuse(record: EcgRecord) -> tuple[Finding, ...]:
        raise RecordUnsupportedError("50 Hz is too slow", "Use 80 Hz or more.")

    check = check_findings([_labelled("slow", "CinC", "39732003")], refuse)
    assert check.skipped == ("slow: 50 Hz is too slow",)
    assert check.n_records == {}
    assert check.rows == ()


def test_shares_are_none_without_a_case() -> None:
    assert Confusion(0, 0, 5, 0).sensitivity is None
    assert Confusion(0, 0, 5, 0).positive_predictive_value is None
    assert Confusion(3, 1, 4, 1).sensitivity == 0.75
    assert Confusion(3, 1, 4, 1).specificity == 0.8


def test_the_paper_s_table_is_copied_right() -> None:
    # Wen and Kang 2022, Table 4: every row is of the same 78 956 records.
    assert {topic: round(counts.sensitivity or 0, 3) for topic, counts in PAPER.items()} == {
        "bradycardia": 0.984,
        "left axis deviation": 0.858,
        "right axis deviation": 0.724,
        "low QRS voltage": 0.529,
        "pacing": 0.453,
    }
    for counts in PAPER.values():
        total = counts.true_positive + counts.false_positive + counts.true_negative + counts.false_negative
        assert total == 78956
    assert set(PAPER) <= {comparison.topic for comparison in COMPARISONS}


def test_comparisons_name_rules_that_exist() -> None:
    codes = {finding.code for finding in apply_rules(SHORT, Measurements())}
    assert {code for comparison in COMPARISONS for code in comparison.findings} <= codes
    assert len({comparison.name for comparison in COMPARISONS}) == len(COMPARISONS)


def test_json_has_counts_labels_and_the_paper_beside() -> None:
    check = check_findings([_labelled("a", "CinC", "10370003")], _said({"a": {"pacing": "present"}}))
    document = json.loads(json.dumps(check_to_dict(check), allow_nan=False))
    rows = {row["rule"]: row for row in document["rows"]}
    assert rows["pacing"]["tp"] == 1
    assert rows["pacing"]["labels"] == ["10370003"]
    assert rows["pacing"]["paper"]["tp"] == 671
    assert rows["wide QRS"]["paper"] is None
    assert rows["wide QRS"]["not_measurable"] == {"labelled": 0, "unlabelled": 1}


def _with_dx(files: dict[str, bytes], comment: bytes) -> dict[str, bytes]:
    return {name: data + comment if name.endswith(".hea") else data for name, data in files.items()}


def test_snomed_codes_come_from_the_header_and_unlabelled_records_are_left_out(
    tmp_path: Path, wfdb_files: Callable[..., dict[str, bytes]]
) -> None:
    for name, comment in (("one", b"# Dx: 39732003,426177001\n"), ("two", b"#Dx: \n"), ("three", b"")):
        for file, data in _with_dx(wfdb_files(name), comment).items():
            (tmp_path / file).write_bytes(data)
    found = list(labelled_records(tmp_path))
    assert [(item.record.record_id, item.source, item.labels) for item in found] == [
        ("one", "CinC", frozenset({"39732003", "426177001"}))
    ]
    (tmp_path / "one.hea").unlink()
    with pytest.raises(DatasetError, match="no record with diagnoses"):
        list(labelled_records(tmp_path))


@pytest.mark.dataset
def test_labels_of_ludb_and_ptbxl_are_those_that_the_comparisons_ask_for(data_folder: Path) -> None:
    # Counted in ludb.csv and ptbxl_database.csv of the part that is here; more records only add.
    expected = {"ludb": {"sinus bradycardia", "pacemaker presence", "i degree av block", "ventricular extrasystole"}}
    expected["ptb-xl-subset"] = {"SBRAD", "PACE", "heart_axis:LAD", "heart_axis:RAD", "LVOLT"}
    for folder, labels in expected.items():
        if not (data_folder / folder).is_dir():
            pytest.skip(f"no {folder} in {data_folder}")
        seen: set[str] = set()
        for item in labelled_records(data_folder / folder):
            seen |= item.labels
            if labels <= seen:
                break
        assert labels <= seen
