"""How often a grader was right when it gave the same level: counts among its out-of-fold predictions."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Prediction, Severity
from cardiov_core.weights import ModelCard, out_of_fold_table

_P = ["p0", "p1", "p2", "p3"]
MOST_PROBABLE_FROM = 25
"""Per cent that the most probable of four levels has at least."""
_STEP = 5
"""Per cent by which a band grows on either side: also half the width that it begins with."""
ENOUGH = 20
"""Records that a band shall hold; it is widened until it does. With 20, one record more or less is five per cent."""


@dataclass(frozen=True)
class Reliability:
    """Labels of the records that the grader graded alike out of fold.

    Attributes
    ----------
    level : Severity
        What it said.
    band : tuple of int
        Probability of that level, in per cent, from (included) and to (excluded; 100 is included).
    n : int
        ECGs with that level and a probability in that band.
    labels : tuple of int
        How many of them were labelled with level 0, 1, 2 and 3.
    """

    level: Severity
    band: tuple[int, int]
    n: int
    labels: tuple[int, int, int, int]

    @property
    def right(self) -> int:
        """How many were labelled with that level."""
        return self.labels[self.level]

    @property
    def higher(self) -> int:
        """How many were labelled with a higher level."""
        return sum(self.labels[self.level + 1 :])

    @property
    def lower(self) -> int:
        """How many were labelled with a lower level."""
        return sum(self.labels[: self.level])


def reliability_of(
    card: ModelCard, prediction: Prediction, *, without_patients: Collection[str] = ()
) -> Reliability | None:
    """Count the labels of training records that the grader gave the same level, out of fold.

    'The same' is the same level with nearly the same probability of it: within five per cent on either side, rounded
    outwards to fives, and wider by five on both sides until `ENOUGH` records are in the band or it holds every one of
    that level.

    Parameters
    ----------
    card : ModelCard
        The grader that gave the prediction.
    prediction : Prediction
        What it says of the open record.
    without_patients : collection of str
        Patients that do not count: the open record's own, where it trained the grader.

    Returns
    -------
    Reliability or None
        None where the grader has no out-of-fold table, or no record of it got that level.
    """
    rows = _rows(card)
    if rows is None:
        return None
    probabilities, labels, patients = rows
    level = prediction.severity
    counts = ~np.isin(patients, list(without_patients)) & (probabilities.argmax(axis=1) == level)
    shares, labels = 100.0 * probabilities[counts, level], labels[counts]
    if not len(shares):
        return None
    share = 100.0 * prediction.probabilities[level]
    low = max(int(np.floor((share - _STEP) / _STEP)) * _STEP, MOST_PROBABLE_FROM)
    high = min(int(np.ceil((share + _STEP) / _STEP)) * _STEP, 100)
    inside = _inside(shares, low, high)
    while inside.sum() < ENOUGH and (low > MOST_PROBABLE_FROM or high < 100):
        low, high = max(low - _STEP, MOST_PROBABLE_FROM), min(high + _STEP, 100)
        inside = _inside(shares, low, high)
    found = np.bincount(labels[inside], minlength=len(Severity))
    return Reliability(
        level, (low, high), int(inside.sum()), (int(found[0]), int(found[1]), int(found[2]), int(found[3]))
    )


def _inside(shares: npt.NDArray[np.float64], low: int, high: int) -> npt.NDArray[np.bool_]:
    return (shares >= low) & ((shares < high) | (high == 100))


_Rows = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.str_]]


@lru_cache(maxsize=8)
def _rows(card: ModelCard) -> _Rows | None:
    """Return probabilities, labels and patients of the out-of-fold table; cards are compared by identity."""
    table = out_of_fold_table(card)
    if table is None:
        return None
    return table[_P].to_numpy(np.float64), table["label"].to_numpy(np.int64), table["patient_id"].to_numpy(str)
