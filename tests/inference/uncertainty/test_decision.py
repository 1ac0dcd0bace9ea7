import numpy as np
import pytest

from cardiov_core.errors import ConfigurationError
from cardiov_core.inference.uncertainty.decision import OwnDecision

UNSURE = np.array([[0.40, 0.20, 0.15, 0.25], [0.90, 0.08, 0.01, 0.01], [0.05, 0.05, 0.10, 0.80]])


def test_an_installations_decision_raises_levels_as_misses_become_dearer() -> None:
    levels = [OwnDecision(miss).costs.decide(UNSURE).tolist() for miss in (0.5, 1.0, 6.0)]
    assert levels == [[0, 0, 3], [1, 0, 3], [3, 0, 3]]
    assert "a miss counts 4 times" in OwnDecision(4.0).words


@pytest.mark.parametrize("miss_costs", [0.0, 0.1, 21.0, float("nan")])
def test_a_decision_that_decides_nothing_is_refused(miss_costs: float) -> None:
    with pytest.raises(ConfigurationError, match="leaves nothing to decide"):
        OwnDecision(miss_costs)
