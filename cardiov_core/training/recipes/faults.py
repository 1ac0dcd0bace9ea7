"""Refusing recipes that break a rule, whatever they train."""

from collections.abc import Mapping

from cardiov_core.errors import ConfigurationError


def refuse(faults: Mapping[str, bool], shown_as: str) -> None:
    """Refuse a recipe by the first rule that it breaks.

    Parameters
    ----------
    faults : mapping of str to bool
        Rule in words -> whether it is broken.
    shown_as : str
        The recipe's file.

    Raises
    ------
    ConfigurationError
        If one is.
    """
    for rule, broken in faults.items():
        if broken:
            raise ConfigurationError(f"{shown_as}: {rule}.", "Mend the recipe.")
