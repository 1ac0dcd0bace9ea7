"""From contributions of single numbers to what a clinician can check: 'ST -0.12 mV in V5 supports Medium risk'."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cardiov_core.domain import Contribution, Float64Array, Severity, over_89
from cardiov_core.signals import FEATURES, Feature, Unit

MOST_REASONS = 6
"""No more reasons than a reader takes in at a glance."""

SMALLEST_REASON = 0.01
"""A group that moves the probability by less than one per cent is no reason; whole per cent are what is shown."""

_TERRITORY = {
    **dict.fromkeys(("II", "III", "aVF"), "inferior leads"),
    **dict.fromkeys(("I", "aVL", "V5", "V6"), "lateral leads"),
    **dict.fromkeys(("V1", "V2", "V3", "V4"), "anterior leads"),
    "aVR": "aVR",
}
_IN_MV: dict[str, Unit] = {"of QRS": "mV", "of QRS ms": "mV ms"}
_DECIMALS = {
    "mV": 2,
    "mV ms": 0,
    "of QRS": 2,
    "of QRS ms": 0,
    "ms": 0,
    "1/min": 0,
    "Hz": 1,
    "deg": 0,
    "years": 0,
    "": 2,
}
_SHOWN_UNIT = {
    "deg": "°",
    "": "",
    "1/min": " /min",
    "of QRS": " of the QRS height",
    "of QRS ms": " ms of the QRS height",
}
_THRESHOLD_WORDS = {
    "above_no": "a level above No risk",
    "above_low": "a level above Low risk",
    "above_medium": "a level above Medium risk",
}


def reasons_of(
    row: Float64Array,
    contributions: Float64Array,
    base: Float64Array,
    target: int | str,
    heights_mv: Mapping[str, float],
) -> tuple[tuple[Contribution, ...], float]:
    """Gather contributions by what a clinician would call them and the part of the heart.

    `row`: shape (len(FEATURES),), what was measured. `contributions`: shape (len(FEATURES), 4), from
    `path_contributions`. `base`: shape (4,), from the same. `target`: a level, or a threshold by name. `heights_mv`:
    lead -> height of its QRS, by which sizes are given in mV; empty where voltages cannot be trusted. Returns
    `reasons`: at most `MOST_REASONS`, none smaller than `SMALLEST_REASON`, the weightiest first.
    """
    levels = _levels_of(target)
    weights = contributions[:, levels].sum(axis=1)
    reasons = []
    for (group, leads), indices in gathered().items():
        total = float(weights[indices].sum())
        if abs(total) < SMALLEST_REASON:
            continue
        # The number that weighed most in the direction of its group stands for it.
        leading = indices[int(np.argmax(np.sign(total) * weights[indices]))]
        reasons.append(
            _reason(group, leads, *_shown(FEATURES[leading], float(row[leading]), heights_mv), total, target)
        )
    reasons.sort(key=lambda reason: (-abs(reason.contribution), reason.group, reason.leads))
    return tuple(reasons[:MOST_REASONS]), float(base[levels].sum())


def gathered() -> dict[tuple[str, str], list[int]]:
    """Return which numbers make one reason: what a clinician calls them and part of the heart -> columns."""
    members: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for index, feature in enumerate(FEATURES):
        members[(feature.group, _TERRITORY.get(feature.lead or "", ""))].append(index)
    return dict(members)


def _levels_of(target: int | str) -> list[int]:
    if isinstance(target, int):
        return [target]
    first = list(_THRESHOLD_WORDS).index(target) + 1
    return list(range(first, len(Severity)))


def _shown(feature: Feature, value: float, heights_mv: Mapping[str, float]) -> tuple[Feature, float]:
    """Turn a share of the lead's QRS into mV where its height is known."""
    if feature.lead is None or feature.lead not in heights_mv or feature.unit not in _IN_MV:
        return feature, value
    return replace(feature, unit=_IN_MV[feature.unit]), value * heights_mv[feature.lead]


def _reason(group: str, leads: str, feature: Feature, value: float, total: float, target: int | str) -> Contribution:
    missing = bool(np.isnan(value))
    aim = Severity(target).title if isinstance(target, int) else _THRESHOLD_WORDS[target]
    where = f" in {feature.lead}" if feature.lead else ""
    sentence = f"{feature.words}{where} not known" if missing else f"{_in_words(feature, value)}{where}"
    verb = "supports" if total > 0 else "argues against"
    return Contribution(
        group=group,
        leads=leads,
        lead=feature.lead,
        measure=feature.words,
        value=None if missing else value,
        unit=feature.unit,
        contribution=total,
        statement=f"{sentence[0].upper()}{sentence[1:]} {verb} {aim}",
    )


def _in_words(feature: Feature, value: float) -> str:
    if feature.key == "male":
        return "male sex" if value > 0 else "female sex"
    if feature.key == "age" and over_89(value):
        return "age 90 years or over"
    decimals = 0 if feature.key.endswith("_count") else _DECIMALS[feature.unit]
    # Adding 0.0 turns a rounded -0 into 0.
    number = round(value, decimals) + 0.0
    unit = _SHOWN_UNIT.get(feature.unit, f" {feature.unit}")
    return f"{feature.words} {number:.{decimals}f}{unit}"
