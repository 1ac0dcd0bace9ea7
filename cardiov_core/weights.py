"""Weights and model cards: the only place that opens a weights file.

A grader is two files side by side: ``<name>.safetensors`` (tensors only, nothing that could run) and ``<name>.json``,
the model card, which carries the checksum, the architecture, the input contract and what each output means, so that
nobody can pair a network with another filter. A third, ``<name>.oof.csv``, holds the out-of-fold predictions of the
records that trained it.
"""

import hashlib
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors_torch
from torch import nn

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, InputContract
from cardiov_core.errors import (
    ConfigurationError,
    ModelCardError,
    WeightsError,
    WeightsIntegrityError,
    WeightsMismatchError,
)
from cardiov_core.nets import build_net

SCHEMA_VERSION = 1
"""Version of the card's layout that this CardioV reads and writes."""

OUT_OF_FOLD_COLUMNS: tuple[str, ...] = (
    *("ecg_id", "patient_id", "fold", "label", "p0", "p1", "p2", "p3", "e0", "e1", "e2"),
    *("fingerprint_500", "fingerprint_100"),
)
"""An out-of-fold table: decoded probabilities, raw exceedances, and the fingerprint of each record at each rate."""

_HINT_MAKE = "Run `make weights`, which trains the grader again, or restore the file from the repository."
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HEX = re.compile(r"[0-9a-f]{64}")
_Number = (int, float)
_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "version": str,
    "title": str,
    "sha256": str,
    "n_parameters": int,
    "architecture": dict,
    "architecture.name": str,
    "architecture.kwargs": dict,
    "input": dict,
    "input.leads": list,
    "input.sampling_rate_hz": _Number,
    "input.n_samples": int,
    "input.units": str,
    "input.band_hz": list,
    "input.filter_order": int,
    "input.normalisation": str,
    "output": dict,
    "output.kind": str,
    "output.levels": list,
    "output.thresholds": list,
    "output.meaning": list,
    "training": dict,
    "metrics": dict,
    "intended_use": str,
    "limitations": list,
    "licence": str,
    "references": list,
}


@dataclass(frozen=True, eq=False)
class ModelCard:
    """What a grader is, what it wants to be fed, and how good it was.

    Attributes
    ----------
    name, version : str
        The grader.
    sha256 : str
        Checksum of the weights file, 64 hexadecimal digits.
    architecture : mapping
        ``name`` and ``kwargs`` for `cardiov_core.nets.build_net`.
    contract : InputContract
        What the network is fed.
    raw : dict
        The whole card as it stands in the file.
    path : pathlib.Path
        Where the card lies; weights and out-of-fold table lie beside it.
    """

    name: str
    version: str
    sha256: str
    architecture: Mapping[str, Any]
    contract: InputContract
    raw: dict[str, Any]
    path: Path

    @property
    def weights_path(self) -> Path:
        """The weights file that the card describes."""
        return self.path.with_name(f"{self.name}.safetensors")


def weights_folder() -> Path:
    """Return where graders lie: environment variable ``CARDIOV_WEIGHTS``, otherwise the repository's ``weights/``."""
    chosen = os.environ.get("CARDIOV_WEIGHTS")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[1] / "weights"


def list_cards() -> tuple[ModelCard, ...]:
    """Return the cards of all graders in the weights folder, by name.

    Raises
    ------
    ModelCardError
        If a card is damaged.
    """
    return tuple(load_card(path) for path in sorted(weights_folder().glob("*.json")))


def default_name() -> str:
    """Return the name of the default grader: the first line of ``default`` in the weights folder.

    Raises
    ------
    WeightsError
        If that file is missing or empty.
    """
    path = weights_folder() / "default"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"There is no default grader: {path} cannot be read.", _HINT_MAKE) from error
    if not lines or not lines[0].strip():
        raise WeightsError(f"There is no default grader: {path} is empty.", "Write a grader's name into it.")
    return lines[0].strip()


def load_card(name_or_path: str | Path) -> ModelCard:
    """Read and check a model card.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        A grader's name in the weights folder, or the path of a card or of a weights file with its card beside it.

    Returns
    -------
    ModelCard
        The card; the weights themselves are not opened.

    Raises
    ------
    WeightsError
        If there is no such grader.
    ModelCardError
        If the card is no JSON, is of another schema, or a field is missing or makes no sense.
    """
    path = _card_path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(sorted(item.stem for item in weights_folder().glob("*.json"))) or "none"
        raise WeightsError(
            f"There is no grader {str(name_or_path)!r}: {path} cannot be read.",
            f"Graders with weights: {known}. {_HINT_MAKE}",
        ) from error
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ModelCardError(f"The model card {path} is no JSON: {error}.", _HINT_MAKE) from error
    if not isinstance(raw, dict):
        raise ModelCardError(f"The model card {path} is no JSON object.", _HINT_MAKE)
    return _checked_card(raw, path)


def load_network(name_or_path: str | Path) -> tuple[nn.Module, ModelCard]:
    """Open a grader's weights.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        As in `load_card`.

    Returns
    -------
    net : torch.nn.Module
        On the CPU, float32, in evaluation mode; no parameter asks for a gradient.
    card : ModelCard
        Its card.

    Raises
    ------
    WeightsError
        If a file is missing or is no safetensors file.
    WeightsIntegrityError
        If the checksum is not the card's.
    WeightsMismatchError
        If weights, card and network do not fit each other.
    ModelCardError
        If the card is damaged or names a network that does not exist.
    """
    card = load_card(name_or_path)
    content = _verified(card.weights_path, card.sha256)
    # Tensors made in inference mode could never take part in an explanation.
    with torch.inference_mode(False):
        try:
            state = safetensors_torch.load(content)
        except (SafetensorError, KeyError, ValueError) as error:
            raise WeightsError(f"{card.weights_path} is no safetensors file: {error}.", _HINT_MAKE) from error
        state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
        net = _build(card)
        try:
            net.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsMismatchError(
                f"{card.weights_path.name} does not fit the network {card.architecture['name']!r} of its card: "
                f"{' '.join(str(error).split())[:300]}",
                _HINT_MAKE,
            ) from error
    n_parameters = sum(parameter.numel() for parameter in net.parameters())
    if n_parameters != card.raw["n_parameters"]:
        raise WeightsMismatchError(
            f"{card.path.name} states {card.raw['n_parameters']} parameters, the network has {n_parameters}.",
            _HINT_MAKE,
        )
    return net.requires_grad_(False).eval(), card


def save(
    net: nn.Module,
    card: Mapping[str, Any],
    folder: Path,
    *,
    out_of_fold: pd.DataFrame | None = None,
    storage: Literal["float32", "float16"] = "float32",
) -> Path:
    """Write a grader: weights, out-of-fold table and card.

    Parameters
    ----------
    net : torch.nn.Module
        The network that the card's ``architecture`` builds.
    card : mapping
        The card without what is filled in here: schema version, checksums and number of parameters.
    folder : pathlib.Path
        Made where it is missing.
    out_of_fold : pandas.DataFrame, optional
        Columns `OUT_OF_FOLD_COLUMNS`.
    storage : {"float32", "float16"}
        Precision of the file; half of the size costs three decimal digits.

    Returns
    -------
    pathlib.Path
        The card.

    Raises
    ------
    ModelCardError
        If the card lacks a field.
    WeightsError
        If a weight cannot be stored, or the table lacks a column.
    """
    state = {key: _stored(key, value, storage) for key, value in net.state_dict().items()}
    content = safetensors_torch.save(state)
    table = None if out_of_fold is None else _table_bytes(out_of_fold)
    raw = {
        **json.loads(json.dumps(dict(card))),
        "schema_version": SCHEMA_VERSION,
        "sha256": hashlib.sha256(content).hexdigest(),
        "n_parameters": sum(parameter.numel() for parameter in net.parameters()),
        "out_of_fold": None,
    }
    if table is not None:
        raw["out_of_fold"] = {"file": f"{raw.get('name')}.oof.csv", "sha256": hashlib.sha256(table).hexdigest()}
    path = folder / f"{raw.get('name')}.json"
    checked = _checked_card(raw, path)
    _check_fits(checked, net)
    folder.mkdir(parents=True, exist_ok=True)
    checked.weights_path.write_bytes(content)
    if table is not None:
        (folder / raw["out_of_fold"]["file"]).write_bytes(table)
    path.write_text(json.dumps(raw, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path


def out_of_fold_table(card: ModelCard) -> pd.DataFrame | None:
    """Return the predictions of a grader's training records by networks that had not seen their patients.

    Parameters
    ----------
    card : ModelCard
        The grader.

    Returns
    -------
    pandas.DataFrame or None
        Columns `OUT_OF_FOLD_COLUMNS`; None where the grader has no such table.

    Raises
    ------
    WeightsError
        If the table is missing or lacks a column.
    WeightsIntegrityError
        If its checksum is not the card's.
    """
    stated = card.raw.get("out_of_fold")
    if stated is None:
        return None
    path = card.path.with_name(stated["file"])
    content = _verified(path, stated["sha256"])
    # Sixteen hexadecimal digits may look like a number.
    as_text = dict.fromkeys(("fingerprint_500", "fingerprint_100", "patient_id"), str)
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=as_text)
    except ValueError as error:
        raise WeightsError(f"{path} is no table: {error}.", _HINT_MAKE) from error
    _check_columns(table)
    return table


def signal_fingerprint(record: EcgRecord) -> str:
    """Return a short checksum of a record's samples, by which training records are known again.

    Parameters
    ----------
    record : EcgRecord
        At its own sampling rate; file format, lead order and sub-microvolt rounding make no difference.

    Returns
    -------
    str
        First 16 hexadecimal digits of the SHA-256 over the twelve standard leads in microvolts (int16, little-endian;
        missing leads and samples are zero).
    """
    microvolts = np.zeros((len(STANDARD_LEADS), record.n_samples), dtype="<i2")
    limits = np.iinfo(np.int16)
    for row, lead in zip(microvolts, STANDARD_LEADS, strict=True):
        if lead in record.leads:
            values = np.nan_to_num(record.lead(lead).astype(np.float64) * 1000)
            row[:] = np.clip(np.rint(values), limits.min, limits.max)
    return hashlib.sha256(microvolts.tobytes()).hexdigest()[:16]


def _card_path(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".json":
        return path
    if path.suffix == ".safetensors":
        return path.with_suffix(".json")
    if not _NAME.fullmatch(str(name_or_path)):
        raise WeightsError(
            f"{str(name_or_path)!r} is neither a grader's name nor a weights file.",
            "Give a name that `cardiov models` lists, or a path that ends in .json or .safetensors.",
        )
    return weights_folder() / f"{name_or_path}.json"


def _verified(path: Path, expected: str) -> bytes:
    """Read a file once and compare its checksum, so that what is checked is what is used."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.", _HINT_MAKE) from error
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise WeightsIntegrityError(
            f"{path.name} is not the file that its model card describes: SHA-256 expected {expected[:12]}..., got "
            f"{got[:12]}....",
            f"The file is damaged or was exchanged. {_HINT_MAKE}",
        )
    return content


def _checked_card(raw: dict[str, Any], path: Path) -> ModelCard:
    schema = raw.get("schema_version")
    if schema != SCHEMA_VERSION:
        raise _card_error(path, "schema_version", schema, f"this CardioV reads version {SCHEMA_VERSION}")
    for field, kind in _FIELDS.items():
        value: Any = raw
        for key in field.split("."):
            value = value.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise _card_error(path, field, value, f"expected {' or '.join(item.__name__ for item in kinds)}")
    if not _NAME.fullmatch(raw["name"]) or path.stem != raw["name"]:
        raise _card_error(path, "name", raw["name"], f"the file is named {path.stem!r}")
    if not _HEX.fullmatch(raw["sha256"]):
        raise _card_error(path, "sha256", raw["sha256"], "expected 64 hexadecimal digits")
    _check_output(raw, path)
    _check_out_of_fold(raw, path)
    return ModelCard(
        name=raw["name"],
        version=raw["version"],
        sha256=raw["sha256"],
        architecture=raw["architecture"],
        contract=_contract(raw["input"], path),
        raw=raw,
        path=path,
    )


def _check_output(raw: Mapping[str, Any], path: Path) -> None:
    output = raw["output"]
    if output["kind"] != "exceedance":
        raise _card_error(path, "output.kind", output["kind"], "this CardioV knows 'exceedance'")
    for field, length in (("levels", 4), ("thresholds", 3), ("meaning", 3)):
        if len(output[field]) != length:
            raise _card_error(path, f"output.{field}", output[field], f"expected {length} entries")


def _check_out_of_fold(raw: Mapping[str, Any], path: Path) -> None:
    stated = raw.get("out_of_fold")
    if stated is None:
        return
    file, checksum = (stated.get("file"), stated.get("sha256")) if isinstance(stated, dict) else (None, None)
    if not isinstance(file, str) or not _NAME.fullmatch(file):
        raise _card_error(path, "out_of_fold.file", file, "expected the name of a file beside the card")
    if not isinstance(checksum, str) or not _HEX.fullmatch(checksum):
        raise _card_error(path, "out_of_fold.sha256", checksum, "expected 64 hexadecimal digits")


def _contract(stated: Mapping[str, Any], path: Path) -> InputContract:
    leads, band = stated["leads"], stated["band_hz"]
    rate, n_samples, order = stated["sampling_rate_hz"], stated["n_samples"], stated["filter_order"]
    normalisation = stated["normalisation"]
    if not leads or len(set(leads)) != len(leads) or not set(leads) <= set(STANDARD_LEADS):
        raise _card_error(path, "input.leads", leads, f"expected some of {', '.join(STANDARD_LEADS)}, each once")
    if stated["units"] != "mV":
        raise _card_error(path, "input.units", stated["units"], "expected 'mV'")
    for field, value in (("sampling_rate_hz", rate), ("n_samples", n_samples), ("filter_order", order)):
        if value <= 0:
            raise _card_error(path, f"input.{field}", value, "expected more than 0")
    numbers = len(band) == 2 and all(isinstance(edge, _Number) for edge in band)
    if not numbers or not 0 < band[0] < band[1] < rate / 2:
        raise _card_error(path, "input.band_hz", band, f"expected two rising edges within 0 and {rate / 2:g} Hz")
    if normalisation not in ("none", "global_std"):
        raise _card_error(path, "input.normalisation", normalisation, "expected 'none' or 'global_std'")
    return InputContract(
        leads=tuple(leads),
        sampling_rate_hz=float(rate),
        n_samples=n_samples,
        band_hz=(float(band[0]), float(band[1])),
        filter_order=order,
        normalisation=normalisation,
    )


def _card_error(path: Path, field: str, value: object, wanted: str) -> ModelCardError:
    seen = "is missing" if value is None else f"is {value!r}"
    return ModelCardError(f"Model card {path.name}: {field} {seen}; {wanted}.", _HINT_MAKE)


def _build(card: ModelCard) -> nn.Module:
    arguments = {"n_leads": len(card.contract.leads), "n_outputs": 3, **card.architecture["kwargs"]}
    expected = {"n_leads": len(card.contract.leads), "n_outputs": 3}
    for key, value in expected.items():
        if arguments[key] != value:
            raise WeightsMismatchError(
                f"Model card {card.path.name}: architecture.kwargs.{key} is {arguments[key]!r}, input and output need "
                f"{value}.",
                _HINT_MAKE,
            )
    try:
        return build_net(card.architecture["name"], **arguments)
    except ConfigurationError as error:
        raise ModelCardError(f"Model card {card.path.name}: {error.message}", error.hint) from error


def _check_fits(card: ModelCard, net: nn.Module) -> None:
    """Refuse to write weights that could not be read again."""
    expected = {key: value.shape for key, value in _build(card).state_dict().items()}
    if expected != {key: value.shape for key, value in net.state_dict().items()}:
        raise WeightsMismatchError(
            f"The network is not the one that architecture {card.architecture['name']!r} of the card builds.",
            "State in the card with which name and arguments the network was built.",
        )


def _stored(key: str, value: torch.Tensor, storage: str) -> torch.Tensor:
    stored = value.detach().cpu().contiguous()
    if value.is_floating_point():
        stored = stored.half() if storage == "float16" else stored.float()
        if not bool(torch.isfinite(stored).all()):
            raise WeightsError(
                f"{key} is not finite in {storage}.", "Store float32, or look at why the training diverged."
            )
    return stored.clone()


def _table_bytes(table: pd.DataFrame) -> bytes:
    _check_columns(table)
    text: str = table[list(OUT_OF_FOLD_COLUMNS)].to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def _check_columns(table: pd.DataFrame) -> None:
    missing = [column for column in OUT_OF_FOLD_COLUMNS if column not in table.columns]
    if missing:
        raise WeightsError(f"The out-of-fold table lacks the columns {', '.join(missing)}.", _HINT_MAKE)
