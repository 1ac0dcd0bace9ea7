"""Recipes of blends: which graders, with which weights."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from cardiov_core.errors import ConfigurationError
from cardiov_core.training.recipes.faults import refuse

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class BlendRecipe:
    """A blend of graders that are already trained, whole.

    Attributes
    ----------
    name : str
        Name of the grader that comes out.
    title : str
        One line for people.
    members : tuple of str
        Graders that lie in the folder of the results.
    weights : tuple of float
        Of the members' logits; they add up to 1. Given, not fitted: a fit to a few hundred records would flatter.
    cv_groups : int
        Parts of the members' cross-validation, the same for all.
    folds : tuple of int
        PTB-XL folds that the members were trained on.
    """

    name: str
    title: str
    members: tuple[str, ...]
    weights: tuple[float, ...]
    cv_groups: int
    folds: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, for the model card."""
        return asdict(self)


def blend_recipe_from(table: dict[str, Any], shown_as: str) -> BlendRecipe:
    """Return the recipe of a TOML table with a section ``blend``.

    Raises
    ------
    ConfigurationError
        If a field is unknown, missing or of the wrong kind.
    """
    try:
        given = dict(table)
        members = {str(name): float(weight) for name, weight in given.pop("blend").items()}
        recipe = BlendRecipe(
            name=str(given.pop("name")),
            title=str(given.pop("title")),
            members=tuple(members),
            weights=tuple(members.values()),
            cv_groups=int(given.pop("cv_groups")),
            folds=tuple(int(fold) for fold in given.pop("folds")),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{shown_as} lacks a field or has one of the wrong kind: {error}.",
            "Compare it with a recipe that comes with CardioV.",
        ) from error
    faults = {
        f"unknown fields: {', '.join(given)}": bool(given),
        "section blend must name two graders or more": len(recipe.members) < 2,
        "a blend is no member of itself": recipe.name in recipe.members,
        "the weights must be above 0 and add up to 1": not all(weight > 0 for weight in recipe.weights)
        or not math.isclose(sum(recipe.weights), 1.0, abs_tol=_TOLERANCE),
        "cv_groups must be at least 3": recipe.cv_groups < 3,
        "fold 10 is the test fold and must not be trained on": 10 in recipe.folds,
    }
    refuse(faults, shown_as)
    return recipe
