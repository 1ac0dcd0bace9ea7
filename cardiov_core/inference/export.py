"""A grader's network as a file for other programs, which says itself what it wants and what it means."""

import json
from pathlib import Path
from typing import Literal

from cardiov_core.backends import write_onnx, write_openvino
from cardiov_core.domain import JsonObject
from cardiov_core.errors import ConfigurationError, OutputError
from cardiov_core.inference.uncertainty.calibration import CLIP, calibration_of
from cardiov_core.version import installed_version
from cardiov_core.weights import BLEND, BOOSTING, FOREST, ModelCard, default_name, load_card, load_network, members_of

NetworkFormat = Literal["onnx", "openvino"]

_SUFFIXES: dict[NetworkFormat, str] = {"onnx": ".onnx", "openvino": ".xml"}
_DECODING = (
    "probabilities of the logits by output.kind give exceedances; these are clipped to calibration.clip and "
    "1 - calibration.clip; sigmoid(logit / calibration.temperature + calibration.offsets); running minimum over the "
    "thresholds; with 1 before and 0 behind, differences of neighbours are the probabilities of the levels"
)


def export_network(name: str | Path | None, path: Path, file_format: NetworkFormat) -> Path:
    """Write the network of a grader; of a blend, the network among its members.

    Parameters
    ----------
    name : str, pathlib.Path or None
        As in `load_predictor`.
    path : pathlib.Path
        The file; gets the suffix of the format.
    file_format : {"onnx", "openvino"}
        OpenVINO writes a second file beside it, ``.bin``.

    Returns
    -------
    pathlib.Path
        What was written. Its metadata hold `export_contract`, a JSON text each.

    Raises
    ------
    ConfigurationError
        If the grader has no network, or the format cannot hold it.
    OutputError
        If the file cannot be written.
    WeightsError
        If there is no such grader, or its files are damaged.
    """
    if not path.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {path.absolute().parent}.", "Make it, or choose another place.")
    net, card = load_network(_network_card(load_card(default_name() if name is None else name)).path)
    written = path.with_suffix(_SUFFIXES[file_format])
    metadata = {key: json.dumps(value, ensure_ascii=False) for key, value in export_contract(card).items()}
    shape = (len(card.contract.leads), card.contract.n_samples)
    (write_onnx if file_format == "onnx" else write_openvino)(net, shape, metadata, written)
    return written


def export_contract(card: ModelCard) -> JsonObject:
    """Return what another program must know: what the network is fed, what its logits mean, what it is not for."""
    contract, stated, calibration = card.contract, card.stated, calibration_of(card)
    return {
        "grader": {
            "name": card.name, "version": card.version, "sha256": card.sha256, "licence": stated.licence,
            "written_by": f"CardioV {installed_version()}",
        },
        "input": {
            "shape": ["batch", len(contract.leads), contract.n_samples], "leads": list(contract.leads), "units": "mV",
            "sampling_rate_hz": contract.sampling_rate_hz, "n_samples": contract.n_samples,
            "scaling": contract.normalisation,
            "filter": {"kind": contract.filter, "band_hz": list(contract.band_hz), "order": contract.filter_order,
                       "direction": "forward and backward over the whole record, after resampling, before cutting"},
        },
        "output": {
            "kind": stated.output.kind, "levels": list(stated.output.levels),
            "thresholds": list(stated.output.thresholds), "residual_sd": stated.output.residual_sd,
        },
        "calibration": None if calibration is None else {
            "temperature": calibration.temperature, "offsets": list(calibration.offsets), "clip": CLIP,
        },
        "decoding": _DECODING,
        "intended_use": stated.intended_use,
        "limitations": list(stated.limitations),
    }  # fmt: skip


def _network_card(card: ModelCard) -> ModelCard:
    asked: tuple[ModelCard, ...] = (card,)
    if card.architecture.name == BLEND:
        asked = tuple(card.member(member.name) for member in members_of(card))
    for one in asked:
        if one.architecture.name not in (FOREST, BOOSTING, BLEND):
            return one
    raise ConfigurationError(f"{card.name} has no network to export.", "Name a grader that is one: cardiov models.")
