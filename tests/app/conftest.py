"""The app under AppTest: a grader, empty caches, and WFDB files that the tests make themselves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS

RATE_HZ = 500
WfdbFiles = dict[str, bytes]


@pytest.fixture(scope="session")
def weights_folder(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped weights, or an untrained grader where the working tree has none."""
    if (repository / "weights" / "default").is_file():
        return repository / "weights"
    from cardiov_core.nets import build_net
    from cardiov_core.weights import save

    folder = tmp_path_factory.mktemp("weights")
    kwargs = {"n_leads": 12, "n_outputs": 3}
    levels = ["No risk", "Low risk", "Medium risk", "High risk"]
    card = {
        "name": "untrained",
        "version": "0.0.0",
        "title": "Untrained network",
        "architecture": {"name": "cardiov-compact", "kwargs": kwargs},
        "input": {
            "leads": list(STANDARD_LEADS),
            "sampling_rate_hz": 100.0,
            "n_samples": 1000,
            "units": "mV",
            "band_hz": [0.5, 45.0],
            "filter_order": 3,
            "normalisation": "none",
        },
        "output": {
            "kind": "exceedance",
            "levels": levels,
            "thresholds": ["above no risk", "above low risk", "above medium risk"],
            "meaning": [f"above {level.lower()}" for level in levels[:3]],
        },
        "training": {},
        "metrics": {},
        "intended_use": "Tests.",
        "limitations": ["Untrained."],
        "licence": "Apache-2.0",
        "references": [],
    }
    save(build_net("cardiov-compact", **kwargs), card, folder)
    (folder / "default").write_text("untrained\n")
    return folder


@pytest.fixture(autouse=True)
def fresh_server(monkeypatch: pytest.MonkeyPatch, weights_folder: Path) -> Iterator[None]:
    """Nothing cached from the test before, and the chosen grader."""
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def app(repository: Path) -> AppTest:
    """The app on its first page."""
    return AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()


@pytest.fixture
def wfdb_files() -> Callable[..., WfdbFiles]:
    """Make a synthetic ECG's header and signal file (WFDB format 16) by name."""

    def _make(name: str, *, gain_per_mv: float = 1000.0, seconds: float = 10.0) -> WfdbFiles:
        record = generate("normal", seed=3, sampling_rate_hz=RATE_HZ, duration_s=seconds)
        digital = np.round(record.signal.T * 1000.0).astype("<i2")
        lines = [f"{name} {len(record.leads)} {RATE_HZ} {len(digital)}"]
        for index, lead in enumerate(record.leads):
            first, checksum = digital[0, index], int(digital[:, index].sum(dtype=np.int64)) & 0xFFFF
            lines.append(f"{name}.dat 16 {gain_per_mv:g}(0)/mV 16 0 {first} {checksum} 0 {lead}")
        lines += ["# Age: 61", "# Sex: Female"]
        return {f"{name}.hea": "\n".join([*lines, ""]).encode(), f"{name}.dat": digital.tobytes()}

    return _make
