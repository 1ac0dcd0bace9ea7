"""What recipes of trees share, whether a forest grows or trees are boosted."""

from pydantic.dataclasses import dataclass

from cardiov_core.domain import JsonObject, as_json_values
from cardiov_core.training.recipes.checks import KNOWN_FIELDS

_LAST = ("seed", "cv_groups", "folds")


@dataclass(frozen=True, config=KNOWN_FIELDS)
class TreesRecipe:
    """A training of trees on measurements.

    Attributes
    ----------
    name : str
        Name of the grader that comes out.
    title : str
        One line for people.
    seed : int
        Of everything random.
    cv_groups : int
        Parts of the cross-validation; whole PTB-XL folds, so that no patient is in two of them.
    folds : tuple of int
        PTB-XL folds that are trained on; fold 10 stays untouched.
    """

    name: str
    title: str
    seed: int
    cv_groups: int
    folds: tuple[int, ...]

    def as_dict(self) -> JsonObject:
        """Return the recipe as plain values, for the model card: what its kind adds stands in the middle."""
        values = as_json_values(self)
        last = {name: values.pop(name) for name in _LAST}
        return values | last
