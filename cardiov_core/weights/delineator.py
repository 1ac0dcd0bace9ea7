"""The delineator's weights: as many networks as folds, each with the fingerprints of the records it never saw.

New records are delineated by all networks together. A record that trained them is recognised by its fingerprint and
gets only the network of the fold that held it out, so that no memory is ever measured.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import field_validator

from cardiov_core.domain import Document, JsonObject
from cardiov_core.errors import WeightsMismatchError
from cardiov_core.weights.cards.card import folder_of
from cardiov_core.weights.files import (
    CardFields,
    StampedCard,
    checked_as,
    read_json,
    read_tensors,
    stamped,
    write_with_card,
)

if TYPE_CHECKING:
    from cardiov_core.nets import DelineatorGroup, DelineatorNet

NAME = "delineator"
_HINT = "Run `cardiov train-delineator`, or restore the file from the repository."


@dataclass(frozen=True, eq=False)
class DelineatorWeights:
    """The networks, built by PyTorch when they are first asked for.

    Attributes
    ----------
    build : callable
        Returns them, one per fold, in evaluation mode; no parameter asks for a gradient.
    fold_of : mapping of str to int
        Fingerprint of a training record -> index of the network that never saw it.
    sha256 : str
        Checksum of the weights file; empty where they lie in none.
    form : str
        Number and architecture of the networks, in words that tell them from others of the same file.
    """

    build: "Callable[[], tuple[DelineatorNet, ...]]"
    fold_of: Mapping[str, int]
    sha256: str = ""
    form: str = ""

    @cached_property
    def nets(self) -> "tuple[DelineatorNet, ...]":
        """The networks.

        Raises
        ------
        WeightsMismatchError
            If the weights do not fit the card.
        """
        return self.build()

    @cached_property
    def together(self) -> "DelineatorGroup":
        """All networks as one grouped network, which takes half of their time; raises as `nets`."""
        from cardiov_core.nets import DelineatorGroup

        return DelineatorGroup(self.nets)


class DelineatorFold(Document):
    """One network: by their fingerprints, the records that it never saw."""

    fingerprints: tuple[str, ...]


class DelineatorCard(StampedCard):
    """What is needed of the card to open the weights."""

    architecture: JsonObject
    folds: tuple[DelineatorFold, ...]

    @field_validator("folds")
    @classmethod
    def _one_at_least(cls, value: tuple[DelineatorFold, ...]) -> tuple[DelineatorFold, ...]:
        if not value:
            raise ValueError("expected a fold per network")
        return value


def load_delineator(folder: Path | None = None) -> DelineatorWeights | None:
    """Open the delineator's weights.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Where ``delineator.json`` lies: by default ``delineator`` in the weights folder.

    Returns
    -------
    DelineatorWeights or None
        None where the folder holds no card.

    Raises
    ------
    ModelCardError
        If the card is no JSON, is of another schema, or lacks a field.
    WeightsError
        If the weights file is missing or is no safetensors file.
    WeightsIntegrityError
        If its checksum is not the card's.
    """
    path = folder_of(NAME, folder) / f"{NAME}.json"
    if not path.is_file():
        return None
    card = checked_as(DelineatorCard, read_json(path, _HINT), path, _HINT)
    tensors = read_tensors(path.with_suffix(".safetensors"), card.sha256)
    fold_of = {mark: fold for fold, listed in enumerate(card.folds) for mark in listed.fingerprints}
    n_nets = len(card.folds)

    def build() -> "tuple[DelineatorNet, ...]":
        # Only here: where another backend runs the networks, nothing waits for PyTorch.
        from cardiov_core.weights.torch_weights import built_delineators

        return built_delineators(tensors, card.architecture, n_nets, path.name, _HINT)

    form = f"{n_nets} x {json.dumps(card.architecture, sort_keys=True)}"
    return DelineatorWeights(build, fold_of, card.sha256, form)


def save_delineator(nets: "Sequence[DelineatorNet]", card: CardFields, folder: Path) -> Path:
    """Write the delineator's weights in half precision, with their card.

    Parameters
    ----------
    nets : sequence of DelineatorNet
        One per fold.
    card : mapping
        ``architecture`` (arguments of `DelineatorNet`), ``folds`` (one per network, each with ``fingerprints``) and all
        that a reader should know; version, checksum and number of parameters are filled in here.
    folder : pathlib.Path
        Made where it is missing.

    Returns
    -------
    pathlib.Path
        The card.

    Raises
    ------
    ModelCardError
        If the card lacks a field.
    WeightsError
        If a weight is not finite.
    WeightsMismatchError
        If there are not as many networks as folds.
    """
    from cardiov_core.weights.torch_weights import stacked_bytes

    content = stacked_bytes(nets)
    n_parameters = sum(parameter.numel() for net in nets for parameter in net.parameters())
    raw: JsonObject = {**stamped(card, content, DelineatorCard.reads), "n_parameters": n_parameters}
    path = folder / f"{NAME}.json"
    stated = checked_as(DelineatorCard, raw, path, _HINT)
    if len(stated.folds) != len(nets):
        raise WeightsMismatchError(f"{path.name} lists {len(stated.folds)} folds for {len(nets)} networks.", _HINT)
    return write_with_card(path, raw, content)
