"""What all tests share: where real records are, and one thread per process."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

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


@pytest.fixture
def tiny_card() -> dict[str, Any]:
    """A model card, but for what `weights.save` fills in, of a network with Table 3's seven stages and no width."""
    return {
        "name": "tiny",
        "version": "0.1.0",
        "title": "Seven stages of one narrow block, untrained",
        "architecture": {
            "name": "cardiov-compact",
            "kwargs": {"n_leads": 12, "n_outputs": 3, "widths": [16] * 7, "blocks": [1] * 7},
        },
        "input": {
            "leads": ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"],
            "sampling_rate_hz": 100,
            "n_samples": 1000,
            "units": "mV",
            "band_hz": [0.5, 45.0],
            "filter_order": 3,
            "normalisation": "none",
        },
        "output": {
            "kind": "exceedance",
            "levels": ["No risk", "Low risk", "Medium risk", "High risk"],
            "thresholds": ["above no risk", "above low risk", "above medium risk"],
            "meaning": [f"probability that the level is above {level}" for level in range(3)],
        },
        "training": {},
        "metrics": {},
        "intended_use": "Tests.",
        "limitations": ["Untrained."],
        "licence": "Apache-2.0",
        "references": [],
    }


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
