"""The figures of the benchmark's published predictions (xresnet1d101 on all statements, fold 10)."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cardiov_core.datasets.labels.tasks import task_of
from cardiov_core.datasets.ptbxl.statement_classes import statement_classes
from cardiov_core.evaluation.statements.hierarchy import labels_upwards, scores_upwards
from cardiov_core.evaluation.statements.multilabel import auc_per_class, f_beta_g_beta, f_max, macro_auc
from cardiov_core.evaluation.statements.stratification import hidden_strata
from cardiov_core.evaluation.statements.task_figures import task_figures
from cardiov_core.evaluation.statements.thresholds import answers_above

CODES = list(statement_classes())
DIAGNOSTIC = [k for k, code in enumerate(CODES) if statement_classes()[code].diagnostic]

Predictions = tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]
pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    folder = Path(os.environ.get("CARDIOV_DATA", "../shared/data")) / "ptb-xl-benchmark-predictions"
    path = folder / "xresnet1d101_all.npz"
    if not path.is_file():
        pytest.skip(f"{path} is missing")
    stored = np.load(path, allow_pickle=False)
    return stored["y_true"].astype(bool), stored["y_score"].astype(np.float64)


def test_macro_auc_is_the_published_one(predictions: Predictions) -> None:
    labels, scores = predictions
    assert macro_auc(labels, scores) == pytest.approx(0.9254358590055028, abs=1e-12)
    assert macro_auc(labels, np.tile(labels.mean(axis=0), (len(labels), 1))) == 0.5


def test_f_max_is_the_published_one_or_a_little_more(predictions: Predictions) -> None:
    """The publication tries a grid of thresholds, this every one."""
    found = f_max(*predictions)
    assert 0.7644493782264965 <= found < 0.7644493782264965 + 2e-5


@pytest.mark.parametrize(
    ("category", "expected", "n_records"),
    [("diagnostic", 0.934815, 2163), ("form", 0.847792, 882), ("rhythm", 0.963842, 2103)],
)
def test_tasks_within_all(predictions: Predictions, category: str, expected: float, n_records: int) -> None:
    labels, scores = predictions
    columns = [k for k, code in enumerate(CODES) if getattr(statement_classes()[code], category)]
    labelled = labels[:, columns].any(axis=1)
    assert labelled.sum() == n_records
    assert macro_auc(labels[labelled][:, columns], scores[labelled][:, columns]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("level", "by_sum", "by_max"), [("subclass", 0.930921, 0.930820), ("superclass", 0.930633, 0.928209)]
)
def test_hierarchy_upwards(predictions: Predictions, level: str, by_sum: float, by_max: float) -> None:
    labels, scores = predictions
    kept = labels[:, DIAGNOSTIC].any(axis=1)
    truth = labels_upwards(labels[kept], CODES, level)
    assert macro_auc(truth, scores_upwards(scores[kept], CODES, level)) == pytest.approx(by_sum, abs=1e-6)
    assert macro_auc(truth, scores_upwards(scores[kept], CODES, level, "max")) == pytest.approx(by_max, abs=1e-6)
    if level == "superclass":
        areas = auc_per_class(truth, scores_upwards(scores[kept], CODES, level))
        assert areas.round(4).tolist() == [0.9283, 0.9057, 0.9342, 0.9500, 0.9349]


def test_f_2_and_g_2_where_the_best_class_fills_in(predictions: Predictions) -> None:
    labels, scores = predictions
    found = f_beta_g_beta(labels, answers_above(scores, 0.5))
    assert found == pytest.approx((0.261513, 0.160504), abs=1e-6)


def test_hidden_stratification_of_ivcd(predictions: Predictions) -> None:
    labels, scores = predictions
    low, high = hidden_strata(labels, scores, CODES.index("IVCD"), CODES.index("NORM"))
    assert (len(low.records), low.n_together) == (39, 17)
    assert (len(high.records), high.n_together) == (40, 2)
    assert low.auc == pytest.approx(0.5724, abs=5e-5)
    assert high.auc == pytest.approx(0.8986, abs=5e-5)


def test_figures_of_the_task_hold_the_hierarchy(predictions: Predictions) -> None:
    labels, scores = predictions
    kept = labels[:, DIAGNOSTIC].any(axis=1)
    figures = task_figures(
        task_of("all"), labels[kept].astype(float), scores[kept], list(range(int(kept.sum()))), n_resamples=2
    )
    assert figures.more["macro_auc_subclass"] == pytest.approx(0.930921, abs=1e-6)
    assert figures.more["macro_auc_superclass"] == pytest.approx(0.930633, abs=1e-6)
    assert figures.more["positive"]["IVCD"] == 79
