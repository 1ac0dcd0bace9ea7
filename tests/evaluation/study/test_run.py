import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cardiov_core import weights
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, Severity
from cardiov_core.errors import ConfigurationError, DatasetError
from cardiov_core.evaluation.study.figures import curves_of, figures_of
from cardiov_core.evaluation.study.run import evaluate_folds, write_evaluation
from cardiov_core.inference import load_predictor
from cardiov_core.nets import build_net
from cardiov_core.reporting.evaluation.markdown import report_of

N_RECORDS = 8


class _Synthetic(PtbXl):
    """Generated records in the place of PTB-XL's: two folds, two records per patient, the last one too short."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def table(self) -> pd.DataFrame:  # type: ignore[override]
        ecg_ids = pd.Index(range(1, N_RECORDS + 1), name="ecg_id")
        return pd.DataFrame({"strat_fold": [1] * 6 + [2, 3], "label": [0, 1, 2, 3, 0, 0, 1, 2]}, index=ecg_ids)

    def record(self, ecg_id: int, sampling_rate_hz: int = 500) -> EcgRecord:
        made = generate("normal", seed=ecg_id, duration_s=3.0 if ecg_id == N_RECORDS else 10.0)
        age, sex = float(40 + 5 * ecg_id), "male" if ecg_id % 2 else "female"
        assert sampling_rate_hz == 500
        return replace(made, record_id=str(ecg_id), age=age, sex=sex, patient_id=str(ecg_id // 2))  # type: ignore[arg-type]

    def scp_codes(self, ecg_id: int) -> dict[str, float]:
        assert 1 <= ecg_id <= N_RECORDS
        return {"SR": 0.0, "NORM": 80.0}

    def label(self, ecg_id: int, rule: str = "highest_likelihood") -> Severity:
        label = int(self.table.loc[ecg_id, "label"])
        return Severity(max(label, 1) if rule == "most_severe" else label)


@pytest.fixture
def dataset(tmp_path: Path) -> PtbXl:
    return _Synthetic(tmp_path)


def test_a_study_compares_levels_with_labels(dataset: PtbXl, tiny_folder: Path, tmp_path: Path) -> None:
    assert tiny_folder.is_dir()
    predictor = load_predictor()
    evaluation = evaluate_folds(dataset, predictor, [1, 2, 3], n_resamples=30)
    assert evaluation.predictions["ecg_id"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert len(evaluation.skipped) == 1
    assert evaluation.skipped[0].startswith("8: ")
    expected = [predictor.predict(dataset.record(ecg_id)) for ecg_id in range(1, 8)]
    levels = np.array([int(prediction.severity) for prediction in expected])
    labels = np.array([0, 1, 2, 3, 0, 0, 1])
    assert evaluation.predictions["level"].tolist() == levels.tolist()
    assert evaluation.metrics["n"] == 7
    assert set(evaluation.predictions["statement"]) == {"NORM"}
    assert evaluation.metrics["mae"] == pytest.approx(np.abs(levels - labels).mean())
    assert sum(map(sum, evaluation.metrics["confusion"])) == 7
    assert evaluation.metrics["subgroups"]["women"]["n"] == 3
    # Labels 0, 1, 2, 3, 0, 0, 1 by the one rule; by the other none is below 1.
    other = evaluation.metrics["other_label_rule"]
    assert (other["label_rule"], other["n_labelled_differently"]) == ("most_severe", 3)
    assert other["mae"] == pytest.approx(np.abs(levels - np.maximum(labels, 1)).mean())
    violations = [prediction.rank_violation > 0 for prediction in expected]
    assert evaluation.metrics["rank_violation_rate"] == pytest.approx(np.mean(violations))

    write_evaluation(evaluation, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert list(table.columns[:7]) == ["ecg_id", "label", "level", "p0", "p1", "p2", "p3"]
    np.testing.assert_allclose(table[["p0", "p1", "p2", "p3"]].sum(axis=1), 1.0, atol=3e-6)
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written["model"]["name"] == "tiny"
    assert list(written["auc"]) == ["no", "low", "medium", "high", "mean"]
    low, high = written["intervals"]["mae"]
    assert low <= written["mae"] <= high
    report = report_of(evaluation.document)
    assert f"| mean absolute error | {written['mae']:.3f} (" in report
    assert "0 of them trained the grader" in report
    assert "- 8: " in report
    again = evaluate_folds(dataset, predictor, [1, 2, 3], n_resamples=30)
    assert again.document == evaluation.document, "the same records and grader give the same figures"


def _out_of_fold(dataset: PtbXl, *ecg_ids: int, **changes: object) -> pd.DataFrame:
    """Out-of-fold predictions, all of them high risk, of records of patient 1."""
    certain = dict.fromkeys(("e0", "e1", "e2", "p3"), 1.0) | dict.fromkeys(("p0", "p1", "p2"), 0.0)
    rows = [
        {
            "ecg_id": ecg_id,
            "patient_id": "1",
            "fold": 1,
            "label": 3,
            **certain,
            "fingerprint_100": "0" * 16,
            "fingerprint_500": dataset.record(ecg_id).fingerprint,
            **changes,
        }
        for ecg_id in ecg_ids
    ]
    return pd.DataFrame(rows)


def _trained(card: dict[str, object], folder: Path, table: pd.DataFrame | None, **training: object) -> None:
    """Give the grader `tiny` a training and its out-of-fold predictions."""
    net, _ = weights.load_network("tiny")
    weights.save(net, card | {"training": training}, folder, out_of_fold=table)


@pytest.mark.parametrize("by", ["name", "path"])
def test_training_records_count_with_their_out_of_fold_predictions(
    by: str, dataset: PtbXl, tiny_folder: Path, tiny_card: dict[str, object], tmp_path: Path
) -> None:
    _trained(tiny_card, tiny_folder, _out_of_fold(dataset, 2, 3), folds=[1])
    own_path = tmp_path / "elsewhere"
    tiny_folder.rename(own_path)
    shutil.copytree(own_path, tiny_folder)
    predictor = load_predictor("tiny" if by == "name" else own_path / "tiny.safetensors")
    evaluation = evaluate_folds(dataset, predictor, [1], n_resamples=5)
    own = evaluation.predictions[evaluation.predictions["out_of_fold"]]
    assert own["ecg_id"].tolist() == [2, 3]
    assert own["level"].tolist() == [3, 3]
    write_evaluation(evaluation, tmp_path / "out")
    assert "2 of them trained the grader" in report_of(evaluation.document)


def test_no_record_that_the_weights_have_seen_is_graded_by_them(
    dataset: PtbXl, tiny_folder: Path, tiny_card: dict[str, object]
) -> None:
    """Record 2 trained it with other samples, record 3 is of the same patient: both would be praised from memory."""
    _trained(tiny_card, tiny_folder, _out_of_fold(dataset, 2, fingerprint_500="f" * 16), folds=[1])
    evaluation = evaluate_folds(dataset, load_predictor(), [1, 2], n_resamples=5)
    assert evaluation.predictions["ecg_id"].tolist() == [1, 4, 5, 6, 7]
    assert evaluation.metrics["n_out_of_fold"] == 0
    assert [reason.split(": ")[0] for reason in evaluation.skipped] == ["2", "3"]
    assert "its samples are not those that did" in evaluation.skipped[0]
    assert "another ECG of patient 1 trained tiny" in evaluation.skipped[1]


def test_folds_that_trained_a_grader_without_out_of_fold_predictions_are_refused(
    dataset: PtbXl, tiny_folder: Path, tiny_card: dict[str, object], tmp_path: Path
) -> None:
    """The paper's split: fold 1 trains, fold 2 chooses the epoch, fold 3 tests."""
    stated = {"dataset": "PTB-XL (test)", "folds": [1], "validation_folds": [2]}
    _trained(tiny_card, tiny_folder, None, **stated)
    with pytest.raises(ConfigurationError, match="trained on fold 1 of PTB-XL and has no out-of-fold") as caught:
        evaluate_folds(dataset, load_predictor(), [1, 2])
    assert "3, 4, 5, 6, 7, 8, 9, 10, or 2, on which it was chosen" in caught.value.hint
    evaluation = evaluate_folds(dataset, load_predictor(), [2], n_resamples=5)
    assert evaluation.metrics["n_chosen_on"] == 1
    write_evaluation(evaluation, tmp_path / "out")
    report = report_of(evaluation.document)
    assert "0 of them trained the grader. All of them chose the grader among others" in report
    # Another data set's folds are not PTB-XL's.
    _trained(tiny_card, tiny_folder, None, **stated | {"dataset": "LUDB"})
    assert evaluate_folds(dataset, load_predictor(), [1], n_resamples=5).metrics["n_chosen_on"] == 0


def test_samples_that_trained_the_grader_under_two_patients_are_counted(
    dataset: PtbXl, tiny_folder: Path, tiny_card: dict[str, object], tmp_path: Path
) -> None:
    table = pd.concat([_out_of_fold(dataset, 2), _out_of_fold(dataset, 2, ecg_id=99, patient_id="50")])
    _trained(tiny_card, tiny_folder, table, folds=[1])
    evaluation = evaluate_folds(dataset, load_predictor(), [2, 1], n_resamples=5)
    assert evaluation.metrics["n_seen_twice"] == 1
    write_evaluation(evaluation, tmp_path / "out")
    assert "Of 1 of them every copy had: PTB-XL has the same samples" in report_of(evaluation.document)


@pytest.mark.parametrize("kind", list(weights.N_LOGITS))
def test_graders_of_every_output_are_evaluated_alike(
    kind: str, dataset: PtbXl, make_card: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    n_logits = weights.N_LOGITS[kind]
    sizes = {"widths": [16] * 7, "blocks": [1] * 7}
    card = make_card("any", n_outputs=n_logits, **sizes)
    card["output"] |= {"kind": kind, "meaning": ["a number"] * n_logits, "residual_sd": 0.7}
    path = weights.save(build_net("cardiov-compact", 12, n_logits, **sizes), card, tmp_path)
    metrics = evaluate_folds(dataset, load_predictor(path), [1, 2], n_resamples=5).metrics
    assert (metrics["n"], sum(map(sum, metrics["confusion"]))) == (7, 7)
    assert metrics["intervals"]["mae"] is not None
    if kind != "exceedance":
        assert metrics["rank_violation_rate"] == 0.0


def test_a_grader_against_itself_differs_by_nothing(dataset: PtbXl, tiny_folder: Path, tmp_path: Path) -> None:
    assert tiny_folder.is_dir()
    predictor = load_predictor()
    evaluation = evaluate_folds(dataset, predictor, [1, 2], n_resamples=5, against=[predictor])
    (other,) = evaluation.document["against"]
    assert other["model"]["name"] == "tiny"
    assert (other["n"], other["n_differ"]) == (7, 0)
    assert {entry["difference"] for entry in other["figures"]} <= {0.0, None}
    assert {entry["p_value"] for entry in other["figures"]} <= {1.0, None}
    write_evaluation(evaluation, tmp_path / "out")
    assert "0 of 7 records get another level from tiny than from tiny" in report_of(evaluation.document)


def test_folds_that_are_not_there_are_named(dataset: PtbXl, tiny_folder: Path) -> None:
    assert tiny_folder.is_dir()
    with pytest.raises(DatasetError, match="no record in fold 10") as caught:
        evaluate_folds(dataset, load_predictor(), [10])
    assert "1, 2, 3" in caught.value.hint
    with pytest.raises(DatasetError, match="None of the 1 records of fold 3"):
        evaluate_folds(dataset, load_predictor(), [3])


def test_a_folder_that_cannot_be_written_is_said(dataset: PtbXl, tiny_folder: Path, tmp_path: Path) -> None:
    assert tiny_folder.is_dir()
    evaluation = evaluate_folds(dataset, load_predictor(), [2], n_resamples=5)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_evaluation(evaluation, tmp_path / "file")


def test_figures_of_records_without_a_level_are_null_not_nan() -> None:
    table = pd.DataFrame(
        {
            "label": [0, 1, 0, 1],
            "level": [0, 1, 1, 1],
            "patient_id": list("abcd"),
            "sex": ["male"] * 4,
            "age": [50.0] * 4,
            "p0": [0.9, 0.1, 0.2, 0.1],
            "p1": [0.1, 0.9, 0.8, 0.9],
            "p2": [0.0] * 4,
            "p3": [0.0] * 4,
        }
    )
    figures = figures_of(table, 20)
    assert figures["auc"] == {"no": 1.0, "low": 1.0, "medium": None, "high": None, "mean": None}
    assert figures["intervals"]["auc"]["high"] is None
    assert figures["intervals"]["auc"]["low"] == [1.0, 1.0]
    assert (figures["mae"], figures["accuracy"], figures["within_one"]) == (0.25, 0.75, 1.0)
    json.dumps(figures, allow_nan=False)


def _graded_table() -> pd.DataFrame:
    generator = np.random.default_rng(12)
    labels = np.arange(60) % 4
    probabilities = generator.dirichlet([1.0] * 4, 60) * 0.6 + 0.4 * np.eye(4)[labels]
    return pd.DataFrame(
        {
            "label": labels,
            "level": probabilities.argmax(axis=1),
            "patient_id": [str(number // 2) for number in range(60)],
            "sex": ["female", "male"] * 30,
            "age": [50.0, 70.0, 50.0] * 20,
            "rank_violation": [0.0, 0.1] * 30,
            **dict(zip(("p0", "p1", "p2", "p3"), probabilities.T, strict=True)),
        }
    )


def _numbers_in(tree: object, path: str = "") -> dict[str, float]:
    if isinstance(tree, dict):
        return {name: value for key, part in tree.items() for name, value in _numbers_in(part, f"{path}.{key}").items()}
    return {path: float(tree)} if isinstance(tree, float) else {}


def test_every_figure_has_an_interval_around_it() -> None:
    figures = figures_of(_graded_table(), 60, {"high": 0.02})
    skipped = ("subgroups", "subgroup_tests", "intervals", "confusion", "n_resamples")
    numbers = _numbers_in({key: value for key, value in figures.items() if key not in skipped})
    numbers = {name: value for name, value in numbers.items() if "prevalence" not in name}
    assert len(numbers) > 30
    # A calibration error is never negative, so resamples of few records lie above it.
    for name in numbers:
        place = figures["intervals"]
        for part in name.strip(".").split("."):
            place = place[part]
        low, high = place
        assert low <= high
        assert ".ece" in name or low <= numbers[name] <= high, name
    high_risk = figures["operating_points"]["high"]
    assert high_risk["stated_prevalence"] == 0.02
    assert high_risk["ppv_at_stated"] < high_risk["ppv"]
    assert figures["rank_violation_rate"] == 0.5
    assert figures["n_patients"] == 30
    assert figures["high_risk"]["n"] == 15


def test_a_level_that_is_not_the_most_probable_one_is_judged_by_its_own_probability() -> None:
    """As a regression gives it: the mean of no and high risk lies at medium, which nothing speaks for."""
    table = _graded_table().assign(label=2, level=2, p0=0.45, p1=0.1, p2=0.0, p3=0.45)
    figures = figures_of(table, 5)
    assert figures["accuracy"] == 1.0
    assert figures["ece"]["level"] == pytest.approx(1.0)


def test_shares_of_a_label_are_the_rows_of_the_confusion_matrix() -> None:
    figures = figures_of(_graded_table(), 20)
    rows = np.array(figures["confusion"])
    shares = np.array([list(row.values()) for row in figures["confusion_share"].values()])
    np.testing.assert_allclose(shares, rows / rows.sum(axis=1, keepdims=True))
    alarm, limits = figures["operating_points"]["high"], figures["intervals"]
    assert figures["confusion_share"]["high"]["high"] == alarm["sensitivity"]
    assert limits["confusion_share"]["high"]["high"] == limits["operating_points"]["high"]["sensitivity"]


def test_curves_belong_to_the_figures() -> None:
    table = _graded_table()
    curves, figures = curves_of(table, 20), figures_of(table, 5)
    roc = curves["roc"]["high"]
    area = np.trapezoid(roc["true_positive_rate"], roc["false_positive_rate"])
    assert area == pytest.approx(figures["auc"]["high"], abs=1e-5)
    bins = curves["reliability"]["above_low"]
    gap = sum(one["n"] * abs(one["mean_probability"] - one["observed"]) for one in bins) / 60
    assert gap == pytest.approx(figures["ece"]["above_low"])
    for one in bins:
        if 0 < one["n_positive"] < one["n"]:
            assert one["interval"][0] <= one["observed"] <= one["interval"][1]
        else:
            assert one["interval"] is None


def test_records_without_a_patient_are_drawn_by_themselves() -> None:
    table = _graded_table().assign(patient_id=None)
    assert figures_of(table, 5)["n_patients"] == 60
