"""Who trains, who validates and who is held out in each network of a training."""

from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.training.data.records import TrainingRecords, groups_of
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.network import Recipe

_SEEDS_A_RECIPE = 100


@dataclass(frozen=True, eq=False)
class Split:
    """One network of a training.

    Attributes
    ----------
    run : str
        Its name in log and checkpoints: 'group-1' ..., 'final'.
    seed : int
        Of everything random in it.
    trained : numpy.ndarray of int
        Rows of the records that it learns from.
    validated : numpy.ndarray of int
        Rows that choose its checkpoint; empty where the recipe has no validation.
    held_out : numpy.ndarray of int
        Rows that it grades for the figures: the group held out, or the validation folds where there is no
        cross-validation; empty otherwise.
    """

    run: str
    seed: int
    trained: IntArray
    validated: IntArray
    held_out: IntArray


def groups_in(recipe: Recipe, records: TrainingRecords) -> IntArray:
    """Return the cross-validation group of each record, -1 where it has none: in a validation fold, or without any."""
    groups = np.full(len(records), -1, dtype=np.int64)
    if recipe.cv_groups:
        own = records.table["fold"].isin(recipe.folds).to_numpy()
        groups[own] = groups_of(records.table[own], recipe.cv_groups)
    return groups


def splits_of(recipe: Recipe, records: TrainingRecords) -> list[Split]:
    """Return the networks of a training: one per group, then the final one.

    A group that is held out is seen neither in training nor in validation: the inner group that validates is the next
    one. The final network leaves out the first group where the recipe validates on an inner group.

    Raises
    ------
    TrainingError
        If a group or the validation folds have no record.
    """
    groups = groups_in(recipe, records)
    folds = records.table["fold"].to_numpy()
    by_fold = np.flatnonzero(np.isin(folds, recipe.validation.folds))
    own = np.flatnonzero(np.isin(folds, recipe.folds))
    if recipe.validation.folds and not len(by_fold):
        raise TrainingError(
            f"No record falls into the validation folds {', '.join(map(str, recipe.validation.folds))}.",
            "Give a PTB-XL tree that has them, or other folds in the recipe.",
        )
    splits = []
    for group in range(recipe.cv_groups):
        held_out = np.flatnonzero(groups == group)
        if not len(held_out):
            raise TrainingError(
                f"No record falls into group {group + 1} of {recipe.cv_groups}.",
                "Lower cv_groups in the recipe, or give more folds.",
            )
        inner = (group + 1) % recipe.cv_groups if recipe.validation.inner_group else None
        seed = recipe.seed * _SEEDS_A_RECIPE + group
        splits.append(_split(f"group-{group + 1}", seed, groups, own, by_fold, inner, held_out))
    last_inner = 0 if recipe.validation.inner_group else None
    graded = np.empty(0, dtype=np.int64) if recipe.cv_groups else by_fold
    return [*splits, _split("final", recipe.seed, groups, own, by_fold, last_inner, graded)]


def training_data(records: TrainingRecords, rows: IntArray) -> TrainingData:
    """Return some records as one training takes them.

    Parameters
    ----------
    records : TrainingRecords
        All records of the recipe's folds.
    rows : numpy.ndarray of int
        Of `Split`.
    """
    return TrainingData(records.windows, records.levels, rows=records.rows).select(rows)


def _split(
    run: str, seed: int, groups: IntArray, own: IntArray, by_fold: IntArray, inner: int | None, held_out: IntArray
) -> Split:
    validated = by_fold if inner is None else np.flatnonzero(groups == inner)
    trained = np.setdiff1d(own, np.concatenate([validated, held_out]))
    return Split(run, seed, trained, validated, held_out)
