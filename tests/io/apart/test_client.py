"""Files are read in a child with limits: the same records and errors, and nothing that ends or fills the app."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from cardiov_core.errors import CardioVError, MissingMetadataError, RecordFormatError
from cardiov_core.io import collect, read_record, read_source, read_uploads, reader
from cardiov_core.io.apart.client import Reader
from cardiov_core.io.assembly import ReadOptions
from tests.fuzz.seeds import Files, generated


@pytest.fixture
def long_table(tmp_path: Path) -> Path:
    """A table that takes some seconds of processor time."""
    row = ",".join(["0.123"] * 12) + "\n"
    path = tmp_path / "long.csv"
    path.write_text("I,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n" + row * 900_000)
    return path


def error_of(path: Path) -> CardioVError:
    with pytest.raises(CardioVError) as caught:
        reader().read(path, ReadOptions(500.0, "mV"))
    return caught.value


@pytest.mark.parametrize("drop", generated()[::3], ids=lambda drop: "+".join(name for name, _ in drop))
def test_records_and_errors_are_those_of_a_reader_in_the_same_process(drop: Files) -> None:
    for here, apart in zip(read_uploads(drop), read_uploads(drop, apart=True), strict=True):
        assert (here.name, type(here.error)) == (apart.name, type(apart.error))
        if here.record is None:
            assert apart.record is None
            assert str(here.error) == str(apart.error)
            continue
        assert apart.record is not None
        np.testing.assert_array_equal(here.record.signal, apart.record.signal)
        for name in set(vars(here.record)) - {"signal"}:
            assert getattr(here.record, name) == getattr(apart.record, name), name


def test_what_a_file_lacks_is_asked_for_as_before(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((12, 5000)))
    error = error_of_source(tmp_path / "a.npy")
    assert isinstance(error, MissingMetadataError)
    assert error.fields == ("sampling_rate", "units")


def error_of_source(path: Path) -> CardioVError:
    with collect([path]) as found, pytest.raises(CardioVError) as caught:
        read_source(found.sources[0], apart=True)
    return caught.value


def test_a_file_that_takes_too_long_ends_alone(long_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("CARDIOV_MAX_READER_CPU_S", "1")
        assert "more than 1 s of processor time" in error_of(long_table).message
    monkeypatch.setenv("CARDIOV_MAX_READER_S", "1")
    assert "took more than 1 s" in error_of(long_table).message


def test_a_file_that_takes_too_much_memory_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_MAX_READER_MIB", "1")
    with (tmp_path / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (12, 2_000_000)})
        file.truncate(file.tell() + 12 * 2_000_000 * 8)
    assert "more than 1 MiB of memory" in error_of(tmp_path / "a.npy").message
    # This process did not grow with it, and reads on.
    monkeypatch.delenv("CARDIOV_MAX_READER_MIB")
    assert read_uploads(generated()[0], apart=True)[0].record is not None


def test_nothing_of_an_ended_child_stays_on_disk(
    tmp_path: Path, long_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    monkeypatch.setenv("CARDIOV_MAX_READER_S", "1")
    error_of(long_table)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_reading_process_that_was_killed_is_started_again() -> None:
    before = read_uploads(generated()[0], apart=True)[0].record
    killed = reader().pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(killed)] if psutil.pid_exists(killed) else [], timeout=5)
    again = read_uploads(generated()[0], apart=True)[0].record
    assert before is not None
    assert again is not None
    np.testing.assert_array_equal(before.signal, again.signal)
    assert reader().pid != killed


def test_no_answer_that_makes_sense_is_an_error_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.csv").write_text("I,II\n0,0\n")
    for answer in (
        b"",
        b"\x00",
        (5).to_bytes(8, "big") + b"hello",
        b"[]".ljust(256),
        (3).to_bytes(8, "big") + bytes(3),
    ):
        monkeypatch.setattr(Reader, "_ask", lambda *_, answer=answer: answer)
        assert isinstance(error_of(tmp_path / "a.csv"), RecordFormatError)


def test_the_reading_process_ends_with_the_app(tmp_path: Path) -> None:
    script = (
        "import os, sys; from cardiov_core.io import reader; reader().start(); print(reader().pid, flush=True);"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    pid = int(ended.stdout)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_header_reads_as_by_the_record(tmp_path: Path) -> None:
    from cardiov_core.datasets.synthetic import generate
    from cardiov_core.io import write_record

    (written, *_) = write_record(generate("normal", seed=1), tmp_path, "wfdb", name="r")
    here, apart = read_record(written), reader().read(written, ReadOptions())
    assert here.provenance == apart.provenance
