"""Which backend runs networks, and what is refused."""

from pathlib import Path

import pytest

from cardiov_core.backends import backend_words, check_backend, choice, chosen_backend
from cardiov_core.errors import ConfigurationError


@pytest.fixture
def _not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("_not_installed")
def test_without_openvino_torch_runs_and_nothing_else_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    assert chosen_backend() == "torch"
    monkeypatch.setenv("CARDIOV_BACKEND", "openvino")
    with pytest.raises(ConfigurationError, match="not installed") as caught:
        chosen_backend()
    assert "cardiov[openvino]" in caught.value.hint


def test_where_it_is_installed_it_runs_unless_torch_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, openvino_cache: Path
) -> None:
    assert not openvino_cache.exists()
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    assert chosen_backend() == "openvino"
    assert backend_words().startswith("openvino 20")
    monkeypatch.setenv("CARDIOV_BACKEND", "torch")
    assert chosen_backend() == "torch"


def test_bf16_is_refused_to_torch_and_on_a_processor_without_it(
    monkeypatch: pytest.MonkeyPatch, openvino_cache: Path
) -> None:
    assert not openvino_cache.exists()
    monkeypatch.setenv("CARDIOV_PRECISION", "bf16")
    monkeypatch.setattr(choice, "capabilities", lambda: ("FP32", "BF16"))
    check_backend()
    monkeypatch.setattr(choice, "capabilities", lambda: ("FP32", "INT8"))
    with pytest.raises(ConfigurationError, match="does not compute in bf16"):
        check_backend()
    monkeypatch.setenv("CARDIOV_BACKEND", "torch")
    with pytest.raises(ConfigurationError, match="computes in f32"):
        check_backend()
