"""The wheel, built, installed and used from an empty folder: what somebody has who never saw the repository."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="the wheel's builder is not installed: pip install hatchling")

START_LIMIT_S = 90.0

GRADED = """
import json
from cardiov_core import analyze, load_predictor
from cardiov_core.datasets.synthetic import generate
grader = load_predictor()
found = analyze(generate("normal", seed=3), grader)
print(json.dumps({"grader": grader.name, "level": found.level, "folder": str(grader.card.path.parent)}))
"""


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(repository))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the wheel is installed; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("site")
    _pip("install", "--no-deps", "--no-compile", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture
def environment(installed: Path, tmp_path: Path) -> dict[str, str]:
    """What an installed CardioV sees: no repository, no settings, an empty home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CARDIOV_", "STREAMLIT_"))}
    return {**kept, "PYTHONPATH": str(installed), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}


def test_wheel_brings_what_the_repository_has_beside_the_package(wheel: Path, repository: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"app.py", ".streamlit/config.toml"}
    for folder in ("pages", "weights"):
        paths = (path for path in (repository / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")
        wanted |= {path.relative_to(repository).as_posix() for path in paths}
    assert {f"cardiov_core/shipped/{name}" for name in wanted} <= names
    assert not [name for name in names if "secrets" in name or name.startswith(("tests", "weights", "pages"))]


def test_grades_a_record_outside_a_repository(environment: dict[str, str], installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GRADED], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["level"] in range(4)
    assert Path(found["folder"]) == installed / "cardiov_core" / "shipped" / "weights"


def test_app_starts_outside_a_repository(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless=true", f"--server.port={port}", "--server.fileWatcherType=none"]
    with (tmp_path / "log.txt").open("w") as log:
        command = [sys.executable, "-m", "cardiov_core", "app", "--", *options]
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        try:
            assert _answer(f"http://localhost:{port}/_stcore/health", server) == "ok", (
                tmp_path / "log.txt"
            ).read_text()
        finally:
            server.terminate()
            server.wait(timeout=30)


def _pip(*arguments: str) -> None:
    quiet = ["-q", "--disable-pip-version-check", "--no-index"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", arguments[0], *quiet, *arguments[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _answer(address: str, server: "subprocess.Popen[bytes]") -> str:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2) as reply:  # noqa: S310 - own server
                return str(reply.read().decode())
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    return "no answer"
