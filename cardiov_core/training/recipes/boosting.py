"""Recipes of boosted trees: what decides a training of the boosted grader, or of one statement."""

from collections.abc import Mapping

from pydantic.dataclasses import dataclass

from cardiov_core.training.recipes.checks import KNOWN_FIELDS, faults_of_groups, refuse, typed, with_section
from cardiov_core.training.recipes.trees import TreesRecipe


@dataclass(frozen=True, config=KNOWN_FIELDS)
class BoostingRecipe(TreesRecipe):
    """A training of boosted trees, whole.

    Attributes
    ----------
    n_rounds : int
        Trees a class (Friedman 2001, doi:10.1214/aos/1013203451), on binned measurements.
    learning_rate : float
        Share of each tree that counts.
    max_leaves, min_samples_leaf : int
        Size of a tree, and records that a leaf holds at least.
    max_features : float
        Share of the measurements that are drawn at each fork.
    l2 : float
        Penalty on the values of leaves.
    """

    n_rounds: int
    learning_rate: float
    max_leaves: int
    min_samples_leaf: int
    max_features: float
    l2: float


def boosting_recipe_from(table: Mapping[str, object], shown_as: str) -> BoostingRecipe:
    """Return the recipe of a TOML table with a section ``boosting``."""
    recipe = typed(BoostingRecipe, with_section(table, "boosting"), shown_as)
    faults = {
        "n_rounds must be at least 1": recipe.n_rounds < 1,
        "learning_rate must be above 0 and at most 1": not 0 < recipe.learning_rate <= 1,
        "max_leaves must be at least 2": recipe.max_leaves < 2,
        "min_samples_leaf must be at least 1": recipe.min_samples_leaf < 1,
        "max_features must be above 0 and at most 1": not 0 < recipe.max_features <= 1,
        "l2 must not be negative": recipe.l2 < 0,
        **faults_of_groups(recipe.cv_groups, recipe.folds),
    }
    refuse(faults, shown_as)
    return recipe
