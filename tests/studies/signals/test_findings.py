"""Confusion matrices of hand-made answers, labels of hand-made and real data sets."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cardiov_core.datasets.diagnoses import LabelledRecord, Source, labelled_records
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Finding
from cardiov_core.domain.findings import FindingState
from cardiov_core.errors import DatasetError, RecordUnsupportedError
from cardiov_core.signals.findings import ROWS
from cardiov_core.studies.signals.finding_labels import COMPARISONS
from cardiov_core.studies.signals.findings import (
    PAPER,
    Confusion,
    FindingsCheck,
    check_findings,
    figures,
    findings_check_to_dict,
    interval_of,
)
from cardiov_core.weights import FindingFigures

SHORT = generate("normal", duration_s=1.0)


def _labelled(name: str, source: Source, *labels: str) -> LabelledRecord:
    return LabelledRecord(replace(SHORT, record_id=name), source, frozenset(labels))


def _said(states: dict[str, dict[str, FindingState]]) -> Callable[[EcgRecord], tuple[Finding, ...]]:
    """Findings by record name and code."""

    def find(record: EcgRecord) -> tuple[Finding, ...]:
        return tuple(Finding(code, code, state, ".", {}) for code, state in states[record.record_id].items())

    return find


def _row(check: FindingsCheck, name: str, source: Source) -> tuple[Confusion, tuple[str, ...], tuple[str, ...]]:
    row = next(row for row in check.rows if row.comparison.code == name and row.source == source)
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


def test_records_with_related_labels_count_neither_way() -> None:
    states: dict[str, dict[str, FindingState]] = {
        name: {"left_bundle_branch_block": "present" if name in "ab" else "absent"} for name in "abcd"
    }
    records = [
        _labelled("a", "PTB-XL", "CLBBB", "ILBBB"),
        _labelled("b", "PTB-XL", "ILBBB"),
        _labelled("c", "PTB-XL", "NORM"),
        _labelled("d", "PTB-XL", "IVCD"),
    ]
    check = check_findings(records, _said(states))
    assert _row(check, "left_bundle_branch_block", "PTB-XL")[0] == Confusion(1, 0, 1, 0, related=2)


def test_shares_have_intervals_and_values_at_another_prevalence() -> None:
    counts = Confusion(90, 20, 980, 10)
    # Wilson's interval of 9 in 10: 0.596 to 0.982 (Newcombe 1998, doi:10.1002/(SICI)1097-0258).
    assert interval_of(9, 10) == pytest.approx((0.596, 0.982), abs=0.001)
    assert counts.positive_predictive_value == pytest.approx(90 / 110)
    # Of 1000: 18 of the 20 with it, and 2 % of the 980 without.
    assert counts.predictive_value_at(0.02) == pytest.approx(18 / (18 + 19.6), abs=0.0001)
    assert Confusion(0, 2, 98, 0).predictive_value_at(0.02) is None
    assert interval_of(0, 0) is None


def test_figures_ship_what_the_page_says() -> None:
    check = check_findings([_labelled("a", "PTB-XL", "PACE")], _said({"a": {"pacing": "present"}}))
    document = figures(check)
    assert document.n_records == 1
    assert document.findings["pacing"] == FindingFigures(n_with=1, n_without=0, sensitivity=1.0, specificity=None)
    assert set(document.findings) == {item.code for item in COMPARISONS}


def test_records_that_state_no_axis_say_nothing_about_it() -> None:
    states: dict[str, FindingState] = {"left_axis_deviation_2_lead": "present"}
    records = [
        _labelled("a", "PTB-XL", "NORM"),
        _labelled("b", "PTB-XL", "heart_axis", "heart_axis:LAD"),
        _labelled("c", "PTB-XL", "heart_axis", "heart_axis:MID"),
    ]
    check = check_findings(records, _said(dict.fromkeys("abc", states)))
    assert _row(check, "left_axis_deviation_2_lead", "PTB-XL") == (Confusion(1, 1, 0, 0), ("c",), ())


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
    assert {code: round(counts.sensitivity or 0, 3) for code, counts in PAPER.items()} == {
        "bradycardia": 0.984,
        "left_axis_deviation_2_lead": 0.858,
        "right_axis_deviation_2_lead": 0.724,
        "low_qrs_voltage_limb": 0.529,
        "pacing": 0.453,
    }
    for counts in PAPER.values():
        total = counts.true_positive + counts.false_positive + counts.true_negative + counts.false_negative
        assert total == 78956


def test_every_finding_is_compared_once() -> None:
    assert sorted(comparison.code for comparison in COMPARISONS) == sorted(ROWS)


def test_json_has_counts_labels_and_the_paper_beside() -> None:
    check = check_findings([_labelled("a", "CinC", "10370003")], _said({"a": {"pacing": "present"}}))
    document = json.loads(json.dumps(findings_check_to_dict(check), allow_nan=False))
    rows = {row["code"]: row for row in document["rows"]}
    assert rows["pacing"]["tp"] == 1
    assert rows["pacing"]["labels"] == ["10370003"]
    assert rows["pacing"]["paper"]["tp"] == 671
    assert rows["wide_qrs"]["paper"] is None
    assert rows["wide_qrs"]["related"]


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
