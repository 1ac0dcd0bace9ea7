"""Temporary folders: closed to others, gone after use, swept after a crash, errors in words where there is no room."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cardiov_core.errors import CardioVError
from cardiov_core.io import read_uploads, sweep
from cardiov_core.io.scratch import scratch_folder
from tests.fuzz.seeds import generated


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of this test alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_its_owners_alone_and_gone_after_an_error(temporary: Path) -> None:
    def _fail() -> None:
        with scratch_folder() as folder:
            assert folder.parent == temporary
            assert folder.stat().st_mode & 0o077 == 0
            (folder / "x").write_text("a patient's")
            raise KeyError

    with pytest.raises(KeyError):
        _fail()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_swept_and_nothing_else(temporary: Path) -> None:
    script = (
        "import os, tempfile; from cardiov_core.io.scratch import scratch_folder; tempfile.tempdir = os.sys.argv[1]\n"
        "with scratch_folder() as folder: (folder / 'r.dat').write_bytes(bytes(9)); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(temporary)], check=False)
    # The number of a process that runs, of another start: it was given anew.
    (temporary / f"cardiov-{os.getpid()}-1-x").mkdir()
    (temporary / "cardiov-notes").mkdir()
    (temporary / "cardiov-1-1-link").symlink_to(temporary / "cardiov-notes")
    with scratch_folder() as mine:
        assert len(list(temporary.iterdir())) == 5
        assert sweep() == 2
        assert {path.name for path in temporary.iterdir()} == {mine.name, "cardiov-notes", "cardiov-1-1-link"}


def test_without_a_temporary_folder_the_reader_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    drop = generated()[0]
    monkeypatch.setattr("tempfile.tempdir", "/proc")
    with pytest.raises(CardioVError, match="temporary folder cannot be used"):
        read_uploads(drop)


@pytest.mark.parametrize("apart", [False, True])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, apart: bool) -> None:
    """The system itself refuses to write more than 2000 bytes into a file, as a full disk does."""
    script = f"""
import json, resource, signal, tempfile
from tests_fuzz_seeds import generated
from cardiov_core.io import read_uploads
tempfile.tempdir = {str(tmp_path)!r}
drop = generated()[0]
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
uploads = read_uploads(drop, apart={apart})
print(json.dumps([str(upload.error) for upload in uploads]))
"""
    root = Path(__file__).resolve().parents[2]
    prepared = (
        "import sys, types, importlib; tests = types.ModuleType('tests'); tests.__path__ = [sys.argv[1] + '/tests'];"
        "sys.modules['tests'] = tests; sys.path.insert(0, sys.argv[1]);"
        "sys.modules['tests_fuzz_seeds'] = importlib.import_module('tests.fuzz.seeds')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", prepared + script, str(root)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "cannot be" in ended.stdout
    assert "File too large" in ended.stdout
    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() != str(tmp_path)
