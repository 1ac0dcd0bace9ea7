"""The classes that the challenges of 2020 and 2021 score, by SNOMED CT code, and what it is worth to confuse two.

Equivalent codes are one class. The weight of a confusion follows from one number a class, its place on a line from
sinus rhythm to Q waves: 0.5 less the distance between the places, 1 for the class itself. Two pairs stand 0.025 apart
although their places are the same. So the table gives the published matrices of both years (BSD 2-clause licence,
physionetchallenges/evaluation-2020 and -2021), which their sums show.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from cardiov_core.domain import BoolArray, Float64Array

Year = Literal[2020, 2021]
"""Of the challenge: 24 classes in 2020, 26 in 2021."""

SINUS_RHYTHM = "426783006"
"""What an inactive algorithm answers to everything."""

_TABLE = Path(__file__).with_name("challenge_classes.csv")
_CLOSE_PAIRS = (("6374002", "733534002"), ("251146004", "365413008"))
_CLOSE_WEIGHT, _MOST = 0.475, 0.5
_ONLY_2021 = "733534002"


@dataclass(frozen=True)
class ChallengeClass:
    """A scored class."""

    codes: tuple[str, ...]  # equivalent SNOMED CT codes
    abbreviation: str
    title: str
    place: float  # on the line from sinus rhythm to Q waves


@cache
def challenge_classes(year: Year) -> tuple[ChallengeClass, ...]:
    """Return the scored classes of a year in the order of its table of weights."""
    rank = f"rank_{year}"
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row[rank]]
    return tuple(_class_of(row, year) for row in sorted(rows, key=lambda row: int(row[rank])))


def _class_of(row: dict[str, str], year: Year) -> ChallengeClass:
    codes = tuple(code for code in row["codes"].split("|") if year == 2021 or code != _ONLY_2021)
    return ChallengeClass(codes, row["abbreviation"], row["title"], float(row["place"]))


@cache
def challenge_weights(year: Year) -> Float64Array:
    """Return what each label (rows) answered by each class (columns) is worth, symmetric, diagonal 1."""
    classes = challenge_classes(year)
    places = np.array([one.place for one in classes])
    weights: Float64Array = _MOST - np.abs(np.subtract.outer(places, places))
    for pair in _CLOSE_PAIRS:
        at = [index for index, one in enumerate(classes) if set(one.codes) & set(pair)]
        if len(at) == len(pair):
            weights[at[0], at[1]] = weights[at[1], at[0]] = _CLOSE_WEIGHT
    np.fill_diagonal(weights, 1.0)
    return weights


def challenge_rows(codes: Iterable[Iterable[str]], year: Year) -> BoolArray:
    """Return which scored classes records have by their SNOMED CT codes, ``(n_records, n_classes)``."""
    classes = challenge_classes(year)
    return np.array(
        [[bool(set(one.codes) & set(record)) for one in classes] for record in (set(record) for record in codes)],
        dtype=bool,
    ).reshape(-1, len(classes))
