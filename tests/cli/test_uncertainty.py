"""`cardiov scope-check` and `cardiov passport` on real records, with an untrained network.

`cardiov calibrate` is tested beside its function.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from cardiov_core import weights
from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.inference import load_predictor

pytestmark = [pytest.mark.dataset, pytest.mark.slow]


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def trained_on_two_folds(tiny_folder: Path, tiny_card: dict[str, Any], data_folder: Path) -> PtbXl:
    """The tiny grader, said to have been trained on folds 3 and 6."""
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    ids = dataset.ecg_ids((3, 6))
    known = dataset.table.loc[ids]
    table = pd.DataFrame(
        {"ecg_id": ids, "patient_id": known["patient_id"].astype(str), "fold": known["strat_fold"]}
        | {"label": known["label"], "fingerprint_500": "0" * 16, "fingerprint_100": "1" * 16}
        | dict.fromkeys(("p0", "p1", "p2", "p3"), 0.25)
        | {"e0": 0.75, "e1": 0.5, "e2": 0.25}
    )
    net, _ = weights.load_network(tiny_folder / "tiny.json")
    weights.save(net, tiny_card | {"training": {"folds": [3, 6]}}, tiny_folder, out_of_fold=table)
    return dataset


def test_scope_check_ships_what_the_flag_needs(
    trained_on_two_folds: PtbXl, data_folder: Path, tiny_folder: Path
) -> None:
    cinc = str(data_folder / "cinc-samples")
    told = _run("scope-check", "--model", "tiny", "--data", str(data_folder), "--foreign", cinc, "--ship")
    assert "pacemaker spikes on flat leads" in told
    stated = json.loads((tiny_folder / "tiny.json").read_text())["scope"]
    rows = {row["what"]: row for row in stated["measured"]}
    n_records = len(trained_on_two_folds.ecg_ids((3, 6)))
    assert stated["n"] == n_records
    assert rows["ten times the gain"]["n"] == n_records
    assert rows["pacemaker spikes on flat leads"]["flagged"] == 1.0
    assert rows["pacemaker spikes on flat leads"]["auc"] > 0.95
    assert rows["cinc-samples"]["foreign"]
    assert "cinc-samples" in stated["command"]
    scope = load_predictor("tiny").predict(trained_on_two_folds.record(trained_on_two_folds.ecg_ids((1,))[0])).scope
    assert scope is not None
    assert scope.limit == pytest.approx(stated["limit"], rel=1e-5)


def test_a_passport_is_the_same_twice_and_withholds(
    trained_on_two_folds: PtbXl, data_folder: Path, tiny_folder: Path
) -> None:
    arguments = ("passport", "--model", "tiny", "--data", str(data_folder), "--folds", "3", "--n", "40", "--ship")
    told = _run(*arguments)
    first = (tiny_folder / "tiny.json").read_bytes()
    assert _run(*arguments) == told
    assert (tiny_folder / "tiny.json").read_bytes() == first
    passport = json.loads(first)["passport"]
    assert "they trained the network" in passport["records"]
    assert passport["command"] == "cardiov passport --model tiny --data DIR --folds 3 --n 40 --ship"
    failed = {int(row["stage"]) for row in passport["levels"]["1"] if row["failed"]}
    record = trained_on_two_folds.record(trained_on_two_folds.ecg_ids((1,))[0])
    explanation = load_predictor("tiny").explain(record, target=1)
    assert set(explanation.withheld) == failed


def test_a_folder_without_the_training_records_is_refused(trained_on_two_folds: PtbXl, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scope-check", "--model", "tiny", "--data", str(tmp_path)])
    assert result.exit_code == 1
    assert "ptbxl_database.csv" in result.output
