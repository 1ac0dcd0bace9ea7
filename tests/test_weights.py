import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save as to_bytes

from cardiov_core import weights
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import ModelCardError, WeightsError, WeightsIntegrityError, WeightsMismatchError
from cardiov_core.nets import build_net


def _edit(path: Path, field: str, value: object) -> None:
    raw = json.loads(path.read_text())
    *parents, last = field.split(".")
    inner = raw
    for key in parents:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    path.write_text(json.dumps(raw))


def _table() -> pd.DataFrame:
    row = {
        "ecg_id": 1,
        "patient_id": "15709",
        "fold": 3,
        "label": 0,
        "p0": 0.5,
        "p1": 0.2,
        "p2": 0.2,
        "p3": 0.1,
        "e0": 0.5,
        "e1": 0.3,
        "e2": 0.1,
        # Reads as a float where nobody says that it is text.
        "fingerprint_500": "1234567890123e45",
        "fingerprint_100": "0000000000000012",
    }
    return pd.DataFrame([row])


def test_a_saved_network_comes_back_ready_to_grade(tiny_folder: Path, tiny_card: dict[str, Any]) -> None:
    torch.manual_seed(7)
    original = build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"]).eval()
    net, card = weights.load_network("tiny")
    x = torch.randn(2, 12, 1000)
    assert torch.equal(net(x), original(x))
    assert not any(module.training for module in net.modules())
    assert not any(parameter.requires_grad for parameter in net.parameters())
    assert card.raw["n_parameters"] == sum(parameter.numel() for parameter in net.parameters())
    assert card.sha256 == hashlib.sha256((tiny_folder / "tiny.safetensors").read_bytes()).hexdigest()
    assert card.contract == InputContract(STANDARD_LEADS, 100.0, 1000, (0.5, 45.0), 3, "none")
    assert weights.default_name() == "tiny"
    assert [item.name for item in weights.list_cards()] == ["tiny"]


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_path_names_a_grader_as_well(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, suffix: str
) -> None:
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(tmp_path / "elsewhere"))
    assert weights.load_network(tiny_folder / f"tiny{suffix}")[1].name == "tiny"


def test_half_precision_files_load_as_float32(tiny_card: dict[str, Any], tmp_path: Path) -> None:
    net = build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"]).eval()
    full = weights.save(net, tiny_card, tmp_path / "full")
    half = weights.save(net, tiny_card, tmp_path / "half", storage="float16")
    assert half.with_suffix(".safetensors").stat().st_size < 0.6 * full.with_suffix(".safetensors").stat().st_size
    loaded, _ = weights.load_network(half)
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    x = torch.randn(2, 12, 1000)
    torch.testing.assert_close(loaded(x), net(x), atol=5e-3, rtol=0)


def test_weights_that_half_precision_cannot_hold_are_refused(tiny_card: dict[str, Any], tmp_path: Path) -> None:
    net = build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"])
    with torch.no_grad():
        next(net.parameters())[0] = 1e6
    with pytest.raises(WeightsError, match="not finite in float16"):
        weights.save(net, tiny_card, tmp_path, storage="float16")
    assert not list(tmp_path.iterdir())


def test_a_changed_weights_file_is_refused(tiny_folder: Path) -> None:
    path = tiny_folder / "tiny.safetensors"
    content = bytearray(path.read_bytes())
    expected = hashlib.sha256(content).hexdigest()
    content[-1] ^= 1
    path.write_bytes(content)
    got = hashlib.sha256(content).hexdigest()
    with pytest.raises(WeightsIntegrityError, match=f"expected {expected[:12]}.*got {got[:12]}"):
        weights.load_network("tiny")


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("schema_version", 99, "schema_version is 99"),
        ("schema_version", None, "schema_version is missing"),
        ("architecture", None, "architecture is missing"),
        ("architecture.name", None, "architecture.name is missing"),
        ("architecture.name", "resnet-of-nobody", "no network named"),
        ("architecture.kwargs", {"widths": [1, 2]}, "cannot be built"),
        ("name", "other", "name is 'other'"),
        ("sha256", "abc", "sha256 is 'abc'"),
        ("n_parameters", True, "n_parameters is True"),
        ("input.leads", ["I", "I"], "input.leads"),
        ("input.units", "uV", "input.units is 'uV'"),
        ("input.sampling_rate_hz", 0, "input.sampling_rate_hz is 0"),
        ("input.band_hz", [0.5, 50.0], "input.band_hz"),
        ("input.band_hz", ["a", "b"], "input.band_hz"),
        ("input.normalisation", "minmax", "input.normalisation is 'minmax'"),
        ("output.kind", "classes", "output.kind is 'classes'"),
        ("output.meaning", ["one"], "output.meaning"),
        ("limitations", "none", "limitations is 'none'"),
        ("out_of_fold", {"file": "../x.csv", "sha256": "0" * 64}, "out_of_fold.file"),
        ("out_of_fold", {"file": "x.csv", "sha256": 7}, "out_of_fold.sha256 is 7"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused_by_field(
    tiny_folder: Path, field: str, value: object, named: str
) -> None:
    _edit(tiny_folder / "tiny.json", field, value)
    with pytest.raises(ModelCardError, match=named) as caught:
        weights.load_network("tiny")
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "[]", "no json"])
def test_a_card_that_is_no_json_object_is_refused(tiny_folder: Path, text: str) -> None:
    (tiny_folder / "tiny.json").write_text(text)
    with pytest.raises(ModelCardError, match=r"tiny\.json is no JSON"):
        weights.load_card("tiny")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("architecture.kwargs", {"widths": [16] * 6 + [32], "blocks": [1] * 7}),
        ("architecture.kwargs", {"n_leads": 8, "widths": [16] * 7, "blocks": [1] * 7}),
        ("n_parameters", 1),
    ],
)
def test_weights_and_card_must_fit_each_other(tiny_folder: Path, field: str, value: object) -> None:
    _edit(tiny_folder / "tiny.json", field, value)
    with pytest.raises(WeightsMismatchError):
        weights.load_network("tiny")


def test_a_file_that_is_no_safetensors_is_refused(tiny_folder: Path) -> None:
    (tiny_folder / "tiny.safetensors").write_bytes(b"rubbish")
    _edit(tiny_folder / "tiny.json", "sha256", hashlib.sha256(b"rubbish").hexdigest())
    with pytest.raises(WeightsError, match="no safetensors file"):
        weights.load_network("tiny")


def test_tensors_of_another_network_are_refused(tiny_folder: Path) -> None:
    content = to_bytes({"weight": torch.zeros(3)})
    (tiny_folder / "tiny.safetensors").write_bytes(content)
    _edit(tiny_folder / "tiny.json", "sha256", hashlib.sha256(content).hexdigest())
    with pytest.raises(WeightsMismatchError, match="does not fit"):
        weights.load_network("tiny")


def test_missing_files_say_how_to_get_them(tiny_folder: Path) -> None:
    with pytest.raises(WeightsError, match="no grader 'absent'") as caught:
        weights.load_card("absent")
    assert "tiny" in caught.value.hint
    assert "make weights" in caught.value.hint
    with pytest.raises(WeightsError, match="neither a grader's name"):
        weights.load_card("../../etc/passwd")
    (tiny_folder / "tiny.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"tiny\.safetensors cannot be read"):
        weights.load_network("tiny")
    (tiny_folder / "default").write_text("\n")
    with pytest.raises(WeightsError, match="empty"):
        weights.default_name()
    (tiny_folder / "default").unlink()
    with pytest.raises(WeightsError, match="no default grader"):
        weights.default_name()


def test_a_card_of_another_network_is_not_written(tiny_card: dict[str, Any], tmp_path: Path) -> None:
    net = build_net("cardiov-compact", widths=[16] * 6 + [32], blocks=[1] * 7)
    with pytest.raises(WeightsMismatchError):
        weights.save(net, tiny_card, tmp_path)
    del tiny_card["licence"]
    with pytest.raises(ModelCardError, match="licence is missing"):
        weights.save(net, tiny_card, tmp_path)
    assert not list(tmp_path.iterdir())


def test_out_of_fold_tables_keep_fingerprints_as_text(tiny_card: dict[str, Any], tmp_path: Path) -> None:
    net = build_net("cardiov-compact", **tiny_card["architecture"]["kwargs"])
    card = weights.load_card(weights.save(net, tiny_card, tmp_path, out_of_fold=_table()))
    table = weights.out_of_fold_table(card)
    assert table is not None
    assert table.loc[0, "fingerprint_500"] == "1234567890123e45"
    assert table.loc[0, "fingerprint_100"] == "0000000000000012"
    assert table.loc[0, ["e0", "e1", "e2"]].tolist() == [0.5, 0.3, 0.1]
    path = tmp_path / "tiny.oof.csv"
    path.write_text(path.read_text().replace("0.5", "0.9"))
    with pytest.raises(WeightsIntegrityError, match=r"tiny\.oof\.csv"):
        weights.out_of_fold_table(card)
    path.unlink()
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.out_of_fold_table(card)
    with pytest.raises(WeightsError, match="lacks the columns e2"):
        weights.save(net, tiny_card, tmp_path, out_of_fold=_table().drop(columns="e2"))


def _shipped(repository: Path) -> list[Path]:
    return sorted((repository / "weights").glob("*.json"))


def test_shipped_graders_are_whole(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (repository / "weights" / "default").is_file():
        pytest.skip("this working tree has no shipped weights: make weights")
    monkeypatch.delenv("CARDIOV_WEIGHTS", raising=False)
    assert weights.default_name() in [path.stem for path in _shipped(repository)]
    for path in _shipped(repository):
        card = weights.load_card(path)
        if card.architecture.name == weights.FOREST:
            forest, _ = weights.load_forest(path)
            assert len(forest.roots) == card.architecture.kwargs["n_trees"]
        elif card.architecture.name == weights.BOOSTING:
            trees, _ = weights.load_boosting(path)
            assert len(trees.roots) == 4 * int(str(card.architecture.kwargs["n_rounds"]))
        elif card.architecture.name == weights.BLEND:
            members, _ = weights.load_blend(path)
            assert {member.name for member in members} < {shipped.stem for shipped in _shipped(repository)}
        else:
            net, _ = weights.load_network(path)
            with torch.no_grad():
                assert net(torch.zeros(1, 12, card.contract.n_samples)).shape == (1, 3)
        table = weights.out_of_fold_table(card)
        assert table is not None
        assert len(table) == card.raw["training"]["n_records"]
        assert np.abs(table["label"] - table["decided"]).mean() == pytest.approx(card.raw["metrics"]["mae"])


def test_what_was_measured_of_other_weights_does_not_come_along(tiny_folder: Path, tmp_path: Path) -> None:
    net, card = weights.load_network(tiny_folder / "tiny.json")
    measured = weights.update_card(card, {"passport": {"sha256": card.sha256}, "scope": {"file": "x"}, "title": "New"})
    assert measured.raw["passport"]
    again = weights.load_card(weights.save(net, measured.raw, tmp_path))
    assert again.raw["title"] == "New"
    assert not {"passport", "scope", "reasons_check"} & set(again.raw)
    assert "title" in weights.update_card(again, {"passport": None}).raw


def test_a_card_that_would_make_no_sense_is_not_written(tiny_folder: Path) -> None:
    card = weights.load_card(tiny_folder / "tiny.json")
    before = card.path.read_bytes()
    with pytest.raises(ModelCardError):
        weights.update_card(card, {"output": {"kind": "exceedance"}})
    assert card.path.read_bytes() == before
