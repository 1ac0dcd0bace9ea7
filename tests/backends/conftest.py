"""What tests of the backends share: OpenVINO asked for, and a cache folder of their own."""

from pathlib import Path

import pytest


@pytest.fixture
def openvino_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """OpenVINO runs the networks of this test; skips where it is not installed. Returns the cache folder."""
    pytest.importorskip("openvino")
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    monkeypatch.setenv("CARDIOV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"
