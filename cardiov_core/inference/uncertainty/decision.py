"""Which level is shown: the one of least expected cost, or the paper's, which is the most probable one.

A missed high-risk ECG costs more than a false alarm. A cost matrix says how much more, openly, and the level follows
from the probabilities: neither is hidden in the other.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.weights import DecisionPart, ModelCard

Float64Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DecisionRule = Literal["shipped", "paper", "installation"]
"""By the grader's own costs, by the paper's rule (the most probable level), or by costs that an installation chose."""

LEAST_MISS_COSTS, MOST_MISS_COSTS = 0.25, 20.0
"""Between these an installation may choose: beyond, nearly every ECG gets the same level."""

_N = len(Severity)


@dataclass(frozen=True)
class Costs:
    """What it costs to grade a record of one level as another.

    Attributes
    ----------
    matrix : tuple of tuple of float
        A row a true level, a column a grade; 0 on the diagonal, none below 0.

    Raises
    ------
    ConfigurationError
        If it is no such matrix.
    """

    matrix: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        """Refuse what is no cost matrix."""
        rows = self.matrix
        whole = len(rows) == _N and all(len(row) == _N for row in rows)
        values = np.asarray(rows, dtype=np.float64) if whole else np.full((_N, _N), np.nan)
        if not np.isfinite(values).all() or (values < 0).any() or np.diag(values).any():
            raise ConfigurationError(
                f"{rows} is no cost matrix.", "Give four rows of four costs, none below 0, with 0 on the diagonal."
            )

    @classmethod
    def graded(cls, under: float, missed_high: float) -> "Costs":
        """Return costs that rise with the distance of the levels.

        Parameters
        ----------
        under : float
            What a level too low costs, where a level too high costs 1.
        missed_high : float
            What it costs beside to grade a high-risk record no or low risk.
        """
        matrix = [[float(at - true) if at >= true else under * (true - at) for at in range(_N)] for true in range(_N)]
        for at in (Severity.NO_RISK, Severity.LOW_RISK):
            matrix[Severity.HIGH_RISK][at] += missed_high
        return cls(tuple(tuple(row) for row in matrix))

    def decide(self, probabilities: npt.ArrayLike) -> IntArray:
        """Return the level of least expected cost of each record, the lower one of equals.

        Parameters
        ----------
        probabilities : array_like, shape (n, 4)
            Of the levels.
        """
        expected = np.asarray(probabilities, dtype=np.float64) @ np.asarray(self.matrix, dtype=np.float64)
        return np.asarray(expected.argmin(axis=1), dtype=np.int64)


@dataclass(frozen=True)
class OwnDecision:
    """What an installation decides by instead of the graders' own costs.

    Attributes
    ----------
    miss_costs : float
        What a level too low costs, where a level too high, a false alarm, costs 1.

    Raises
    ------
    ConfigurationError
        If it is not between `LEAST_MISS_COSTS` and `MOST_MISS_COSTS`.
    """

    miss_costs: float

    def __post_init__(self) -> None:
        """Refuse what would give every ECG the same level."""
        if not LEAST_MISS_COSTS <= self.miss_costs <= MOST_MISS_COSTS:
            raise ConfigurationError(
                f"A miss that costs {self.miss_costs:g} times a false alarm leaves nothing to decide.",
                f"Choose {LEAST_MISS_COSTS:g} to {MOST_MISS_COSTS:g}.",
            )

    @property
    def costs(self) -> Costs:
        """The costs themselves."""
        return Costs.graded(self.miss_costs, 0.0)

    @property
    def words(self) -> str:
        """The decision in a sentence, for whoever reads a level."""
        return (
            f"This installation's decision: a miss counts {self.miss_costs:g} times as much as a false alarm, instead "
            "of by the grader's own costs."
        )


def costs_of(card: ModelCard) -> Costs | None:
    """Return the costs that a model card states; None where it states none, and the paper's rule holds."""
    stated = card.part(DecisionPart)
    return None if stated is None else Costs(stated.costs)


def floors_of(card: ModelCard) -> dict[str, Severity]:
    """Return below which level a finding lets no record be graded, by its code; empty where the card states none."""
    stated = card.part(DecisionPart)
    return {} if stated is None else {code: Severity(level) for code, level in stated.floors.items()}


def decided(probabilities: npt.ArrayLike, costs: Costs | None) -> IntArray:
    """Return the levels by some costs, or the most probable ones where there are none (the paper's rule)."""
    if costs is not None:
        return costs.decide(probabilities)
    return np.asarray(np.asarray(probabilities, dtype=np.float64).argmax(axis=1), dtype=np.int64)
