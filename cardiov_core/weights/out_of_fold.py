"""The out-of-fold predictions of a grader's training records, read without pandas, which a command would wait for."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import WeightsError
from cardiov_core.weights.cards.card import ModelCard
from cardiov_core.weights.files import HINT_MAKE, read_verified

OUT_OF_FOLD_COLUMNS: tuple[str, ...] = (
    *("ecg_id", "patient_id", "fold", "label", "p0", "p1", "p2", "p3", "e0", "e1", "e2"),
    *("fingerprint_500", "fingerprint_100"),
)
"""An out-of-fold table: decoded probabilities, raw exceedances, and the fingerprint of each record at each rate."""

LIMIT_COLUMNS = ("limit0", "limit1", "limit2", "limit3")
"""Limits of the prediction set, one per level, fitted without the record's group of patients."""

Limits = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class OutOfFoldRows:
    """An out-of-fold table, a list of texts a column, as they stand in the file.

    Attributes
    ----------
    columns : mapping of str to sequence of str
        Name -> a text a record; empty where the table has none.
    """

    columns: Mapping[str, Sequence[str]]

    def texts(self, name: str) -> Sequence[str]:
        """Return a column as it stands in the file; empty where the table lacks it."""
        return self.columns.get(name, ())

    def numbers(self, *names: str) -> Float64Array:
        """Return columns of numbers, ``(n_records, n_names)``; NaN where a record has none."""
        rows = [[float(text or "nan") for text in self.columns[name]] for name in names]
        return np.ascontiguousarray(np.array(rows, dtype=np.float64).T)

    def integers(self, name: str) -> IntArray:
        """Return a column of whole numbers, ``(n_records,)``."""
        return self.numbers(name)[:, 0].astype(np.int64)

    def text_array(self, name: str) -> npt.NDArray[np.str_]:
        """Return a column of texts, ``(n_records,)``."""
        return np.array(self.texts(name), dtype=np.str_)

    def limits_of(self, place: int) -> Limits | None:
        """Return the limits of a record's prediction set, one per level; None where the table has none."""
        names = LIMIT_COLUMNS if LIMIT_COLUMNS[0] in self.columns else ("set_limit",) * 4
        if names[0] not in self.columns:
            return None
        first, second, third, fourth = (float(self.columns[name][place] or "nan") for name in names)
        return first, second, third, fourth


def out_of_fold_rows(card: ModelCard) -> OutOfFoldRows | None:
    """Return the predictions of a grader's training records by networks that had not seen their patients.

    Parameters
    ----------
    card : ModelCard
        The grader.

    Returns
    -------
    OutOfFoldRows or None
        None where the grader has no such table.

    Raises
    ------
    WeightsError
        If the table is missing, is none, or lacks a column.
    WeightsIntegrityError
        If its checksum is not the card's.
    """
    file = out_of_fold_file(card)
    if file is None:
        return None
    path, content = file
    text = content.decode("utf-8", "replace")
    try:
        head, *rows = [line for line in csv.reader(text.splitlines()) if line] or [[]]
    except csv.Error as error:
        raise WeightsError(f"{path} is no table: {error}.", HINT_MAKE) from error
    try:
        columns = [*zip(head, *rows, strict=True)]
    except ValueError as error:
        raise WeightsError(
            f"{path} is no table: a line has another number of cells than the first.", HINT_MAKE
        ) from error
    check_columns(head)
    return OutOfFoldRows({name: texts for name, *texts in columns})


def out_of_fold_file(card: ModelCard) -> tuple[Path, bytes] | None:
    """Return path and content of a grader's out-of-fold table, checked against its checksum; None where it has none."""
    stated = card.stated.out_of_fold
    if stated is None:
        return None
    path = card.path.with_name(stated.file)
    return path, read_verified(path, stated.sha256)


def check_columns(names: Sequence[str]) -> None:
    """Refuse a table that lacks a column which every out-of-fold table has."""
    missing = [column for column in OUT_OF_FOLD_COLUMNS if column not in names]
    if missing:
        raise WeightsError(f"The out-of-fold table lacks the columns {', '.join(missing)}.", HINT_MAKE)
