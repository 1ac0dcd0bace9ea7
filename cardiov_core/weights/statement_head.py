"""The statement head: boosted trees that say which ECG statements are likely, with their card.

Like the delineator it grades nothing and lies in a folder of its own. One file holds the trees of all statements and
what they said of their training records out of fold, so that no memory is ever shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Document, Ends, JsonObject
from cardiov_core.errors import WeightsMismatchError
from cardiov_core.weights.boosting import Boosting, boosting_arrays, boosting_from
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

NAME = "statements"
_HINT = "Run `cardiov train-statements`, or restore the file from the repository."
_OUT_OF_FOLD, _MARKS = "out_of_fold", "marks"
_STEPS = 255


class StatementFigures(Document):
    """One statement: its calibration, and how well it was told out of fold.

    ``n`` is the number of records that have it, ``auc_interval`` a 95 % one; ``shown`` where it may be told.
    """

    code: str
    n: int
    auc: float
    auc_interval: Ends
    brier: float
    shown: bool
    slope: float
    offset: float


class StatementTraining(Document):
    """What the statement head learned from; a statement with fewer positive records was not learned."""

    dataset: str
    licence_of_data: str
    n_records: int
    n_patients: int
    fewest_positive_records: int
    n_statements_of_the_paper: int
    recipe: JsonObject
    scikit_learn: str
    command: str


class NewStatementCard(Document):
    """The card as a training makes it; its fields stand in the file in this order."""

    title: str
    measurements: tuple[str, ...]
    n_records: int
    macro_auc: float
    macro_auc_interval: Ends
    n_shown: int
    statements: tuple[StatementFigures, ...]
    training: StatementTraining
    figures_from: str
    limitations: tuple[str, ...]


class StatementCard(StampedCard):
    """What is needed of the card to open the weights and to tell what they are worth."""

    measurements: tuple[str, ...]
    statements: tuple[StatementFigures, ...]
    macro_auc: float
    macro_auc_interval: Ends
    n_records: int


@dataclass(frozen=True, eq=False)
class StatementHead:
    """The trees, ready to speak.

    Attributes
    ----------
    trees : Boosting
        A score per statement of the card.
    out_of_fold : numpy.ndarray
        float64 ``(n_records, n_statements)``: calibrated probabilities of training records, out of fold.
    marks : tuple of str
        `cardiov_core.datasets.signal_mark` of each of them.
    card : StatementCard
        Their card.
    """

    trees: Boosting
    out_of_fold: npt.NDArray[np.float64]
    marks: tuple[str, ...]
    card: StatementCard


def load_statement_head(folder: Path | None = None) -> StatementHead | None:
    """Open the statement head.

    Parameters
    ----------
    folder : pathlib.Path, optional
        Where ``statements.json`` lies: by default ``statements`` in the weights folder.

    Returns
    -------
    StatementHead or None
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
    card = checked_as(StatementCard, read_json(path, _HINT), path, _HINT)
    file = path.with_suffix(".safetensors")
    tensors = read_tensors(file, card.sha256)
    stored, marks = tensors.pop(_OUT_OF_FOLD, None), tensors.pop(_MARKS, None)
    trees = boosting_from(tensors, file.name, len(card.measurements), len(card.statements))
    shape = (card.n_records, len(card.statements))
    if stored is None or marks is None or stored.shape != shape or marks.ndim != 2 or len(marks) != card.n_records:
        raise WeightsMismatchError(f"{file.name} lacks what was said of {card.n_records} training records.", _HINT)
    probabilities = stored.astype(np.float64) / _STEPS
    return StatementHead(trees, probabilities, tuple(bytes(row).hex() for row in marks), card)


def save_statement_head(
    trees: Boosting,
    out_of_fold: npt.NDArray[np.float64],
    marks: Sequence[str],
    card: CardFields,
    folder: Path,
) -> Path:
    """Write the statement head with its card.

    Parameters
    ----------
    trees : Boosting
        A score per statement.
    out_of_fold : numpy.ndarray, shape (n_records, n_statements)
        Calibrated probabilities of the training records, out of fold; kept in steps of 1/255.
    marks : sequence of str
        Of the same records, from `cardiov_core.datasets.signal_mark`.
    card : mapping
        All fields of `StatementCard` but version and checksum, and all that a reader should know.
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
    """
    tensors = boosting_arrays(trees)
    tensors[_OUT_OF_FOLD] = np.rint(np.clip(out_of_fold, 0.0, 1.0) * _STEPS).astype(np.uint8)
    tensors[_MARKS] = np.stack([np.frombuffer(bytes.fromhex(mark), dtype=np.uint8) for mark in marks])
    content = tensor_bytes(tensors, "float32")
    raw: JsonObject = {**stamped(card, content, StatementCard.reads), "n_parameters": len(trees.feature)}
    path = folder / f"{NAME}.json"
    checked_as(StatementCard, raw, path, _HINT)
    return write_with_card(path, raw, content)
