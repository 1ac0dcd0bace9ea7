import time

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from cardiov_core.domain.arrays import Float64Array
from cardiov_core.evaluation.bootstrap import bootstrap_intervals, counted_intervals
from cardiov_core.evaluation.calibration_curve import brier_score, expected_calibration_error
from cardiov_core.evaluation.counted import CountedArea, CountedFigures
from cardiov_core.evaluation.metrics import (
    area_under_curve,
    auc_per_level,
    auc_per_threshold,
    confusion_matrix,
    kappa_of,
    mean_absolute_error,
    within_one,
)
from cardiov_core.evaluation.operating_points import OPERATING_POINTS, alarm_at
from cardiov_core.evaluation.study.figures import curves_of, figures_of

N = 150


@pytest.fixture(scope="module")
def data() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Float64Array, npt.NDArray[np.str_]]:
    generator = np.random.default_rng(11)
    labels = generator.integers(0, 4, N)
    scores = generator.normal(size=(N, 4)) + 1.5 * np.eye(4)[labels]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    # Rounded, so that scores tie.
    probabilities = np.round(probabilities, 1)
    return labels, probabilities.argmax(axis=1), probabilities, generator.integers(0, 90, N).astype(str)


def test_intervals_by_counts_are_those_of_drawn_records(data) -> None:
    labels, levels, probabilities, patients = data
    figures = CountedFigures(labels, levels, probabilities, np.zeros(N))
    names = [*figures(np.ones((N, 1)))]

    def drawn(truth, given, stated) -> Float64Array:
        confusion = confusion_matrix(truth, given)
        above = np.clip(np.cumsum(stated[:, ::-1], axis=1)[:, ::-1][:, 1:], 0.0, 1.0)
        alarm = alarm_at(confusion, OPERATING_POINTS["high"])
        return np.array(
            [
                mean_absolute_error(truth, given),
                within_one(truth, given),
                kappa_of(confusion),
                *auc_per_level(truth, stated).values(),
                *auc_per_threshold(truth, stated).values(),
                brier_score(np.eye(4)[truth], stated),
                expected_calibration_error(truth > 1, above[:, 1]),
                alarm.sensitivity,
                alarm.ppv,
            ]
        )

    wanted = [
        *("mae", "within_one", "quadratic_weighted_kappa"),
        *(f"auc.{key}" for key in ("no", "low", "medium", "high", "mean")),
        *(f"auc_threshold.{key}" for key in ("above_no", "above_low", "above_medium", "mean")),
        *("brier.levels", "ece.above_low", "operating_points.high.sensitivity", "operating_points.high.ppv"),
    ]
    expected = bootstrap_intervals(drawn, labels, levels, probabilities, groups=patients, n_resamples=70, seed=3)
    found = counted_intervals(
        lambda counts: np.stack([*figures(counts).values()]), N, groups=patients, n_resamples=70, seed=3
    )
    by_name = dict(zip(names, found, strict=True))
    np.testing.assert_allclose([by_name[name] for name in wanted], expected, rtol=0, atol=1e-12)


def test_resamples_that_lack_a_class_are_drawn_again_as_before() -> None:
    positive, scores = np.array([True] + [False] * 9), np.array([3.0, 1, 2, 3, 4, 5, 6, 7, 3, 0])
    expected = bootstrap_intervals(
        lambda *drawn: np.array([area_under_curve(*drawn)]), positive, scores, n_resamples=50, seed=2
    )
    area = CountedArea(positive, scores)
    assert counted_intervals(lambda counts: area(counts)[np.newaxis], 10, n_resamples=50, seed=2) == expected
    none = CountedArea(np.zeros(10, dtype=bool), scores)
    assert np.isnan(counted_intervals(lambda counts: none(counts)[np.newaxis], 10, n_resamples=50)[0].low)


@pytest.mark.slow
def test_two_thousand_records_and_ten_thousand_resamples_take_a_minute_of_processor_time() -> None:
    n = 2203
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, n)
    scores = generator.normal(size=(n, 4)) + np.eye(4)[labels]
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    table = pd.DataFrame(probabilities, columns=["p0", "p1", "p2", "p3"]).assign(
        label=labels,
        level=probabilities.argmax(axis=1),
        patient_id=generator.integers(0, 1900, n).astype(str),
        sex=generator.choice(["female", "male"], n),
        age=generator.uniform(18, 95, n),
        device=generator.choice([*"ABCDE"], n),
        site=generator.choice([*"xyz"], n),
    )
    begun = time.process_time()
    figures_of(table, 10_000)
    curves_of(table, 10_000)
    assert time.process_time() - begun < 60.0
