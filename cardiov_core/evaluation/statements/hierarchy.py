"""Diagnostic statements upwards: to their 23 subclasses and five superclasses (the benchmark's section IV-A)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cardiov_core.datasets import statement_classes
from cardiov_core.domain import BoolArray, Float64Array
from cardiov_core.errors import LabelError

Level = Literal["subclass", "superclass"]
Rule = Literal["sum", "max", "mean"]


def members_of(level: Level, codes: Sequence[str]) -> dict[str, list[int]]:
    """Return the classes of a level in alphabetical order, each with the columns of its statements.

    Parameters
    ----------
    level : {"subclass", "superclass"}
        How far up.
    codes : sequence of str
        Statements in the order of the columns; those that are not diagnostic belong to no class.

    Raises
    ------
    LabelError
        If a code is none of PTB-XL's.
    """
    known = statement_classes()
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise LabelError(f"{unknown[0]!r} is no statement of PTB-XL.", "Use the codes of scp_statements.csv.")
    members: dict[str, list[int]] = {}
    for column, code in enumerate(codes):
        if known[code].diagnostic:
            members.setdefault(getattr(known[code], level), []).append(column)
    return dict(sorted(members.items()))


def scores_upwards(scores: Float64Array, codes: Sequence[str], level: Level, rule: Rule = "sum") -> Float64Array:
    """Return probabilities of a level's classes from those of their statements.

    Parameters
    ----------
    scores : numpy.ndarray, shape (n_records, n_statements)
        Probabilities.
    codes, level
        As in `members_of`.
    rule : {"sum", "max", "mean"}
        The sum is limited to 1, as in the paper.
    """
    parts = [scores[:, columns] for columns in members_of(level, codes).values()]
    if rule == "sum":
        return np.stack([np.minimum(part.sum(axis=1), 1.0) for part in parts], axis=1)
    if rule == "max":
        return np.stack([part.max(axis=1) for part in parts], axis=1)
    return np.stack([part.mean(axis=1) for part in parts], axis=1)


def labels_upwards(labels: BoolArray, codes: Sequence[str], level: Level) -> BoolArray:
    """Return which classes of a level records have by their statements, ``(n_records, n_classes)``."""
    return np.stack([labels[:, columns].any(axis=1) for columns in members_of(level, codes).values()], axis=1)
