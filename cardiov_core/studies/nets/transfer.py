"""What a network gains from what it learned before, by how many records of its own it has (the benchmark's Fig. 3).

The paper goes from PTB-XL to another data set. Here both are PTB-XL, by folds, so of other patients: the network first
learns the statements of some folds, then the task on growing parts of other folds, and is judged on the last ones;
beside it the same network begins anew. Each run is kept in a file of its own, so that an interrupted study goes on.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cardiov_core.datasets import LabelledRecords, task_of
from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import counted_figure, counted_intervals, main_figure
from cardiov_core.studies.nets.compare import compared_recipe
from cardiov_core.training import (
    Recipe,
    Split,
    TaskRecords,
    answers,
    fine_tuned,
    fit_task,
    in_unit,
    load_task_records,
    one_thread,
    save_arrays,
    saved_arrays,
)

BEFORE_FOLDS, OWN_FOLDS, TEST_FOLDS = (1, 2, 3, 4), (5, 6, 7), (8, 9)
"""Folds for what is learned before, for the task itself, and for the figures."""

_BATCHES, _FEWEST = 4, 8
_LARGEST_BATCH = 64
"""At least four steps per epoch, however few records; a batch needs two."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class TransferPlan:
    """What is learned, and how often.

    Attributes
    ----------
    net : str
        Of `cardiov_core.nets.list_nets`.
    before, task : str
        Tasks of PTB-XL: what is learned first, and what the figures are of.
    sizes : tuple of int
        Records of the task's own folds; more than there are means all of them.
    epochs : int
        Of every training; a fine-tuning spends half of them on the head alone.
    seeds : int
        Trainings of each kind; each draws its own records.
    """

    net: str = "xresnet1d18"
    before: str = "all"
    task: str = "critical-value"
    sizes: tuple[int, ...] = (50, 100, 200, 400, 800)
    epochs: int = 20
    seeds: int = 3


@dataclass(frozen=True)
class TransferRow:
    """One size."""

    n: int  # records that were learned from
    anew: tuple[float, ...]  # the task's figure of each seed, begun anew
    tuned: tuple[float, ...]  # the same, begun after the other task
    # Mean of `tuned` less mean of `anew`, with its 95 % interval by patient; positive where transfer helps
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class TransferCheck:
    """All sizes, with what they stand on."""

    plan: TransferPlan  # what was done
    figure: str  # name of the figure
    rows: tuple[TransferRow, ...]  # the fewest records first
    n_before: int  # records with a label of the first task
    n_test: int  # records that the figures are of


def check_transfer(
    dataset: LabelledRecords,
    plan: TransferPlan,
    out: Path,
    *,
    report: Report = lambda _line: None,
    n_resamples: int = 500,
) -> TransferCheck:
    """Train a network on growing parts of a task, anew and after another task.

    Parameters
    ----------
    dataset : LabelledRecords
        PTB-XL or its cache; fold 10 is not read.
    plan : TransferPlan
        What to do.
    out : pathlib.Path
        Where windows and runs are kept.
    report : callable
        Gets a line per training.
    n_resamples : int
        Behind the intervals.

    Raises
    ------
    ConfigurationError
        If a network or task is unknown, a task is one of the challenges', or a size is too small.
    DatasetError
        If no record of the folds has a label.
    """
    first, task = task_of(plan.before), task_of(plan.task)
    if "cinc" in (first.source, task.source) or not plan.sizes or min(plan.sizes) < _FEWEST:
        raise ConfigurationError(
            f"Transfer from {plan.before} to {plan.task} on {plan.sizes} records cannot be studied.",
            f"Name tasks of PTB-XL and sizes of {_FEWEST} records or more.",
        )
    study = _Study(dataset, plan, out, report)
    with one_thread():
        outputs = {
            size: {tuned: [study.outputs(size, seed, tuned) for seed in range(plan.seeds)] for tuned in (False, True)}
            for size in study.sizes
        }
    rows = tuple(_row(study, size, own[False], own[True], n_resamples) for size, own in outputs.items())
    figure = "MAE in years" if task.kind == "number" else "macro AUC"
    return TransferCheck(plan, figure, rows, study.n_before, len(study.tested))


class _Study:
    """Records, recipes, and what was trained so far."""

    def __init__(self, dataset: LabelledRecords, plan: TransferPlan, out: Path, report: Report) -> None:
        self.plan, self.out, self.report = plan, out, report
        self.task = task_of(plan.task)
        self.recipe = _with_epochs(compared_recipe(plan.net, self.task), plan.epochs)
        self.before_recipe = _with_epochs(compared_recipe(plan.net, task_of(plan.before)), plan.epochs)
        kept, contract, folds = out / "windows.npz", self.recipe.contract, self.recipe.folds
        self.records = load_task_records(dataset, self.task, contract, folds, kept_in=kept)
        self._before = load_task_records(dataset, task_of(plan.before), contract, folds, kept_in=kept)
        self.tested = _in_folds(self.records, TEST_FOLDS)
        self._own = _in_folds(self.records, OWN_FOLDS)
        self._learned_before = _in_folds(self._before, BEFORE_FOLDS)
        self.n_before = len(self._learned_before)
        self.sizes = tuple(sorted({min(size, len(self._own)) for size in plan.sizes}))
        self._start: Mapping[str, Tensor] | None = None

    def outputs(self, size: int, seed: int, tuned: bool) -> Float64Array:
        """Return what a network answers to the tested records, trained or as it was kept."""
        kind = "tuned" if tuned else "anew"
        kept = self.out / f"{self.plan.net}-{self.plan.task}-{kind}-{size}-{seed}.npz"
        batch = min(_LARGEST_BATCH, size // _BATCHES)
        recipe = replace(self._tuned_recipe() if tuned else self.recipe, batch_size=batch)
        identity = json.dumps({"recipe": recipe.as_dict(), "plan": self._identity()}, sort_keys=True)
        kept_run = _kept(kept, identity)
        if "outputs" in kept_run:
            return kept_run["outputs"].astype(np.float64)
        chosen = np.sort(np.random.default_rng(seed).permutation(self._own)[:size])
        start = self._learned() if tuned else None
        net = self._fitted(recipe, self.records, chosen, f"{kind}-{size}-{seed}", seed, start)
        given = answers(net, self.records, self.tested, self.task)
        save_arrays(kept, identity=np.array(identity), outputs=given)
        targets = self.targets
        self.report(f"{size} records, seed {seed}, {kind}: {main_figure(self.task, targets, given):.3f}")
        return given

    @property
    def targets(self) -> Float64Array:
        """Labels of the tested records, in the task's unit."""
        return in_unit(self.task, self.records.targets[self.tested].double().numpy())

    def _identity(self) -> object:
        # Sizes and the number of seeds change no single run.
        return asdict(self.plan) | {"sizes": None, "seeds": None, "folds": (BEFORE_FOLDS, OWN_FOLDS, TEST_FOLDS)}

    def _tuned_recipe(self) -> Recipe:
        """Half of the epochs for the head alone, half for all layers: no more passes than begun anew."""
        recipe = fine_tuned(self.recipe, self.before_recipe.name)
        return _with_epochs(recipe, max(self.plan.epochs // 2, 1))

    def _learned(self) -> Mapping[str, Tensor]:
        """Return the weights after the first task."""
        if self._start is None:
            kept = self.out / f"{self.before_recipe.name}.npz"
            identity = json.dumps({"recipe": self.before_recipe.as_dict(), "plan": BEFORE_FOLDS}, sort_keys=True)
            state = _kept(kept, identity)
            if not state:
                net = self._fitted(self.before_recipe, self._before, self._learned_before, "before", 0, None)
                state = {key: value.detach().numpy() for key, value in net.state_dict().items()}
                save_arrays(kept, identity=np.array(identity), **state)
                self.report(f"{self.plan.before} on {self.n_before} records: learned")
            self._start = {key: torch.from_numpy(value) for key, value in state.items()}
        return self._start

    def _fitted(
        self,
        recipe: Recipe,
        records: TaskRecords,
        chosen: IntArray,
        run: str,
        seed: int,
        start: Mapping[str, Tensor] | None,
    ) -> torch.nn.Module:
        none = np.empty(0, dtype=np.int64)
        checkpoint = self.out / f"{run}.pt"
        split = Split(run, seed, chosen, none, none)
        net = fit_task(recipe, records, split, checkpoint, False, lambda _entry: None, start)
        checkpoint.unlink(missing_ok=True)
        return net


def _row(
    study: _Study, size: int, anew: Sequence[Float64Array], tuned: Sequence[Float64Array], n_resamples: int
) -> TransferRow:
    task, n_seeds = study.task, len(anew)
    sign = -1.0 if task.kind == "number" else 1.0

    counted = [counted_figure(task, study.targets, outputs) for outputs in (*anew, *tuned)]

    def gain(counts: Float64Array) -> Float64Array:
        values = np.concatenate([figure(counts) for figure in counted])
        gained: Float64Array = sign * (values[n_seeds:].mean(axis=0) - values[:n_seeds].mean(axis=0))
        return gained[np.newaxis]

    patients = study.records.table["patient_id"].to_numpy(dtype=str)[study.tested]
    (interval,) = counted_intervals(gain, len(patients), groups=patients, n_resamples=n_resamples)
    values = [main_figure(task, study.targets, outputs) for outputs in (*anew, *tuned)]
    return TransferRow(
        n=size,
        anew=tuple(values[:n_seeds]),
        tuned=tuple(values[n_seeds:]),
        gain=sign * float(np.mean(values[n_seeds:]) - np.mean(values[:n_seeds])),
        low=float(interval.low),
        high=float(interval.high),
    )


def _in_folds(records: TaskRecords, folds: tuple[int, ...]) -> IntArray:
    return np.flatnonzero(records.table["fold"].isin(folds).to_numpy())


def _with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    return replace(recipe, stages=tuple(replace(stage, epochs=epochs) for stage in recipe.stages))


def _kept(path: Path, identity: str) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a run that was the same; empty where there is none."""
    kept = dict(saved_arrays(path))
    return kept if kept and str(kept.pop("identity")) == identity else {}


def transfer_text(check: TransferCheck) -> str:
    """Return the study as Markdown."""
    lines = ["| records | begun anew | fine-tuned | gain (95 %) |", "|---|---|---|---|"]
    for row in check.rows:
        gain = f"{row.gain:+.3f} ({row.low:+.3f} to {row.high:+.3f})"
        lines.append(f"| {row.n} | {_seeds(row.anew)} | {_seeds(row.tuned)} | {gain} |")
    plan = check.plan
    lines += [
        "",
        f"{check.figure} of {plan.net} on {plan.task}, mean of {plan.seeds} seeds (least to most), {check.n_test} "
        f"records of folds {_words(TEST_FOLDS)}; fine-tuned after {plan.before} on {check.n_before} records of folds "
        f"{_words(BEFORE_FOLDS)}. {plan.epochs} epochs each; intervals by patient, of these trainings.",
    ]
    return "\n".join(lines) + "\n"


def _seeds(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def _words(folds: Sequence[int]) -> str:
    return ", ".join(map(str, folds))


def write_transfer(check: TransferCheck, out: Path) -> None:
    """Write the study as ``transfer.md``, ``transfer.csv`` and ``transfer.png`` into a folder.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    heads = "records,kind,seed,figure\n"
    rows = [
        f"{row.n},{kind},{seed},{value:.6g}\n"
        for row in check.rows
        for kind, values in (("anew", row.anew), ("tuned", row.tuned))
        for seed, value in enumerate(values)
    ]
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "transfer.md").write_text(transfer_text(check), encoding="utf-8")
        (out / "transfer.csv").write_text(heads + "".join(rows), encoding="utf-8")
        _draw(check, out / "transfer.png")
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.", "Name another folder for --out.") from error


def _draw(check: TransferCheck, target: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    sizes = [row.n for row in check.rows]
    for label, marker, values in (
        ("begun anew", "o", [row.anew for row in check.rows]),
        (f"fine-tuned after {check.plan.before}", "s", [row.tuned for row in check.rows]),
    ):
        means = np.array([np.mean(own) for own in values])
        spread = np.array([[np.mean(own) - min(own), max(own) - np.mean(own)] for own in values]).T
        axes.errorbar(sizes, means, yerr=spread, fmt=f"{marker}-", capsize=3, label=label)
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(f"records of {check.plan.task} that were learned from")
    axes.set_ylabel(f"{check.figure}, {check.n_test} other records")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="best")
    figure.savefig(target, dpi=100, format="png")
