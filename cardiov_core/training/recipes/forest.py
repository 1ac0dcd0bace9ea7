"""Recipes of forests: what decides a training of the measurement grader."""

from collections.abc import Mapping

from pydantic.dataclasses import dataclass

from cardiov_core.training.recipes.checks import KNOWN_FIELDS, faults_of_groups, refuse, typed, with_section
from cardiov_core.training.recipes.trees import TreesRecipe


@dataclass(frozen=True, config=KNOWN_FIELDS)
class ForestRecipe(TreesRecipe):
    """A training of a forest, whole.

    Attributes
    ----------
    n_trees : int
        Extremely randomised trees (Geurts et al. 2006, doi:10.1007/s10994-006-6226-1).
    max_features : float
        Share of the measurements that are drawn at each fork.
    min_samples_leaf : int
        Records that a leaf holds at least.
    """

    n_trees: int
    max_features: float
    min_samples_leaf: int


def forest_recipe_from(table: Mapping[str, object], shown_as: str) -> ForestRecipe:
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
