"""Exported networks: another program gets the grader's probabilities from the file and its metadata alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, logit

from cardiov_core.cli import main
from cardiov_core.datasets import generate
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import ConfigurationError, OutputError
from cardiov_core.inference import NetworkFormat, export_network, load_predictor
from cardiov_core.io import read_record
from cardiov_core.preprocessing import prepare
from cardiov_core.weights import load_card

onnx = pytest.importorskip("onnx")
openvino = pytest.importorskip("openvino")
FORMATS: tuple[NetworkFormat, ...] = ("onnx", "openvino")


def _metadata(path: Path) -> dict[str, Any]:
    """What the file says of itself, read without CardioV."""
    if path.suffix == ".xml":
        model = openvino.Core().read_model(path)
        keys = ("grader", "input", "output", "calibration", "decoding", "limitations")
        return {key: json.loads(model.get_rt_info(["cardiov", key]).astype(str)) for key in keys}
    return {prop.key: json.loads(prop.value) for prop in onnx.load(path).metadata_props}


def _probabilities(path: Path, records: list[EcgRecord], contract: Any) -> np.ndarray:
    """Decode by the metadata alone; only filter and cut are CardioV's."""
    said = _metadata(path)
    signals = np.stack([prepare(record, contract).values for record in records])
    assert said["input"]["leads"] == list(contract.leads)
    assert said["input"]["n_samples"] == signals.shape[2]
    # OpenVINO rounds to bfloat16 by itself where the processor has it.
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    logits = openvino.compile_model(path, "CPU", exact)([signals])[0].astype(np.float64)
    assert said["output"]["kind"] == "exceedance"
    calibration = said["calibration"]
    above = expit(logits)
    if calibration is not None:
        clipped = np.clip(above, calibration["clip"], 1 - calibration["clip"])
        above = expit(logit(clipped) / calibration["temperature"] + np.array(calibration["offsets"]))
    above = np.minimum.accumulate(above, axis=1)
    ends = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
    return -np.diff(ends, axis=1)


def _check(name: str | None, path: Path, file_format: NetworkFormat, records: list[EcgRecord]) -> None:
    written = export_network(name, path, file_format)
    card = load_card(_metadata(written)["grader"]["name"])
    expected = [load_predictor(card.name).predict(record).probabilities for record in records]
    np.testing.assert_allclose(_probabilities(written, records, card.contract), expected, atol=1e-4)


@pytest.mark.parametrize("file_format", FORMATS)
def test_another_program_gets_the_graders_probabilities(
    file_format: NetworkFormat, tiny_folder: Path, tmp_path: Path
) -> None:
    assert tiny_folder.is_dir()
    _check("tiny", tmp_path / "tiny", file_format, [generate("normal", seed=seed) for seed in range(3)])


@pytest.mark.dataset
@pytest.mark.parametrize("file_format", FORMATS)
def test_the_shipped_network_gives_them_on_real_records(
    file_format: NetworkFormat, data_folder: Path, tmp_path: Path
) -> None:
    paths = sorted((data_folder / "ptb-xl-subset").rglob("*_hr.hea"))[::60]
    _check(None, tmp_path / "network", file_format, [read_record(path) for path in paths])


def test_the_metadata_are_the_cards(tiny_folder: Path, tmp_path: Path) -> None:
    assert tiny_folder.is_dir()
    said, card = _metadata(export_network("tiny", tmp_path / "tiny", "onnx")), load_card("tiny")
    assert said["grader"]["sha256"] == card.sha256
    assert said["input"]["shape"] == ["batch", 12, 1000]
    assert said["input"]["sampling_rate_hz"] == 100
    assert said["input"]["scaling"] == "none"
    assert said["input"]["filter"]["band_hz"] == [0.5, 45.0]
    assert said["output"]["levels"] == ["No risk", "Low risk", "Medium risk", "High risk"]
    assert said["limitations"] == ["Untrained."]
    assert "running minimum" in said["decoding"]


def test_trees_are_no_network(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="measurements has no network"):
        export_network("measurements", tmp_path / "trees", "onnx")


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_folder_that_is_not_there_is_said(file_format: NetworkFormat, tiny_folder: Path, tmp_path: Path) -> None:
    assert tiny_folder.is_dir()
    with pytest.raises(OutputError, match="There is no folder"):
        export_network("tiny", tmp_path / "nowhere" / "tiny", file_format)


def test_the_command_prints_what_it_wrote(tiny_folder: Path, tmp_path: Path) -> None:
    from click.testing import CliRunner

    assert tiny_folder.is_dir()
    result = CliRunner().invoke(main, ["export", "--model", "tiny", "--out", str(tmp_path / "net.onnx")])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "net.onnx")
