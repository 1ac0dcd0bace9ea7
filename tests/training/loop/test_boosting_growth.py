"""Boosted trees as arrays say what scikit-learn says, and come back from a file as they were."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as safetensors_numpy

from cardiov_core.errors import WeightsMismatchError
from cardiov_core.inference.graders.boosting import (
    boosting_answers,
    boosting_contributions,
    boosting_probabilities,
    boosting_scores,
)
from cardiov_core.training.loop.boosting_growth import boosting_of, fitted
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.weights import Boosting
from cardiov_core.weights.boosting import boosting_bytes, boosting_from, check_boosting

RECIPE = BoostingRecipe(
    name="b",
    title="b",
    n_rounds=8,
    learning_rate=0.3,
    max_leaves=6,
    min_samples_leaf=5,
    max_features=0.5,
    l2=1.0,
    seed=1,
    cv_groups=3,
    folds=(1, 2, 3),
)
N_FEATURES = 6


def _rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(n, N_FEATURES))
    levels = np.digitize(rows[:, 0] + 0.5 * rows[:, 1] ** 2 + generator.normal(0, 0.3, n), [-0.5, 0.3, 1.0])
    rows[generator.random(rows.shape) < 0.15] = np.nan
    return rows, levels


@pytest.fixture(scope="module")
def grown() -> tuple[Boosting, np.ndarray, np.ndarray]:
    rows, levels = _rows(300)
    model = fitted(RECIPE, rows, levels, 1)
    return boosting_of([model]), rows, model.predict_proba(rows)


def test_levels_are_scikit_learns(grown: tuple[Boosting, np.ndarray, np.ndarray]) -> None:
    trees, rows, expected = grown
    assert np.isnan(rows).any()
    assert boosting_probabilities(trees, rows) == pytest.approx(expected, abs=1e-6)
    assert expected.std(axis=0).min() > 0.05


def test_several_yes_or_no_models_stand_in_one() -> None:
    rows, levels = _rows(200)
    models = [fitted(RECIPE, rows, (levels > at).astype(np.int64), 1) for at in range(3)]
    expected = np.stack([model.predict_proba(rows)[:, 1] for model in models], axis=1)
    assert boosting_answers(boosting_of(models), rows) == pytest.approx(expected, abs=1e-6)


def test_contributions_add_up_and_name_what_decides(grown: tuple[Boosting, np.ndarray, np.ndarray]) -> None:
    trees, rows, _ = grown
    total = np.zeros(N_FEATURES)
    for row in rows[:40]:
        base, contributions = boosting_contributions(trees, row)
        assert base.sum() == pytest.approx(1.0)
        assert contributions.sum(axis=1) == pytest.approx(np.zeros(N_FEATURES), abs=1e-12)
        said = boosting_probabilities(trees, row[np.newaxis])[0]
        assert base + contributions.sum(axis=0) == pytest.approx(said, abs=1e-12)
        total += np.abs(contributions).sum(axis=1)
    assert set(np.argsort(-total)[:2]) == {0, 1}


def test_file_keeps_every_bit(grown: tuple[Boosting, np.ndarray, np.ndarray]) -> None:
    trees, rows, _ = grown
    opened = boosting_from(safetensors_numpy.load(boosting_bytes(trees)), "b.safetensors", N_FEATURES, 4)
    assert np.array_equal(boosting_scores(opened, rows), boosting_scores(trees, rows))


def test_unsound_trees_are_refused(grown: tuple[Boosting, np.ndarray, np.ndarray], tmp_path: Path) -> None:
    trees, _, _ = grown
    inner = int(np.flatnonzero(trees.feature >= 0)[0])
    backwards, outside = trees.right.copy(), trees.feature.copy()
    backwards[inner], outside[inner] = 0, N_FEATURES
    for broken in (replace(trees, right=backwards), replace(trees, feature=outside), replace(trees, score=trees.roots)):
        with pytest.raises(WeightsMismatchError):
            check_boosting(broken, "b.safetensors", N_FEATURES, 4)
