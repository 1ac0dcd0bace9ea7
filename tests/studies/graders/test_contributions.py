"""The test of the leading reason, on a forest of which it is known what it judges by."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from cardiov_core import weights
from cardiov_core.datasets import PtbXl
from cardiov_core.reporting.words.model_card import card_words
from cardiov_core.signals.features import FEATURES
from cardiov_core.studies.graders.contributions import check_reasons, losses_of, ship_reasons_check
from cardiov_core.training.loop.forest_growth import forest_of
from cardiov_core.weights import Forest

RATE = next(index for index, feature in enumerate(FEATURES) if feature.key == "heart_rate_bpm")


def _grown(seed: int) -> tuple[Forest, np.ndarray]:
    """A forest that judges by the heart rate alone, and the rows that it grew on."""
    rows = np.random.default_rng(seed).normal(size=(300, len(FEATURES)))
    levels = np.digitize(rows[:, RATE], [-0.5, 0.5, 1.2])
    model = ExtraTreesClassifier(20, max_features=None, min_samples_leaf=5, random_state=0).fit(rows, levels)
    return forest_of(model), rows


def test_what_the_forest_judges_by_counts_and_other_numbers_do_not() -> None:
    forest, rows = _grown(0)
    medians = np.median(rows, axis=0)
    highest = rows[np.argmax(rows[:, RATE])]
    leading, others = losses_of(forest, highest, medians, 3, seed=0)
    assert leading > 0.5
    assert abs(others) < 0.1
    against, _ = losses_of(forest, highest, medians, 1, seed=0)
    assert against > 0.1, "what speaks against a level is told as such: without it the level gains"


def test_a_row_that_is_the_median_loses_nothing() -> None:
    forest, rows = _grown(1)
    medians = np.median(rows, axis=0)
    assert losses_of(forest, medians.copy(), medians, 1, seed=0) == (0.0, 0.0)


@pytest.mark.dataset
@pytest.mark.slow
def test_the_shipped_forest_is_tested_on_real_records(repository: Path, data_folder: Path, tmp_path: Path) -> None:
    for name in ("measurements.json", "measurements.safetensors"):
        (tmp_path / name).write_bytes((repository / "weights" / name).read_bytes())
    card = weights.load_card(tmp_path / "measurements.json")
    found = check_reasons(card, PtbXl(data_folder / "ptb-xl-subset"), (3,), 40)
    assert [row.n for row in found.levels.values()] == [10, 10, 10, 10]
    assert (found.levels[0].told_direction or 0.0) > 0.5
    written = ship_reasons_check(card, found, "by a test")
    assert json.loads(written.path.read_text())["reasons_check"]["sha256"] == card.sha256
    assert "Without the leading reason's numbers" in card_words(written)["reasons"]
