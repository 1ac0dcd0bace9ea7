"""What recipes of trees share, whether a forest grows or trees are boosted."""

from pydantic.dataclasses import dataclass

from cardiov_core.domain import JsonObject, as_json_values
from cardiov_core.training.recipes.checks import KNOWN_FIELDS

_LAST = ("seed", "cv_groups", "folds")


@dataclass(frozen=True, config=KNOWN_FIELDS)
class TreesRecipe:
    """A training of trees on measurements."""

    name: str  # name of the grader that comes out
    title: str  # one line for people
    seed: int  # of everything random
    cv_groups: int  # parts of the cross-validation; whole PTB-XL folds, so that no patient is in two of them
    folds: tuple[int, ...]  # PTB-XL folds that are trained on; fold 10 stays untouched

    def as_dict(self) -> JsonObject:
        """Return the recipe as plain values, for the model card: what its kind adds stands in the middle."""
        values = as_json_values(self)
        last = {name: values.pop(name) for name in _LAST}
        return values | last
