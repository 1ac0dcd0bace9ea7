"""Model cards: what a grader is, what it wants to be fed, how good it was; and in which folder graders lie."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cardiov_core.domain import InputContract, JsonObject, fault_of
from cardiov_core.errors import ModelCardError, WeightsError
from cardiov_core.installation import shipped_files
from cardiov_core.weights.cards.document import Architecture, CardDocument
from cardiov_core.weights.cards.parts import CardPart
from cardiov_core.weights.files import HINT_MAKE

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Part = TypeVar("Part", bound=CardPart)


@dataclass(frozen=True, eq=False)
class ModelCard:
    """What a grader is, what it wants to be fed, and how good it was.

    Attributes
    ----------
    stated : CardDocument
        The fields that every card has.
    raw : dict
        The whole card as it stands in the file: what is written back, with fields that this CardioV does not know.
    path : pathlib.Path
        Where the card lies; weights and out-of-fold table lie beside it.
    """

    stated: CardDocument
    raw: JsonObject
    path: Path

    @property
    def name(self) -> str:
        """The grader's name."""
        return self.stated.name

    @property
    def version(self) -> str:
        """Of the grader."""
        return self.stated.version

    @property
    def sha256(self) -> str:
        """Checksum of the weights file, 64 hexadecimal digits."""
        return self.stated.sha256

    @property
    def architecture(self) -> Architecture:
        """Name and arguments for `cardiov_core.nets.build_net`, or of another kind of grader."""
        return self.stated.architecture

    @property
    def contract(self) -> InputContract:
        """What the grader is fed."""
        return self.stated.input.contract

    @property
    def weights_path(self) -> Path:
        """The weights file that the card describes."""
        return self.path.with_name(f"{self.name}.safetensors")

    def part(self, kind: type[Part]) -> Part | None:
        """Return a part of the card that not every card has.

        Parameters
        ----------
        kind : type
            A class of `cardiov_core.weights.cards.parts`.

        Returns
        -------
        CardPart or None
            None where the card has none.

        Raises
        ------
        ModelCardError
            If the part makes no sense.
        """
        stated = self.raw.get(kind.field)
        if stated is None:
            return None
        try:
            return kind.of(stated)
        except ValidationError as error:
            fault = fault_of(error)
            lacks = f"{kind.field} lacks {fault.field}" if fault.value is None else fault.words(kind.field)
            raise ModelCardError(
                f"Model card {self.path.name}: {kind.field} makes no sense: {lacks}.", kind.hint
            ) from error

    def member(self, name: str) -> "ModelCard":
        """Return the card of another grader in the same folder: a member of a blend.

        Raises
        ------
        WeightsError
            If there is none.
        ModelCardError
            If it is damaged.
        """
        return load_card(self.path.with_name(f"{name}.json"))


def weights_folder() -> Path:
    """Return where graders lie: environment variable ``CARDIOV_WEIGHTS``, otherwise the installation's ``weights/``."""
    chosen = os.environ.get("CARDIOV_WEIGHTS")
    return Path(chosen) if chosen else shipped_files() / "weights"


def folder_of(name: str, folder: Path | None) -> Path:
    """Return the folder of weights that grade nothing: the one that is named, or their own in the weights folder."""
    return weights_folder() / name if folder is None else folder


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


def checked_card(raw: JsonObject, path: Path) -> ModelCard:
    """Return a card whose fields are all there and make sense; otherwise raise `ModelCardError`."""
    try:
        stated = CardDocument.of(raw)
    except ValidationError as error:
        raise ModelCardError(f"Model card {path.name}: {fault_of(error).words()}.", HINT_MAKE) from error
    if path.stem != stated.name:
        raise ModelCardError(
            f"Model card {path.name}: name is {stated.name!r}; the file is named {path.stem!r}.", HINT_MAKE
        )
    return ModelCard(stated, raw, path)
