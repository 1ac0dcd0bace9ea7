"""Women and men, younger and older patients, devices, sites: figures of each, and whether they differ by chance."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import JsonValue

from cardiov_core.domain import BoolArray, Float64Array, IntArray, JsonObject, Severity
from cardiov_core.evaluation.agreement.formulas import wilson
from cardiov_core.evaluation.bootstrap import Counted, counted_intervals, counted_tests
from cardiov_core.evaluation.counted import CountedCalibrationError, level_areas, shares
from cardiov_core.evaluation.json_figures import defined, limits_of, nested
from cardiov_core.evaluation.metrics import LEVEL_KEYS, exceedances_of_levels

AGE_SPLIT_YEARS = 65.0
"""As in the paper."""

TEST = (
    "bootstrap by patient, two-sided, from the same resamples as the interval: twice the smaller share of them on "
    "either side of no difference. Not corrected for the number of tests"
)
"""How `subgroup_tests` come about."""

SUBGROUP_PAIRS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"sex": ("women", "men"), "age": ("under 65 years", "65 years and over")}
)
"""What is compared with what; a difference is the first one's figure less the second one's."""

ORIGINS: Mapping[str, str] = MappingProxyType({"device": "device", "site": "site"})
"""Columns of a table by which records are divided where it has them, and how a part's name begins."""

SET_HELD = "set_held"
"""Column with whether the record's prediction set held its label; none where the grader has no sets."""

VALIDATED = "validated_by_human"
"""Column with 'True' where a human validated the statements."""

SMALLEST_PART = 50
"""Parts by origin with fewer records are put together as 'other'."""

_FIGURES = ("mae", "accuracy", "within_one", *(f"auc.{key}" for key in (*LEVEL_KEYS, "mean")))
_TESTED = ("mae", "accuracy", "auc.mean")
_TESTED_AT = [_FIGURES.index(name) for name in _TESTED]


def subgroup_figures(
    table: pd.DataFrame, patients: npt.NDArray[np.str_], n_resamples: int, *, seed: int = 0
) -> JsonObject:
    """Return figures by sex and age, and tests of their differences.

    `table`: columns label, level, p0..p3, sex ('female', 'male' or none) and age (years, or none); `ORIGINS` and
    `VALIDATED` and `SET_HELD` where they are known. `patients`: shape (n,), who each record is from; drawn and dealt
    whole.
    """
    ages = table["age"].to_numpy(dtype=np.float64)
    sexes = table["sex"].to_numpy(dtype=object)
    masks = {
        "women": sexes == "female",
        "men": sexes == "male",
        "under 65 years": ages < AGE_SPLIT_YEARS,
        "65 years and over": ages >= AGE_SPLIT_YEARS,
        **_by_origin(table),
    }
    data = (
        table["label"].to_numpy(dtype=np.int64),
        table["level"].to_numpy(dtype=np.int64),
        table[["p0", "p1", "p2", "p3"]].to_numpy(dtype=np.float64),
    )
    sets = table[SET_HELD].to_numpy(dtype=object) if SET_HELD in table.columns else np.full(len(table), None)
    tests: list[JsonValue] = []
    for by, (first, second) in SUBGROUP_PAIRS.items():
        if masks[first].any() and masks[second].any():
            tests += _tests(by, (first, second), data, masks[first], masks[second], patients, n_resamples, seed)
    return {
        "subgroups": {
            name: _group(data[0][mask], data[1][mask], data[2][mask], patients[mask], n_resamples, seed)
            | _calibration_and_sets(data[0][mask], data[2][mask], sets[mask], patients[mask], n_resamples, seed)
            for name, mask in masks.items()
            if mask.any()
        },
        "subgroup_tests": tests,
    }


def _by_origin(table: pd.DataFrame) -> dict[str, BoolArray]:
    """Return where the records of each device, site and kind of validation are; small ones together."""
    parts: dict[str, BoolArray] = {}
    if VALIDATED in table.columns:
        validated = (table[VALIDATED].astype(str) == "True").to_numpy()
        parts |= {"validated by a human": validated, "not validated by a human": ~validated}
    for column, word in ORIGINS.items():
        if column not in table.columns:
            continue
        names = table[column].astype(str)
        counts = names.value_counts()
        large = [str(name) for name in counts.index if counts[name] >= SMALLEST_PART]
        parts |= {f"{word} {name}": (names == name).to_numpy() for name in large}
        parts[f"other {word}s"] = ~names.isin(large).to_numpy()
    return parts


def _counted(labels: IntArray, levels: IntArray, probabilities: Float64Array) -> Counted:
    gaps = np.abs(labels - levels)
    apart = np.stack([gaps, gaps == 0, gaps <= 1]).astype(np.float64)
    areas = level_areas(labels, probabilities)

    def values(counts: Float64Array) -> Float64Array:
        each = np.stack([area(counts) for area in areas.values()])
        return np.concatenate([shares(apart @ counts, counts.sum(axis=0)), each, each.mean(axis=0, keepdims=True)])

    return values


def _group(
    labels: IntArray,
    levels: IntArray,
    probabilities: Float64Array,
    patients: npt.NDArray[np.str_],
    n_resamples: int,
    seed: int,
) -> JsonObject:
    counted = _counted(labels, levels, probabilities)
    values = counted(np.ones((len(labels), 1)))[:, 0]
    limits = counted_intervals(counted, len(labels), groups=patients, n_resamples=n_resamples, seed=seed)
    figures = nested({name: defined(value) for name, value in zip(_FIGURES, values, strict=True)})
    intervals = nested({name: limits_of(limit) for name, limit in zip(_FIGURES, limits, strict=True)})
    return {
        "n": len(labels),
        "records_a_level": {key: int((labels == level).sum()) for level, key in enumerate(LEVEL_KEYS)},
        "auc": figures.pop("auc"),
        "intervals": {"auc": intervals.pop("auc"), **intervals},
        **figures,
    }


def _calibration_and_sets(
    labels: IntArray,
    probabilities: Float64Array,
    sets: npt.NDArray[np.object_],
    patients: npt.NDArray[np.str_],
    n_resamples: int,
    seed: int,
) -> JsonObject:
    """Return how well a group's probabilities and sets hold: of 'medium or higher' what was stated and came true."""
    above, happened = exceedances_of_levels(probabilities)[:, Severity.LOW_RISK], labels >= Severity.MEDIUM_RISK
    means = np.stack([above, happened]).astype(np.float64)
    calibration = CountedCalibrationError(happened, above)

    def values(counts: Float64Array) -> Float64Array:
        return np.stack([*shares(means @ counts, counts.sum(axis=0)), calibration(counts)])

    stated, observed, error = values(np.ones((len(labels), 1)))[:, 0]
    _, of_observed, of_error = counted_intervals(
        values, len(labels), groups=patients, n_resamples=n_resamples, seed=seed
    )
    figures: JsonObject = {
        "calibration": {
            "stated": float(stated),
            "observed": float(observed),
            "observed_interval": [of_observed.low, of_observed.high],
            "ece": float(error),
            "ece_interval": [of_error.low, of_error.high],
        }
    }
    known = np.array([holds for holds in sets if holds is not None], dtype=np.bool_)
    if known.size:
        n_holding = int(known.sum())
        figures["sets"] = {"n": len(known), "held": n_holding, "interval": [*wilson(n_holding, len(known))]}
    return figures


def _tests(
    by: str,
    names: tuple[str, str],
    data: tuple[IntArray, IntArray, Float64Array],
    first: BoolArray,
    second: BoolArray,
    patients: npt.NDArray[np.str_],
    n_resamples: int,
    seed: int,
) -> list[JsonValue]:
    known = first | second
    in_first = first[known]
    labels, levels, probabilities = data[0][known], data[1][known], data[2][known]
    one, other = (_counted(labels[part], levels[part], probabilities[part]) for part in (in_first, ~in_first))

    def differences(counts: Float64Array) -> Float64Array:
        return (one(counts[in_first]) - other(counts[~in_first]))[_TESTED_AT]

    real = differences(np.ones((len(in_first), 1)))[:, 0]
    tests = counted_tests(differences, len(in_first), groups=patients[known], n_resamples=n_resamples, seed=seed)
    return [
        {
            "by": by,
            "groups": list(names),
            "figure": name,
            "difference": defined(real[index]),
            "interval": limits_of(tests[index][0]),
            "p_value": tests[index][1],
            "test": TEST,
        }
        for index, name in enumerate(_TESTED)
    ]
