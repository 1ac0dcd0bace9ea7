"""A run: a row per record whatever is wrong with it, parts that stay, one file in the end, and refusals."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from cardiov_core.datasets import find_ptbxl
from cardiov_core.errors import ConfigurationError, OutputError, WeightsError
from cardiov_core.inference import analysis_to_dict, analyze, load_predictor, other_graders
from cardiov_core.io import read_record
from cardiov_core.scoring import Grading, Progress, score
from cardiov_core.scoring.result_rows import COLUMNS, RISK_COLUMNS
from cardiov_core.scoring.score_records import part_path

Files = Callable[..., dict[str, bytes]]


@pytest.fixture
def records(tmp_path: Path, wfdb_files: Files) -> Path:
    """Two good records, one whose signal is missing, and one too short to be graded."""
    root = tmp_path / "records"
    root.mkdir()
    files = wfdb_files("a") | wfdb_files("b") | wfdb_files("short", seconds=3.0)
    for name, content in files.items():
        (root / name).write_bytes(content)
    (root / "torn.hea").write_bytes(wfdb_files("torn")["torn.hea"])
    return root


def _rows(out: Path) -> list[dict[str, object]]:
    return pq.read_table(out).to_pylist()


def test_each_record_has_one_row_and_the_same_as_by_itself(records: Path, tiny_folder: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    summary = score(str(records), tmp_path / "out", Grading("tiny"), chunk_size=3, n_processes=0, tell=told.append)
    rows = _rows(summary.out)
    assert tuple(rows[0]) == COLUMNS
    assert [row["record_id"] for row in rows] == ["a", "b", "short", None]
    assert (summary.n_records, summary.n_errors, summary.n_withheld, summary.n_this_run) == (4, 1, 1, 4)
    predictor = load_predictor("tiny")
    alone = analysis_to_dict(analyze(read_record(records / "a.hea"), predictor, others=other_graders(predictor)))
    assert rows[0]["level"] == alone["risk"]["level"]
    assert [rows[0][name] for name in RISK_COLUMNS[2:6]] == alone["risk"]["probabilities"]
    assert rows[0]["heart_rate_bpm"] == pytest.approx(alone["measurements"]["heart_rate_bpm"], abs=0.05)
    assert (rows[2]["level"], rows[2]["withheld"]) == (None, ["too_short"])
    assert (rows[3]["error_code"], rows[3]["record"]) == ("record_not_found", f"{records}/torn.hea")
    assert "torn.dat" in str(rows[3]["error_message"])
    assert [one.done for one in told] == [0, 1, 2, 3, 4]
    assert told[-1].left_s == 0.0
    assert told[1].rate_per_s > 0


def test_a_run_goes_on_with_the_parts_that_are_missing(records: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = score(str(records), out, Grading("tiny"), chunk_size=2, n_processes=0)
    before = part_path(out, 0).stat().st_mtime_ns
    whole = pq.read_table(out)
    part_path(out, 1).unlink()
    # A record that came later belongs to another run: nothing may shift.
    shutil.copy(records / "a.hea", records / "0.hea")
    again = score(str(records), out, Grading("tiny"), chunk_size=2, n_processes=0)
    assert (first.n_this_run, again.n_this_run, again.n_records) == (4, 2, 4)
    assert part_path(out, 0).stat().st_mtime_ns == before
    assert pq.read_table(out).equals(whole)


def test_one_file_holds_all_parts(records: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "levels.parquet"
    score(str(records), out, Grading("tiny"), chunk_size=1, n_processes=0)
    assert pq.ParquetFile(out).metadata.num_row_groups == 4
    assert [row["record_id"] for row in _rows(out)] == ["a", "b", "short", None]
    assert {path.name for path in tmp_path.iterdir()} == {"records", "graders", out.name}
    with pytest.raises(ConfigurationError, match="is there already"):
        score(str(records), out, Grading("tiny"), n_processes=0)


def test_results_of_two_runs_never_mix(records: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    score(str(records), out, Grading("tiny"), n_processes=0)
    with pytest.raises(ConfigurationError, match=r"its levels is 'shipped', not 'paper'"):
        score(str(records), out, Grading("tiny", paper=True), n_processes=0)
    with pytest.raises(ConfigurationError, match="its source is"):
        score(str(records / "a.hea"), out, Grading("tiny"), n_processes=0)
    with pytest.raises(ConfigurationError, match="holds other files"):
        score(str(records), records, Grading("tiny"), n_processes=0)
    (out / "_run.json").write_text("{")
    with pytest.raises(OutputError, match=r"_run\.json cannot be read"):
        score(str(records), out, Grading("tiny"), n_processes=0)


def test_a_damaged_part_is_named_and_a_missing_grader_ends_the_run(
    records: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(WeightsError, match="nosuch"):
        score(str(records), out, Grading("nosuch"), n_processes=0)
    score(str(records), out, Grading("tiny"), n_processes=0)
    part_path(out, 0).write_bytes(b"PAR1")
    with pytest.raises(OutputError, match=r"part-000000\.parquet is damaged"):
        score(str(records), out, Grading("tiny"), n_processes=0)


def test_a_second_run_waits_outside(records: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def second(_: Progress) -> None:
        with pytest.raises(OutputError, match="Another run is writing"):
            score(str(records), out, Grading("tiny"), n_processes=0)

    score(str(records / "a.hea"), out, Grading("tiny"), n_processes=0, tell=second)


def test_a_full_disk_ends_the_run_and_what_is_done_stays(records: Path, tiny_folder: Path, tmp_path: Path) -> None:
    out, (soft, hard) = tmp_path / "out", resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(progress: Progress) -> None:
        if progress.done == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))

    try:
        with pytest.raises(OutputError, match=r"part-000001\.parquet cannot be written: File too large"):
            score(str(records), out, Grading("tiny"), chunk_size=2, n_processes=0, tell=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert part_path(out, 0).exists()
    assert not list(out.glob(".*"))
    assert score(str(records), out, Grading("tiny"), chunk_size=2, n_processes=0).n_this_run == 2
    assert [row["record_id"] for row in _rows(out)] == ["a", "b", "short", None]


@pytest.mark.slow
def test_killed_runs_and_killed_workers_lose_nothing_and_write_nothing_twice(
    records: Path, tiny_folder: Path, tmp_path: Path, wfdb_files: Files
) -> None:
    for at in range(20):
        for name, content in wfdb_files(f"copy{at}").items():
            (records / name).write_bytes(content)
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "out"
    score(str(records), undisturbed, Grading("tiny"), chunk_size=4, n_processes=0)
    command = [sys.executable, "-m", "cardiov_core", "score", str(records), "--out", str(out), "--model", "tiny",
               "--chunk", "4", "--processes", "2", "--decision", "shipped"]  # fmt: skip
    environment = os.environ | {"CARDIOV_REVIEW_DB": str(tmp_path / "review.db")}
    for wanted in (1, 3):
        run = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
        while len(list(out.glob("part-*"))) < wanted and run.poll() is None:
            time.sleep(0.02)
        run.kill()
        run.wait()
        assert run.returncode == -signal.SIGKILL
    run = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    before = len(list(out.glob("part-*")))
    while len(list(out.glob("part-*"))) <= before and run.poll() is None:
        time.sleep(0.02)
    children = subprocess.run(["pgrep", "-P", str(run.pid)], capture_output=True, text=True, check=False)
    for child in children.stdout.split()[:1]:
        os.kill(int(child), signal.SIGKILL)
    assert run.wait() == 0
    assert pq.read_table(out).equals(pq.read_table(undisturbed))
    assert not list(out.glob(".*"))


@pytest.mark.slow
@pytest.mark.dataset
def test_levels_are_those_of_cardiov_analyze(
    data_folder: Path, weights_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    monkeypatch.setenv("CARDIOV_DATA", str(data_folder))
    ptbxl = find_ptbxl()
    assert ptbxl is not None
    packed = tmp_path / "records.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for header in sorted(ptbxl.root.rglob("*_hr.hea"))[:6]:
            for path in (header, header.with_suffix(".dat")):
                archive.write(path, path.name)
    for module, arguments in (("score", ["--out", str(tmp_path / "out"), "--chunk", "4"]), ("analyze", ["--json"])):
        done = subprocess.run(
            [sys.executable, "-m", "cardiov_core", module, str(packed), *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
    told = {Path(row["record"]["path"]).name: row for row in map(json.loads, done.stdout.splitlines())}
    rows = _rows(tmp_path / "out")
    assert len(rows) == len(told) == 6
    for row in rows:
        one = told[Path(str(row["record"])).name]
        risk = one["risk"]
        assert row["level"] == (None if risk is None else risk["level"])
        assert row["findings"] == [finding["code"] for finding in one["findings"] if finding["state"] == "present"]
        assert row["warnings"] == one["warning_codes"]
        if risk is not None:
            assert [row[name] for name in RISK_COLUMNS[2:6]] == risk["probabilities"]
            assert [row[name] for name in RISK_COLUMNS[6:9]] == risk["exceedance"]


@pytest.mark.slow
def test_a_ray_cluster_gives_the_same_rows_though_an_actor_is_killed(
    records: Path, tiny_folder: Path, tmp_path: Path, wfdb_files: Files
) -> None:
    pytest.importorskip("ray")
    for at in range(12):
        for name, content in wfdb_files(f"copy{at}").items():
            (records / name).write_bytes(content)
    here, there = tmp_path / "here", tmp_path / "there"
    score(str(records), here, Grading("tiny"), chunk_size=4, n_processes=1)
    command = [sys.executable, "-m", "cardiov_core", "score", str(records), "--out", str(there), "--model", "tiny",
               "--chunk", "4", "--processes", "1", "--engine", "ray", "--decision", "shipped"]  # fmt: skip
    environment = os.environ | {"CARDIOV_REVIEW_DB": str(tmp_path / "review.db")}
    run = subprocess.Popen(command, env=environment)
    while not list(there.glob("part-*")) and run.poll() is None:
        time.sleep(0.02)
    own = psutil.Process(run.pid).children(recursive=True)
    killed = [each for each in own if "MapWorker" in " ".join(each.cmdline())]
    for actor in killed:
        actor.kill()
    assert killed
    assert run.wait() == 0
    whole, other = pq.read_table(here), pq.read_table(there)
    assert other.equals(whole)
    # Bit for bit: equal floats may differ in sign of zero, and NaN never equals itself.
    for column in RISK_COLUMNS:
        assert repr(other[column].to_pylist()) == repr(whole[column].to_pylist())
