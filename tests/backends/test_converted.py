"""Networks on OpenVINO: what PyTorch says, converted once, never stale, rebuilt where the cache is damaged."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from cardiov_core import weights
from cardiov_core.backends import ConvertedNetwork, converted
from cardiov_core.cli import main
from cardiov_core.datasets import find_ptbxl, generate
from cardiov_core.domain import EcgRecord, Explanation
from cardiov_core.errors import ConfigurationError
from cardiov_core.inference import NetworkGrader, load_predictor
from cardiov_core.io import read_record, write_record
from cardiov_core.nets import build_net

SHAPE = (12, 1000)
TINY = {"widths": [16] * 7, "blocks": [1] * 7}


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(7)
    return build_net("cardiov-compact", **TINY).eval()


@pytest.fixture
def signals() -> np.ndarray:
    return np.random.default_rng(1).normal(scale=0.3, size=(3, *SHAPE)).astype(np.float32)


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that grows with every conversion."""
    counted: list[str] = []
    real: Callable[..., object] = converted.convert

    def counting(net: nn.Module, shape: tuple[int, int]) -> object:
        counted.append(type(net).__name__)
        return real(net, shape)

    monkeypatch.setattr(converted, "convert", counting)
    return counted


def _reference(net: nn.Module, signals: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return net(torch.from_numpy(signals)).numpy()


@pytest.mark.usefixtures("openvino_cache")
def test_it_says_what_torch_says_and_of_one_record_the_same_alone_and_among_others(
    net: nn.Module, signals: np.ndarray
) -> None:
    network = ConvertedNetwork(lambda: net, "a", SHAPE)
    found = network.logits(signals)
    assert found is not None
    np.testing.assert_allclose(found, _reference(net, signals), atol=1e-4)
    np.testing.assert_array_equal(found[1:2], network.logits(signals[1:2]))
    assert not np.array_equal(found[0], found[1])


def test_it_is_converted_once_and_anew_for_other_weights_versions_or_code(
    openvino_cache: Path, net: nn.Module, signals: np.ndarray, conversions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
    again = ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
    np.testing.assert_array_equal(first, again)
    assert len(conversions) == 1
    ConvertedNetwork(lambda: net, "b", SHAPE).logits(signals)
    assert len(conversions) == 2
    monkeypatch.setattr(converted, "code_of_networks", lambda: "changed")
    ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
    monkeypatch.setattr(converted, "installed_version", lambda _name: "2027.1")
    ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
    assert len(conversions) == len(list(openvino_cache.iterdir())) == 4


@pytest.mark.parametrize("damage", ["torn", "a bit", "empty", "of another", "not for it"])
def test_a_damaged_file_is_noticed_and_made_anew(
    damage: str, openvino_cache: Path, net: nn.Module, signals: np.ndarray, conversions: list[str],
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    first = ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
    (file,) = openvino_cache.iterdir()
    content = file.read_bytes()
    if damage == "not for it":
        # Whole, and yet nothing that OpenVINO takes.
        monkeypatch.setattr(converted, "read_kept", lambda _of: b"no network")
    else:
        file.write_bytes(
            {
                "torn": content[: len(content) // 2],
                "a bit": content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
                "empty": b"",
                "of another": content.replace(b'"f32"', b'"f16"', 1),
            }[damage]
        )
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals), first)
    assert len(conversions) == 2
    assert "converted again" in caplog.text
    if damage != "not for it":
        ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
        assert len(conversions) == 2


def test_a_folder_that_takes_nothing_costs_only_time(
    net: nn.Module, signals: np.ndarray, monkeypatch: pytest.MonkeyPatch, openvino_cache: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    blocked = openvino_cache.parent.parent / "a file"
    blocked.write_text("")
    monkeypatch.setenv("CARDIOV_CACHE", str(blocked / "in it"))
    assert ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals) is not None
    assert "cannot be written" in caplog.text


class _Unfit(nn.Module):
    """Converts to something else than it is."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Tracing takes the branch for fixed.
        return x.mean(dim=-1)[:, :3] + (3.0 if bool(x.abs().sum() > 0) else 0.0) + self.shift


class _Unknown(_Unfit):
    """Has a layer that OpenVINO has no words for."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.unfold(-1, 250, 125).transpose(1, 2).mean(dim=(1, 3))[:, :3] + self.shift


@pytest.mark.usefixtures("openvino_cache")
def test_a_layer_that_openvino_does_not_know_is_left_to_torch(
    signals: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="OpenVINO cannot run _Unknown"):
        ConvertedNetwork(_Unknown, "a", SHAPE).logits(signals)
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    assert ConvertedNetwork(_Unknown, "a", SHAPE).logits(signals) is None
    assert "PyTorch runs _Unknown" in caplog.text


@pytest.mark.usefixtures("openvino_cache")
def test_a_network_that_reads_windows_is_converted(signals: np.ndarray) -> None:
    """As every grader that `cardiov train --net` makes."""
    torch.manual_seed(0)
    net = build_net("fcn_wang", 12, 3, windows={"length": 250, "step": 125, "join": "mean"}).eval()
    logits = ConvertedNetwork(lambda: net, "a", SHAPE).logits(signals)
    assert logits is not None
    np.testing.assert_allclose(logits, _reference(net, signals), atol=1e-4)


@pytest.mark.usefixtures("openvino_cache")
def test_what_differs_from_torch_is_never_used(
    signals: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match="cannot run _Unfit: its probabilities are off"):
        ConvertedNetwork(_Unfit, "a", SHAPE).logits(signals)
    monkeypatch.setenv("CARDIOV_BACKEND", "auto")
    assert ConvertedNetwork(_Unfit, "a", SHAPE).logits(signals) is None
    assert "PyTorch runs _Unfit" in caplog.text


@pytest.mark.usefixtures("openvino_cache")
def test_nothing_is_reported_to_anybody() -> None:
    """In a process of its own, since to import OpenVINO is enough to report its use."""
    code = (
        "import sys, numpy as np; from cardiov_core.backends import ConvertedNetwork; "
        "from cardiov_core.nets import build_net; "
        f"net = build_net('cardiov-compact', **{TINY}).eval(); values = np.zeros((1, *{SHAPE}), dtype=np.float32); "
        f"assert ConvertedNetwork(lambda: net, 'a', {SHAPE}).logits(values) is not None; "
        "print(*(name for name, module in sys.modules.items() if 'openvino_telemetry' in name and module is not None))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.usefixtures("openvino_cache")
def test_a_grader_grades_by_it_and_explains_by_torch(tiny_folder: Path, conversions: list[str]) -> None:
    assert tiny_folder.is_dir()
    record = generate("normal", seed=3)
    grader = load_predictor("tiny")
    reference = NetworkGrader(*weights.load_network("tiny"))
    found, expected = grader.predict(record), reference.predict(record)
    assert conversions == ["CardioV"]
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)
    assert found.severity == expected.severity
    assert grader.predict_batch([record, record])[1].probabilities == found.probabilities
    explained, wanted = grader.explain(record), reference.explain(record)
    assert isinstance(explained, Explanation)
    for stage, attention in wanted.stages.items():
        np.testing.assert_array_equal(explained.stages[stage], attention)


def test_the_command_line_asks_openvino_of_one_record_only_where_it_is_named(
    openvino_cache: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tiny_folder.is_dir()
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    (record, *_) = write_record(generate("normal", seed=3), tmp_path, "wfdb")
    for backend, n_kept in (("auto", 0), ("torch", 0), ("openvino", 1)):
        result = CliRunner().invoke(main, ["analyze", str(record), "--backend", backend])
        assert result.exit_code == 0, result.output
        assert len(list(openvino_cache.glob("*"))) == n_kept


@pytest.mark.dataset
@pytest.mark.usefixtures("openvino_cache")
def test_levels_of_real_records_are_those_of_torch(data_folder: Path) -> None:
    paths = sorted((data_folder / "ptb-xl-subset").rglob("*_hr.hea"))[::40]
    assert len(paths) >= 5
    share, off = _agreement([read_record(path) for path in paths])
    assert share >= 0.995
    assert off < 1e-4


@pytest.mark.slow
@pytest.mark.dataset
@pytest.mark.usefixtures("openvino_cache")
def test_levels_of_all_real_records_are_those_of_torch(data_folder: Path) -> None:
    ptbxl = find_ptbxl()
    if ptbxl is None:
        pytest.skip("no PTB-XL")
    paths = sorted(ptbxl.root.rglob("*_hr.hea"))
    assert len(paths) >= 200
    for begin in range(0, len(paths), 200):
        share, off = _agreement([read_record(path) for path in paths[begin : begin + 200]])
        assert share >= 0.995
        assert off < 1e-4


def _agreement(records: list[EcgRecord]) -> tuple[float, float]:
    """The share of records that both backends give one level, and by how much their probabilities differ at most."""
    card = weights.load_card("cardiov-compact")
    reference = NetworkGrader(*weights.load_network(card.path)).predict_batch(records)
    found = load_predictor(card.path).predict_batch(records)
    equal = [one.severity == other.severity for one, other in zip(found, reference, strict=True)]
    off = [np.abs(np.subtract(a.probabilities, b.probabilities)).max() for a, b in zip(found, reference, strict=True)]
    return float(np.mean(equal)), float(max(off))
