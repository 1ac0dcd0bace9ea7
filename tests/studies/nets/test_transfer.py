"""Transfer: the same records anew and after another task, resumable, no patient on two sides."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.errors import ConfigurationError
from cardiov_core.studies.nets import transfer as module
from cardiov_core.studies.nets.transfer import TransferPlan, check_transfer, transfer_text, write_transfer

PLAN = TransferPlan("fcn_wang", "all", "superdiagnostic", (8, 400), epochs=2, seeds=2)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST_BATCH", 4)
    monkeypatch.setattr("cardiov_core.studies.nets.compare._BATCH", 4)


def test_an_interrupted_study_goes_on_and_gives_the_same(tree: PtbXl, tmp_path: Path) -> None:
    told: list[str] = []
    first = check_transfer(tree, PLAN, tmp_path, report=told.append, n_resamples=20)
    # Two sizes, two seeds, two kinds, and what is learned before, once.
    assert len(told) == 9
    # Three folds of four records, however many were asked for; two folds are tested on.
    assert [row.n for row in first.rows] == [8, 12]
    assert (first.n_before, first.n_test) == (16, 8)
    for row in first.rows:
        assert row.gain == pytest.approx(np.mean(row.tuned) - np.mean(row.anew))
        assert row.low <= row.gain <= row.high
    (tmp_path / "fcn_wang-superdiagnostic-tuned-8-1.npz").unlink()
    told.clear()
    again = check_transfer(tree, PLAN, tmp_path, report=told.append, n_resamples=20)
    assert len(told) == 1
    assert again.rows == first.rows
    # More sizes change none of those that are there.
    more = check_transfer(tree, replace(PLAN, sizes=(8, 10), seeds=1), tmp_path, report=told.append, n_resamples=5)
    assert more.rows[0].anew == first.rows[0].anew[:1]
    assert len(told) == 3


def test_it_is_written_and_printed(tree: PtbXl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--net", "fcn_wang", "--task", "age", "--before", "sex", "--sizes", "8", "--epochs", "2"]
    folders = ["--data", str(tree.root), "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(main, ["transfer-check", *folders, *options, "--seeds", "1", "--resamples", "5"])
    assert run.exit_code == 0, run.output
    assert "| 8 |" in run.stdout
    assert "MAE in years" in run.stdout
    assert (tmp_path / "out" / "transfer.png").stat().st_size > 1000
    assert (tmp_path / "out" / "transfer.csv").read_text().count("\n") == 3
    wrong = CliRunner().invoke(main, ["transfer-check", *folders, "--sizes", "many"])
    assert wrong.exit_code == 2


def test_less_error_is_a_gain(tree: PtbXl, tmp_path: Path) -> None:
    plan = replace(PLAN, before="sex", task="age", sizes=(8,), seeds=1)
    found = check_transfer(tree, plan, tmp_path, n_resamples=5)
    row = found.rows[0]
    assert row.gain == pytest.approx(row.anew[0] - row.tuned[0])
    write_transfer(found, tmp_path / "written")
    assert (tmp_path / "written" / "transfer.md").read_text() == transfer_text(found)


def test_what_cannot_be_studied_is_refused(tree: PtbXl, tmp_path: Path) -> None:
    for plan in (replace(PLAN, task="cinc2021"), replace(PLAN, sizes=(4,)), replace(PLAN, sizes=())):
        with pytest.raises(ConfigurationError, match="cannot be studied"):
            check_transfer(tree, plan, tmp_path)
