"""Many records: one at a time, bad ones apart, the urgent first, a table that keeps its columns."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cardiov_core.critical import critical_results, load_rule_set
from cardiov_core.domain import EcgRecord, Measurements, QualityVerdict, Severity
from cardiov_core.domain.reasons import stored
from cardiov_core.errors import RecordFormatError
from cardiov_core.inference import Grader, analyze, load_predictor
from cardiov_core.inference import batch as batch_module
from cardiov_core.inference.batch import (
    BatchError,
    BatchRow,
    TriageGroup,
    batch_table,
    row_of,
    run_batch,
    triage_order,
)
from cardiov_core.io import Source, read_record

COLUMNS = {
    "triage_rank": "Int64", "triage_group": "string", "record": "string", "record_id": "string", "level": "Int64",
    "level_name": "string", "p_no": "Float64", "p_low": "Float64", "p_medium": "Float64", "p_high": "Float64",
    "p_above_no": "Float64", "p_above_low": "Float64", "p_above_medium": "Float64", "prediction_set": "string",
    "withheld": "string", "quality": "string", "heart_rate_bpm": "Float64", "qtc_fridericia_ms": "Float64",
    "critical_findings": "string", "age_years": "Float64", "sex": "string", "n_warnings": "Int64",
    "warnings": "string", "out_of_fold": "boolean", "model": "string", "model_sha256": "string",
    "graders_disagree": "boolean", "other_graders": "string", "unsure": "boolean",
}  # fmt: skip
"""What scripts that read the download rely on: change only with a word in the changelog."""


def row(name: str, level: int | None, above_low: float = 0.0, *, critical: tuple[str, ...] = ()) -> BatchRow:
    known = level is not None
    return BatchRow(
        name=name,
        record_id=name,
        files=(f"{name}.npz",),
        level=Severity(level) if level is not None else None,
        probabilities=(1 - above_low, 0.0, above_low, 0.0) if known else None,
        exceedance=(above_low, above_low, 0.0) if known else None,
        prediction_set=None,
        out_of_fold=False,
        quality=QualityVerdict.ACCEPTABLE if known else QualityVerdict.NOT_ANALYSABLE,
        withheld=() if known else stored(["V3 is flat.", "V4 is flat."]),
        heart_rate_bpm=61.5 if known else None,
        qtc_fridericia_ms=None,
        critical=critical,
        age=70.0,
        sex=None,
        warnings=stored(["Sex is not stated."]),
    )


@pytest.fixture
def predictor(tiny_folder: Path) -> Grader:
    return load_predictor()


@pytest.fixture
def sources(tmp_path: Path, wfdb_files: Callable[..., dict[str, bytes]]) -> list[Source]:
    """A good record, a damaged one, another good one."""
    folder = tmp_path / "drop"
    folder.mkdir()
    for name, content in (wfdb_files("first") | wfdb_files("second", seconds=12)).items():
        (folder / name).write_bytes(content)
    (folder / "damaged.npy").write_bytes(b"not an array")
    return [Source(folder / name, f"drop/{name}") for name in ("first.hea", "damaged.npy", "second.hea")]


def test_a_bad_record_is_an_error_of_its_own_and_the_rest_goes_on(predictor: Grader, sources: list[Source]) -> None:
    first, damaged, second = run_batch(sources, predictor)
    assert isinstance(damaged, BatchError)
    assert damaged.name == "drop/damaged.npy"
    assert isinstance(damaged.error, RecordFormatError)
    assert isinstance(first, BatchRow)
    assert isinstance(second, BatchRow)
    assert [first.name, second.name] == ["drop/first.hea", "drop/second.hea"]
    assert first.files == ("first.hea", "first.dat")
    assert (first.age, first.sex) == (61.0, "female")


def test_a_row_says_what_the_analysis_says(predictor: Grader, sources: list[Source]) -> None:
    analysis = analyze(read_record(sources[0].path), predictor)
    assert analysis.prediction is not None
    found = row_of("name", analysis)
    assert found.level is analysis.prediction.severity
    assert found.probabilities == analysis.prediction.probabilities
    assert found.exceedance == analysis.prediction.exceedance
    assert found.quality is analysis.quality.verdict
    assert found.warnings == analysis.warnings
    assert analysis.measurements is not None
    assert found.heart_rate_bpm == analysis.measurements.heart_rate_bpm
    assert found.qtc_fridericia_ms == analysis.measurements.qtc_fridericia_ms


def test_critical_results_are_kept_and_raise_the_level(predictor: Grader, sources: list[Source]) -> None:
    analysis = analyze(read_record(sources[0].path), predictor)
    assert row_of("name", analysis).critical == ()
    results = critical_results(load_rule_set(), (), Measurements(heart_rate_bpm=30.0))
    row = row_of("name", replace(analysis, critical=results))
    assert row.critical == ("Severe bradycardia",)
    assert row.level is Severity.HIGH_RISK
    assert row_of("name", replace(analysis, findings=())).critical == ()


def test_only_one_signal_is_held_at_a_time(
    predictor: Grader, sources: list[Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[EcgRecord] = weakref.WeakSet()
    most = 0

    def _read(source: Source, **options: object) -> EcgRecord:
        nonlocal most
        record = read_record(source.path)
        alive.add(record)
        gc.collect()
        most = max(most, len(alive))
        return record

    monkeypatch.setattr(batch_module, "read_source", _read)
    results = list(run_batch([sources[0], sources[2]] * 3, predictor))
    assert len(results) == 6
    assert most == 1
    gc.collect()
    assert not alive


def test_a_bug_that_one_record_uncovers_costs_only_that_record(
    predictor: Grader, sources: list[Source], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def _break(record: EcgRecord, grader: Grader, **_: object) -> object:
        if record.record_id == "first":
            raise ZeroDivisionError("secret detail")
        return analyze(record, grader)

    monkeypatch.setattr(batch_module, "analyze", _break)
    broken, second = run_batch([sources[0], sources[2]], predictor)
    assert isinstance(broken, BatchError)
    assert "did not foresee" in broken.error.message
    assert "secret" not in broken.error.message + broken.error.hint
    assert "ZeroDivisionError" in caplog.text
    # The line of the program is logged, the message of the error is not: it may quote a file.
    assert "ZeroDivisionError: " not in caplog.text
    assert isinstance(second, BatchRow)


def test_the_urgent_come_first_then_the_unknown_then_the_rest_by_level() -> None:
    rows = [
        row("no", 0, 0.3),
        row("medium, likely", 2, 0.9),
        row("low", 1, 0.4),
        row("medium", 2, 0.6),
        row("withheld", None),
        row("high", 3, 0.7),
        row("slow heart at no risk", 0, 0.1, critical=("Heart rate under 40 bpm",)),
        row("withheld with a long QTc", None, critical=("QTc of 500 ms or more",)),
        row("high, likely", 3, 0.95),
    ]
    assert [one.name for one in triage_order(rows)] == [
        "high, likely",
        "high",
        "slow heart at no risk",
        "withheld with a long QTc",
        "withheld",
        "medium, likely",
        "medium",
        "low",
        "no",
    ]


def test_the_level_outweighs_the_probability_among_the_rest() -> None:
    assert [one.name for one in triage_order([row("low", 1, 0.49), row("medium", 2, 0.45)])] == ["medium", "low"]


def test_equals_stay_in_the_order_of_their_names_whatever_came_first() -> None:
    names = ["c", "a", "b"]
    assert [one.name for one in triage_order([row(name, 0, 0.1) for name in names])] == ["a", "b", "c"]
    assert [one.name for one in triage_order([row(name, None) for name in names])] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("level", "critical", "group"),
    [
        (3, (), TriageGroup.URGENT),
        (0, ("Long pause",), TriageGroup.URGENT),
        (None, ("Long pause",), TriageGroup.URGENT),
        (None, (), TriageGroup.NEEDS_A_LOOK),
        (2, (), TriageGroup.GRADED),
    ],
)
def test_group_of_a_row(level: int | None, critical: tuple[str, ...], group: TriageGroup) -> None:
    assert row("x", level, critical=critical).group is group


def test_the_table_keeps_its_columns_and_invents_no_number(predictor: Grader) -> None:
    rows = [replace(row("set", 2, 0.5), prediction_set=(Severity.MEDIUM_RISK, Severity.HIGH_RISK)), row("none", None)]
    table = batch_table(rows, predictor)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS
    known, withheld = (values for _, values in table.iterrows())
    assert known["triage_rank"] == 1
    assert (known["level"], known["level_name"], known["prediction_set"]) == (
        2,
        "Medium risk",
        "Medium risk | High risk",
    )
    assert (known["p_medium"], known["p_above_low"], known["heart_rate_bpm"]) == (0.5, 0.5, 61.5)
    assert known["model_sha256"] == predictor.card.sha256
    assert withheld["withheld"] == "V3 is flat. | V4 is flat."
    unknown = ["level", "level_name", "p_no", "p_high", "p_above_no", "heart_rate_bpm", "qtc_fridericia_ms", "sex"]
    assert withheld[unknown].isna().all()


def test_graders_that_differ_are_flagged_and_unasked_ones_are_missing(predictor: Grader) -> None:
    (said,) = stored(["The graders disagree: tiny No risk, b High risk."])
    rows = [
        replace(row("differ", 0), other_levels={"b": Severity.HIGH_RISK}, disagreement=said),
        replace(row("agree", 1), other_levels={"b": Severity.LOW_RISK}),
        row("alone", 1),
    ]
    table = batch_table(rows, predictor)
    assert table["graders_disagree"].tolist() == [True, False, pd.NA]
    assert table["other_graders"].tolist() == ["b High risk", "b Low risk", pd.NA]


def test_a_batch_asks_all_graders(predictor: Grader, sources: list[Source]) -> None:
    [alone] = run_batch([sources[0]], predictor)
    [compared] = run_batch([sources[0]], predictor, others=[load_predictor(predictor.card.path)])
    assert isinstance(alone, BatchRow)
    assert compared == alone, "a second grader of the same name is the same grader"


def test_an_empty_table_has_the_same_columns(predictor: Grader) -> None:
    table = batch_table([], predictor)
    assert len(table) == 0
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS


def test_parquet_gives_back_what_was_written(predictor: Grader, tmp_path: Path) -> None:
    table = batch_table([row("a", 1, 0.2), row("b", None)], predictor)
    table.to_parquet(tmp_path / "table.parquet", index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), table)
