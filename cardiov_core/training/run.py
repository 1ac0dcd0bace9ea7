"""A training, whole: cross-validation, the final network, the weights with their model card."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from tqdm import tqdm

from cardiov_core import ordinal
from cardiov_core.datasets import PtbXl
from cardiov_core.errors import TrainingError
from cardiov_core.training.card import build_card
from cardiov_core.training.loop import exceedances_of, fit
from cardiov_core.training.recipe import Recipe
from cardiov_core.training.records import TrainingRecords, load_records
from cardiov_core.weights import save

FloatMatrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves behind.

    Attributes
    ----------
    card_path : pathlib.Path
        Model card; the weights and the out-of-fold table lie beside it.
    metrics : mapping
        The card's cross-validated figures.
    """

    card_path: Path
    metrics: Mapping[str, Any]


def train(recipe: Recipe, dataset: PtbXl, out: Path, *, resume: bool = False, progress: bool = False) -> TrainingResult:
    """Cross-validate a recipe, train the final network on all its folds and write weights with their card.

    Parameters
    ----------
    recipe : Recipe
        What to do.
    dataset : PtbXl
        What to train on.
    out : pathlib.Path
        Folder for checkpoints, the log (``log.jsonl``) and the results.
    resume : bool
        Go on where an interrupted training of the same recipe in `out` stopped.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    TrainingResult
        Where the results are.

    Raises
    ------
    DatasetError
        If the recipe's folds are not in the data set.
    TrainingError
        If `out` holds another training, or there are too few records.
    """
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, recipe, dataset, resume)
    records = load_records(dataset, recipe)
    groups = records.groups(recipe.cv_groups)
    epochs = sum(stage.epochs for stage in recipe.stages)
    # Two threads add up in another order than one: a training is repeatable only with a fixed number.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tqdm(total=epochs * (recipe.cv_groups + 1), disable=not progress, unit="epoch") as bar:
            exceedances = _cross_validate(recipe, records, groups, out, resume, _reporter(out, bar))
            final = fit(
                recipe,
                records.windows,
                records.levels,
                run="final",
                seed=recipe.seed,
                checkpoint=out / "checkpoints" / "final.pt",
                resume=resume,
                report=_reporter(out, bar),
            )
    finally:
        torch.set_num_threads(threads)
    table = out_of_fold_table(records.table, exceedances)
    card = build_card(recipe, table, dataset)
    card_path = save(final, card, out, out_of_fold=table, storage="float16")
    return TrainingResult(card_path, card["metrics"])


def _cross_validate(
    recipe: Recipe,
    records: TrainingRecords,
    groups: npt.NDArray[np.int64],
    out: Path,
    resume: bool,
    report: Callable[[Mapping[str, Any]], None],
) -> FloatMatrix:
    """Return the raw exceedances of every record by a network that has not seen its patient."""
    exceedances = np.full((len(records), 3), np.nan)
    for group in range(recipe.cv_groups):
        held_out = np.flatnonzero(groups == group)
        kept = np.flatnonzero(groups != group)
        if not len(held_out):
            raise TrainingError(
                f"No record falls into group {group + 1} of {recipe.cv_groups}.",
                "Lower cv_groups in the recipe, or give more folds.",
            )
        net = fit(
            recipe,
            records.windows[kept],
            records.levels[kept],
            run=f"group-{group + 1}",
            seed=recipe.seed * 100 + group,
            checkpoint=out / "checkpoints" / f"group-{group + 1}.pt",
            resume=resume,
            report=report,
        )
        exceedances[held_out] = exceedances_of(net, records.windows[held_out]).numpy()
    return exceedances


def out_of_fold_table(table: pd.DataFrame, exceedances: FloatMatrix) -> pd.DataFrame:
    """Join the records' table with their out-of-fold predictions.

    Parameters
    ----------
    table : pandas.DataFrame
        As in `TrainingRecords`.
    exceedances : numpy.ndarray
        Raw, ``(n, 3)``.

    Returns
    -------
    pandas.DataFrame
        With e0-e2 (raw exceedances) and p0-p3 (decoded probabilities), rounded to six places, and level (argmax).
    """
    rounded = np.round(exceedances, 6)
    probabilities = ordinal.decode(rounded)
    columns = {f"e{i}": rounded[:, i] for i in range(3)} | {f"p{i}": probabilities[:, i].round(6) for i in range(4)}
    return table.assign(level=probabilities.argmax(axis=1), **columns)


def _claim(out: Path, recipe: Recipe, dataset: PtbXl, resume: bool) -> None:
    """Keep the recipe beside the results and refuse to mix two trainings."""
    path = out / "recipe.json"
    corrected = {} if dataset.corrected is None else {"corrected_labels": dataset.corrected.sha256}
    text = json.dumps(recipe.as_dict() | corrected, indent=2, sort_keys=True)
    if path.exists() and resume and path.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{out.name} holds a training by another recipe or other corrected labels.",
            "Choose an empty folder, or recipe and labels that it began with.",
        )
    if not resume:
        (out / "log.jsonl").unlink(missing_ok=True)
        for checkpoint in (out / "checkpoints").glob("*.pt"):
            checkpoint.unlink()
    path.write_text(text, encoding="utf-8")


def _reporter(out: Path, bar: "tqdm[Any]") -> Callable[[Mapping[str, Any]], None]:
    def report(entry: Mapping[str, Any]) -> None:
        with (out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        bar.set_postfix_str(f"{entry['run']} {entry['stage']} loss {entry['loss']:.3f}")
        bar.update()

    return report
