"""Opening and writing weights files: tensors only, compared with their checksum before anything reads them."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError, field_validator
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from cardiov_core.domain import Document, JsonObject, Sha256, fault_of
from cardiov_core.errors import ModelCardError, WeightsError, WeightsIntegrityError

Card = TypeVar("Card", bound=Document)

Array = npt.NDArray[np.generic]
"""A tensor of a weights file: trees, ranges and tables need no PyTorch, and networks only where it runs them."""

HINT_MAKE = "Run `make weights`, which trains the grader again, or restore the file from the repository."
"""What helps where a file of weights is missing or damaged."""

CardFields = Document | Mapping[str, object]
"""A card that is to be written, or fields of one: typed (`NewCard`, parts), or as JSON values."""


class StampedCard(Document):
    """What is filled in when weights that grade nothing are written: the layout's version, and their checksum."""

    reads: ClassVar[int] = 1

    schema_version: int
    sha256: Sha256

    @field_validator("schema_version")
    @classmethod
    def _this_version(cls, value: int) -> int:
        if value != cls.reads:
            raise ValueError(f"this CardioV reads {cls.reads}")
        return value


def read_tensors(path: Path, sha256: str) -> dict[str, Array]:
    """Read a weights file once its checksum is the card's; floating-point numbers become float32."""
    content = read_verified(path, sha256)
    try:
        state = safetensors_numpy.load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} is no safetensors file: {error}.", HINT_MAKE) from error
    return {key: value.astype(np.float32) if value.dtype.kind == "f" else value for key, value in state.items()}


def tensor_bytes(state: Mapping[str, Array], storage: str) -> bytes:
    """Return the content of a safetensors file."""
    content: bytes = safetensors_numpy.save({key: _stored(key, value, storage) for key, value in state.items()})
    return content


def read_verified(path: Path, expected: str) -> bytes:
    """Read a file once and compare its checksum, so that what is checked is what is used."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}.", HINT_MAKE) from error
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise WeightsIntegrityError(
            f"{path.name} is not the file that its model card describes: SHA-256 expected {expected[:12]}..., got "
            f"{got[:12]}....",
            f"The file is damaged or was exchanged. {HINT_MAKE}",
        )
    return content


def read_json(path: Path, hint: str) -> object:
    """Read the JSON of a card; `hint` is what helps where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelCardError(f"The card {path} cannot be read: {error}.", hint) from error


def checked_as(kind: type[Card], raw: object, path: Path, hint: str) -> Card:
    """Return a card's JSON as the document that it should be; otherwise the first thing that is wrong with it."""
    try:
        return kind.of(raw)
    except ValidationError as error:
        raise ModelCardError(f"Card {path.name}: {fault_of(error).words()}.", hint) from error


def fields_as_json(fields: CardFields) -> JsonObject:
    """Return a card, or fields of one, as JSON values."""
    given = fields.as_json() if isinstance(fields, Document) else dict(fields)
    values: JsonObject = json.loads(json.dumps(given, default=_document_as_json))
    return values


def stamped(card: CardFields, content: bytes, schema_version: int) -> JsonObject:
    """Return a card as JSON values, with its version and the checksum of the weights file beside it."""
    return {
        **fields_as_json(card),
        "schema_version": schema_version,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def write_with_card(path: Path, card: JsonObject, content: bytes, *, indent: int = 2) -> Path:
    """Write a weights file and its card beside each other, into a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".safetensors").write_bytes(content)
    path.write_text(json.dumps(card, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path


def _document_as_json(value: object) -> JsonObject:
    if not isinstance(value, Document):
        raise TypeError(f"{value!r} is no JSON value")
    return value.as_json()


def _stored(key: str, value: Array, storage: str) -> Array:
    # Not `ascontiguousarray`, which gives a single number a dimension.
    if value.dtype.kind != "f":
        return np.array(value, order="C")
    with np.errstate(over="ignore"):
        stored = np.array(value, dtype=np.float16 if storage == "float16" else np.float32, order="C")
    if not np.isfinite(stored).all():
        raise WeightsError(f"{key} is not finite in {storage}.", "Store float32, or look at why the training diverged.")
    return stored
