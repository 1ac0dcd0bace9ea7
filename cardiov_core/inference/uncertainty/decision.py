"""By which rule the level on show is decided: a grader's own costs, the paper's, or an installation's."""

from dataclasses import dataclass
from typing import Literal

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.inference.uncertainty.costs import Costs
from cardiov_core.weights import DecisionPart, ModelCard

DecisionRule = Literal["shipped", "paper", "installation"]
"""By the grader's own costs, by the paper's rule (the most probable level), or by costs that an installation chose."""

LEAST_MISS_COSTS, MOST_MISS_COSTS = 0.25, 20.0
"""Between these an installation may choose: beyond, nearly every ECG gets the same level."""


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


def floors_of(card: ModelCard) -> dict[str, Severity]:
    """Return below which level a finding lets no record be graded, by its code; empty where the card states none."""
    stated = card.part(DecisionPart)
    return {} if stated is None else {code: Severity(level) for code, level in stated.floors.items()}
