"""A training whole, on a small PTB-XL that the test writes: weights that load, cards that say what was done."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import ConfigurationError, TrainingError
from cardiov_core.inference import load_predictor
from cardiov_core.studies.graders.ablation import OUTPUTS, ablate, with_output
from cardiov_core.training import Recipe, train
from cardiov_core.training.cards import grader as card_module
from cardiov_core.training.data.records import load_records
from cardiov_core.training.data.split import splits_of
from cardiov_core.training.loop.curve import draw_curve, read_log
from cardiov_core.training.recipes.network import Augmentation, Auxiliary, OutputName, Stage, Validation
from cardiov_core.weights import load_card, out_of_fold_table
from tests.wfdb_files import PTBXL_HEAD, write_wfdb

N_RECORDS, N_FOLDS = 24, 6
CODES = ("{'NORM': 100.0}", "{'LAFB': 100.0}", "{'LVH': 100.0}", "{'IMI': 100.0}")
RECIPE = Recipe(
    name="small",
    title="small",
    net="cardiov",
    net_arguments={"widths": [12] * 7, "blocks": [1] * 7, "groups": None},
    contract=InputContract(STANDARD_LEADS, 100.0, 1000, (0.5, 45.0), 3, "none"),
    stages=(Stage("cross_entropy", 2, 0.01), Stage("ordinal", 2, 0.01)),
    augmentation=Augmentation(crop_s=2.0),
    batch_size=4,
    weight_decay=0.01,
    seed=3,
    cv_groups=3,
    folds=(1, 2, 3, 4, 5, 6),
)
RECIPE_TEXT = """
name = "small"
title = "small"
net = "cardiov"
batch_size = 4
weight_decay = 0.0
seed = 3
cv_groups = 0
folds = [1, 2, 3, 4, 5]
optimiser = "adam"
schedule = "plateau"
weight_normalisation = true
net_arguments = {widths = [12, 12, 12, 12, 12, 12, 12], blocks = [1, 1, 1, 1, 1, 1, 1]}
plateau = {factor = 0.3, patience = 1}
validation = {folds = [6], patience = 20}
input = {sampling_rate_hz = 100, n_samples = 1000, band_hz = [0.5, 45], filter_order = 3, normalisation = "none"}
stages = [
    {objective = "cross_entropy", epochs = 4, learning_rate = 0.001},
    {objective = "output", epochs = 30, learning_rate = 0.001},
]
"""


def write_tree(root: Path) -> Path:
    """Write synthetic ECGs as PTB-XL does: four of each fold, one per level."""
    rows = [PTBXL_HEAD]
    for index in range(N_RECORDS):
        ecg_id, fold = index + 1, index // 4 % N_FOLDS + 1
        rows.append(
            f'{ecg_id},{500 + index},{40 + index},{index % 2},,,"{CODES[index % 4]}",{fold},l/{ecg_id},h/{ecg_id}'
        )
        for folder, rate in (("h", 500), ("l", 100)):
            record = generate("normal", seed=index, sampling_rate_hz=float(rate))
            write_wfdb(root / folder, str(ecg_id), np.round(record.signal.T * 1000.0).astype("<i2"), rate)
    (root / "ptbxl_database.csv").write_text("\n".join([*rows, ""]))
    return root


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> PtbXl:
    return PtbXl(write_tree(tmp_path_factory.mktemp("ptb-xl")))


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are tested elsewhere; a thousand resamples a card would cost minutes."""
    monkeypatch.setattr(card_module, "_N_RESAMPLES", 20)


@pytest.mark.parametrize("output", OUTPUTS)
def test_weights_of_every_output_come_out_with_table_and_card(tree: PtbXl, tmp_path: Path, output: OutputName) -> None:
    result = train(with_output(RECIPE, output), tree, tmp_path)
    predictor = load_predictor(result.card_path)
    card = load_card(result.card_path).raw
    kinds = {"ordinal": "exceedance"}
    assert card["output"]["kind"] == kinds.get(output, output)
    assert card["training"]["recipe"]["output"] == output
    assert (card["training"]["n_records"], card["metrics"]["n"]) == (N_RECORDS, N_RECORDS)
    table = out_of_fold_table(predictor.card)
    assert table is not None
    assert sorted(table["ecg_id"]) == list(range(1, N_RECORDS + 1))
    record = tree.record(1)
    out_of_fold = predictor.out_of_fold_prediction(record)
    assert out_of_fold is not None
    assert out_of_fold.probabilities != predictor.predict(record).probabilities
    assert predictor.explain(record, target=2).target == "level 2"
    if output == "regression":
        assert card["output"]["residual_sd"] > 0
    if output != "ordinal":
        assert card["metrics"]["rank_violation_rate"] == 0.0


def test_without_cross_validation_the_validation_folds_give_the_figures_and_no_table(
    tree: PtbXl, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, cv_groups=0, folds=(1, 2, 3, 4, 5), validation=Validation(folds=(6,)), max_epochs=1)
    result = train(recipe, tree, tmp_path)
    card = load_card(result.card_path).raw
    assert card["out_of_fold"] is None
    assert card["training"]["validation_folds"] == [6]
    assert (card["training"]["n_records"], card["metrics"]["n"]) == (20, 4)
    assert card["metrics"]["kind"].startswith("validation fold 6")
    assert any(line.startswith("Cut short: every stage was ended after 1 of at most 2") for line in card["limitations"])
    assert any(line.startswith("Not cross-validated") for line in card["limitations"])
    assert card["training"]["command"].endswith("--max-epochs 1")
    assert load_predictor(result.card_path).predict(tree.record(21)).prediction_set is None


def test_what_validates_is_never_what_is_reported(tree: PtbXl) -> None:
    recipe = replace(RECIPE, validation=Validation(inner_group=True, patience=2))
    records = load_records(tree, recipe)
    splits = splits_of(recipe, records)
    assert [split.run for split in splits] == ["group-1", "group-2", "group-3", "final"]
    assert sorted(np.concatenate([split.held_out for split in splits]).tolist()) == list(range(N_RECORDS))
    for split in splits:
        parts = [set(part.tolist()) for part in (split.trained, split.validated, split.held_out)]
        assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]
        assert len(parts[1]) == 8
    assert len(splits[-1].trained) == 16


def test_folds_that_validate_are_in_no_group(tree: PtbXl) -> None:
    recipe = replace(RECIPE, folds=(1, 2, 3, 4), cv_groups=2, validation=Validation(folds=(6,)))
    splits = splits_of(recipe, load_records(tree, recipe))
    assert [len(split.validated) for split in splits] == [4, 4, 4]
    assert [len(split.held_out) for split in splits] == [8, 8, 0]
    assert [len(split.trained) for split in splits] == [8, 8, 16]


def test_validation_folds_that_are_not_there_are_told(tree: PtbXl) -> None:
    recipe = replace(RECIPE, validation=Validation(folds=(9,)))
    with pytest.raises(TrainingError, match="validation folds 9"):
        splits_of(recipe, load_records(tree, recipe))


def test_an_ablation_compares_four_outputs_and_goes_on_where_it_stopped(tree: PtbXl, tmp_path: Path) -> None:
    found = ablate(RECIPE, tree, tmp_path, n_resamples=20)
    rows = {row["output"]: row for row in json.loads((tmp_path / "ablation.json").read_text())["outputs"]}
    assert list(rows) == ["ordinal", "rank_consistent", "classification", "regression"]
    assert rows["ordinal"]["paper"] == {"mae": 0.4934, "auc": 0.8735}
    assert rows["classification"]["paper"] == {"mae": 0.5247, "auc": 0.8673}
    assert rows["regression"]["paper"] == {"mae": 0.5811}
    assert rows["rank_consistent"]["paper"] == {}
    for output, row in rows.items():
        own = found.predictions[found.predictions["output"] == output]
        assert len(own) == N_RECORDS
        assert row["mae"] == pytest.approx((own["level"] - own["label"]).abs().mean())
        assert ("minus_ordinal" in row) == (output != "ordinal")
    assert rows["regression"]["minus_ordinal"]["mae"]["value"] == pytest.approx(
        rows["regression"]["mae"] - rows["ordinal"]["mae"]
    )
    before = (tmp_path / "log.jsonl").read_text()
    again = ablate(RECIPE, tree, tmp_path, n_resamples=20)
    assert (tmp_path / "log.jsonl").read_text() == before, "nothing is trained twice"
    assert again.document == found.document
    assert json.loads((tmp_path / "ablation.json").read_text()) == found.document.as_json()
    assert "0.4934" in (tmp_path / "ablation.md").read_text()
    assert found.text == (tmp_path / "ablation.txt").read_text()
    with pytest.raises(TrainingError, match="another recipe"):
        ablate(replace(RECIPE, seed=4), tree, tmp_path)


def test_an_ablation_needs_groups(tree: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no cross-validation"):
        ablate(replace(RECIPE, cv_groups=0, validation=Validation(folds=(6,))), tree, tmp_path)


def test_an_ablation_of_a_taught_recipe_is_refused(tree: PtbXl, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="teach beside the labels"):
        ablate(replace(RECIPE, auxiliary=Auxiliary(0.5)), tree, tmp_path)


def test_the_ablate_command_prints_the_table(tree: PtbXl, tmp_path: Path) -> None:
    text = RECIPE_TEXT.replace("cv_groups = 0", "cv_groups = 2").replace('schedule = "plateau"', "")
    (tmp_path / "small.toml").write_text(text.replace("validation = {folds = [6], patience = 20}", ""))
    arguments = [
        "ablate",
        "--data",
        str(tree.root),
        "--out",
        str(tmp_path / "out"),
        "--epochs",
        "1",
        "--resamples",
        "20",
    ]
    found = CliRunner().invoke(main, [*arguments, "--recipe", str(tmp_path / "small.toml")])
    assert found.exit_code == 0, found.output
    assert found.output.splitlines()[0].split()[:2] == ["output", "MAE"]
    assert "1 + 1 epochs" in found.output
    refused = CliRunner().invoke(main, [*arguments, "--recipe", "measurements"])
    assert refused.exit_code == 2
    assert "only a network" in refused.output


def test_a_forest_has_no_epochs_to_cut(tree: PtbXl, tmp_path: Path) -> None:
    arguments = ["train", "--recipe", "measurements", "--data", str(tree.root), "--out", str(tmp_path)]
    refused = CliRunner().invoke(main, [*arguments, "--max-epochs", "1"])
    assert refused.exit_code == 2
    assert "leave --max-epochs out" in refused.output


def test_a_log_is_drawn_and_what_was_done_twice_counts_once(tmp_path: Path) -> None:
    entry: dict[str, Any] = {"run": "final", "stage": "ordinal", "stage_index": 0, "epoch": 1, "loss": 0.7}
    lines = [entry, entry | {"epoch": 2, "loss": 0.9}, entry | {"epoch": 2, "loss": 0.6, "validation_loss": 0.65}]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(map(json.dumps, lines)) + '\n{"run": "fin')
    assert [found.loss for found in read_log(log)] == [0.7, 0.6]
    draw_curve(log, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    draw_curve(tmp_path / "absent.jsonl", tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def _command(tree: PtbXl, out: Path, *more: str) -> list[str]:
    recipe = out.parent / "small.toml"
    recipe.write_text(RECIPE_TEXT)
    arguments = ("train", "--config", str(recipe), "--data", str(tree.root), "--out", str(out), *more)
    return [sys.executable, "-m", "cardiov_core", *arguments]


def _wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]", seconds: float = 240.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.02)


@pytest.mark.slow
def test_a_killed_training_resumes_to_the_same_weights_to_the_bit(
    tree: PtbXl, tmp_path: Path, repository: Path
) -> None:
    """SIGKILL, which nothing can catch, in the second stage; validated, on a plateau, with normalised weights."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    environment = os.environ | {"PYTHONPATH": str(repository), "OMP_NUM_THREADS": "1"}
    subprocess.run(_command(tree, whole), env=environment, check=True, capture_output=True)

    def second_stage_began() -> bool:
        log = killed / "log.jsonl"
        return log.exists() and len(read_log(log)) >= 8

    process = subprocess.Popen(_command(tree, killed), env=environment, stderr=subprocess.DEVNULL)
    _wait_for(second_stage_began, process)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "small.safetensors").exists()
    subprocess.run(_command(tree, killed, "--resume"), env=environment, check=True, capture_output=True)
    assert (killed / "small.safetensors").read_bytes() == (whole / "small.safetensors").read_bytes()
    assert read_log(killed / "log.jsonl") == read_log(whole / "log.jsonl")
