"""``cardiov serial`` and ``cardiov noise-floor``."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets.synthetic import generate
from cardiov_core.io import write_record


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch, weights_folder: Path, tmp_path: Path) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))


def _file(folder: Path, name: str, condition: str, patient: str | None, year: int) -> str:
    record = replace(
        generate(condition, seed=2),
        record_id=name,
        patient_id=patient,
        age=60.0,
        sex="male",
        recorded_at=datetime(year, 3, 1, 9, 0),
    )
    (path,) = write_record(record, folder / name, "dicom", keep_identity=True)
    return str(path)


def test_two_files_of_one_patient_are_compared_in_the_order_of_time(tmp_path: Path) -> None:
    before = _file(tmp_path, "before", "normal", "4711", 2024)
    after = _file(tmp_path, "after", "inferior_st_elevation", "4711", 2025)
    outcome = CliRunner().invoke(main, ["serial", after, before, "--json"])
    assert outcome.exit_code == 0, outcome.output
    assert "the two are exchanged" in outcome.stderr
    document = json.loads(outcome.stdout)
    assert document["patient"]["identity"] == "same patient"
    assert (document["earlier"]["id"], document["later"]["id"]) == ("before", "after")
    assert document["later"]["level"] == 3
    items = {(item["code"], item["lead"]): item for item in document["items"]}
    assert items["level", None]["state"] == "changed"
    assert items["st_elevation", None]["state"] == "new"
    assert items["j_mv", "III"]["state"] == "changed"
    assert items["j_mv", "III"]["change"] > items["j_mv", "III"]["limit"]
    words = CliRunner().invoke(main, ["serial", before, after])
    assert "New: ST elevation, inferior" in words.stdout


def test_two_patients_are_refused_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    before = _file(tmp_path, "before", "normal", "4711", 2024)
    after = _file(tmp_path, "after", "normal", "4712", 2025)
    outcome = CliRunner().invoke(main, ["serial", before, after])
    assert outcome.exit_code == 1
    assert "The patient ids differ" in outcome.stderr
    assert "--same-patient" in outcome.stderr
    outcome = CliRunner().invoke(main, ["serial", before, after, "--same-patient", "--json"])
    assert json.loads(outcome.stdout)["patient"]["identity"] == "contradicting"
