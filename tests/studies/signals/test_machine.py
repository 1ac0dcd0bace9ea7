"""Measurements beside those that a machine wrote into the file."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import MachineReading
from cardiov_core.signals import measure
from cardiov_core.studies.signals.machine import beside_machine, summarise


def test_differences_are_ours_minus_the_machines() -> None:
    record = generate("normal")
    found = measure(record)
    assert found.qrs_ms is not None
    assert found.heart_rate_bpm is not None
    stated = {"qrs_ms": found.qrs_ms - 5.0, "rr_mean_ms": 60_000.0 / found.heart_rate_bpm}
    row = beside_machine(replace(record, machine=MachineReading("cart", stated, (), (), "")))
    assert row is not None
    assert row.difference == pytest.approx({"HR": 0.0, "QRS": 5.0})
    heart_rate, pr, qrs, _ = summarise([row])
    assert (heart_rate.n_compared, pr.n_stated, pr.n_compared) == (1, 0, 0)
    assert qrs.median == pytest.approx(5.0)
    assert qrs.median_on_marks > qrs.median


def test_without_a_machine_there_is_nothing_to_compare() -> None:
    record = generate("normal")
    assert beside_machine(record) is None
    assert beside_machine(replace(record, machine=MachineReading("cart", {"p_ms": 90.0}, (), (), ""))) is None


@pytest.mark.dataset
def test_qrs_and_qt_are_the_carts_in_the_median(data_folder: Path) -> None:
    result = CliRunner().invoke(main, ["measure", "--against-machine", str(data_folder / "vendor-samples")])
    assert result.exit_code == 0
    medians = {line.split()[0]: float(line.split()[2]) for line in result.stdout.split("\n\n")[1].splitlines()[1:]}
    assert abs(medians["QRS"]) <= 6.0
    assert abs(medians["QT"]) <= 6.0


def test_files_without_a_machine_are_said_so(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("no ECG")
    result = CliRunner().invoke(main, ["measure", "--against-machine", str(tmp_path)])
    assert result.exit_code == 1
    assert "No file states" in result.stderr
