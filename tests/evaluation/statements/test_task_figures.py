"""The figures of tasks: levels by their areas, ages by their errors, the challenges by their own score."""

import numpy as np
import pytest

from cardiov_core.datasets.labels.challenge import challenge_rows
from cardiov_core.datasets.labels.tasks import task_of
from cardiov_core.domain import Float64Array
from cardiov_core.evaluation.bootstrap import bootstrap_intervals, counted_intervals
from cardiov_core.evaluation.metrics import auc_per_level
from cardiov_core.evaluation.statements.task_figures import (
    challenge_with_rules,
    counted_figure,
    main_figure,
    task_figures,
)
from cardiov_core.ordinal import decode


def test_levels_have_the_mean_area_of_the_four() -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 4, 200)
    above = (levels[:, None] > np.arange(3)).astype(float)
    outputs = np.sort(np.clip(0.4 * above + 0.6 * rng.random((200, 3)), 0, 1))[:, ::-1]
    expected = auc_per_level(levels, decode(outputs))["mean"]
    figures = task_figures(task_of("critical-value"), above, outputs, list(range(200)), n_resamples=20)
    assert figures.value == pytest.approx(expected)
    assert figures.low < figures.value < figures.high
    assert list(figures.more["auc"]) == ["no", "low", "medium", "high"]


def test_ages_have_error_and_explained_variance() -> None:
    ages = np.array([[40.0], [50.0], [60.0], [70.0]])
    said = ages + np.array([[2.0], [-2.0], [2.0], [-2.0]])
    figures = task_figures(task_of("age"), ages, said, list("abcd"), n_resamples=20)
    assert (figures.name, figures.value, figures.n_patients) == ("mae", 2.0, 4)
    assert figures.more["r2"] == pytest.approx(1 - 16 / 500)


def test_challenge_tasks_have_their_own_score() -> None:
    labels = challenge_rows([{"426783006"}, {"164889003"}, {"426783006"}, {"10370003"}], 2021).astype(float)
    truth = task_figures(task_of("cinc2021"), labels, labels, list("abcd"), n_resamples=5)
    assert truth.more["challenge"]["score"] == pytest.approx(1.0)
    silent = task_figures(task_of("cinc2021"), labels, labels * 0.01, list("abcd"), n_resamples=5)
    # All under 0.1: sinus rhythm for everybody.
    assert silent.more["challenge"]["score"] == pytest.approx(0.0, abs=1e-12)


def test_classes_that_nobody_has_are_left_out_of_the_mean() -> None:
    targets = np.array([[1.0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0]])
    assert main_figure(task_of("superdiagnostic"), targets, targets) == 1.0
    figures = task_figures(task_of("superdiagnostic"), targets, targets, ["a", "b"], n_resamples=5)
    assert figures.more["auc"]["STTC"] is None


def test_rules_find_for_the_challenge_what_a_network_misses() -> None:
    task = task_of("cinc2021")
    labels = challenge_rows([{"426783006"}, {"10370003"}, {"426783006"}, {"10370003"}], 2021)
    scores = 0.9 * labels
    paced = task.outputs.index("PR")
    scores[1, paced] = 0.0
    with_rules = challenge_with_rules(task, labels, scores, [set(), {"pacing"}, {"pacing"}, set()])
    alone = task_figures(task, labels.astype(float), scores, list("abcd"), n_resamples=5).more["challenge"]
    # The rule takes the place of the network: it misses the last record, and paces the third.
    assert with_rules["override"]["score"] < with_rules["join"]["score"]
    assert with_rules["join"]["score"] != alone["score"]


@pytest.mark.parametrize("name", ["superdiagnostic", "critical-value", "age"])
def test_intervals_by_counts_are_those_of_drawn_records(name: str) -> None:
    """Rare classes, ties and patients with several records change nothing of it."""
    task, rng = task_of(name), np.random.default_rng(3)
    n_outputs = len(task.outputs)
    targets = (rng.random((80, n_outputs)) < np.linspace(0.02, 0.5, n_outputs)).astype(float)
    if task.kind == "levels":
        targets = np.minimum.accumulate(targets[:, ::-1], axis=1)
    if task.kind == "number":
        targets = 40.0 + 20.0 * rng.random((80, 1))
    outputs = np.round(0.3 * targets + rng.random(targets.shape), 1)
    if task.kind == "levels":
        outputs = np.sort(np.clip(outputs, 0, 1))[:, ::-1]
    patients = rng.integers(0, 50, 80).astype(str)

    def drawn(labels: Float64Array, given: Float64Array) -> Float64Array:
        return np.array([main_figure(task, labels, given)])

    slow = bootstrap_intervals(drawn, targets, outputs, groups=patients, n_resamples=200)
    fast = counted_intervals(counted_figure(task, targets, outputs), 80, groups=patients, n_resamples=200)
    assert fast == [pytest.approx(one) for one in slow]
