"""A forest's training, whole: measurements, nested cross-validation, calibration, prediction sets, weights and card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cardiov_core import ordinal
from cardiov_core.datasets import LabelledRecords, whole_records
from cardiov_core.domain import Severity
from cardiov_core.domain.arrays import Float64Array, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.inference.graders.forest import forest_probabilities
from cardiov_core.inference.graders.measurements import exceedances_of
from cardiov_core.inference.uncertainty.calibration import Calibration, fit_calibration
from cardiov_core.inference.uncertainty.conformal import fit_limit
from cardiov_core.signals import measure
from cardiov_core.signals.features import features_of
from cardiov_core.training.cards.forest import described_forest
from cardiov_core.training.cards.probabilities import proven
from cardiov_core.training.data.records import checked_table, groups_of, ids_of, row_of
from cardiov_core.training.graders.trunk import TrainingResult, finish
from cardiov_core.training.loop.forest_growth import grow
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.weights import save_forest


@dataclass(frozen=True, eq=False)
class NestedPredictions:
    """What forests said of records that neither grew nor calibrated them.

    Attributes
    ----------
    raw : numpy.ndarray, shape (n, 3)
        Exceedances before calibration.
    calibrated : numpy.ndarray, shape (n, 3)
        After a calibration that was fitted without the record's group.
    limits : numpy.ndarray, shape (n,)
        Limit of the record's prediction set, fitted without its group.
    """

    raw: Float64Array
    calibrated: Float64Array
    limits: Float64Array


def train_forest(
    recipe: ForestRecipe, dataset: LabelledRecords, out: Path, *, progress: bool = False
) -> TrainingResult:
    """Measure the records, cross-validate, grow the final forest and write weights with their card.

    The same data, recipe and versions give the same trees; thresholds on intervals may differ in their last bit,
    since the delineator's networks do not always add up alike.

    Parameters
    ----------
    recipe : ForestRecipe
        What to do.
    dataset : LabelledRecords
        What to train on: a tree, since whole records are measured.
    out : pathlib.Path
        Folder of the results.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    TrainingResult
        Where the results are.

    Raises
    ------
    DatasetError
        If the recipe's folds are not in the data set, or it is a cache.
    TrainingError
        If a level is missing from the records, or a group is empty.
    """
    tree = whole_records(dataset)
    rows: list[Float64Array] = []
    table: list[dict[str, Any]] = []
    ecg_ids = ids_of(tree, recipe.folds)
    for record, marks in tqdm(tree.read(ecg_ids), disable=not progress, unit="record", total=len(ecg_ids)):
        table.append(row_of(tree, ecg_ids[len(table)], marks))
        rows.append(features_of(record, measure(record)))
    features, joined = np.stack(rows), checked_table(table)
    levels = joined["label"].to_numpy(dtype=np.int64)
    absent = sorted(set(map(int, Severity)) - set(levels.tolist()))
    if absent:
        raise TrainingError(
            f"No record of level {', '.join(map(str, absent))} is in the recipe's folds.", "Give more records."
        )
    nested = cross_validate(recipe, features, levels, groups_of(joined, recipe.cv_groups), progress=progress)
    calibration = fit_calibration(nested.raw, levels)
    honest = proven(
        calibration,
        fit_limit(ordinal.decode(calibration(nested.raw)), levels),
        nested.raw,
        nested.calibrated,
        nested.limits,
        levels,
        joined["patient_id"].to_numpy(dtype=str),
        kind="temperature_offsets",
    )
    forest = grow(recipe, features, levels, recipe.seed)
    return finish(
        recipe,
        dataset,
        joined,
        honest,
        described_forest(recipe),
        lambda card, graded: save_forest(forest, card, out, out_of_fold=graded),
    )


def cross_validate(
    recipe: ForestRecipe, features: Float64Array, levels: IntArray, groups: IntArray, *, progress: bool = False
) -> NestedPredictions:
    """Grade each group of patients by a forest, a calibration and a limit that never saw it.

    Calibration and limit of a group are fitted on predictions that are out-of-fold among the other groups.

    Parameters
    ----------
    recipe : ForestRecipe
        What to grow.
    features : numpy.ndarray, shape (n, n_features)
        NaN where a number is missing.
    levels, groups : numpy.ndarray of int, shape (n,)
        Labels, and the group of each record.
    progress : bool
        Show a progress bar on stderr.
    """
    names = np.unique(groups)
    if len(names) < _FEWEST_GROUPS:
        raise TrainingError(
            f"{len(names)} groups of patients are too few for a nested cross-validation.", "Give more folds."
        )
    raw, calibrated = np.full((len(levels), 3), np.nan), np.full((len(levels), 3), np.nan)
    limits = np.full(len(levels), np.nan)
    with tqdm(total=len(names) ** 2, disable=not progress, unit="forest") as bar:
        for outer in names:
            inner = np.full((len(levels), 3), np.nan)
            for name in names[names != outer]:
                kept = (groups != outer) & (groups != name)
                inner[groups == name] = _graded(recipe, features, levels, kept, groups == name)
                bar.update()
            rest = groups != outer
            calibration = fit_calibration(inner[rest], levels[rest])
            raw[~rest] = _graded(recipe, features, levels, rest, ~rest)
            bar.update()
            calibrated[~rest] = calibration(raw[~rest])
            limits[~rest] = fit_limit(_decoded(calibration, inner[rest]), levels[rest])
    return NestedPredictions(raw, calibrated, limits)


_FEWEST_GROUPS = 3


def _graded(
    recipe: ForestRecipe,
    features: Float64Array,
    levels: IntArray,
    kept: npt.NDArray[np.bool_],
    held_out: npt.NDArray[np.bool_],
) -> Float64Array:
    forest = grow(recipe, features[kept], levels[kept], recipe.seed)
    return exceedances_of(forest_probabilities(forest, features[held_out]))


def _decoded(calibration: Calibration, exceedances: Float64Array) -> Float64Array:
    return ordinal.decode(calibration(exceedances))
