"""Recipes are read from tables and refused where a field or a rule is broken, whatever they train."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from cardiov_core.domain import fault_of
from cardiov_core.errors import ConfigurationError

KNOWN_FIELDS = ConfigDict(extra="forbid")
"""Recipes take no field that they do not know: a slip of the pen would go unnoticed."""

Kind = TypeVar("Kind")


def typed(kind: type[Kind], table: Mapping[str, object], shown_as: str) -> Kind:
    """Return a table as a recipe.

    `kind`: the recipe's dataclass. `shown_as`: the recipe's file.
    """
    try:
        return TypeAdapter(kind).validate_python(table)
    except ValidationError as error:
        raise ConfigurationError(
            f"{shown_as} lacks a field or has one of the wrong kind: {fault_of(error).words()}.",
            "Compare it with a recipe that comes with CardioV.",
        ) from error


def with_section(table: Mapping[str, object], name: str) -> dict[str, object]:
    """Return a table's fields with those of one of its sections beside them."""
    section = table[name]
    given = {key: value for key, value in table.items() if key != name}
    return given | (section if isinstance(section, dict) else {})


def faults_of_groups(cv_groups: int, folds: Sequence[int]) -> dict[str, bool]:
    """Return the rules of cross-validation in groups of folds, each with whether it is broken.

    Calibration and prediction sets are fitted on the groups that are left when one is held out.
    """
    return {
        "cv_groups must be between 3 and the number of folds": not 3 <= cv_groups <= len(folds),
        "fold 10 is the test fold and must not be trained on": 10 in folds,
    }


def refuse_unknown(table: Mapping[str, object], known: set[str], shown_as: str) -> None:
    """Refuse fields that no recipe of its kind has."""
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigurationError(
            f"{shown_as} has unknown fields: {', '.join(unknown)}.", f"Known are {', '.join(sorted(known))}."
        )


def refuse(faults: Mapping[str, bool], shown_as: str) -> None:
    """Refuse a recipe by the first rule that it breaks.

    `faults`: rule in words -> whether it is broken. `shown_as`: the recipe's file.
    """
    for rule, broken in faults.items():
        if broken:
            raise ConfigurationError(f"{shown_as}: {rule}.", "Mend the recipe.")
