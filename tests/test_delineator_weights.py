import json
from pathlib import Path
from typing import Any

import pytest
import torch

from cardiov_core.errors import ModelCardError, WeightsIntegrityError, WeightsMismatchError
from cardiov_core.nets import SAMPLES, DelineatorNet
from cardiov_core.weights import list_cards, load_delineator, save_delineator

SMALL: dict[str, Any] = {"channels": [4, 8], "kernels": [3, 3], "global_channels": 4, "global_kernel": 3}
CARD: dict[str, Any] = {"architecture": SMALL, "folds": [{"fingerprints": ["aa"]}, {"fingerprints": ["bb", "cc"]}]}


@pytest.fixture
def nets() -> list[DelineatorNet]:
    torch.manual_seed(1)
    return [DelineatorNet(**SMALL).eval() for _ in range(2)]


def test_saved_networks_come_back_in_their_order(nets: list[DelineatorNet], tmp_path: Path) -> None:
    path = save_delineator(nets, CARD, tmp_path / "delineator")
    found = load_delineator(tmp_path / "delineator")
    assert found is not None
    assert found.fold_of == {"aa": 0, "bb": 1, "cc": 1}
    beats = torch.randn(1, 3, SAMPLES)
    for net, original in zip(found.nets, nets, strict=True):
        assert not net.training
        assert not any(parameter.requires_grad for parameter in net.parameters())
        # Half precision keeps three digits.
        torch.testing.assert_close(net(beats).waves, original(beats).waves, atol=0.02, rtol=0.02)
    assert not torch.allclose(found.nets[0](beats).waves, found.nets[1](beats).waves)
    assert json.loads(path.read_text())["n_parameters"] == sum(p.numel() for net in nets for p in net.parameters())


def test_no_card_means_no_networks(tmp_path: Path) -> None:
    assert load_delineator(tmp_path) is None


def test_a_damaged_file_is_refused(nets: list[DelineatorNet], tmp_path: Path) -> None:
    path = save_delineator(nets, CARD, tmp_path).with_suffix(".safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(WeightsIntegrityError, match="not the file"):
        load_delineator(tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 9}, "schema_version"),
        ({"sha256": "abc"}, "sha256"),
        ({"architecture": None}, "architecture"),
        ({"folds": []}, "folds"),
        ({"folds": [{"fingerprints": "aa"}]}, "folds"),
    ],
)
def test_a_damaged_card_is_refused(
    nets: list[DelineatorNet], tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    path = save_delineator(nets, CARD, tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelCardError, match=words):
        load_delineator(tmp_path)


def test_networks_of_another_form_are_refused(nets: list[DelineatorNet], tmp_path: Path) -> None:
    path = save_delineator(nets, CARD, tmp_path)
    raw = json.loads(path.read_text())
    raw["architecture"]["channels"] = [8, 8]
    path.write_text(json.dumps(raw))
    found = load_delineator(tmp_path)
    assert found is not None
    with pytest.raises(WeightsMismatchError, match="fold 1"):
        _ = found.nets
    with pytest.raises(WeightsMismatchError, match="2 folds for 1"):
        save_delineator(nets[:1], CARD, tmp_path)


def test_the_delineator_is_no_grader(
    nets: list[DelineatorNet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(tmp_path))
    save_delineator(nets, CARD, tmp_path / "delineator")
    assert list_cards() == ()
    assert load_delineator() is not None
