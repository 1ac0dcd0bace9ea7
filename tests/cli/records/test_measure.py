"""``cardiov measure``: a table for people, JSON for programs, errors with their exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main


@pytest.fixture
def record_path(wfdb_files: Callable[..., dict[str, bytes]], tmp_path: Path) -> Path:
    """A synthetic normal ECG as WFDB files."""
    for name, content in wfdb_files("one").items():
        (tmp_path / name).write_bytes(content)
    return tmp_path / "one.hea"


def test_table(record_path: Path) -> None:
    result = CliRunner().invoke(main, ["measure", str(record_path)])
    assert result.exit_code == 0
    unit, head, row = result.stdout.splitlines()[:3]
    assert "ms" in unit
    assert head.split()[:6] == ["RECORD", "HR", "P", "PR", "QRS", "QT"]
    name, rate, _, pr, qrs, qt, *_ = row.split()
    assert name == "one"
    assert 50 <= int(rate) <= 110
    assert 100 <= int(pr) <= 220
    assert 60 <= int(qrs) <= 130
    assert 300 <= int(qt) <= 480


def test_json(record_path: Path) -> None:
    result = CliRunner().invoke(main, ["measure", str(record_path), "--json"])
    assert result.exit_code == 0
    row = json.loads(result.stdout)
    assert row["record"]["id"] == "one"
    measured = row["measurements"]
    assert measured["heart_rate_bpm"] > 0
    assert measured["boundaries"]["qrs"]["onset_ms"] < 0 < measured["boundaries"]["qrs"]["offset_ms"]
    assert set(measured["not_measurable"]) == {name for name in measured["not_measurable"] if not measured[name]}


def test_a_bad_record_is_a_row_and_the_rest_goes_on(record_path: Path) -> None:
    (record_path.parent / "two.hea").write_text("two 12 500 5000\ntwo.dat 16 1000/mV 16 0 0 0 0 I\n")
    result = CliRunner().invoke(main, ["measure", str(record_path.parent), "--json"])
    assert result.exit_code == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [("measurements" in row, "error" in row) for row in rows] == [(True, False), (False, True)]
    assert "could not be measured" in result.stderr


def test_annotations_need_ludb(record_path: Path) -> None:
    result = CliRunner().invoke(main, ["measure", str(record_path.parent), "--against-annotations"])
    assert result.exit_code == 1
    assert "ludb.csv" in result.stderr
    assert CliRunner().invoke(main, ["measure"]).exit_code == 2
