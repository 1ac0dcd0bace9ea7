"""Figures as JSON has them: dotted names become objects, what is not defined becomes null."""

from collections.abc import Mapping

import numpy as np
from pydantic import JsonValue

from cardiov_core.domain import JsonObject
from cardiov_core.evaluation.bootstrap import Interval


def nested(flat: Mapping[str, JsonValue]) -> JsonObject:
    """Turn dotted names into objects: ``{"auc.no": 1}`` becomes ``{"auc": {"no": 1}}``."""
    tree: JsonObject = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        place = tree
        for part in path:
            place = inside(place, part)
        place[last] = value
    return tree


def inside(tree: JsonObject, name: str) -> JsonObject:
    """Return the object of that name in another one, made where it is missing."""
    inner = tree.setdefault(name, {})
    if not isinstance(inner, dict):
        raise TypeError(f"{name} is {inner!r} and no object")
    return inner


def defined(value: float) -> float | None:
    """Return a number; None where it is not defined."""
    return None if np.isnan(value) else float(value)


def limits_of(interval: Interval) -> list[JsonValue] | None:
    """Return both ends of an interval; None where it is not defined."""
    return None if np.isnan(interval.low) else [interval.low, interval.high]
