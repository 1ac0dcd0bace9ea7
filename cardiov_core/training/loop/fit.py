"""One training of one network: stages, epochs, validation, checkpoints, exact resume."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired

import torch
from torch import Tensor, nn

from cardiov_core.datasets import task_of
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import challenge_value
from cardiov_core.inference import Output, exceedance_logits
from cardiov_core.nets import seeded
from cardiov_core.training.loop import processes as group
from cardiov_core.training.loop.augmentation import Batch, augment
from cardiov_core.training.loop.curve import Epoch, Report
from cardiov_core.training.loop.label_losses import label_loss
from cardiov_core.training.loop.learner import Learner, LearnerState, device
from cardiov_core.training.loop.losses import loss_of, side_loss, targets_for
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.network import Objective, Recipe

_MAX_GRADIENT_NORM = 1.0
_VALIDATION_BATCH = 64


class _Checkpoint(LearnerState):
    recipe: str
    run: str
    processes: NotRequired[int]  # absent before trainings ran on several


def fit(
    recipe: Recipe,
    data: TrainingData,
    *,
    run: str,
    seed: int,
    checkpoint: Path,
    resume: bool,
    report: Report,
    validation: TrainingData | None = None,
    start: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """Train one network by the recipe's stages.

    `data`: windows, levels, and what else may teach. `run`: name in the log: 'group-1' ... or 'final'. `resume`: go on
    from `checkpoint` where it exists: the result is the same as without the interruption. `report`: gets what the log
    keeps of each epoch. `validation`: chooses the epoch whose weights each stage ends with, lowers the rate on a
    plateau and stops a stage early. `start`: weights of a pretrained network of the same recipe, from `weights_in` or a
    network's own; a dense layer or a side head of another size is left out. Returns in evaluation mode, with the last
    stage's head and plain weights; the side head is gone.
    """
    _check(recipe, data, validation)
    with seeded(seed):
        learner = Learner(recipe, data, seed, start)
        state = _load(checkpoint, recipe, run) if resume else None
        for index in range(len(recipe.stages)):
            if state is not None and state["stage"] > index:
                continue
            learner.begin(index)
            if state is not None and state["stage"] == index:
                learner.restore(state)
            while not learner.stage_is_over:
                entry = run_epoch(learner, data, validation, run)
                state = {"recipe": _recipe_text(recipe), "run": run, "processes": group.size(), **learner.state()}
                if group.is_first():
                    report(entry)
                    _save(checkpoint, state)
            learner.end_stage()
        return learner.finished()


def weights_in(checkpoint: Path, recipe: Recipe, run: str) -> dict[str, Tensor]:
    """Return what `fit` may start from: the network of a finished run without its dense layer, and its side head."""
    state = _load(checkpoint, recipe, run)
    if state is None:
        raise TrainingError(f"There is no checkpoint {checkpoint.name}.", "Train without --resume.")
    named = {key.removeprefix("net."): value for key, value in state["model"].items()}
    return {key: value for key, value in named.items() if not key.startswith("dense.")}


@torch.inference_mode()
def logits_of(net: nn.Module, data: TrainingData, batch_size: int = _VALIDATION_BATCH) -> Tensor:
    """Return a network's raw output for all records, float32 ``(n, n_logits)`` on the CPU."""
    where = next(net.parameters()).device
    parts = torch.arange(len(data)).split(batch_size)
    if data.person is None:
        return torch.cat([net(data.windows_of(part).to(where)).float().cpu() for part in parts])
    return torch.cat([net(data.windows_of(part).to(where), _person(data, part, where)).float().cpu() for part in parts])


def _person(data: TrainingData, part: Tensor, where: torch.device) -> Tensor | None:
    return None if data.person is None else data.person[part].to(where)


def exceedances_of(net: nn.Module, data: TrainingData, output: Output | None = None) -> Tensor:
    """Return a network's exceedances as it gives them, float64 ``(n, 3)`` on the CPU.

    `net`: from `fit`. `output`: how to read the network; the paper's independent thresholds where None.
    """
    return torch.sigmoid(exceedance_logits(logits_of(net, data), output or Output()))


def run_epoch(learner: Learner, data: TrainingData, validation: TrainingData | None, run: str = "") -> Epoch:
    """Go once through the records.

    Parameters
    ----------
    learner : Learner
        Within a stage that has begun; it is changed.
    data, validation, run
        As in `fit`.

    Returns
    -------
    Epoch
        What the log keeps.

    Raises
    ------
    TrainingError
        If a loss is no longer finite.
    """
    recipe, stage = learner.recipe, learner.stage
    learner.model.train()
    rate = learner.learning_rate
    order = torch.randperm(len(data), generator=learner.generator)
    steps = len(data) // recipe.batch_size
    losses = [_step(learner, data, part) for part in order[: steps * recipe.batch_size].split(recipe.batch_size)]
    group.align(learner.model)
    loss = group.mean(sum(losses) / steps)
    validation_loss = None
    if validation is not None and (learner.epoch + 2) % recipe.validation.every == 0:
        validation_loss = group.mean(_validation_loss(learner, validation))
    learner.end_epoch(validation_loss)
    if not all(map(math.isfinite, (loss, rate, validation_loss or 0.0))):
        raise TrainingError(
            f"The loss is no longer finite in epoch {learner.epoch + 1} of the stage {stage.objective}.",
            "Lower the learning rate in the recipe.",
        )
    epoch = Epoch(
        run=run,
        stage=stage.objective,
        stage_index=learner.stage_index,
        epoch=learner.epoch + 1,
        epochs=recipe.epochs_of(stage),
        loss=loss,
        learning_rate=rate,
    )
    more: dict[str, float] = {"processes": group.size()} if group.size() > 1 else {}
    if validation_loss is not None:
        more["validation_loss"] = validation_loss
    return epoch.model_copy(update=more)


def _step(learner: Learner, data: TrainingData, part: Tensor) -> float:
    """Learn from one batch and return its loss."""
    recipe = learner.recipe
    batch = _batch(data, group.own_part(part), learner)
    batch = augment(batch, recipe.augmentation, recipe.contract.sampling_rate_hz, learner.changing)
    loss = _loss(learner.trained, batch, learner)
    learner.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(learner.model.parameters(), _MAX_GRADIENT_NORM)
    learner.optimiser.step()
    if learner.one_cycle is not None:
        learner.one_cycle.step()
    return float(loss.detach())


def _batch(data: TrainingData, part: Tensor, learner: Learner) -> Batch:
    objective, taught = learner.stage.objective, learner.recipe.distillation
    teacher = None if data.teacher is None else data.teacher[part]
    own = Batch(
        windows=data.windows_of(part),
        targets=_targets(data, part, objective, teacher, taught.share),
        side=None if data.side is None else data.side[part],
        person=None if data.person is None else data.person[part],
    )
    if data.hearts is None or not taught.hearts_a_batch or learner.stage_share >= taught.hearts_until:
        return own
    hearts = data.hearts
    drawn = torch.randint(len(hearts), (taught.hearts_a_batch,), generator=learner.generator)
    of_teacher = None if hearts.teacher is None else hearts.teacher[drawn]
    targets = targets_for(hearts.levels[drawn], objective, of_teacher, 1.0)
    side = None if own.side is None or hearts.side is None else torch.cat([own.side, hearts.side[drawn]])
    return Batch(torch.cat([own.windows, hearts.windows_of(drawn)]), torch.cat([own.targets, targets]), side)


def _targets(
    data: TrainingData, part: Tensor, objective: Objective, teacher: Tensor | None = None, share: float = 0.0
) -> Tensor:
    if objective == "task" and data.targets is not None:
        return data.targets[part]
    return targets_for(data.levels[part], objective, teacher, share)


def _loss(model: nn.Module, batch: Batch, learner: Learner) -> Tensor:
    recipe, stage, where = learner.recipe, learner.stage, device()
    person = None if batch.person is None else batch.person.to(where)
    segments = stage.objective == "task" and recipe.loss.name == "random_switch"
    with torch.autocast(where.type, torch.bfloat16, enabled=recipe.precision == "bfloat16"):
        logits, numbers = model(batch.windows.to(where), person, segments)
    beside = torch.zeros((), device=where)
    if numbers is not None and batch.side is not None:
        beside = side_loss(numbers.float(), batch.side.to(where))
    if stage.objective == "measurements":
        return beside
    if stage.objective == "task":
        draw = float(torch.rand((), generator=learner.changing)) if segments else 0.0
        return label_loss(logits.float(), batch.targets.to(where), recipe.loss, learner.class_weights, draw)
    own = loss_of(logits.float(), batch.targets.to(where), stage.objective)
    return own if numbers is None or recipe.auxiliary.weight == 0 else own + recipe.auxiliary.weight * beside


@torch.no_grad()
def _validation_loss(learner: Learner, data: TrainingData) -> float:
    """Return the stage's own loss on whole, unchanged windows and the cardiologists' labels alone."""
    model, stage = learner.model, learner.stage
    model.eval()
    outputs = [
        model(data.windows_of(part).to(device()), _person(data, part, device()))
        for part in torch.arange(len(data)).split(_VALIDATION_BATCH)
    ]
    if stage.objective == "measurements" and data.side is not None:
        numbers = torch.cat([side.cpu() for _, side in outputs if side is not None])
        return float(side_loss(numbers, data.side))
    logits = torch.cat([own.cpu() for own, _ in outputs])
    if stage.objective == "task" and data.targets is not None:
        if learner.recipe.validation.by == "score":
            scores = torch.sigmoid(logits).double().numpy()
            # The lowest is kept, and the highest score is the best.
            return -challenge_value(task_of(learner.recipe.task), data.targets.numpy() > 0.5, scores)
        weights = None if learner.class_weights is None else learner.class_weights.cpu()
        return float(label_loss(logits, data.targets, learner.recipe.loss, weights))
    return float(loss_of(logits, targets_for(data.levels, stage.objective), stage.objective))


def _check(recipe: Recipe, data: TrainingData, validation: TrainingData | None) -> None:
    group.check_batch(recipe.batch_size)
    if len(data) < recipe.batch_size:
        raise TrainingError(
            f"{len(data)} records are fewer than one batch of {recipe.batch_size}.",
            "Give more folds or lower batch_size in the recipe.",
        )
    if validation is None and (recipe.schedule == "plateau" or recipe.validation.patience > 0):
        raise TrainingError(
            f"The recipe {recipe.name} waits for a validation loss, but there are no records to validate on.",
            "Give validation.folds that are in the data set.",
        )
    if any(stage.objective == "task" for stage in recipe.stages) and data.targets is None:
        raise TrainingError(
            f"The recipe {recipe.name} learns the task {recipe.task}, but the records carry no labels of it.",
            "Give a data set that has them.",
        )
    lacks_side = data.side is None or (validation is not None and validation.side is None)
    if lacks_side and any(stage.objective == "measurements" for stage in recipe.stages):
        raise TrainingError(
            f"The recipe {recipe.name} has a stage that learns measurements, but the records carry none.",
            "Give numbers for the side head with all records.",
        )


def _recipe_text(recipe: Recipe) -> str:
    return json.dumps(recipe.as_dict(), sort_keys=True)


def _save(path: Path, state: _Checkpoint) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    # A kill in the middle of writing must not cost the last good checkpoint.
    partial.replace(path)


def _load(path: Path, recipe: Recipe, run: str) -> _Checkpoint | None:
    if not path.exists():
        return None
    # weights_only: tensors and plain containers, no code. A checkpoint is optimiser state, not a weights file.
    state: _Checkpoint = torch.load(path, weights_only=True, map_location="cpu")  # noqa: TID251
    if state["recipe"] != _recipe_text(recipe) or state["run"] != run:
        raise TrainingError(
            f"The checkpoint {path.name} belongs to another recipe or run.",
            "Start in an empty folder, or without --resume.",
        )
    began_with = state.get("processes", 1)
    if began_with != group.size():
        raise TrainingError(
            f"The checkpoint {path.name} is of {began_with} processes, and now there are {group.size()}.",
            f"Resume with --processes {began_with}.",
        )
    return state
