import numpy as np
import pytest

from cardiov_core.domain import Severity
from cardiov_core.training.cards.decision import Floors, choose_costs, decision_part, nested_decisions, outcome_of


def _drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are right on the whole, and levels drawn from them."""
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet((1.0, 0.5, 0.35, 0.4), n)
    levels = (generator.random(n)[:, np.newaxis] > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, np.minimum(levels, 3)


def test_outcomes_are_counted() -> None:
    found = outcome_of(np.array([0, 2, 1, 3, 0]), np.array([0, 0, 2, 3, 3]))
    assert (found.missed, found.sensitivity, found.specificity) == (0.5, pytest.approx(1 / 3), 0.5)
    assert found.mae == pytest.approx((0 + 2 + 1 + 0 + 3) / 5)


def test_chosen_costs_miss_fewer_than_the_most_probable_level() -> None:
    probabilities, levels = _drawn(3000)
    chosen = outcome_of(choose_costs(probabilities, levels).decide(probabilities), levels)
    paper = outcome_of(probabilities.argmax(axis=1), levels)
    assert chosen.missed < paper.missed
    assert chosen.shortfall <= paper.shortfall


def test_decisions_of_a_group_know_nothing_of_its_labels() -> None:
    probabilities, levels = _drawn(600, 1)
    groups = np.arange(600) % 3
    turned = np.where(groups == 1, 3 - levels, levels)
    own, other = (nested_decisions(probabilities, given, groups) for given in (levels, turned))
    assert own[groups == 1].tolist() == other[groups == 1].tolist()


def test_floors_hold_and_stand_in_the_card() -> None:
    probabilities, levels = _drawn(400, 2)
    floors = Floors(np.where(np.arange(400) % 5 == 0, 2, 0), {"atrial_fibrillation": Severity.MEDIUM_RISK})
    decided = nested_decisions(probabilities, levels, np.arange(400) % 4, floors.levels)
    assert (decided[::5] >= 2).all()
    part = decision_part(probabilities, decided, levels, np.arange(400), floors)
    assert part.floors == {"atrial_fibrillation": 2}
    assert part.measured is not None
    assert part.measured.missed == pytest.approx(outcome_of(decided, levels).missed)
    low, high = part.measured.missed_interval
    assert low < part.measured.missed < high
