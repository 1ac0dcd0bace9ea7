"""Choosing the costs by which levels are shown: out of fold, and measured on records that had no part in the choice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Severity
from cardiov_core.evaluation import bootstrap_intervals
from cardiov_core.inference import Costs
from cardiov_core.weights import DecisionPart, OutcomePart

FloatMatrix = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_MISSED = 0.25
"""At most this share of the high-risk records may be graded no or low risk ..."""

LEAST_SPECIFICITY = 0.88
"""... while at least this share of the no- and low-risk records is not graded medium or higher."""

UNDER = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0)
"""What a level too low costs, where a level too high costs 1: values that are tried."""

MISSED_HIGH = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0)
"""What it costs beside to grade a high-risk record no or low risk: values that are tried."""


FLOORS: Mapping[str, Severity] = MappingProxyType({})
"""Code of a finding -> the level below which it lets no record be graded: those that lowered the error out of fold."""


@dataclass(frozen=True, eq=False)
class Floors:
    """Below which level findings let no record be graded.

    Attributes
    ----------
    levels : numpy.ndarray of int, shape (n,)
        0 where no finding speaks.
    of_finding : mapping of str to Severity
        Code of a finding -> its level.
    """

    levels: IntArray
    of_finding: Mapping[str, Severity] = field(default_factory=dict)

    @classmethod
    def none(cls, n_records: int) -> "Floors":
        """Return floors where no finding speaks."""
        return cls(np.zeros(n_records, dtype=np.int64))


@dataclass(frozen=True)
class Outcome:
    """What a decision comes to.

    Attributes
    ----------
    missed : float
        Share of the high-risk records graded no or low.
    sensitivity, specificity : float
        Of 'medium or higher'.
    mae : float
        Mean distance from the label, in levels.
    """

    missed: float
    sensitivity: float
    specificity: float
    mae: float

    @property
    def shortfall(self) -> float:
        """How far it is from what was asked for; 0 where both are met."""
        return max(0.0, self.missed - MOST_MISSED) + max(0.0, LEAST_SPECIFICITY - self.specificity)


def outcome_of(graded: IntArray, labels: IntArray) -> Outcome:
    """Return what a decision comes to on some records; NaN where there is none to count."""
    high, grave = labels == Severity.HIGH_RISK, labels >= Severity.MEDIUM_RISK
    alarm = graded >= Severity.MEDIUM_RISK
    return Outcome(
        missed=_share(~alarm, high),
        sensitivity=_share(alarm, grave),
        specificity=_share(~alarm, ~grave),
        mae=float(np.abs(graded - labels).mean()),
    )


def _share(chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float:
    return float(chosen[among].mean()) if among.any() else float("nan")


def decision_part(
    probabilities: FloatMatrix, decided: IntArray, labels: IntArray, patients: npt.ArrayLike, floors: Floors
) -> DecisionPart:
    """Return the shipped costs, and what nested decisions and the paper's rule come to, for a model card.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (n, 4)
        Out of fold, after nested calibration: the shipped costs are chosen on all of them.
    decided : numpy.ndarray of int, shape (n,)
        From `nested_decisions`.
    labels : numpy.ndarray of int, shape (n,)
        Levels.
    patients : array_like, shape (n,)
        Who each record is from.
    floors : Floors
        What findings ask for.
    """
    return DecisionPart(
        costs=choose_costs(probabilities, labels, floors.levels).matrix,
        floors={code: int(level) for code, level in floors.of_finding.items()},
        chosen_so_that=f"out of fold at most {100 * MOST_MISSED:.0f} % of the high-risk records are graded no or low, "
        f"and 'medium or higher' keeps a specificity of {LEAST_SPECIFICITY:g}; where both cannot be had, what is "
        "lacking is least in sum; among equals the least error. Measured by costs chosen without the record's group",
        measured=_outcome_part(decided, labels, patients),
        paper=_outcome_part(probabilities.argmax(axis=1), labels, patients),
    )


def _outcome_part(graded: IntArray, labels: IntArray, patients: npt.ArrayLike) -> OutcomePart | None:
    names = ("missed", "sensitivity", "specificity", "mae")

    def numbers(drawn: IntArray, true: IntArray) -> FloatMatrix:
        found = outcome_of(drawn, true)
        return np.array([getattr(found, name) for name in names], dtype=np.float64)

    values = numbers(graded, labels)
    if np.isnan(values).any():
        return None
    limits = bootstrap_intervals(numbers, graded, labels, groups=np.asarray(patients, dtype=str))
    found: dict[str, object] = dict(zip(names, values.tolist(), strict=True))
    found |= {f"{name}_interval": [ends.low, ends.high] for name, ends in zip(names, limits, strict=True)}
    return OutcomePart.of(found)


def choose_costs(probabilities: FloatMatrix, labels: IntArray, floors: IntArray | None = None) -> Costs:
    """Return the costs that come nearest to what is asked for, and among equals those with the least error.

    Parameters
    ----------
    probabilities : numpy.ndarray, shape (n, 4)
        Out of fold.
    labels : numpy.ndarray of int, shape (n,)
        Levels.
    floors : numpy.ndarray of int, optional
        The level below which each record is not graded, whatever its probabilities.
    """
    below = np.zeros(len(labels), dtype=np.int64) if floors is None else floors
    tried = [Costs.graded(under, missed) for under, missed in product(UNDER, MISSED_HIGH)]
    outcomes = [outcome_of(np.maximum(costs.decide(probabilities), below), labels) for costs in tried]
    best = min(range(len(tried)), key=lambda at: (round(outcomes[at].shortfall, 2), outcomes[at].mae))
    return tried[best]


def nested_decisions(
    probabilities: FloatMatrix, labels: IntArray, groups: IntArray, floors: IntArray | None = None
) -> IntArray:
    """Return each record's level by costs that were chosen without its group; arguments as in `choose_costs`."""
    below = np.zeros(len(labels), dtype=np.int64) if floors is None else floors
    graded = np.zeros(len(labels), dtype=np.int64)
    for group in np.unique(groups):
        rest = groups != group
        costs = choose_costs(probabilities[rest], labels[rest], below[rest])
        graded[~rest] = np.maximum(costs.decide(probabilities[~rest]), below[~rest])
    return graded
