"""Two graders on the same records."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.study.against import compare_graders

N = 120


def _graded(*, wrong: float, seed: int, spread: float = 1.0) -> pd.DataFrame:
    """Grades of which a share is one level off; `spread` stretches the probabilities and leaves their order."""
    generator = np.random.default_rng(seed)
    labels = np.arange(N) % 4
    off = generator.random(N) < wrong
    levels = np.where(off, np.where(labels == 3, 2, labels + 1), labels)
    shares = (np.eye(4)[levels] + generator.random((N, 4)) * 0.5) ** spread
    shares /= shares.sum(axis=1, keepdims=True)
    return pd.DataFrame(
        {
            "ecg_id": np.arange(N),
            "label": labels,
            "level": levels,
            "patient_id": [str(number // 2) for number in range(N)],
            **dict(zip(("p0", "p1", "p2", "p3"), shares.T, strict=True)),
        }
    )


def test_the_better_grader_is_better_by_what_it_is_better() -> None:
    good, poor = _graded(wrong=0.1, seed=1), _graded(wrong=0.5, seed=2)
    found = compare_graders(good, poor, 200)
    by = {entry["figure"]: entry for entry in found["figures"]}
    mae = by["mae"]
    assert mae["value"] == pytest.approx(np.abs(good["label"] - good["level"]).mean())
    assert mae["other"] == pytest.approx(np.abs(poor["label"] - poor["level"]).mean())
    assert mae["difference"] == pytest.approx(mae["value"] - mae["other"])
    assert mae["interval"][1] < 0
    assert mae["p_value"] == pytest.approx(2 / 201)
    assert by["auc.mean"]["interval"][0] > 0
    assert found["n_differ"] == (good["level"] != poor["level"]).sum()
    alike = good["level"] == poor["level"]
    assert found["accuracy_alike"] == pytest.approx((good["label"] == good["level"])[alike].mean())


def test_interval_and_p_never_contradict_each_other() -> None:
    one, two = _graded(wrong=0.3, seed=3), _graded(wrong=0.42, seed=4)
    for entry in compare_graders(one, two, 400)["figures"]:
        low, high = entry["interval"]
        if not low <= 0 <= high:
            assert entry["p_value"] < 0.05, entry
        else:
            assert entry["p_value"] > 0.04, entry


def test_swapping_the_graders_turns_every_difference_round() -> None:
    one, two = _graded(wrong=0.3, seed=3), _graded(wrong=0.3, seed=4)
    for here, there in zip(
        compare_graders(one, two, 50)["figures"], compare_graders(two, one, 50)["figures"], strict=True
    ):
        assert here["difference"] == pytest.approx(-there["difference"], abs=1e-12)
        assert here["p_value"] == pytest.approx(there["p_value"])


def test_the_p_value_is_near_that_of_the_exact_test_where_each_patient_has_one_record() -> None:
    """Of single records, the test of accuracy is near the sign test on the discordant pairs (exact McNemar)."""
    one, two = (_graded(wrong=wrong, seed=seed).assign(patient_id=None) for wrong, seed in ((0.2, 5), (0.33, 6)))
    right, other_right = one["label"] == one["level"], two["label"] == two["level"]
    wins, losses = int((right & ~other_right).sum()), int((~right & other_right).sum())
    exact = binomtest(wins, wins + losses).pvalue
    assert 0.01 < exact < 0.5
    found = next(entry for entry in compare_graders(one, two, 2000)["figures"] if entry["figure"] == "accuracy")
    assert found["p_value"] == pytest.approx(exact, abs=0.05)


def test_another_scale_of_the_probabilities_is_no_difference_of_the_auc() -> None:
    """The p-value of an AUC must not see that one grader's probabilities are sharper: only their order counts."""
    one = _graded(wrong=0.3, seed=7)
    sharp = one.copy()
    sharp[["p0", "p1", "p2", "p3"]] = one[["p0", "p1", "p2", "p3"]] ** 8
    by = {entry["figure"]: entry for entry in compare_graders(one, sharp, 50)["figures"]}
    assert by["auc.high"]["difference"] == 0.0
    assert by["auc.high"]["p_value"] == 1.0
    assert by["brier.levels"]["p_value"] < 0.05


def test_graders_of_other_records_cannot_be_compared() -> None:
    one = _graded(wrong=0.1, seed=8)
    with pytest.raises(ConfigurationError, match="no record in common"):
        compare_graders(one, one.assign(ecg_id=one["ecg_id"] + 1000), 5)
    assert compare_graders(one, one.iloc[:40], 5)["n"] == 40
