"""``cardiov watch`` and ``deliveries``: what they print, and how they end."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from cardiov_core import review
from cardiov_core.cli import main


@pytest.fixture
def folder(tmp_path: Path, weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    made = tmp_path / "arrivals"
    made.mkdir()
    return made


def test_one_round_takes_sends_and_says_what_waits(
    folder: Path, monkeypatch: pytest.MonkeyPatch, wfdb_files: Callable[[str], dict[str, bytes]]
) -> None:
    for name, content in wfdb_files("ward").items():
        (folder / name).write_bytes(content)
    monkeypatch.setenv("CARDIOV_SEND_HL7", "mllp://127.0.0.1:9")
    runner = CliRunner()
    done = runner.invoke(main, ["watch", str(folder), "--once", "--model", "measurements"])
    assert done.exit_code == 1, done.output
    assert "ward.dat was taken as case" in done.stdout
    assert "not taken, stays queued: hl7 mllp://127.0.0.1:9: ConnectionRefusedError" in done.stderr
    waiting = runner.invoke(main, ["deliveries"])
    assert waiting.exit_code == 0
    assert "1 attempt, ConnectionRefusedError" in waiting.stdout
    assert "1 result waiting" in waiting.stderr
    again = runner.invoke(main, ["watch", str(folder), "--once", "--model", "measurements"])
    assert again.exit_code == 0, again.output
    status = runner.invoke(main, ["review", "status"])
    assert "arrivals: 1 case" in status.stdout


def test_a_wrong_setting_ends_it_before_anything_is_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_SEND_IDENTITY", "yes")
    (folder / "notes.txt").write_text("x")
    done = CliRunner().invoke(main, ["watch", str(folder), "--once"])
    assert done.exit_code == 1
    assert "CARDIOV_SEND_IDENTITY" in done.stderr
    assert (folder / "notes.txt").is_file()


@pytest.mark.parametrize("log", ["", "json"])
def test_what_a_service_writes_names_no_file(
    log: str, folder: Path, monkeypatch: pytest.MonkeyPatch, wfdb_files: Callable[[str], dict[str, bytes]]
) -> None:
    for name, content in wfdb_files("Roe_Jane").items():
        (folder / name).write_bytes(content)
    (folder / "Roe_Jane.txt").write_text("seen on Monday")
    command = [sys.executable, "-m", "cardiov_core", "watch", str(folder), "--model", "measurements", "--every", "0.1"]
    monkeypatch.setenv("CARDIOV_LOG", log)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    end = time.monotonic() + 60
    while time.monotonic() < end and [path for path in folder.iterdir() if path.is_file()]:
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    written = process.communicate(timeout=30)[0]
    assert "was taken as case" in written
    assert "was refused" in written
    assert "Roe" not in written
    if log:
        assert all(json.loads(line)["message"] for line in written.splitlines())


@pytest.mark.slow
def test_the_service_receives_by_dicom_and_ends_when_it_is_told_to(folder: Path) -> None:
    from pynetdicom import AE
    from pynetdicom.sop_class import Verification

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "cardiov_core", "watch", str(folder), "--model", "measurements"]
    process = subprocess.Popen(
        [*command, "--dicom-port", str(port), "--every", "0.1"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        assert "receiving DICOM as CARDIOV" in process.stderr.readline()
        assert "watching" in process.stderr.readline()
        entity = AE()
        entity.add_requested_context(Verification)
        association = entity.associate("127.0.0.1", port, ae_title="CARDIOV")
        assert association.send_c_echo().Status == 0
        association.release()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_metrics_are_numbers_without_names(folder: Path) -> None:
    del folder
    with closing(review.open_store()) as store:
        review.ensure_reader(store, "Ada")
    done = CliRunner().invoke(main, ["metrics"])
    assert done.exit_code == 0, done.output
    rows = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))
    assert rows['cardiov_cases{status="open"}'] == "0"
    assert rows["cardiov_results_waiting"] == rows["cardiov_alerts_late"] == "0"
    assert "Ada" not in done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("# TYPE")]) == 5
