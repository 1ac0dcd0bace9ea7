"""Networks beside each other on one task: same records, groups, budget and seeds; out of fold; resumable.

Every network is trained in each group of whole folds for the same time of one thread; how many epochs that is comes
out of a few measured batches, so that the cycle of the rate ends with the budget. What a network answered to the
records of a group is kept in a file of its own, and a run that was interrupted goes on with the next group.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cardiov_core.datasets import LabelledRecords, Task, task_of
from cardiov_core.domain import STANDARD_LEADS, BoolArray, Float64Array
from cardiov_core.errors import ConfigurationError
from cardiov_core.nets import build_net, count_flops, count_parameters
from cardiov_core.training import (
    Recipe,
    Split,
    TaskRecords,
    answers,
    benchmark_recipe,
    fit_task,
    in_unit,
    load_task_records,
    one_thread,
    save_arrays,
    saved_arrays,
    task_splits,
)

ENSEMBLE, NAIVE = "ensemble", "naive"
"""The mean of all networks' outputs, and the frequencies whatever the signal: neither costs a training of its own."""

_BATCH = 64
_PROBE_BATCHES = 6
_RATE_OF: tuple[tuple[str, float], ...] = (("lstm", 0.001), ("gru", 0.001), ("s4", 0.001), ("triology", 0.001))
_CHALLENGE_RATE, _RATE = 0.002, 0.01
_CHALLENGE = ("resnet_nc", "tresnet", "branched")


@dataclass(frozen=True)
class Budget:
    """What a network may use.

    Attributes
    ----------
    seconds : float
        Of one thread, for training, a network and group.
    max_epochs : int
        No more than these, however fast the network.
    """

    seconds: float = 240.0
    max_epochs: int = 50


@dataclass(frozen=True)
class GroupRun:
    """One network trained without one group."""

    net: str
    run: str
    epochs: int  # passes over the training records
    losses: tuple[float, ...]  # training loss of each epoch
    train_s: float  # seconds of processor time
    # Records a second in training and in answering.
    train_rate: float
    answer_rate: float

    @property
    def still_falling(self) -> bool:
        """Whether the last epoch's loss was more than a hundredth below that of the one before."""
        return len(self.losses) < 2 or self.losses[-1] < 0.99 * self.losses[-2]


@dataclass(frozen=True, eq=False)
class NetOutputs:
    """What a network answered out of fold."""

    net: str
    outputs: Float64Array  # shape (n, outputs), probabilities, or numbers in their unit
    runs: tuple[GroupRun, ...]  # how each group went; none of naive and ensemble
    # Of the network, and of one window.
    n_parameters: int
    flops: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """All networks on one task."""

    task: Task  # what was learned
    targets: Float64Array  # shape (n, outputs), labels, or numbers in their unit
    patients: tuple[str, ...]  # who each record is from
    nets: tuple[NetOutputs, ...]  # in the order asked for, the ensemble last
    budget: Budget  # what each could use
    # Of age and sex: which records have NORM as their only diagnosis; None of other tasks.
    healthy: BoolArray | None = None


def compare_nets(
    names: Sequence[str],
    task_name: str,
    dataset: LabelledRecords,
    out: Path,
    *,
    budget: Budget | None = None,
    report: Callable[[str], None] = lambda _line: None,
    lead_sets: Sequence[tuple[str, ...]] = (STANDARD_LEADS,),
) -> Comparison:
    """Train networks on a task, out of fold.

    Parameters
    ----------
    names : sequence of str
        Of `cardiov_core.nets.list_nets`, and `ENSEMBLE`.
    task_name : str
        Of PTB-XL's tasks.
    dataset : LabelledRecords
        PTB-XL or its cache; fold 10 is not read.
    out : pathlib.Path
        Where windows, answers and losses are kept.
    budget : Budget, optional
        What each may use.
    report : callable
        Gets a line per network and group.
    lead_sets : sequence of tuple of str
        Leads that networks are fed: each is trained on each set; fewer than twelve stand behind its name.

    Raises
    ------
    ConfigurationError
        If a name, the task or a lead is unknown, or the task is one of the challenges'.
    DatasetError
        If no record has a label of the task.
    """
    task, limits = task_of(task_name), budget or Budget()
    if task.source != "ptb-xl":
        raise ConfigurationError(f"The task {task.name} has no folds to compare on.", "Choose a task of PTB-XL.")
    trained = dict.fromkeys(name for name in names if name != ENSEMBLE)
    recipes = [compared_recipe(name, task, leads) for leads in lead_sets for name in trained]
    if not recipes:
        raise ConfigurationError("There is no network to compare.", "Name some of `cardiov networks`.")
    whole = replace(recipes[0].contract, leads=STANDARD_LEADS)
    records = load_task_records(dataset, task, whole, recipes[0].folds, kept_in=out / "windows.npz", progress=False)
    with one_thread():
        figures = [
            _of_net(recipe, _with_leads(records, recipe.contract.leads), task, out, limits, report)
            for recipe in recipes
        ]
    if ENSEMBLE in names:
        figures.append(_ensemble([one for one in figures if one.net != NAIVE]))
    return Comparison(
        task,
        in_unit(task, records.targets.double().numpy()),
        tuple(str(patient) for patient in records.table["patient_id"]),
        tuple(figures),
        limits,
        records.table["healthy"].to_numpy(dtype=bool) if task.name in ("age", "sex") else None,
    )


def _with_leads(records: TaskRecords, leads: tuple[str, ...]) -> TaskRecords:
    """Return records of twelve leads with some of them; the contract prepares each lead alone."""
    if leads == STANDARD_LEADS:
        return records
    unknown = [lead for lead in leads if lead not in STANDARD_LEADS]
    if unknown:
        raise ConfigurationError(f"There is no lead {unknown[0]!r}.", f"Choose of {', '.join(STANDARD_LEADS)}.")
    return replace(records, windows=records.windows[:, [STANDARD_LEADS.index(lead) for lead in leads]])


def compared_recipe(name: str, task: Task, leads: tuple[str, ...] = STANDARD_LEADS) -> Recipe:
    """Return the recipe by which a network is compared: the benchmark's, with batches of 64 and a rate of its own."""
    recipe = benchmark_recipe(name, task)
    rate = next((rate for begin, rate in _RATE_OF if name.startswith(begin)), _RATE)
    if name.startswith(_CHALLENGE):
        rate = _CHALLENGE_RATE
    stages = tuple(replace(stage, learning_rate=rate) for stage in recipe.stages)
    return replace(recipe, stages=stages, batch_size=_BATCH, contract=replace(recipe.contract, leads=leads))


def _of_net(
    recipe: Recipe, records: TaskRecords, task: Task, out: Path, budget: Budget, report: Callable[[str], None]
) -> NetOutputs:
    leads = recipe.contract.leads
    folder = out / (task.name if leads == STANDARD_LEADS else f"{task.name}-{'-'.join(leads)}")
    outputs = np.full((len(records), len(task.outputs)), np.nan)
    runs = []
    for split in (one for one in task_splits(recipe, records) if len(one.held_out)):
        kept = folder / f"{recipe.net}-{split.run}.npz"
        run, given = _kept(kept, recipe, budget)
        if run is None or given is None:
            run, given = _run(recipe, records, split, task, folder, budget)
            _keep(kept, run, given, recipe, budget)
            words = f"{run.epochs} epochs, loss {run.losses[-1]:.4f}, {run.train_s:.0f} s"
            report(f"{task.name} {recipe.net} {split.run}: {words}")
        outputs[split.held_out] = given
        runs.append(run)
    net = _built(recipe, task)
    window = round(recipe.augmentation.crop_s * recipe.contract.sampling_rate_hz)
    name = recipe.net if len(leads) == len(STANDARD_LEADS) else f"{recipe.net} ({', '.join(leads)})"
    return NetOutputs(name, outputs, tuple(runs), count_parameters(net), count_flops(net, len(leads), window))


def _built(recipe: Recipe, task: Task) -> nn.Module:
    with torch.device("meta"):
        return build_net(recipe.net, len(recipe.contract.leads), len(task.outputs), **recipe.net_arguments)


def _run(
    recipe: Recipe, records: TaskRecords, split: Split, task: Task, folder: Path, budget: Budget
) -> tuple[GroupRun, Float64Array]:
    folder.mkdir(parents=True, exist_ok=True)
    epochs = affordable_epochs(recipe, records, split, budget, folder)
    own = replace(recipe, stages=tuple(replace(stage, epochs=epochs) for stage in recipe.stages))
    losses: list[float] = []
    checkpoint = folder / f"{recipe.net}-{split.run}.pt"
    begun = time.process_time()
    net = fit_task(own, records, split, checkpoint, False, lambda entry: losses.append(entry.loss))
    spent = time.process_time() - begun
    checkpoint.unlink(missing_ok=True)
    begun = time.process_time()
    given = answers(net, records, split.held_out, task)
    answered = time.process_time() - begun
    n_seen = len(split.trained) * epochs
    rates = n_seen / max(spent, 1e-9), len(split.held_out) / max(answered, 1e-9)
    return GroupRun(recipe.net, split.run, epochs, tuple(losses), spent, *rates), given


def affordable_epochs(recipe: Recipe, records: TaskRecords, split: Split, budget: Budget, folder: Path) -> int:
    """Return how many epochs of a network fit into the budget, from the time of a few batches; at least one.

    `folder`: where a checkpoint may lie for a moment.
    """
    probe = replace(recipe, stages=tuple(replace(stage, epochs=1) for stage in recipe.stages))
    checkpoint = folder / f"{recipe.net}-probe.pt"
    spent = 0.0
    # The first batch warms the library up and is not counted.
    for n_batches in (1, _PROBE_BATCHES):
        part = split.trained[: recipe.batch_size * n_batches]
        begun = time.process_time()
        fit_task(probe, records, replace(split, trained=part), checkpoint, False, lambda _entry: None)
        spent = time.process_time() - begun
    checkpoint.unlink(missing_ok=True)
    a_batch = spent / max(len(part) // recipe.batch_size, 1)
    n_batches = max(len(split.trained) // recipe.batch_size, 1)
    return int(np.clip(budget.seconds // (a_batch * n_batches), 1, budget.max_epochs))


def _keep(path: Path, run: GroupRun, given: Float64Array, recipe: Recipe, budget: Budget) -> None:
    stated = json.dumps({"run": asdict(run), "of": _identity(recipe, budget)})
    save_arrays(path, outputs=given, stated=np.array(stated))


def _kept(path: Path, recipe: Recipe, budget: Budget) -> tuple[GroupRun | None, Float64Array | None]:
    kept = saved_arrays(path)
    if not kept:
        return None, None
    stated = json.loads(str(kept["stated"]))
    if stated["of"] != _identity(recipe, budget):
        return None, None
    run = stated["run"]
    return GroupRun(**{**run, "losses": tuple(run["losses"])}), kept["outputs"].astype(np.float64)


def _identity(recipe: Recipe, budget: Budget) -> object:
    return json.loads(json.dumps({"recipe": recipe.as_dict(), "budget": asdict(budget)}))


def _ensemble(members: Sequence[NetOutputs]) -> NetOutputs:
    if not members:
        raise ConfigurationError("The ensemble has no members.", "Name networks beside it.")
    outputs: Float64Array = np.mean([one.outputs for one in members], axis=0)
    parameters, flops = sum(one.n_parameters for one in members), sum(one.flops for one in members)
    return NetOutputs(ENSEMBLE, outputs, (), parameters, flops)
