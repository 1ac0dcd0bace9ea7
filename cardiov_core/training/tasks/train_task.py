"""A training on a task, whole: cross-validation, the final network, weights with a card, out-of-fold outputs."""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from cardiov_core.datasets import LabelledRecords, Task, task_of
from cardiov_core.domain import Float64Array, IntArray, JsonObject
from cardiov_core.errors import TrainingError, WeightsError
from cardiov_core.evaluation import TaskFigures, task_figures
from cardiov_core.nets import Crnn, build_net, count_parameters, seeded
from cardiov_core.training.data.records import TrainingRecords
from cardiov_core.training.data.split import Split, splits_of
from cardiov_core.training.graders.network import CURVE_NAME, LOG_NAME, claim, one_thread, reporter
from cardiov_core.training.loop.curve import Report, draw_curve
from cardiov_core.training.loop.fit import fit, logits_of
from cardiov_core.training.recipes.network import Recipe
from cardiov_core.training.tasks.task_card import CARD_SUFFIX, HINT, TaskCard, load_task_network
from cardiov_core.training.tasks.task_records import (
    AGE_MEAN,
    AGE_SD,
    TaskRecords,
    load_task_records,
    steady,
    undersampled,
)
from cardiov_core.weights import load_network, state_bytes, write_with_card


@dataclass(frozen=True)
class TaskTraining:
    """What a training on a task leaves behind."""

    card_path: Path  # the card; weights and out-of-fold outputs lie beside it
    figures: TaskFigures  # out of fold


def train_task(
    recipe: Recipe,
    source: LabelledRecords | Path,
    out: Path,
    *,
    resume: bool = False,
    progress: bool = False,
    n_resamples: int = 1000,
) -> TaskTraining:
    """Cross-validate a recipe on its task, train the final network and write weights, card and out-of-fold outputs.

    Parameters
    ----------
    recipe : Recipe
        With a task other than a grader's.
    source : LabelledRecords or pathlib.Path
        PTB-XL, or a folder of challenge records.
    out : pathlib.Path
        Folder of the results.
    resume : bool
        Go on where an interrupted training of the same recipe stopped.
    progress : bool
        Show a progress bar on stderr.
    n_resamples : int
        Behind the intervals.

    Raises
    ------
    DatasetError
        If no record has a label of the task.
    TrainingError
        If `out` holds another training, or there are too few records.
    """
    task = task_of(recipe.task)
    out.mkdir(parents=True, exist_ok=True)
    claim(out, recipe, source, resume)
    records = load_task_records(source, task, recipe.contract, recipe.read_folds, progress=progress)
    start = start_weights(recipe, out)
    outputs = np.full((len(records), len(task.outputs)), np.nan)
    epochs = sum(recipe.epochs_of(stage) for stage in recipe.stages)
    splits = task_splits(recipe, records)
    with one_thread(), tqdm(total=epochs * len(splits), disable=not progress, unit="epoch") as bar:
        report = reporter(out, bar)
        for split in splits:
            net = fit_task(recipe, records, split, out / "checkpoints" / f"{split.run}.pt", resume, report, start)
            if len(split.held_out):
                outputs[split.held_out] = answers(net, records, split.held_out, task)
    draw_curve(out / LOG_NAME, out / CURVE_NAME)
    graded = np.flatnonzero(~np.isnan(outputs[:, 0]))
    patients = records.table["patient_id"].tolist()
    figures = task_figures(
        task,
        in_unit(task, records.targets[graded].double().numpy()),
        outputs[graded],
        [patients[index] for index in graded],
        n_resamples=n_resamples,
    )
    figures = with_health(figures, task, records, graded, outputs, n_resamples)
    _write_outputs(out / f"{recipe.name}.oof.csv", task, records, graded, outputs)
    return TaskTraining(_write_card(net, recipe, task, figures, out), figures)


def with_health(
    figures: TaskFigures, task: Task, records: TaskRecords, graded: IntArray, outputs: Float64Array, n_resamples: int
) -> TaskFigures:
    """Return the figures of age and sex with those of records with NORM as their only diagnosis, and of the others."""
    if task.name not in ("age", "sex"):
        return figures
    targets = in_unit(task, records.targets.double().numpy())
    healthy = records.table["healthy"].to_numpy(dtype=bool)
    patients = records.table["patient_id"].to_numpy()
    more = dict(figures.more)
    for name, kept in {"healthy": healthy, "non_healthy": ~healthy}.items():
        rows = graded[kept[graded]]
        if len(rows):
            own = task_figures(task, targets[rows], outputs[rows], patients[rows].tolist(), n_resamples=n_resamples)
            more[name] = own.as_json()
    return replace(figures, more=more)


def task_splits(recipe: Recipe, records: TaskRecords) -> list[Split]:
    """Return the networks of a training, one per group and the final one."""
    levels = torch.zeros(len(records), dtype=torch.int64)
    return splits_of(recipe, TrainingRecords(records.windows, levels, records.table, records.rows))


def fit_task(
    recipe: Recipe,
    records: TaskRecords,
    split: Split,
    checkpoint: Path,
    resume: bool,
    report: Report,
    start: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """Train one network of a training on a task; arguments as in `cardiov_core.training.loop.fit.fit`."""
    with_person = _tells_person(task_of(recipe.task)) and takes_person(recipe)
    clean = steady(records, split.trained, recipe.sd_mv)
    chosen = undersampled(records, clean, recipe.undersampling, split.seed)
    return fit(
        recipe,
        records.data(chosen, with_person=with_person),
        run=split.run,
        seed=split.seed,
        checkpoint=checkpoint,
        resume=resume,
        report=report,
        validation=records.data(split.validated, with_person=with_person) if len(split.validated) else None,
        start=start,
    )


def takes_person(recipe: Recipe) -> bool:
    """Tell whether a recipe's network takes age and sex beside the signal."""
    with torch.device("meta"):
        net = build_net(recipe.net, len(recipe.contract.leads), 1, **recipe.net_arguments)
    return bool(getattr(net, "n_person", 0))


def answers(net: nn.Module, records: TaskRecords, chosen: IntArray, task: Task) -> Float64Array:
    """Return probabilities, or numbers in their unit, for some records; ``(len(chosen), outputs)``."""
    data = records.data(chosen, with_person=_tells_person(task) and bool(getattr(net, "n_person", 0)))
    raw = logits_of(net, data).double()
    outputs: Float64Array = raw.numpy() if task.kind == "number" else torch.sigmoid(raw).numpy()
    return in_unit(task, outputs)


def _tells_person(task: Task) -> bool:
    """Tell whether a network may know age and sex: not where they are what it is asked for."""
    return task.name not in ("age", "sex")


def in_unit(task: Task, numbers: Float64Array) -> Float64Array:
    """Return what a network learned as it is stated: ages in years, everything else as it is."""
    return numbers * AGE_SD + AGE_MEAN if task.kind == "number" else numbers


def start_weights(recipe: Recipe, out: Path) -> Mapping[str, Tensor] | None:
    """Return the weights that a recipe begins with, of a task network or of a grader; None where there are none."""
    name = recipe.pretraining.start
    if not name:
        return None
    card = out.parent / name / f"{name}{CARD_SUFFIX}"
    if card.is_file():
        net, stated = load_task_network(card)
        if stated.contract.leads == recipe.contract.leads:
            return net.state_dict()
        return _of_fewer_leads(net, stated, recipe)
    grader = out.parent / name / f"{name}.json"
    if not grader.is_file():
        raise WeightsError(f"There is no training {name} beside {out.name}.", HINT)
    return load_network(grader)[0].state_dict()


def _of_fewer_leads(net: nn.Module, stated: TaskCard, recipe: Recipe) -> Mapping[str, Tensor]:
    """Return what a network of some leads begins with, from a lead-wise network of more."""
    known, wanted = stated.contract.leads, recipe.contract.leads
    part = None
    if isinstance(net, Crnn) and set(wanted) < set(known):
        # What stands behind the backbone begins anew.
        with seeded(recipe.seed):
            part = net.of_leads([known.index(lead) for lead in wanted])
    if part is None:
        raise WeightsError(
            f"{stated.name} reads {', '.join(known)} and cannot give a network of {', '.join(wanted)} its weights.",
            "Begin with a lead-wise network, branched_lw, of more leads.",
        )
    return part.state_dict()


def _write_card(net: nn.Module, recipe: Recipe, task: Task, figures: TaskFigures, out: Path) -> Path:
    if any(not bool(torch.isfinite(value).all()) for value in net.state_dict().values()):
        raise TrainingError("A weight is not finite.", "Lower the learning rate in the recipe.")
    content = state_bytes(net.state_dict(), "float32")
    stated = recipe.as_dict()
    card: JsonObject = {
        "name": recipe.name,
        "task": task.name,
        "outputs": list(task.outputs),
        "net": recipe.net,
        "net_arguments": stated["net_arguments"],
        "contract": stated["contract"],
        "n_parameters": count_parameters(net),
        "sha256": hashlib.sha256(content).hexdigest(),
        "figures": figures.as_json(),
        "figures_of": f"out of fold, {recipe.cv_groups} groups of whole folds" if recipe.cv_groups else "validation",
        "recipe": stated,
        "intended_use": "Research and education. Not a medical device.",
    }
    return write_with_card(out / f"{recipe.name}{CARD_SUFFIX}", card, content)


def _write_outputs(path: Path, task: Task, records: TaskRecords, graded: IntArray, outputs: Float64Array) -> None:
    labels = in_unit(task, records.targets.double().numpy())
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ecg_id", "patient_id", "fold", *(f"label_{n}" for n in task.outputs), *task.outputs])
        for index in graded:
            row = records.table.iloc[index]
            numbers = [f"{value:g}" for value in labels[index]] + [f"{value:.6g}" for value in outputs[index]]
            writer.writerow([row["ecg_id"], row["patient_id"], row["fold"], *numbers])
