"""The records that trained a grader, known again by their samples, and what was said of them out of fold."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cardiov_core.datasets import SAME_MARK, differing_bits
from cardiov_core.inference.uncertainty.prediction_sets import Limits
from cardiov_core.weights import OutOfFoldRows

_FINGERPRINTS = ("fingerprint_500", "fingerprint_100", "independent_500", "independent_100")


@dataclass(frozen=True)
class TrainingRow:
    """A record that trained a grader, and what weights that had not seen its patient say of it."""

    ecg_id: int  # its number in PTB-XL
    patient_id: str  # its patient there
    exceedance: tuple[float, float, float]
    set_limits: Limits | None  # limits of the prediction set, one per level; None where the grader has no sets
    # Its level by costs that were chosen without its group of patients; None where the grader has no costs.
    decided: int | None = None
    mark: str = ""  # by what the record is known again; empty where the table has none


class TrainingRows:
    """The rows of an out-of-fold table, each made when it is asked for.

    `table`: as `out_of_fold_rows` gives it.
    """

    def __init__(self, table: OutOfFoldRows) -> None:
        self._table = table
        self._known = frozenset(text for column in _FINGERPRINTS for text in table.texts(column))

    def of(self, fingerprint: str) -> tuple[TrainingRow, ...]:
        """Return the rows that have a fingerprint, in the order of the table."""
        if not fingerprint or fingerprint not in self._known:
            return ()
        columns = [self._table.texts(column) for column in _FINGERPRINTS]
        places = [place for column in columns for place, text in enumerate(column) if text == fingerprint]
        return tuple(map(self._row, places))

    def like(self, mark: str) -> tuple[TrainingRow, ...]:
        """Return the rows whose mark is nearly the same, in the order of the table."""
        places, marks = self._marks
        same = np.flatnonzero(differing_bits(mark, marks) <= SAME_MARK)
        return tuple(self._row(places[index]) for index in same.tolist())

    @property
    def marked(self) -> bool:
        """Whether any row has a mark."""
        return bool(self._marks[0])

    @cached_property
    def _marks(self) -> tuple[tuple[int, ...], tuple[str, ...]]:
        marks = self._table.texts("mark")
        places = tuple(place for place, mark in enumerate(marks) if mark)
        return places, tuple(marks[place] for place in places)

    def _row(self, place: int) -> TrainingRow:
        entry = {name: texts[place] for name, texts in self._table.columns.items()}
        return TrainingRow(
            int(entry["ecg_id"]),
            entry["patient_id"],
            (float(entry["e0"]), float(entry["e1"]), float(entry["e2"])),
            self._table.limits_of(place),
            int(float(entry["decided"])) if entry.get("decided") else None,
            entry.get("mark", ""),
        )
