"""What a grader's training records look like, as numbers: the file beside the weights that the scope flag needs."""

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from cardiov_core.domain import Float64Array
from cardiov_core.errors import ModelCardError, WeightsError, WeightsMismatchError
from cardiov_core.weights.cards.card import ModelCard
from cardiov_core.weights.cards.parts import RangePart
from cardiov_core.weights.files import HINT_MAKE, CardFields, fields_as_json, read_tensors, tensor_bytes
from cardiov_core.weights.graders import update_card


@dataclass(frozen=True, eq=False)
class KnownRange:
    """Where training records lie in the space of some numbers of the signal.

    Attributes
    ----------
    mean, sd : numpy.ndarray, shape (n_numbers,)
        Of each number over the training records.
    components : numpy.ndarray, shape (n_components, n_numbers)
        Orthonormal directions of the standardised numbers, the widest first.
    spread : numpy.ndarray, shape (n_components,)
        Standard deviation along each.
    rest : numpy.ndarray, shape (1,)
        Root mean square of what the components leave over.
    held_out : numpy.ndarray, shape (n_records,)
        Rising distances of the training records, each from a range that was fitted without its fold.
    """

    mean: Float64Array
    sd: Float64Array
    components: Float64Array
    spread: Float64Array
    rest: Float64Array
    held_out: Float64Array


def load_range(card: ModelCard) -> KnownRange | None:
    """Open the file that a card names under ``scope``; None where it names none.

    Raises
    ------
    WeightsError
        If the file is missing or is no safetensors file.
    WeightsIntegrityError
        If its checksum is not the card's.
    WeightsMismatchError
        If its arrays do not fit each other.
    ModelCardError
        If the card does not say which file.
    """
    stated = card.part(RangePart)
    if stated is None:
        return None
    if stated.file != _file_of(card):
        raise ModelCardError(f"Model card {card.path.name}: scope names no {_file_of(card)}.", HINT_MAKE)
    path = card.path.with_name(stated.file)
    tensors = read_tensors(path, stated.sha256)
    if set(tensors) != {item.name for item in fields(KnownRange)}:
        raise WeightsMismatchError(f"{path.name} holds {', '.join(sorted(tensors))}: no known range.", HINT_MAKE)
    known = KnownRange(**{name: values.astype(np.float64) for name, values in tensors.items()})
    n_components, n_numbers = known.components.shape if known.components.ndim == 2 else (0, 0)
    shapes = {
        "mean": (n_numbers,),
        "sd": (n_numbers,),
        "spread": (n_components,),
        "rest": (1,),
        "held_out": (len(known.held_out),),
    }
    positive = (known.sd, known.spread, known.rest)
    if not n_components or any(getattr(known, name).shape != shape for name, shape in shapes.items()):
        raise WeightsMismatchError(f"{path.name}: its arrays do not fit each other.", HINT_MAKE)
    if not all(bool((values > 0).all()) for values in positive) or not len(known.held_out):
        raise WeightsMismatchError(f"{path.name}: a spread is not above 0, or no record is behind it.", HINT_MAKE)
    return known


def save_range(card: ModelCard, known: KnownRange, stated: CardFields) -> ModelCard:
    """Write the known range beside the weights and into the card's ``scope``, with checksum.

    Parameters
    ----------
    card : ModelCard
        The grader.
    known : KnownRange
        Stored as float32.
    stated : ScopePart or mapping
        What else the card says of it.

    Raises
    ------
    WeightsError
        If a number is not finite or a file cannot be written.
    """
    content = tensor_bytes({item.name: getattr(known, item.name) for item in fields(KnownRange)}, "float32")
    path: Path = card.path.with_name(_file_of(card))
    try:
        path.write_bytes(content)
    except OSError as error:
        raise WeightsError(f"{path} cannot be written: {error}.", "Copy the grader to a folder of your own.") from error
    named = RangePart(file=path.name, sha256=hashlib.sha256(content).hexdigest())
    return update_card(card, {"scope": fields_as_json(stated) | named.as_json()})


def _file_of(card: ModelCard) -> str:
    return f"{card.name}.scope.safetensors"
