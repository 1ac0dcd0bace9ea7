"""Model cards: what a grader is, what it wants to be fed, how good it was; and in which folder graders lie."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import ModelCardError, WeightsError
from cardiov_core.weights.files import HINT_MAKE

SCHEMA_VERSION = 1
"""Version of the card's layout that this CardioV reads and writes."""

N_LOGITS: Mapping[str, int] = {"exceedance": 3, "rank_consistent": 3, "classification": 4, "regression": 1}
"""Kind of output -> how many numbers a network gives; `cardiov_core.inference.outputs` says what they mean."""

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
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "weights"


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
        raise WeightsError(f"There is no default grader: {path} cannot be read.", HINT_MAKE) from error
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
            f"Graders with weights: {known}. {HINT_MAKE}",
        ) from error
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ModelCardError(f"The model card {path} is no JSON: {error}.", HINT_MAKE) from error
    if not isinstance(raw, dict):
        raise ModelCardError(f"The model card {path} is no JSON object.", HINT_MAKE)
    return checked_card(raw, path)


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


def checked_card(raw: dict[str, Any], path: Path) -> ModelCard:
    """Return a card whose fields are all there and make sense; otherwise raise `ModelCardError`."""
    schema = raw.get("schema_version")
    if schema != SCHEMA_VERSION:
        raise card_error(path, "schema_version", schema, f"this CardioV reads version {SCHEMA_VERSION}")
    for field, kind in _FIELDS.items():
        value: Any = raw
        for key in field.split("."):
            value = value.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise card_error(path, field, value, f"expected {' or '.join(item.__name__ for item in kinds)}")
    if not _NAME.fullmatch(raw["name"]) or path.stem != raw["name"]:
        raise card_error(path, "name", raw["name"], f"the file is named {path.stem!r}")
    if not _HEX.fullmatch(raw["sha256"]):
        raise card_error(path, "sha256", raw["sha256"], "expected 64 hexadecimal digits")
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
    kind = output["kind"]
    if kind not in N_LOGITS:
        known = ", ".join(map(repr, N_LOGITS))
        raise card_error(path, "output.kind", kind, f"this CardioV knows {known}")
    for field, length in (("levels", 4), ("thresholds", 3), ("meaning", N_LOGITS[kind])):
        if len(output[field]) != length:
            raise card_error(path, f"output.{field}", output[field], f"expected {length} entries")
    spread = output.get("residual_sd")
    if kind == "regression" and not (isinstance(spread, _Number) and 0 < spread < float("inf")):
        raise card_error(path, "output.residual_sd", spread, "a regression needs the spread of its residuals, above 0")


def _check_out_of_fold(raw: Mapping[str, Any], path: Path) -> None:
    stated = raw.get("out_of_fold")
    if stated is None:
        return
    file, checksum = (stated.get("file"), stated.get("sha256")) if isinstance(stated, dict) else (None, None)
    if not isinstance(file, str) or not _NAME.fullmatch(file):
        raise card_error(path, "out_of_fold.file", file, "expected the name of a file beside the card")
    if not isinstance(checksum, str) or not _HEX.fullmatch(checksum):
        raise card_error(path, "out_of_fold.sha256", checksum, "expected 64 hexadecimal digits")


def _contract(stated: Mapping[str, Any], path: Path) -> InputContract:
    leads, band = stated["leads"], stated["band_hz"]
    rate, n_samples, order = stated["sampling_rate_hz"], stated["n_samples"], stated["filter_order"]
    normalisation = stated["normalisation"]
    if not leads or len(set(leads)) != len(leads) or not set(leads) <= set(STANDARD_LEADS):
        raise card_error(path, "input.leads", leads, f"expected some of {', '.join(STANDARD_LEADS)}, each once")
    if stated["units"] != "mV":
        raise card_error(path, "input.units", stated["units"], "expected 'mV'")
    for field, value in (("sampling_rate_hz", rate), ("n_samples", n_samples), ("filter_order", order)):
        if value <= 0:
            raise card_error(path, f"input.{field}", value, "expected more than 0")
    numbers = len(band) == 2 and all(isinstance(edge, _Number) for edge in band)
    if not numbers or not 0 < band[0] < band[1] < rate / 2:
        raise card_error(path, "input.band_hz", band, f"expected two rising edges within 0 and {rate / 2:g} Hz")
    if normalisation not in ("none", "global_std"):
        raise card_error(path, "input.normalisation", normalisation, "expected 'none' or 'global_std'")
    return InputContract(
        leads=tuple(leads),
        sampling_rate_hz=float(rate),
        n_samples=n_samples,
        band_hz=(float(band[0]), float(band[1])),
        filter_order=order,
        normalisation=normalisation,
    )


def card_error(path: Path, field: str, value: object, wanted: str) -> ModelCardError:
    """Return the error that names a card's field, what stands there and what was wanted."""
    seen = "is missing" if value is None else f"is {value!r}"
    return ModelCardError(f"Model card {path.name}: {field} {seen}; {wanted}.", HINT_MAKE)
