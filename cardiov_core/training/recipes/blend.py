"""Recipes of blends: which graders, with which weights."""

import math
from collections.abc import Mapping
from dataclasses import fields

from pydantic.dataclasses import dataclass

from cardiov_core.domain import JsonObject, as_json_values
from cardiov_core.training.recipes.checks import KNOWN_FIELDS, refuse, refuse_unknown, typed

_TOLERANCE = 1e-6


@dataclass(frozen=True, config=KNOWN_FIELDS)
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
        Of the members' logits; they add up to 1. Empty: fitted out of fold.
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

    def as_dict(self) -> JsonObject:
        """Return the recipe as plain values, for the model card."""
        return as_json_values(self)


def blend_recipe_from(table: Mapping[str, object], shown_as: str) -> BlendRecipe:
    """Return the recipe of a TOML table with a section ``blend``: a weight a member, or ``members`` alone."""
    refuse_unknown(table, {item.name for item in fields(BlendRecipe)} - {"members", "weights"} | {"blend"}, shown_as)
    section = table["blend"]
    shares = section if isinstance(section, dict) else {}
    given = {key: value for key, value in table.items() if key != "blend"}
    fitted = isinstance(shares.get("members"), list)
    members = tuple(shares["members"] if fitted else shares)
    weights = () if fitted else tuple(shares.values())
    recipe = typed(BlendRecipe, given | {"members": members, "weights": weights}, shown_as)
    faults = {
        "section blend must name two graders or more": len(recipe.members) < 2,
        "a blend is no member of itself": recipe.name in recipe.members,
        "the weights must be above 0 and add up to 1": bool(recipe.weights)
        and not (
            all(weight > 0 for weight in recipe.weights) and math.isclose(sum(recipe.weights), 1.0, abs_tol=_TOLERANCE)
        ),
        "cv_groups must be at least 3": recipe.cv_groups < 3,
        "fold 10 is the test fold and must not be trained on": 10 in recipe.folds,
    }
    refuse(faults, shown_as)
    return recipe
