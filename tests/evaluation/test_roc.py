import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from cardiov_core.evaluation.roc import roc_curves

GENERATOR = np.random.default_rng(8)
labels = GENERATOR.integers(0, 4, 120)
probabilities = GENERATOR.dirichlet([1.0] * 4, 120) * 0.7 + 0.3 * np.eye(4)[labels]


def test_curves_of_levels_and_thresholds_have_the_right_area() -> None:
    curves = roc_curves(labels, probabilities, n_resamples=5)
    assert list(curves) == ["no", "low", "medium", "high", "above_no", "above_low", "above_medium"]
    for level, key in enumerate(("no", "low", "medium", "high")):
        area = np.trapezoid(curves[key]["true_positive_rate"], curves[key]["false_positive_rate"])
        assert area == pytest.approx(roc_auc_score(labels == level, probabilities[:, level]), abs=1e-5)
    # 'Above medium risk' and 'high risk' are one question.
    assert curves["above_medium"] == curves["high"]


def test_the_band_holds_the_curve_and_narrows_with_more_records() -> None:
    few = roc_curves(labels, probabilities, n_resamples=200)["no"]
    many = roc_curves(np.tile(labels, 9), np.tile(probabilities, (9, 1)), n_resamples=200)["no"]
    truth, scores = labels == 0, probabilities[:, 0]
    false_positive, true_positive, _ = roc_curve(truth, scores, drop_intermediate=False)
    at = np.interp(few["band_at"], false_positive, true_positive)
    inside = (np.array(few["band_low"]) <= at + 1e-6) & (at - 1e-6 <= np.array(few["band_high"]))
    assert inside.mean() > 0.95
    width_few = np.subtract(few["band_high"], few["band_low"]).mean()
    width_many = np.subtract(many["band_high"], many["band_low"]).mean()
    assert width_few / width_many == pytest.approx(3.0, rel=0.3)


def test_a_level_that_nobody_has_has_no_curve() -> None:
    curves = roc_curves(np.array([0, 1, 0, 1]), np.eye(4), n_resamples=5)
    assert set(curves) == {"no", "low", "above_no"}
