"""What a wrong level costs, and the level of least expected cost.

A missed high-risk ECG costs more than a false alarm. A cost matrix says how much more, openly, and the level follows
from the probabilities: neither is hidden in the other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import IntArray, Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.weights import DecisionPart, ModelCard

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


def costs_of(card: ModelCard) -> Costs | None:
    """Return the costs that a model card states; None where it states none, and the paper's rule holds."""
    stated = card.part(DecisionPart)
    return None if stated is None else Costs(stated.costs)


def decided(probabilities: npt.ArrayLike, costs: Costs | None) -> IntArray:
    """Return the levels by some costs, or the most probable ones where there are none (the paper's rule)."""
    if costs is not None:
        return costs.decide(probabilities)
    return np.asarray(np.asarray(probabilities, dtype=np.float64).argmax(axis=1), dtype=np.int64)
