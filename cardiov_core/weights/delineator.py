"""The delineator's weights: as many networks as folds, each with the fingerprints of the records it never saw.

New records are delineated by all networks together. A record that trained them is recognised by its fingerprint and
gets only the network of the fold that held it out, so that no memory is ever measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from pydantic import field_validator

from cardiov_core.domain import Document, JsonObject
from cardiov_core.errors import WeightsMismatchError
from cardiov_core.nets import DelineatorGroup, DelineatorNet
from cardiov_core.weights.cards.card import folder_of
from cardiov_core.weights.files import (
    CardFields,
    StampedCard,
    checked_as,
    read_json,
    read_tensors,
    stamped,
    tensor_bytes,
    write_with_card,
)

NAME = "delineator"
_HINT = "Run `cardiov train-delineator`, or restore the file from the repository."


@dataclass(frozen=True, eq=False)
class DelineatorWeights:
    """The networks, ready to delineate.

    Attributes
    ----------
    nets : tuple of DelineatorNet
        One per fold, in evaluation mode; no parameter asks for a gradient.
    fold_of : mapping of str to int
        Fingerprint of a training record -> index of the network that never saw it.
    sha256 : str
        Checksum of the weights file; empty where they lie in none.
    """

    nets: tuple[DelineatorNet, ...]
    fold_of: Mapping[str, int]
    sha256: str = ""

    @cached_property
    def together(self) -> DelineatorGroup:
        """All networks as one grouped network, which takes half of their time."""
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
            raise ValueError("expected a fold a network")
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
    WeightsMismatchError
        If weights and card do not fit each other.
    """
    path = folder_of(NAME, folder) / f"{NAME}.json"
    if not path.is_file():
        return None
    card = checked_as(DelineatorCard, read_json(path, _HINT), path, _HINT)
    tensors = read_tensors(path.with_suffix(".safetensors"), card.sha256)
    architecture: dict[str, Any] = card.architecture
    nets = []
    for fold in range(len(card.folds)):
        try:
            # Without a random start, which would take longer than reading.
            with torch.inference_mode(False), torch.device("meta"):
                net = DelineatorNet(**architecture)
                net.load_state_dict({key: value[fold].float() for key, value in tensors.items()}, assign=True)
        except (TypeError, ValueError, IndexError, RuntimeError) as error:
            raise WeightsMismatchError(
                f"The weights of fold {fold + 1} do not fit {path.name}: {' '.join(str(error).split())[:300]}", _HINT
            ) from error
        nets.append(net.requires_grad_(False).eval())
    fold_of = {mark: fold for fold, listed in enumerate(card.folds) for mark in listed.fingerprints}
    return DelineatorWeights(tuple(nets), fold_of, card.sha256)


def save_delineator(nets: Sequence[DelineatorNet], card: CardFields, folder: Path) -> Path:
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
    states = [net.state_dict() for net in nets]
    # One tensor a layer for all networks: the names of 460 small tensors would cost a tenth of the file.
    content = tensor_bytes({key: torch.stack([state[key] for state in states]) for key in states[0]}, "float16")
    n_parameters = sum(parameter.numel() for net in nets for parameter in net.parameters())
    raw: JsonObject = {**stamped(card, content, DelineatorCard.reads), "n_parameters": n_parameters}
    path = folder / f"{NAME}.json"
    stated = checked_as(DelineatorCard, raw, path, _HINT)
    if len(stated.folds) != len(nets):
        raise WeightsMismatchError(f"{path.name} lists {len(stated.folds)} folds for {len(nets)} networks.", _HINT)
    return write_with_card(path, raw, content)
