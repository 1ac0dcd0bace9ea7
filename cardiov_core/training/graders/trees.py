"""A training of trees, whole: measurements, cross-validation, calibration, prediction sets, costs, weights and card."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from cardiov_core.datasets import LabelledRecords, whole_records
from cardiov_core.domain import Float64Array, IntArray, Severity
from cardiov_core.errors import TrainingError
from cardiov_core.inference import boosting_probabilities, exceedances_of, forest_probabilities
from cardiov_core.training.cards.forest import described_boosting, described_forest
from cardiov_core.training.cards.probabilities import nested_calibration
from cardiov_core.training.data.measured import measured_records
from cardiov_core.training.data.records import groups_of
from cardiov_core.training.graders.trunk import TrainingResult, finish
from cardiov_core.training.loop.boosting_growth import boost
from cardiov_core.training.loop.forest_growth import grow
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.weights import Boosting, Forest, NewCard, save_boosting, save_forest

TreesRecipe = ForestRecipe | BoostingRecipe

_FEWEST_GROUPS = 3


def train_trees(recipe: TreesRecipe, dataset: LabelledRecords, out: Path, *, progress: bool = False) -> TrainingResult:
    """Measure the records, cross-validate, grow the final trees and write weights with their card.

    The same data, recipe and versions give the same trees; thresholds on intervals may differ in their last bit,
    since the delineator's networks do not always add up alike.

    Parameters
    ----------
    recipe : ForestRecipe or BoostingRecipe
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
    records = measured_records(whole_records(dataset), recipe.folds, progress=progress)
    levels = records.table["label"].to_numpy(dtype=np.int64)
    absent = sorted(set(map(int, Severity)) - set(levels.tolist()))
    if absent:
        raise TrainingError(
            f"No record of level {', '.join(map(str, absent))} is in the recipe's folds.", "Give more records."
        )
    groups = groups_of(records.table, recipe.cv_groups)
    raw = cross_validate(recipe, records.numbers, levels, groups, progress=progress)
    nested = nested_calibration(
        raw, levels, groups, records.table["patient_id"].to_numpy(dtype=str), floors=records.floors
    )
    trees = grown(recipe, records.numbers, levels)

    def write(card: NewCard, table: pd.DataFrame | None) -> Path:
        if isinstance(trees, Forest):
            return save_forest(trees, card, out, out_of_fold=table)
        return save_boosting(trees, card, out, out_of_fold=table)

    described = described_forest(recipe) if isinstance(recipe, ForestRecipe) else described_boosting(recipe)
    return finish(recipe, dataset, records.table, nested, described, write)


def cross_validate(
    recipe: TreesRecipe,
    features: Float64Array,
    levels: IntArray,
    groups: IntArray,
    *,
    judged_by: Float64Array | None = None,
    progress: bool = False,
) -> Float64Array:
    """Return exceedances ``(n, 3)`` of each group of patients by trees that never saw it.

    Parameters
    ----------
    recipe : ForestRecipe or BoostingRecipe
        What to grow.
    features : numpy.ndarray, shape (n, n_features)
        NaN where a number is missing.
    levels, groups : numpy.ndarray of int, shape (n,)
        Labels, and the group of each record.
    judged_by : numpy.ndarray, optional
        Other numbers of the same records, by which those of a group are judged; the same as they are grown on by
        default.
    progress : bool
        Show a progress bar on stderr.
    """
    judged = features if judged_by is None else judged_by
    names = np.unique(groups)
    if len(names) < _FEWEST_GROUPS:
        raise TrainingError(f"{len(names)} groups of patients are too few for a cross-validation.", "Give more folds.")
    raw = np.full((len(levels), len(Severity) - 1), np.nan)
    for name in tqdm(names, disable=not progress, unit="group"):
        held_out = groups == name
        trees = grown(recipe, features[~held_out], levels[~held_out])
        raw[held_out] = exceedances_of(probabilities_of(trees)(judged[held_out]))
    return raw


def grown(recipe: TreesRecipe, features: Float64Array, levels: IntArray) -> Forest | Boosting:
    """Grow a recipe's trees."""
    if isinstance(recipe, ForestRecipe):
        return grow(recipe, features, levels, recipe.seed)
    return boost(recipe, features, levels, recipe.seed)


def probabilities_of(trees: Forest | Boosting) -> Callable[[Float64Array], Float64Array]:
    """Return what tells the levels' probabilities of rows of numbers."""
    if isinstance(trees, Forest):
        return lambda rows: forest_probabilities(trees, rows)
    return lambda rows: boosting_probabilities(trees, rows)
