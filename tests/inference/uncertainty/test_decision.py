import numpy as np
import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.inference.uncertainty.decision import Costs, OwnDecision, decided

UNSURE = np.array([[0.40, 0.20, 0.15, 0.25], [0.90, 0.08, 0.01, 0.01], [0.05, 0.05, 0.10, 0.80]])


def test_the_papers_rule_is_the_most_probable_level() -> None:
    assert decided(UNSURE, None).tolist() == [0, 0, 3]


def test_equal_distances_cost_alike_and_give_the_median() -> None:
    assert Costs.graded(1.0, 0.0).decide(UNSURE).tolist() == [1, 0, 3]


def test_dear_misses_raise_the_unsure_and_leave_the_sure() -> None:
    assert Costs.graded(1.0, 6.0).decide(UNSURE).tolist() == [2, 0, 3]


@pytest.mark.parametrize("matrix", [((0.0, 1.0),), ((1.0,) * 4,) * 4, ((0.0, -1.0, 1.0, 1.0),) * 4])
def test_other_matrices_are_refused(matrix: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ConfigurationError):
        Costs(matrix)


def test_an_installations_decision_raises_levels_as_misses_become_dearer() -> None:
    levels = [OwnDecision(miss).costs.decide(UNSURE).tolist() for miss in (0.5, 1.0, 6.0)]
    assert levels == [[0, 0, 3], [1, 0, 3], [3, 0, 3]]
    assert "a miss counts 4 times" in OwnDecision(4.0).words


@pytest.mark.parametrize("miss_costs", [0.0, 0.1, 21.0, float("nan")])
def test_a_decision_that_decides_nothing_is_refused(miss_costs: float) -> None:
    with pytest.raises(ConfigurationError, match="leaves nothing to decide"):
        OwnDecision(miss_costs)
