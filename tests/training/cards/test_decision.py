import numpy as np
import pytest

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


def test_a_floor_that_is_right_is_kept_and_one_that_is_wrong_is_not() -> None:
    probabilities, levels = _drawn(800, 2)
    groups = np.arange(800) % 4
    known = (levels == 2) & (np.arange(800) % 3 == 0)
    floors = Floors(
        {
            "atrial_fibrillation": known,
            "ventricular_premature_beats": np.zeros(800, dtype=bool),
            "left_bundle_branch_block": np.zeros(800, dtype=bool),
            "right_bundle_branch_block": np.zeros(800, dtype=bool),
            "q_waves": levels == 0,
        }
    )
    decided = nested_decisions(probabilities, levels, groups, floors)
    without = nested_decisions(probabilities, levels, groups)
    assert (decided[known] >= 2).all()
    assert (without[known] < 2).any()
    part = decision_part(probabilities, decided, levels, groups, np.arange(800), floors)
    assert part.floors == {"atrial_fibrillation": 2}
    tried = part.floors_tried["atrial_fibrillation"]
    assert tried.n == known.sum()
    assert tried.raised == tried.nearer == (without[known] < 2).sum()
    assert tried.mae_change < 0 < part.floors_tried["q_waves"].mae_change
    assert part.measured is not None
    assert part.measured.missed == pytest.approx(outcome_of(decided, levels).missed)
    low, high = part.measured.missed_interval
    assert low < part.measured.missed < high


def test_findings_survive_the_table() -> None:
    floors = Floors.of([{"q_waves", "atrial_fibrillation", "pacing"}, set(), {"right_bundle_branch_block"}])
    assert floors.words == ["atrial_fibrillation q_waves", "-", "right_bundle_branch_block"]
    assert Floors.in_words(floors.words).words == floors.words
    assert floors.levels(["q_waves", "right_bundle_branch_block"], 3).tolist() == [3, 0, 1]
