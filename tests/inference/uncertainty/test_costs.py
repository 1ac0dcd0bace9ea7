import numpy as np
import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.inference.uncertainty.costs import Costs, decided

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
