"""What teaches a network beside its labels, what chooses its checkpoint, and how its weights are kept plain."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import TrainingError
from cardiov_core.inference.outputs import Output
from cardiov_core.nets import build_net
from cardiov_core.training.loop.curve import Epoch
from cardiov_core.training.loop.fit import exceedances_of, fit, logits_of
from cardiov_core.training.loop.learner import Learner
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.network import (
    KIND_OF,
    OBJECTIVE_OF,
    Augmentation,
    Auxiliary,
    Distillation,
    OutputName,
    Plateau,
    Recipe,
    Stage,
    Validation,
)

SMALL = {"widths": (12, 16), "blocks": (1, 1), "groups": None}
STILL = Augmentation(crop_s=2.0, lead_dropout=0.0, scale=0.0, noise_mv=0.0)
RECIPE = Recipe(
    name="small",
    title="small",
    net="cardiov",
    net_arguments=SMALL,
    contract=InputContract(STANDARD_LEADS, 100.0, 200, (0.5, 45.0), 3, "none"),
    stages=(Stage("cross_entropy", 2, 0.01), Stage("ordinal", 2, 0.01)),
    augmentation=STILL,
    batch_size=8,
    weight_decay=0.01,
    seed=3,
    cv_groups=2,
    folds=(1, 2),
)


def _records(n: int = 40, seed: int = 0) -> TrainingData:
    """Make tones whose amplitude is the level; the side numbers are amplitude and its opposite, some missing."""
    levels = np.arange(n) % 4
    rng = np.random.default_rng(seed)
    t = np.arange(200) / 100.0
    tone = np.sin(2 * np.pi * 5 * t + rng.uniform(0, 6, (n, 1, 1)))
    windows = (levels[:, None, None] + 0.2) * tone + 0.05 * rng.normal(size=(n, 12, 200))
    side = np.stack([levels - 1.5, 1.5 - levels], axis=1)
    side[::5, 1] = np.nan
    return TrainingData(
        torch.from_numpy(windows.astype(np.float32)),
        torch.from_numpy(levels.astype(np.int64)),
        side=torch.from_numpy(side.astype(np.float32)),
    )


def _fit(
    recipe: Recipe, folder: Path, data: TrainingData | None = None, *, report: Any = None, **rest: Any
) -> nn.Module:
    return fit(
        recipe,
        data or _records(),
        run="final",
        seed=recipe.seed,
        checkpoint=folder / "final.pt",
        resume=rest.pop("resume", False),
        report=report or (lambda _entry: None),
        **rest,
    )


def _same(first: nn.Module, second: nn.Module) -> bool:
    one, other = first.state_dict(), second.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("output", list(OBJECTIVE_OF))
def test_every_output_learns_the_levels(tmp_path: Path, output: OutputName) -> None:
    stages = (Stage("cross_entropy", 12, 0.02), Stage(OBJECTIVE_OF[output], 12, 0.02))
    net = _fit(replace(RECIPE, output=output, stages=stages), tmp_path)
    data = _records()
    above = exceedances_of(net, data, Output(KIND_OF[output], 0.5))
    assert float(above[data.levels == 3, 2].mean() - above[data.levels == 0, 2].mean()) > 0.5


def test_side_numbers_change_what_is_learned_and_leave_no_layer_behind(tmp_path: Path) -> None:
    plain = _fit(RECIPE, tmp_path / "plain", replace_side(None))
    taught = _fit(replace(RECIPE, auxiliary=Auxiliary(0.5)), tmp_path / "taught")
    unasked = _fit(RECIPE, tmp_path / "unasked")
    assert not _same(plain, taught)
    assert _same(plain, unasked), "without a weight the side numbers must not even draw a random number"
    assert taught.state_dict().keys() == build_net("cardiov", 12, 3, **SMALL).state_dict().keys()


def replace_side(side: torch.Tensor | None) -> TrainingData:
    return replace(_records(), side=side)


def test_a_stage_of_measurements_learns_them_and_the_trunk_can_begin_another_training(tmp_path: Path) -> None:
    entries: list[Epoch] = []
    pretraining = replace(RECIPE, stages=(Stage("measurements", 25, 0.02),), augmentation=STILL)
    trunk = _fit(pretraining, tmp_path / "trunk", report=entries.append).state_dict()
    losses = [entry.loss for entry in entries]
    assert losses[-1] < 0.3 * losses[0]
    begun = Learner(RECIPE, _records(), 3, trunk).model.net.state_dict()
    assert all(torch.equal(begun[key], trunk[key]) for key in trunk)
    fresh = _fit(RECIPE, tmp_path / "fresh")
    assert not _same(fresh, _fit(RECIPE, tmp_path / "pretrained", start=trunk))


def test_a_start_of_another_network_is_refused(tmp_path: Path) -> None:
    other = build_net("cardiov", 12, 3, widths=(12, 24), blocks=(1, 1), groups=None).state_dict()
    with pytest.raises(TrainingError, match="do not fit the network"):
        _fit(RECIPE, tmp_path, start=other)


def test_a_stage_of_measurements_without_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="carry none"):
        _fit(replace(RECIPE, stages=(Stage("measurements", 1, 0.01),)), tmp_path, replace_side(None))


def test_a_teacher_moves_the_network_towards_itself(tmp_path: Path) -> None:
    """A teacher that calls everything high risk: with a share of 1 the labels no longer count."""
    data = replace(_records(), teacher=torch.ones(40, 3))
    stages = (Stage("ordinal", 15, 0.02),)
    shares = {}
    for share in (0.0, 1.0):
        recipe = replace(RECIPE, stages=stages, distillation=Distillation(share))
        shares[share] = float(exceedances_of(_fit(recipe, tmp_path / str(share), data), data)[:, 2].mean())
    assert shares[0.0] < 0.5
    assert shares[1.0] > 0.9


@pytest.mark.parametrize("killed_after", [2, 5])
def test_resume_is_exact_with_everything_that_a_recipe_can_ask_for(tmp_path: Path, killed_after: int) -> None:
    recipe = replace(
        RECIPE,
        stages=(Stage("cross_entropy", 4, 0.02), Stage("ordinal", 4, 0.02)),
        augmentation=Augmentation(crop_s=1.5, mixup=0.3, lead_scale=0.2, lead_scale_share=0.5),
        auxiliary=Auxiliary(0.5),
        distillation=Distillation(0.3),
        optimiser="adam",
        schedule="plateau",
        plateau=Plateau(0.3, 0),
        weight_normalisation=True,
        validation=Validation(folds=(9,)),
        net_arguments=SMALL | {"dropout": 0.1},
    )
    data = replace(_records(), teacher=torch.rand(40, 3, generator=torch.Generator().manual_seed(0)))
    rest: dict[str, Any] = {"validation": _records(12, seed=9)}
    whole = _fit(recipe, tmp_path / "whole", data, **rest)
    seen = 0

    def kill(_entry: Epoch) -> None:
        nonlocal seen
        seen += 1
        if seen > killed_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fit(recipe, tmp_path / "killed", data, report=kill, **rest)
    assert _same(whole, _fit(recipe, tmp_path / "killed", data, resume=True, **rest))


def test_the_best_epoch_by_validation_is_kept_and_a_stage_stops_that_does_not_get_better(tmp_path: Path) -> None:
    """Validation labels that contradict the training's: the longer it learns, the worse they fit."""
    wrong = replace(_records(12, seed=9), levels=3 - _records(12, seed=9).levels)
    recipe = replace(
        RECIPE, stages=(Stage("ordinal", 30, 0.02),), validation=Validation(folds=(9,), patience=3), weight_decay=0.0
    )
    entries: list[Epoch] = []
    net = _fit(recipe, tmp_path, report=entries.append, validation=wrong)
    losses = [entry.validation_loss for entry in entries]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3
    found = nn.functional.binary_cross_entropy_with_logits(
        logits_of(net, wrong), (wrong.levels[:, None] > torch.arange(3)).float()
    )
    assert float(found) == pytest.approx(min(losses), rel=1e-5)
    resumed: list[Epoch] = []
    again = _fit(recipe, tmp_path, report=resumed.append, validation=wrong, resume=True)
    assert not resumed, "a stage that has stopped early does not go on after a resume"
    assert _same(net, again)


def test_a_plateau_lowers_the_rate_by_the_papers_factor(tmp_path: Path) -> None:
    wrong = replace(_records(12, seed=9), levels=3 - _records(12, seed=9).levels)
    recipe = replace(
        RECIPE,
        stages=(Stage("ordinal", 8, 0.01),),
        schedule="plateau",
        plateau=Plateau(0.3, 1),
        validation=Validation(folds=(9,)),
    )
    entries: list[Epoch] = []
    _fit(recipe, tmp_path, report=entries.append, validation=wrong)
    rates = [entry.learning_rate for entry in entries]
    assert rates[0] == 0.01
    assert rates[-1] < rates[0]
    steps = {round(later / earlier, 6) for earlier, later in pairwise(rates)}
    assert steps == {1.0, 0.3}


def test_a_recipe_that_waits_for_validation_is_refused_without(tmp_path: Path) -> None:
    recipe = replace(RECIPE, schedule="plateau", validation=Validation(folds=(9,)))
    with pytest.raises(TrainingError, match="waits for a validation loss"):
        _fit(recipe, tmp_path)


def test_normalised_weights_come_out_plain_and_are_the_same_function(tmp_path: Path) -> None:
    recipe = replace(RECIPE, weight_normalisation=True)
    learner = Learner(recipe, _records(), 3, None)
    learner.begin(1)
    learner.model.eval()
    windows = _records().windows[:4]
    with torch.no_grad():
        before = learner.model(windows)[0]
        net = learner.finished()
        after = net(windows)
    assert net.state_dict().keys() == build_net("cardiov", 12, 3, **SMALL).state_dict().keys()
    torch.testing.assert_close(before, after)
    assert not _same(_fit(recipe, tmp_path / "with"), _fit(RECIPE, tmp_path / "without"))


def test_recomputing_blocks_changes_memory_and_nothing_else(tmp_path: Path) -> None:
    recipe = replace(RECIPE, net_arguments=SMALL | {"dropout": 0.2})
    assert _same(_fit(recipe, tmp_path / "kept"), _fit(replace(recipe, recompute=True), tmp_path / "again"))


def test_half_precision_learns_like_full_precision(tmp_path: Path) -> None:
    entries: dict[str, list[float]] = {}
    for precision in ("float32", "bfloat16"):
        recipe = replace(RECIPE, precision=precision, stages=(Stage("ordinal", 6, 0.02),))
        seen: list[Epoch] = []
        net = _fit(recipe, tmp_path / precision, report=seen.append)
        assert {value.dtype for value in net.parameters()} == {torch.float32}
        entries[precision] = [entry.loss for entry in seen]
    np.testing.assert_allclose(entries["bfloat16"], entries["float32"], rtol=0.1)
    assert entries["bfloat16"] != entries["float32"]


@pytest.mark.gpu
def test_a_gpu_trains_what_a_processor_trains(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    entries: list[Epoch] = []
    recipe = replace(RECIPE, precision="bfloat16", compile=True, stages=(Stage("ordinal", 15, 0.02),))
    net = _fit(recipe, tmp_path, report=entries.append)
    assert next(net.parameters()).device.type == "cpu"
    assert entries[-1].loss < 0.6 * entries[0].loss


def test_selected_records_leave_the_windows_where_they_are() -> None:
    data = _records()
    part = data.select(np.array([5, 3, 10])).select(np.array([2, 0]))
    assert part.windows is data.windows
    assert torch.equal(part.windows_of(torch.tensor([0, 1])), data.windows[[10, 5]])
    assert torch.equal(part.levels, data.levels[[10, 5]])
    assert part.side is not None
    assert torch.equal(part.side.nan_to_num(9.0), data.side[[10, 5]].nan_to_num(9.0))  # type: ignore[index]


def test_parts_about_different_records_are_refused() -> None:
    with pytest.raises(TrainingError, match="40 levels but 39 rows of teacher"):
        replace(_records(), teacher=torch.ones(39, 3))
