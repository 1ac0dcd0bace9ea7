"""Blends of graders: which members with which weights. The members' own files lie beside the blend's."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import TypeAdapter, ValidationError

from cardiov_core.domain import fault_of
from cardiov_core.errors import ModelCardError, WeightsMismatchError
from cardiov_core.weights.cards.card import ModelCard, load_card
from cardiov_core.weights.files import HINT_MAKE, Array, CardFields, read_tensors, tensor_bytes
from cardiov_core.weights.graders import write_grader

if TYPE_CHECKING:
    import pandas as pd

BLEND = "blend"
"""Architecture of a model card that describes a blend."""

_WEIGHT, _SHA256 = "weight.", "sha256."
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Member:
    """One grader of a blend.

    Attributes
    ----------
    name : str
        Its card lies beside the blend's.
    sha256 : str
        Checksum of its weights when the blend was calibrated.
    weight : float
        Share of its logits, above 0; all of them add up to 1.
    """

    name: str
    sha256: str
    weight: float


def load_blend(name_or_path: str | Path) -> tuple[tuple[Member, ...], ModelCard]:
    """Open a blend.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        As in `load_card`.

    Returns
    -------
    members : tuple of Member
        In the order of the card; their weights files are the ones that the blend was calibrated with.
    card : ModelCard
        The blend's card.

    Raises
    ------
    WeightsError
        If a file is missing or is no safetensors file.
    WeightsIntegrityError
        If the checksum is not the card's.
    WeightsMismatchError
        If card and file name other members, or a member was trained again since.
    ModelCardError
        If a card is damaged.
    """
    card = load_card(name_or_path)
    if card.architecture.name != BLEND:
        raise WeightsMismatchError(f"{card.path.name} describes {card.architecture.name!r}, no blend.", HINT_MAKE)
    members = members_of(card)
    stored, stated = read_tensors(card.weights_path, card.sha256), _tensors(members)
    if stored.keys() != stated.keys() or not all(np.array_equal(stored[key], value) for key, value in stated.items()):
        raise WeightsMismatchError(f"{card.weights_path.name} holds another blend than its card.", HINT_MAKE)
    for member in members:
        own = card.member(member.name)
        if own.sha256 != member.sha256:
            raise WeightsMismatchError(
                f"{card.name} was calibrated with other weights of {member.name} than those that lie beside it.",
                f"Train it again: cardiov train --recipe {card.name}.",
            )
    return members, card


def save_blend(
    members: tuple[Member, ...], card: CardFields, folder: Path, *, out_of_fold: "pd.DataFrame | None" = None
) -> Path:
    """Write a blend: its weights, out-of-fold table and card; returns the card's path.

    Parameters
    ----------
    members : tuple of Member
        Their files lie in `folder`.
    card : mapping
        The card without what is filled in here: schema version, checksums and number of parameters.
    folder : pathlib.Path
        Where the members lie.
    out_of_fold : pandas.DataFrame, optional
        Columns `OUT_OF_FOLD_COLUMNS`, with calibrated exceedances, and `set_limit`.

    Raises
    ------
    ModelCardError
        If the card lacks a field.
    """
    return write_grader(
        tensor_bytes(_tensors(members), "float32"),
        card,
        folder,
        n_parameters=len(members),
        out_of_fold=out_of_fold,
        check=lambda checked: _check_same(members_of(checked), members, checked),
    )


def members_of(card: ModelCard) -> tuple[Member, ...]:
    """Return the members that a blend's card names.

    Raises
    ------
    ModelCardError
        If there are fewer than two, a field is missing, or the weights do not add up to 1.
    """
    stated = json.dumps(card.architecture.kwargs.get("members"))
    try:
        members = TypeAdapter(tuple[Member, ...]).validate_json(stated, strict=True)
    except ValidationError as error:
        raise ModelCardError(
            f"Model card {card.path.name}: {fault_of(error).words('architecture.kwargs.members')}.", HINT_MAKE
        ) from error
    weights = [member.weight for member in members]
    sound = (
        len({member.name for member in members}) == len(members) > 1
        and card.name not in {member.name for member in members}
        and all(math.isfinite(weight) and weight > 0 for weight in weights)
        and abs(sum(weights) - 1.0) <= _TOLERANCE
    )
    if not sound:
        raise ModelCardError(
            f"Model card {card.path.name}: members {', '.join(member.name for member in members) or 'none'} with "
            f"weights {weights}; expected two or more, each once, whose weights add up to 1.",
            HINT_MAKE,
        )
    return members


def _tensors(members: tuple[Member, ...]) -> dict[str, Array]:
    """Return the content of a blend's weights file; its checksum is another one for other weights of a member."""
    tensors: dict[str, Array] = {
        f"{_WEIGHT}{member.name}": np.array(member.weight, dtype=np.float32) for member in members
    }
    for member in members:
        tensors[f"{_SHA256}{member.name}"] = np.frombuffer(member.sha256.encode("ascii"), dtype=np.uint8)
    return tensors


def _check_same(stated: tuple[Member, ...], members: tuple[Member, ...], card: ModelCard) -> None:
    if stated != members:
        raise WeightsMismatchError(f"{card.path.name} names other members than are to be written.", HINT_MAKE)
