"""The list of mispredicted cases: what is found, what is written, what is read again."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cardiov_core import weights
from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Prediction, QualityVerdict, Severity, Window
from cardiov_core.errors import ConfigurationError, DatasetError, ExchangeError
from cardiov_core.evaluation.study.case_file import CaseList, FoundCase, priority_of, read_cases, write_cases
from cardiov_core.evaluation.study.cases import find_cases
from cardiov_core.inference import load_predictor
from cardiov_core.inference.panel import other_graders

SHA = "a" * 64


def _grade(level: int, **changes: object) -> Prediction:
    shares = [0.1, 0.1, 0.1, 0.1]
    shares[level] = 0.7
    made = Prediction(
        Severity(level),
        (shares[0], shares[1], shares[2], shares[3]),
        (0.9, 0.5, 0.1),
        0.0,
        "cardiov",
        SHA,
        Window(0.0, 10.0),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def _found(*cases: FoundCase) -> CaseList:
    return CaseList("cardiov", SHA, (9,), 10, cases, ("00007_hr: too short",))


FAR = FoundCase(
    "00001_hr",
    "ptb-xl",
    "1",
    "records500/00000/00001_hr",
    Severity(3),
    _grade(0, rank_violation=0.0125, prediction_set=(Severity(0), Severity(1)), out_of_fold=True),
    QualityVerdict.LIMITED,
    ("Drift, of 0.6 mV.", 'Lead "V1" is flat.'),
    "IMI (inferior myocardial infarction), 100 %",
    ("The grade is 3 levels off the label.",),
    ("IMI 100 3 decides", "SR 0 0 beside"),
    ("drift_mv",),
    ("measurements 2 0.413",),
)
NEAR = FoundCase("00002_hr", "ptb-xl", "2", "p", Severity(1), _grade(2), QualityVerdict.ACCEPTABLE)


@pytest.mark.parametrize("name", ["cases.json", "cases.csv"])
def test_a_list_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    write_cases(_found(FAR, NEAR), tmp_path / "new" / name)
    assert read_cases(tmp_path / "new" / name) == ((FAR, NEAR), ())


def test_a_list_names_its_grader_and_what_was_left_out(tmp_path: Path) -> None:
    write_cases(_found(FAR), tmp_path / "cases.json")
    document = json.loads((tmp_path / "cases.json").read_text())
    assert (document["format"], document["version"]) == ("cardiov-cases", 2)
    assert document["model"] == {"name": "cardiov", "sha256": SHA}
    assert (document["n_graded"], document["folds"], document["skipped"]) == (10, [9], ["00007_hr: too short"])


@pytest.mark.parametrize("name", ["cases.json", "cases.csv"])
def test_a_list_of_the_first_version_is_read_without_what_it_does_not_say(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_cases(_found(FAR, NEAR), path)
    new = ("statements", "distortions", "graders")
    if name.endswith("json"):
        document = json.loads(path.read_text())
        document["version"] = 1
        document["cases"] = [{key: row[key] for key in row if key not in new} for row in document["cases"]]
        path.write_text(json.dumps(document))
    else:
        with path.open(newline="") as file:
            rows = [{key: row[key] for key in row if key not in new} for row in csv.DictReader(file)]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    old = replace(FAR, statements=(), distortions=(), graders=())
    assert read_cases(path) == ((old, NEAR), ())


def test_a_list_of_a_later_version_is_refused(tmp_path: Path) -> None:
    write_cases(_found(FAR), tmp_path / "cases.json")
    document = json.loads((tmp_path / "cases.json").read_text())
    (tmp_path / "cases.json").write_text(json.dumps(document | {"version": 3}))
    with pytest.raises(ExchangeError, match="version 3"):
        read_cases(tmp_path / "cases.json")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("label", 4, "4 is not a valid Severity"),
        ("p0", 0.9, "no probabilities"),
        ("p0", None, "'p0' is missing"),
        ("rank_violation", float("inf"), "rank_violation is inf"),
        ("quality", "poor", "not a valid QualityVerdict"),
    ],
)
def test_a_wrong_row_is_named_and_the_rest_is_read(tmp_path: Path, field: str, value: object, words: str) -> None:
    path = tmp_path / "cases.json"
    write_cases(_found(FAR, NEAR), path)
    document = json.loads(path.read_text())
    document["cases"][0][field] = value
    path.write_text(json.dumps(document))
    cases, errors = read_cases(path)
    assert cases == (NEAR,)
    assert [error.message.startswith("Row 1: ") and words in error.message for error in errors] == [True]


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "{", '{"format": "other", "version": 1, "cases": []}', '{"cases": []}', "\x00\x01"]
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(ExchangeError):
        read_cases(tmp_path / "cases.csv")
    with pytest.raises(ExchangeError, match="cannot be read"):
        read_cases(tmp_path / "none.csv")


def test_predictions_of_an_evaluation_are_cases_of_its_grader(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text("ecg_id,label,level,p0,p1,p2,p3,out_of_fold\n5,3,0,0.7,0.1,0.1,0.1,True\n")
    with pytest.raises(ExchangeError, match="which grader"):
        read_cases(path)
    (tmp_path / "metrics.json").write_text(json.dumps({"model": {"name": "m", "sha256": SHA}}))
    (case,), errors = read_cases(path)
    assert not errors
    assert (case.dataset, case.ecg_id, case.error, case.quality) == ("ptb-xl", "5", 3, None)
    assert (case.prediction.model_name, case.prediction.out_of_fold) == ("m", True)
    assert case.prediction.exceedance == pytest.approx((0.3, 0.2, 0.1))


def test_a_list_is_json_or_csv(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="neither"):
        write_cases(_found(FAR), tmp_path / "cases.xlsx")
    (tmp_path / "file").write_text("")
    with pytest.raises(ExchangeError, match="cannot be written"):
        write_cases(_found(FAR), tmp_path / "file" / "cases.csv")


def test_no_lower_reason_outweighs_a_higher_one() -> None:
    good, poor = QualityVerdict.ACCEPTABLE, QualityVerdict.NOT_ANALYSABLE
    wide = (Severity(0), Severity(1), Severity(2), Severity(3))
    everything_but_a_miss = _grade(1, rank_violation=0.5, prediction_set=wide)
    assert priority_of(Severity(2), _grade(1), good) > priority_of(Severity(1), everything_but_a_miss, poor)
    assert priority_of(None, _grade(1, prediction_set=wide[:2]), good) > priority_of(
        None, _grade(1, rank_violation=0.5), poor
    )
    assert priority_of(None, _grade(1, rank_violation=1e-6), good) > priority_of(None, _grade(1), poor)
    assert priority_of(None, None, poor) > priority_of(Severity(1), _grade(1), good) == 0


@pytest.mark.dataset
def test_cases_of_the_real_subset_are_its_misses(data_folder: Path) -> None:
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    predictor = load_predictor()
    told: list[tuple[int, int]] = []
    found = find_cases(dataset, predictor, [9], everything=True, progress=lambda done, n: told.append((done, n)))
    n_records = len(dataset.ecg_ids([9]))
    assert found.n_graded == len(found.cases) == n_records
    assert told[-1] == (n_records, n_records)
    errors = [case.error for case in found.cases]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 0 == errors[-1]
    for case in found.cases:
        assert case.label == dataset.label(int(case.ecg_id))
        assert (dataset.root / f"{case.path}.hea").is_file()
        assert case.prediction.out_of_fold
        assert case.statement.split()[0] in dataset.scp_codes(int(case.ecg_id))


@pytest.mark.dataset
def test_a_case_says_what_is_behind_its_label_its_signal_and_what_others_say(data_folder: Path) -> None:
    dataset, predictor = PtbXl(data_folder / "ptb-xl-subset"), load_predictor()
    others = other_graders(predictor)
    found = find_cases(dataset, predictor, [9], others=others, everything=True)
    assert others
    for case in found.cases:
        codes = dataset.scp_codes(int(case.ecg_id))
        stated = [text.split() for text in case.statements]
        assert {code: float(likelihood) for code, likelihood, _, _ in stated} == codes
        assert [role for *_, role in stated].count("decides") == 1
        assert stated[0][2:] == [str(int(case.label)), "decides"]
        assert all(int(level) > case.label for _, _, level, role in stated if role == "overruled")
        assert len(case.graders) == len(others)
        levels = {int(text.split()[1]) for text in case.graders} | {int(case.prediction.severity)}
        assert (case.disagreement is not None) == (len(levels) > 1)
        assert case.disagreement is None or case.disagreement.text in case.reasons
        # What distorts a record limits it, and the gate says so.
        assert not case.distortions or (case.quality is not QualityVerdict.ACCEPTABLE and case.quality_reasons)
    for gap, (carrying, n) in found.distorted.items():
        same = [case for case in found.cases if case.error == gap]
        assert (carrying, n) == (sum(bool(case.distortions) for case in same), len(same))


@pytest.mark.dataset
def test_a_grader_is_asked_only_of_what_it_has_not_seen(
    data_folder: Path, tiny_folder: Path, make_card: Callable[..., dict[str, object]]
) -> None:
    """The paper's split without out-of-fold predictions: folds 1-8 trained it, fold 9 did not."""
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    net, card = weights.load_network("tiny")
    split = make_card("split", **card.architecture.kwargs) | {
        "training": {"dataset": "PTB-XL", "folds": list(range(1, 9)), "validation_folds": [9]}
    }
    weights.save(net, split, tiny_folder)
    tiny, trained = load_predictor("tiny"), load_predictor("split")
    with pytest.raises(ConfigurationError, match="trained on fold 8"):
        find_cases(dataset, trained, [8, 9])
    one = next(fold for fold in range(1, 9) if dataset.ecg_ids([fold]))
    assert {case.graders for case in find_cases(dataset, tiny, [one], others=[trained], everything=True).cases} == {()}
    asked = find_cases(dataset, tiny, [9], others=[trained], everything=True).cases
    assert {case.graders[0].split()[0] for case in asked} == {"split"}


@pytest.mark.dataset
def test_a_fold_that_is_not_there_is_said(data_folder: Path) -> None:
    with pytest.raises(DatasetError, match="fold 10"):
        find_cases(PtbXl(data_folder / "ptb-xl-subset"), load_predictor(), [10])
