"""Mutants of every format end as a record or an error in words, within five seconds and 500 MB each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def survive(repository: Path, folder: Path, executions: int, *options: str) -> dict[str, object]:
    """Run a campaign in a process of its own, whose memory is that of the readers alone."""
    command = [
        sys.executable,
        str(repository / "tests" / "fuzz"),
        "--out",
        str(folder),
        "--executions",
        str(executions),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [*command, *options], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return dict(json.loads((folder / "tally.json").read_text()))


def test_five_hundred_mutants_of_generated_files(repository: Path, tmp_path: Path) -> None:
    tally = survive(repository, tmp_path, 500, "--no-real", "--seed", "1")
    assert tally["executions"] == 500
    # Not all are refused, and not all are read.
    assert tally["records"] > 40
    assert tally["refusals"] > 100


@pytest.mark.slow
def test_twenty_thousand_mutants_of_generated_and_real_files(repository: Path, tmp_path: Path) -> None:
    assert survive(repository, tmp_path, 20_000, "--seed", "2")["executions"] == 20_000


def test_a_fault_is_seen_and_kept(repository: Path, tmp_path: Path) -> None:
    """The fuzzer itself can fail: a reader that raises something else is lost, counted and kept."""
    broken = (
        "import runpy, sys; sys.argv = ['fuzz', '--executions', '45', '--no-real', '--out', sys.argv[1]];"
        "import cardiov_core.io.formats.array_files as f; f._channels = lambda *a, **k: 1 / 0;"
        f"runpy.run_path({str(repository / 'tests' / 'fuzz')!r}, run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", broken, str(tmp_path)], cwd=repository, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stdout
    assert list((tmp_path / "faults").iterdir())
