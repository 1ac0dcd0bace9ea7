"""One training of one network: stages, schedule, checkpoints, exact resume."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cardiov_core.errors import TrainingError
from cardiov_core.nets import build_net
from cardiov_core.training.augmentation import augment
from cardiov_core.training.losses import N_OUTPUTS, loss_of, targets_for
from cardiov_core.training.recipe import Recipe, Stage

Report = Callable[[Mapping[str, Any]], None]

_ONE_CYCLE_WARM_UP = 0.25


def fit(
    recipe: Recipe,
    windows: Tensor,
    levels: Tensor,
    *,
    run: str,
    seed: int,
    checkpoint: Path,
    resume: bool,
    report: Report,
) -> nn.Module:
    """Train one network by the recipe's stages.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    windows : torch.Tensor
        float32 ``(n, leads, samples)`` by the recipe's contract.
    levels : torch.Tensor
        int64 ``(n,)``.
    run : str
        Name in the log: 'group-1' ... or 'final'.
    seed : int
        Of this run.
    checkpoint : pathlib.Path
        Written after every epoch.
    resume : bool
        Go on from `checkpoint` where it exists: the result is the same as without the interruption.
    report : callable
        Gets one mapping an epoch: run, stage, epoch, loss, learning rate.

    Returns
    -------
    torch.nn.Module
        In evaluation mode, with the ordinal head.

    Raises
    ------
    TrainingError
        If there are fewer records than a batch, or the checkpoint belongs to another recipe.
    """
    if len(windows) < recipe.batch_size:
        raise TrainingError(
            f"{len(windows)} records are fewer than one batch of {recipe.batch_size}.",
            "Give more folds or lower batch_size in the recipe.",
        )
    with _seeded(seed):
        net = build_net(recipe.net, len(recipe.contract.leads), 4, **recipe.net_arguments).to(device())
        generator = torch.Generator().manual_seed(seed)
        state = _load(checkpoint, recipe, run) if resume else None
        for index, stage in enumerate(recipe.stages):
            if state is not None and state["stage"] > index:
                continue
            _fit_head(net, N_OUTPUTS[stage.objective], generator)
            optimiser, schedule = _optimiser(net, recipe, stage, len(windows))
            first_epoch = 0
            if state is not None and state["stage"] == index:
                net.load_state_dict(state["net"])
                optimiser.load_state_dict(state["optimiser"])
                schedule.load_state_dict(state["schedule"])
                generator.set_state(state["generator"])
                torch.set_rng_state(state["rng"])
                first_epoch = state["epoch"] + 1
            for epoch in range(first_epoch, stage.epochs):
                loss = _epoch(net, optimiser, schedule, recipe, stage, windows, levels, generator)
                report({"run": run, "stage": stage.objective, "epoch": epoch + 1, "epochs": stage.epochs, "loss": loss})
                _save(
                    checkpoint,
                    {
                        "recipe": json.dumps(recipe.as_dict(), sort_keys=True),
                        "run": run,
                        "stage": index,
                        "epoch": epoch,
                        "net": net.state_dict(),
                        "optimiser": optimiser.state_dict(),
                        "schedule": schedule.state_dict(),
                        "generator": generator.get_state(),
                        "rng": torch.get_rng_state(),
                    },
                )
    return net.eval().cpu()


def device() -> torch.device:
    """Return where trainings run: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@torch.inference_mode()
def exceedances_of(net: nn.Module, windows: Tensor, batch_size: int = 64) -> Tensor:
    """Return the network's raw exceedance probabilities, float32 ``(n, 3)`` on the CPU."""
    where = next(net.parameters()).device
    return torch.cat([torch.sigmoid(net(part.to(where))).cpu() for part in windows.split(batch_size)])


def _epoch(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.OneCycleLR,
    recipe: Recipe,
    stage: Stage,
    windows: Tensor,
    levels: Tensor,
    generator: torch.Generator,
) -> float:
    net.train()
    order = torch.randperm(len(windows), generator=generator)
    total, steps = 0.0, len(windows) // recipe.batch_size
    for part in order[: steps * recipe.batch_size].split(recipe.batch_size):
        inputs, targets = augment(
            windows[part],
            targets_for(levels[part], stage.objective),
            recipe.augmentation,
            recipe.contract.sampling_rate_hz,
            generator,
        )
        loss = loss_of(net(inputs.to(device())), targets.to(device()), stage.objective)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
    return total / steps


def _fit_head(net: nn.Module, n_outputs: int, generator: torch.Generator) -> None:
    """Replace the dense layer where its number of logits is not the stage's."""
    dense = net.get_submodule("dense")
    if not isinstance(dense, nn.Linear) or dense.out_features == n_outputs:
        return
    fresh = nn.Linear(dense.in_features, n_outputs)
    bound = dense.in_features**-0.5
    with torch.no_grad():
        fresh.weight.uniform_(-bound, bound, generator=generator)
        fresh.bias.zero_()
    net.dense = fresh.to(dense.weight.device)


def _optimiser(
    net: nn.Module, recipe: Recipe, stage: Stage, n_records: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.OneCycleLR]:
    optimiser = torch.optim.AdamW(net.parameters(), lr=stage.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=stage.learning_rate,
        total_steps=stage.epochs * (n_records // recipe.batch_size),
        pct_start=_ONE_CYCLE_WARM_UP,
    )
    return optimiser, schedule


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch for this run and give its state back afterwards."""
    before = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)


def _save(path: Path, state: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    # A kill in the middle of writing must not cost the last good checkpoint.
    partial.replace(path)


def _load(path: Path, recipe: Recipe, run: str) -> dict[str, Any] | None:
    if not path.exists():
        return None
    # weights_only: tensors and plain containers, no code. A checkpoint is optimiser state, not a weights file.
    state: dict[str, Any] = torch.load(path, weights_only=True)  # noqa: TID251
    if state["recipe"] != json.dumps(recipe.as_dict(), sort_keys=True) or state["run"] != run:
        raise TrainingError(
            f"The checkpoint {path.name} belongs to another recipe or run.",
            "Start in an empty folder, or without --resume.",
        )
    return state
