"""``cardiov train`` and ``models``: graders, made and listed; and what commands on PTB-XL share."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from cardiov_core.cli.options import labels_option

if TYPE_CHECKING:
    from cardiov_core.datasets import PtbXl, PtbXlCache
    from cardiov_core.training import BlendRecipe, BoostingRecipe, ForestRecipe, Recipe

_FOLDS = range(1, 11)


class Folds(click.ParamType[tuple[int, ...]]):
    """Folds as ``10``, ``1-9`` or ``1,3,5-7``."""

    name = "folds"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the folds in their order; what is none is a wrong use of the option."""
        if isinstance(value, tuple):
            return value
        folds: set[int] = set()
        for part in value.split(","):
            first, _, last = part.strip().partition("-")
            if not (first.isdecimal() and (not last or last.isdecimal())):
                self.fail(f"{value!r} is no list of folds: write 10, 1-9 or 1,3,5-7.", param, ctx)
            folds.update(range(int(first), int(last or first) + 1))
        if not folds or not folds <= set(_FOLDS):
            self.fail(f"{value!r}: PTB-XL's folds are 1 to 10, the smaller one first.", param, ctx)
        return tuple(sorted(folds))


@click.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="A recipe as a TOML file.")
@click.option("--recipe", "recipe_name", metavar="NAME", help="A recipe that comes with CardioV.")
@click.option("--net", "net_name", metavar="NAME", help="A network of `cardiov networks`, by its paper's training.")
@click.option(
    "--task",
    "task_name",
    metavar="NAME",
    help="With --net: critical-value (the default, makes a grader), all, diagnostic, subdiagnostic, superdiagnostic, "
    "form, rhythm, age, sex, cinc2020 or cinc2021.",
)
@click.option(
    "--start",
    metavar="NAME",
    help="With --net: begin with the weights of the training of that name beside --out, and a new head.",
)
@click.option("--leads", "lead_names", metavar="NAMES", help="With --task: feed the network these leads, as I,II,V2.")
@click.option("--seed", type=int, metavar="N", help="With --net: another seed than 1, as for members of an ensemble.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of PTB-XL; of CinC records for their tasks.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@labels_option
@click.option(
    "--max-epochs",
    type=click.IntRange(min=1),
    metavar="N",
    help="End every stage after N epochs, where the recipe has more; the model card says that it was cut short.",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoints in --out.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes of this machine that train a network together, one per GPU; torchrun joins several machines.",
)
def train(
    config: Path | None,
    recipe_name: str | None,
    net_name: str | None,
    task_name: str | None,
    start: str | None,
    lead_names: str | None,
    seed: int | None,
    data: Path,
    out: Path,
    labels_file: Path | None,
    max_epochs: int | None,
    resume: bool,
    processes: int,
) -> None:
    """Train a grader, or a network on another task: checkpoints, log, and at the end weights with their card."""
    if sum(given is not None for given in (config, recipe_name, net_name)) != 1:
        raise click.UsageError("Give one of --config FILE, --recipe NAME and --net NAME.")
    if net_name is None and (task_name, start, lead_names, seed) != (None, None, None, None):
        raise click.UsageError("--task, --start, --leads and --seed go with --net NAME; a recipe names its own.")
    from cardiov_core import training

    if net_name is None:
        recipe = training.load_recipe(config or recipe_name or "")
    else:
        recipe = _recipe_of(net_name, task_name or training.CRITICAL_VALUE, start, lead_names)
        recipe = recipe if seed is None else replace(recipe, seed=seed)
    if max_epochs is not None and not isinstance(recipe, training.Recipe):
        raise click.UsageError(f"{recipe.name} trains no network: leave --max-epochs out.")
    if isinstance(recipe, training.Recipe) and recipe.task != training.CRITICAL_VALUE:
        if processes > 1:
            raise click.UsageError("Networks on other tasks than the critical value are trained by one process.")
        _train_task(replace(recipe, max_epochs=max_epochs), data, out, labels_file, resume)
        return
    dataset = labelled_of(data, labels_file)
    if processes > 1 and not training.started_by_torchrun():
        if not isinstance(recipe, training.Recipe):
            raise click.UsageError(f"{recipe.name} trains no network: leave --processes out.")
        training.check_processes(recipe, processes)
        given = {
            "--config": config, "--recipe": recipe_name, "--net": net_name, "--data": data, "--out": out,
            "--labels": labels_file, "--max-epochs": max_epochs,
        }  # fmt: skip
        arguments = ["train", *(str(part) for one in given.items() if one[1] is not None for part in one)]
        _become(training.torchrun_command(processes, [*arguments, *(["--resume"] if resume else [])]))
    _train_grader(recipe, dataset, out, max_epochs, resume)


def _recipe_of(net: str, task: str, start: str | None, lead_names: str | None) -> "Recipe":
    from cardiov_core import training
    from cardiov_core.domain import STANDARD_LEADS

    leads = STANDARD_LEADS if lead_names is None else tuple(name.strip() for name in lead_names.split(","))
    if not set(leads) <= set(STANDARD_LEADS) or len(set(leads)) < len(leads):
        raise click.UsageError(f"--leads {lead_names}: name some of {', '.join(STANDARD_LEADS)}, each once.")
    recipe = training.recipe_for(net, task, leads=leads)
    if task == training.CRITICAL_VALUE:
        if leads != STANDARD_LEADS:
            raise click.UsageError("--leads is for other tasks; no grader takes records of fewer than twelve leads.")
        if start is not None:
            raise click.UsageError("--start is for other tasks; a grader's recipe names it under pretraining.")
        return training.as_grader(recipe)
    return recipe if start is None else training.fine_tuned(recipe, start)


def _train_grader(
    recipe: "Recipe | ForestRecipe | BoostingRecipe | BlendRecipe",
    dataset: "PtbXl | PtbXlCache",
    out: Path,
    max_epochs: int | None,
    resume: bool,
) -> None:
    from cardiov_core import training

    if isinstance(recipe, training.ForestRecipe | training.BoostingRecipe):
        # Trees grow in a minute or two: there is nothing to go on from.
        result = training.train_trees(recipe, dataset, out, progress=sys.stderr.isatty())
    elif isinstance(recipe, training.BlendRecipe):
        result = training.train_blend(recipe, dataset, out)
    else:
        recipe = replace(recipe, max_epochs=max_epochs)
        result = training.train(recipe, dataset, out, resume=resume, progress=sys.stderr.isatty())
    if training.is_first_of_torchrun():
        click.echo(result.card_path)


def _train_task(recipe: "Recipe", data: Path, out: Path, labels_file: Path | None, resume: bool) -> None:
    from cardiov_core import training
    from cardiov_core.datasets import task_of

    source = data if task_of(recipe.task).source == "cinc" else labelled_of(data, labels_file)
    result = training.train_task(recipe, source, out, resume=resume, progress=sys.stderr.isatty())
    click.echo(result.card_path)


def _become(command: list[str]) -> NoReturn:
    """Go on as another command, so that whoever ends this process ends that one."""
    # One thread each, as in a training alone; torchrun would say so in a warning.
    os.execve(command[0], command, {"OMP_NUM_THREADS": "1", **os.environ})  # noqa: S606 - no shell


def ptbxl_of(folder: Path, labels_file: Path | None = None) -> "PtbXl":
    """Return the PTB-XL of a folder, or of its ``ptb-xl-subset``, with corrected labels where a file is named.

    A cache of ``cardiov data prepare`` is refused: it has no whole records.
    """
    from cardiov_core.datasets import PtbXlCache, no_whole_records

    labelled = labelled_of(folder, labels_file)
    if isinstance(labelled, PtbXlCache):
        raise no_whole_records(labelled.source_name)
    return labelled


def labelled_of(folder: Path, labels_file: Path | None = None) -> "PtbXl | PtbXlCache":
    """Return the same, where a cache will do."""
    from cardiov_core.datasets import PtbXl, PtbXlCache, is_cache, read_labels

    inner = folder / "ptb-xl-subset"
    corrected = None if labels_file is None else read_labels(labels_file)
    if is_cache(folder):
        return PtbXlCache(folder, corrected)
    return PtbXl(inner if inner.is_dir() else folder, corrected)
