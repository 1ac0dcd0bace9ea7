"""How often a grader was right when it gave the same level: counts among its out-of-fold predictions."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import BoolArray, Float64Array, Prediction, Severity
from cardiov_core.inference.uncertainty.doubt import GradedOutOfFold

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
    graded: GradedOutOfFold | None, prediction: Prediction, *, without_patients: Collection[str] = ()
) -> Reliability | None:
    """Count the labels of training records that the grader gave the same level, out of fold.

    'The same' is the same level with nearly the same probability of it: within five per cent on either side, rounded
    outwards to fives, and wider by five on both sides until `ENOUGH` records are in the band or it holds every one of
    that level.

    Parameters
    ----------
    graded : GradedOutOfFold or None
        What the grader that gave the prediction said of its training records, by the same decision.
    prediction : Prediction
        What it says of the open record.
    without_patients : collection of str
        Patients that do not count: the open record's own, where it trained the grader.

    Returns
    -------
    Reliability or None
        None where the grader has no out-of-fold table, or no record of it got that level.
    """
    if graded is None:
        return None
    # A level that costs or a finding chose need not be the most probable one.
    level = prediction.severity
    counts = ~np.isin(graded.patients, list(without_patients)) & (graded.levels == level)
    shares, labels = 100.0 * graded.probabilities[counts, level], graded.labels[counts]
    if not len(shares):
        return None
    share = 100.0 * prediction.probabilities[level]
    low = max(int(np.floor((share - _STEP) / _STEP)) * _STEP, 0)
    high = min(int(np.ceil((share + _STEP) / _STEP)) * _STEP, 100)
    inside = _inside(shares, low, high)
    while inside.sum() < ENOUGH and (low > 0 or high < 100):
        low, high = max(low - _STEP, 0), min(high + _STEP, 100)
        inside = _inside(shares, low, high)
    labelled = np.bincount(labels[inside], minlength=len(Severity))
    return Reliability(
        level, (low, high), int(inside.sum()), (int(labelled[0]), int(labelled[1]), int(labelled[2]), int(labelled[3]))
    )


def _inside(shares: Float64Array, low: int, high: int) -> BoolArray:
    return (shares >= low) & ((shares < high) | (high == 100))
