"""The training loop: it learns, it repeats itself, and a kill costs nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cardiov_core.datasets import task_of
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import challenge_value
from cardiov_core.training.loop.curve import Epoch
from cardiov_core.training.loop.fit import exceedances_of, fit, logits_of
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.network import Augmentation, Recipe, Stage, Validation

SMALL = {"widths": (12, 16), "blocks": (1, 1), "groups": None}
RECIPE = Recipe(
    name="small",
    title="small",
    net="cardiov",
    net_arguments=SMALL | {"dropout": 0.1},
    contract=InputContract(STANDARD_LEADS, 100.0, 200, (0.5, 45.0), 3, "none"),
    stages=(Stage("cross_entropy", 3, 0.01), Stage("ordinal", 3, 0.01)),
    augmentation=Augmentation(crop_s=1.5),
    batch_size=8,
    weight_decay=0.01,
    seed=3,
    cv_groups=2,
    folds=(1, 2),
)


def _records(n: int = 40) -> TrainingData:
    """Make tones whose amplitude is the level."""
    levels = np.arange(n) % 4
    rng = np.random.default_rng(0)
    t = np.arange(200) / 100.0
    tone = np.sin(2 * np.pi * 5 * t + rng.uniform(0, 6, (n, 1, 1)))
    windows = (levels[:, None, None] + 0.2) * tone + 0.05 * rng.normal(size=(n, 12, 200))
    return TrainingData(torch.from_numpy(windows.astype(np.float32)), torch.from_numpy(levels.astype(np.int64)))


def _fit(recipe: Recipe, folder: Path, *, resume: bool = False, report: Any = None) -> torch.nn.Module:
    return fit(
        recipe,
        _records(),
        run="final",
        seed=recipe.seed,
        checkpoint=folder / "final.pt",
        resume=resume,
        report=report or (lambda _entry: None),
    )


def test_loss_falls_and_levels_are_learned(tmp_path: Path) -> None:
    entries: list[Epoch] = []
    recipe = replace(
        RECIPE,
        stages=(Stage("cross_entropy", 15, 0.02), Stage("ordinal", 15, 0.02)),
        augmentation=Augmentation(crop_s=2.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0),
        net_arguments=SMALL,
    )
    net = _fit(recipe, tmp_path, report=entries.append)
    data = _records()
    ordinal = [entry.loss for entry in entries if entry.stage == "ordinal"]
    assert len(entries) == 30
    assert ordinal[-1] < 0.6 * ordinal[0]
    above = exceedances_of(net, data)
    assert float(above[data.levels == 3, 2].mean() - above[data.levels == 0, 2].mean()) > 0.5
    assert not net.training
    assert net.get_submodule("dense").out_features == 3


def test_same_seed_same_weights_and_the_global_generator_is_left_alone(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    first = _fit(RECIPE, tmp_path / "a").state_dict()
    second = _fit(RECIPE, tmp_path / "b").state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("killed_after", [1, 3, 4])
def test_resume_after_a_kill_gives_the_same_weights(tmp_path: Path, killed_after: int) -> None:
    """Killed within the first stage, between the stages and within the second."""
    whole = _fit(RECIPE, tmp_path / "whole").state_dict()

    seen = 0

    def kill(_entry: Epoch) -> None:
        nonlocal seen
        seen += 1
        if seen > killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fit(RECIPE, tmp_path / "killed", report=kill)
    resumed = _fit(RECIPE, tmp_path / "killed", resume=True).state_dict()
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    _fit(RECIPE, tmp_path)
    with pytest.raises(TrainingError, match="another recipe"):
        _fit(replace(RECIPE, weight_decay=0.5), tmp_path, resume=True)


def test_fewer_records_than_a_batch_are_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="40 records are fewer than one batch of 64"):
        _fit(replace(RECIPE, batch_size=64), tmp_path)


def test_a_constant_rate_stays(tmp_path: Path) -> None:
    entries: list[Epoch] = []
    _fit(replace(RECIPE, schedule="constant"), tmp_path, report=entries.append)
    assert {entry.learning_rate for entry in entries} == {0.01}


def test_the_challenge_score_chooses_every_third_epoch(tmp_path: Path) -> None:
    task = task_of("cinc2021")
    records = _records()
    targets = torch.zeros(len(records), len(task.outputs))
    targets[torch.arange(len(records)), records.levels] = 1.0
    data = replace(records, targets=targets)
    validation = Validation(inner_group=True, by="score", every=3)
    recipe = replace(RECIPE, stages=(Stage("task", 7, 0.02),), task=task.name, validation=validation)
    entries: list[Epoch] = []
    checkpoint = tmp_path / "final.pt"
    net = fit(
        recipe,
        data,
        run="final",
        seed=1,
        checkpoint=checkpoint,
        resume=False,
        report=entries.append,
        validation=data,
    )
    seen = {entry.epoch: entry.validation_loss for entry in entries if entry.validation_loss is not None}
    assert list(seen) == [3, 6]
    scores = torch.sigmoid(logits_of(net, data)).double().numpy()
    assert challenge_value(task, targets.numpy() > 0.5, scores) == pytest.approx(-min(seen.values()))
