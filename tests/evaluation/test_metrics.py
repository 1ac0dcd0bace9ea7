from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.metrics import confusion_matrix as matrix_of_scikit_learn

from cardiov_core.errors import LabelError
from cardiov_core.evaluation import metrics

LABELS = [0, 0, 1, 2, 3, 3]
LEVELS = [0, 1, 1, 0, 3, 2]


def test_figures_worked_out_by_hand() -> None:
    assert metrics.mean_absolute_error(LABELS, LEVELS) == pytest.approx(4 / 6)
    assert metrics.accuracy(LABELS, LEVELS) == pytest.approx(3 / 6)
    assert metrics.within_one(LABELS, LEVELS) == pytest.approx(5 / 6)
    # Observed squared distances 0, 1, 0, 4, 0, 1; expected ones over all 36 pairs of the two readings: 122.
    expected = sum((a - b) ** 2 for a in LABELS for b in LEVELS) / 6
    assert metrics.quadratic_weighted_kappa(LABELS, LEVELS) == pytest.approx(1 - 6 / expected)


def test_kappa_and_confusion_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 4, 200)
    levels = np.clip(labels + generator.integers(-1, 2, 200), 0, 3)
    expected = cohen_kappa_score(labels, levels, weights="quadratic")
    assert metrics.quadratic_weighted_kappa(labels, levels) == pytest.approx(expected, abs=1e-12)
    np.testing.assert_array_equal(metrics.confusion_matrix(labels, levels), matrix_of_scikit_learn(labels, levels))
    with pytest.raises(LabelError, match="no level 4"):
        metrics.confusion_matrix([0, 4], [0, 1])


def test_areas_of_thresholds() -> None:
    generator = np.random.default_rng(7)
    labels = generator.integers(0, 4, 200)
    probabilities = generator.dirichlet([1.0] * 4, 200)
    areas = metrics.auc_per_threshold(labels, probabilities)
    assert list(areas) == ["above_no", "above_low", "above_medium", "mean"]
    above_low = probabilities[:, 2] + probabilities[:, 3]
    assert areas["above_low"] == pytest.approx(roc_auc_score(labels > 1, above_low), abs=1e-12)
    assert areas["mean"] == pytest.approx(np.mean(list(areas.values())[:3]))
    np.testing.assert_allclose(metrics.exceedances_of_levels([[0.1, 0.2, 0.3, 0.4]]), [[0.9, 0.7, 0.4]])


def test_perfect_and_constant_readings() -> None:
    assert metrics.quadratic_weighted_kappa(LABELS, LABELS) == 1.0
    assert np.isnan(metrics.quadratic_weighted_kappa([1, 1], [1, 1]))
    assert metrics.mean_absolute_error([0, 3], [3, 0]) == 3.0


@pytest.mark.parametrize("ties", [False, True])
def test_the_area_is_that_of_scikit_learn(ties: bool) -> None:
    generator = np.random.default_rng(5)
    positive = generator.random(300) < 0.2
    scores = generator.random(300) + 0.3 * positive
    if ties:
        scores = np.round(scores, 1)
    assert metrics.area_under_curve(positive, scores) == pytest.approx(roc_auc_score(positive, scores), abs=1e-12)


def test_areas_of_levels_and_their_mean() -> None:
    generator = np.random.default_rng(6)
    labels = generator.integers(0, 4, 200)
    probabilities = generator.dirichlet([1.0] * 4, 200)
    areas = metrics.auc_per_level(labels, probabilities)
    assert list(areas) == ["no", "low", "medium", "high", "mean"]
    for level, key in enumerate(("no", "low", "medium", "high")):
        assert areas[key] == pytest.approx(roc_auc_score(labels == level, probabilities[:, level]), abs=1e-12)
    assert areas["mean"] == pytest.approx(np.mean([areas[key] for key in ("no", "low", "medium", "high")]))


def test_a_level_that_nobody_has_has_no_area() -> None:
    areas = metrics.auc_per_level([0, 0, 1, 2], np.eye(4))
    assert np.isnan(areas["high"])
    assert np.isnan(areas["mean"])
    assert areas["low"] == pytest.approx(2 / 3 * 0.5)


def test_classes_without_a_positive_are_left_out_of_the_mean() -> None:
    truth = np.array([[1, 0, 1], [0, 0, 1], [1, 0, 0]])
    scores = np.array([[0.9, 0.5, 0.1], [0.1, 0.5, 0.9], [0.8, 0.5, 0.5]])
    assert metrics.macro_auc(truth, scores) == pytest.approx((1.0 + 0.5) / 2)
    assert np.isnan(metrics.macro_auc(truth[:, 1:2], scores[:, 1:2]))


@pytest.mark.dataset
def test_macro_auc_of_the_published_benchmark(data_folder: Path) -> None:
    """Scores of xresnet1d101 on PTB-XL's test fold (Strodthoff et al. 2021): .925 in their Table 2."""
    with np.load(data_folder / "ptb-xl-benchmark-predictions" / "xresnet1d101_all.npz", allow_pickle=False) as file:
        assert metrics.macro_auc(file["y_true"], file["y_score"]) == pytest.approx(0.92544, abs=5e-6)


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LabelError, match=r"\(2,\), levels \(3,\)"):
        metrics.mean_absolute_error([0, 1], [0, 1, 2])
    with pytest.raises(LabelError):
        metrics.accuracy([], [])
    with pytest.raises(LabelError, match="probabilities"):
        metrics.auc_per_level([0, 1], np.eye(3))
    with pytest.raises(LabelError, match="scores"):
        metrics.macro_auc([0, 1], [0.2, 0.3])
