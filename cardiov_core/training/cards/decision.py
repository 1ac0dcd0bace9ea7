"""Choosing the costs by which levels are shown: out of fold, and measured on records that had no part in the choice."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray, Severity
from cardiov_core.evaluation import bootstrap_intervals
from cardiov_core.inference import Costs
from cardiov_core.weights import DecisionPart, FloorPart, OutcomePart

MOST_MISSED = 0.25
"""At most this share of the high-risk records may be graded no or low risk ..."""

LEAST_SPECIFICITY = 0.88
"""... while at least this share of the no- and low-risk records is not graded medium or higher."""

UNDER = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0)
"""What a level too low costs, where a level too high costs 1: values that are tried."""

MISSED_HIGH = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0)
"""What it costs beside to grade a high-risk record no or low risk: values that are tried."""


FLOORS: Mapping[str, Severity] = MappingProxyType(
    {
        "atrial_fibrillation": Severity.MEDIUM_RISK,
        "ventricular_premature_beats": Severity.MEDIUM_RISK,
        "left_bundle_branch_block": Severity.MEDIUM_RISK,
        "right_bundle_branch_block": Severity.LOW_RISK,
        "q_waves": Severity.HIGH_RISK,
    }
)
"""Code of a finding -> the level below which it might let no record be graded: those that are tried. The level is the
paper's of the statement that says the same."""

_NO_FINDING = "-"
_DIGITS = 4


@dataclass(frozen=True, eq=False)
class Floors:
    """Which findings of `FLOORS` are present in some records."""

    present: Mapping[str, BoolArray]  # shape (n,), by the finding's code

    @classmethod
    def of(cls, findings: Sequence[Collection[str]]) -> "Floors":
        """Return those of records of which the codes of present findings are given."""
        return cls({code: np.array([code in present for present in findings], dtype=np.bool_) for code in FLOORS})

    @classmethod
    def in_words(cls, cells: Sequence[str]) -> "Floors":
        """Return those of the cells that `words` made."""
        return cls.of([cell.split() for cell in cells])

    @property
    def words(self) -> list[str]:
        """One cell a record for the out-of-fold table: codes with spaces between them, '-' where there is none."""
        rows = zip(*self.present.values(), strict=True)
        named = [" ".join(code for code, there in zip(self.present, row, strict=True) if there) for row in rows]
        return [cell or _NO_FINDING for cell in named]

    def levels(self, codes: Iterable[str], n_records: int) -> IntArray:
        """Return the level below which no record is graded where just these findings may raise it."""
        lowest = np.zeros(n_records, dtype=np.int64)
        for code in codes:
            lowest = np.maximum(lowest, np.where(self.present[code], int(FLOORS[code]), 0))
        return lowest

    def select(self, rows: BoolArray | IntArray) -> "Floors":
        """Return those of some of the records."""
        return Floors({code: there[rows] for code, there in self.present.items()})


@dataclass(frozen=True)
class Outcome:
    """What a decision comes to."""

    missed: float  # share of the high-risk records graded no or low
    # Of 'medium or higher'.
    sensitivity: float
    specificity: float
    mae: float  # mean distance from the label, in levels

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


def _share(chosen: BoolArray, among: BoolArray) -> float:
    return float(chosen[among].mean()) if among.any() else float("nan")


def decision_part(
    probabilities: Float64Array,
    decided: IntArray,
    labels: IntArray,
    groups: IntArray,
    patients: npt.ArrayLike,
    floors: Floors | None = None,
) -> DecisionPart:
    """Return the shipped costs and floors, and what nested decisions and the paper's rule come to, for a model card.

    `probabilities`: shape (n, 4), out of fold, after nested calibration: the shipped costs are chosen on all of them.
    `decided`: shape (n,), from `nested_decisions`. `labels`, `groups`: shape (n,), levels, and the cross-validation
    group of each record. `patients`: shape (n,), who each record is from. `floors`: which findings are present;
    without, none is tried.
    """
    costs, codes = chosen_decision(probabilities, labels, floors)
    return DecisionPart(
        costs=costs.matrix,
        floors={code: int(FLOORS[code]) for code in codes},
        floors_tried={} if floors is None else tried_floors(probabilities, labels, groups, floors),
        chosen_so_that=f"out of fold at most {100 * MOST_MISSED:.0f} % of the high-risk records are graded no or low, "
        f"and 'medium or higher' keeps a specificity of {LEAST_SPECIFICITY:g}; where both cannot be had, what is "
        "lacking is least in sum; among equals the least error. A floor is kept where it lowers the error. Measured "
        "by costs and floors chosen without the record's group",
        measured=_outcome_part(decided, labels, patients),
        paper=_outcome_part(probabilities.argmax(axis=1), labels, patients),
    )


def tried_floors(
    probabilities: Float64Array, labels: IntArray, groups: IntArray, floors: Floors
) -> dict[str, FloorPart]:
    """Return what each floor alone changes in levels by costs that were chosen without the record's group."""
    graded = nested_decisions(probabilities, labels, groups)
    tried = {}
    for code, there in floors.present.items():
        raised = np.maximum(graded, floors.levels([code], len(labels)))
        changed = raised > graded
        nearer = np.abs(raised - labels) < np.abs(graded - labels)
        tried[code] = FloorPart(
            level=int(FLOORS[code]),
            n=int(there.sum()),
            raised=int(changed.sum()),
            nearer=int((changed & nearer).sum()),
            mae_change=round(float((np.abs(raised - labels) - np.abs(graded - labels)).mean()), _DIGITS),
        )
    return tried


def _outcome_part(graded: IntArray, labels: IntArray, patients: npt.ArrayLike) -> OutcomePart | None:
    names = ("missed", "sensitivity", "specificity", "mae")

    def numbers(drawn: IntArray, true: IntArray) -> Float64Array:
        outcome = outcome_of(drawn, true)
        return np.array([getattr(outcome, name) for name in names], dtype=np.float64)

    values = numbers(graded, labels)
    if np.isnan(values).any():
        return None
    limits = bootstrap_intervals(numbers, graded, labels, groups=np.asarray(patients, dtype=str))
    fields: dict[str, object] = dict(zip(names, values.tolist(), strict=True))
    fields |= {f"{name}_interval": [ends.low, ends.high] for name, ends in zip(names, limits, strict=True)}
    return OutcomePart.of(fields)


def chosen_decision(
    probabilities: Float64Array, labels: IntArray, floors: Floors | None = None
) -> tuple[Costs, tuple[str, ...]]:
    """Return costs, and the findings whose floors lower the error of the levels by costs chosen without floors.

    `probabilities`: shape (n, 4), out of fold. `labels`: shape (n,), levels. `floors`: which findings are present; none
    may raise a level by default.
    """
    costs = choose_costs(probabilities, labels)
    if floors is None:
        return costs, ()
    graded, kept = costs.decide(probabilities), []
    for code in floors.present:
        raised = np.maximum(graded, floors.levels([code], len(labels)))
        if np.abs(raised - labels).sum() < np.abs(graded - labels).sum():
            kept.append(code)
            graded = raised
    if not kept:
        return costs, ()
    return choose_costs(probabilities, labels, floors.levels(kept, len(labels))), tuple(kept)


def choose_costs(probabilities: Float64Array, labels: IntArray, floors: IntArray | None = None) -> Costs:
    """Return the costs that come nearest to what is asked for, and among equals those with the least error.

    `probabilities`: shape (n, 4), out of fold. `labels`: shape (n,), levels. `floors`: the level below which each
    record is not graded, whatever its probabilities.
    """
    below = np.zeros(len(labels), dtype=np.int64) if floors is None else floors
    tried = [Costs.graded(under, missed) for under, missed in product(UNDER, MISSED_HIGH)]
    outcomes = [outcome_of(np.maximum(costs.decide(probabilities), below), labels) for costs in tried]
    best = min(range(len(tried)), key=lambda at: (round(outcomes[at].shortfall, 2), outcomes[at].mae))
    return tried[best]


def nested_decisions(
    probabilities: Float64Array, labels: IntArray, groups: IntArray, floors: Floors | None = None
) -> IntArray:
    """Return each record's level by costs and floors that were chosen without its group.

    `probabilities`: shape (n, 4), out of fold. `labels`, `groups`: shape (n,), levels, and the cross-validation group
    of each record.
    """
    graded = np.zeros(len(labels), dtype=np.int64)
    for group in np.unique(groups):
        own, rest = groups == group, groups != group
        there = None if floors is None else floors.select(rest)
        costs, codes = chosen_decision(probabilities[rest], labels[rest], there)
        graded[own] = costs.decide(probabilities[own])
        if floors is not None:
            graded[own] = np.maximum(graded[own], floors.select(own).levels(codes, int(own.sum())))
    return graded
