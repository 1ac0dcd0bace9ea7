"""``cardiov evaluate``: options, files, and what ships beside the weights."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from cardiov_core import weights
from cardiov_core.cli import main
from cardiov_core.errors import WeightsError
from cardiov_core.evaluation.study.shipped import load_evaluation, shipped_folder


def _refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["evaluate", "--data", "x", "--folds", "10", *arguments])
    assert result.exit_code == 2
    return " ".join(result.stderr.split())


def test_wrong_usage_is_told() -> None:
    assert "Give --out DIR, or --ship, or both" in _refused()
    assert "PTB-XL's own labels" in _refused("--ship", "--labels", "labels.csv")
    for text in ("high", "high=1", "low=0.1", "high=x", "0.1"):
        assert "medium_or_higher or high" in _refused("--out", "x", "--prevalence", text)


def test_options_reach_the_evaluation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, object]] = []

    def evaluate_folds(dataset: object, predictor: object, folds: object, **options: object) -> SimpleNamespace:
        seen.append(options)
        return SimpleNamespace(document={})

    monkeypatch.setattr("cardiov_core.datasets.PtbXl", lambda folder, labels: folder)
    monkeypatch.setattr("cardiov_core.inference.load_predictor", lambda name: name)
    monkeypatch.setattr("cardiov_core.evaluation.evaluate_folds", evaluate_folds)
    monkeypatch.setattr("cardiov_core.evaluation.write_evaluation", lambda evaluation, folder: None)
    monkeypatch.setattr("cardiov_core.reporting.report_of", lambda document: "done")
    monkeypatch.setattr("cardiov_core.reporting.write_report", lambda document, folder: None)
    options = [
        "--prevalence",
        "high=0.01",
        "--prevalence",
        "medium_or_higher=0.1",
        "--resamples",
        "7",
        "--against",
        "b",
    ]
    result = CliRunner().invoke(
        main, ["evaluate", "--data", str(tmp_path), "--folds", "10", "--out", str(tmp_path), *options]
    )
    assert result.stdout == "done"
    assert seen == [{"n_resamples": 7, "prevalence": {"high": 0.01, "medium_or_higher": 0.1}, "against": ["b"]}]


@pytest.mark.dataset
def test_files_of_real_records(data_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["--data", str(data_folder), "--folds", "9", "--out", str(out), "--resamples", "20"]
    result = CliRunner().invoke(main, ["evaluate", *arguments, "--prevalence", "high=0.01"])
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {
        "predictions.csv", "metrics.json", "report.md", "report.html", "figures",
    }  # fmt: skip
    document = json.loads((out / "metrics.json").read_text())
    assert document["n"] == document["n_out_of_fold"] == sum(map(sum, document["confusion"]))
    assert document["operating_points"]["high"]["stated_prevalence"] == 0.01
    evaluation = load_evaluation(out)
    assert evaluation is not None
    assert evaluation.belongs_to(weights.load_card(weights.default_name()))
    assert len(evaluation.predictions) == document["n"]


def test_a_folder_without_an_evaluation_has_none(tiny_folder: Path, tmp_path: Path) -> None:
    card = weights.load_card("tiny")
    assert shipped_folder(card) == tiny_folder / "evaluations" / "tiny"
    assert load_evaluation(shipped_folder(card)) is None
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_evaluation(tmp_path)
