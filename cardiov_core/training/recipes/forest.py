"""Recipes of forests: what decides a training of the measurement grader."""

from collections.abc import Mapping
from typing import Any

from pydantic.dataclasses import dataclass

from cardiov_core.domain import JsonObject, as_json_values
from cardiov_core.training.recipes.checks import KNOWN_FIELDS, faults_of_groups, refuse, typed, with_section


@dataclass(frozen=True, config=KNOWN_FIELDS)
class ForestRecipe:
    """A training of a forest, whole.

    Attributes
    ----------
    name : str
        Name of the grader that comes out.
    title : str
        One line for people.
    n_trees : int
        Extremely randomised trees (Geurts et al. 2006, doi:10.1007/s10994-006-6226-1).
    max_features : float
        Share of the measurements that are drawn at each fork.
    min_samples_leaf : int
        Records that a leaf holds at least.
    seed : int
        Of everything random.
    cv_groups : int
        Parts of the cross-validation; whole PTB-XL folds, so that no patient is in two of them.
    folds : tuple of int
        PTB-XL folds that are trained on; fold 10 stays untouched.
    """

    name: str
    title: str
    n_trees: int
    max_features: float
    min_samples_leaf: int
    seed: int
    cv_groups: int
    folds: tuple[int, ...]

    def as_dict(self) -> JsonObject:
        """Return the recipe as plain values, for the model card."""
        return as_json_values(self)


def forest_recipe_from(table: Mapping[str, Any], shown_as: str) -> ForestRecipe:
    """Return the recipe of a TOML table with a section ``forest``."""
    recipe = typed(ForestRecipe, with_section(table, "forest"), shown_as)
    faults = {
        "n_trees must be at least 1": recipe.n_trees < 1,
        "max_features must be above 0 and at most 1": not 0 < recipe.max_features <= 1,
        "min_samples_leaf must be at least 1": recipe.min_samples_leaf < 1,
        **faults_of_groups(recipe.cv_groups, recipe.folds),
    }
    refuse(faults, shown_as)
    return recipe
