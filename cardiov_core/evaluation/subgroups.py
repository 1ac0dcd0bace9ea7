"""Women and men, younger and older patients, devices, sites: figures of each, and whether they differ by chance."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiov_core.domain import BoolArray, Float64Array, Severity
from cardiov_core.evaluation.agreement.formulas import wilson
from cardiov_core.evaluation.bootstrap import bootstrap_intervals, bootstrap_tests
from cardiov_core.evaluation.calibration_curve import expected_calibration_error
from cardiov_core.evaluation.metrics import LEVEL_KEYS, auc_per_level, exceedances_of_levels

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

Levels = npt.NDArray[np.int64]


def subgroup_figures(
    table: pd.DataFrame, patients: npt.NDArray[np.str_], n_resamples: int, *, seed: int = 0
) -> dict[str, Any]:
    """Return figures by sex and age, and tests of their differences.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, level, p0..p3, sex ('female', 'male' or none) and age (years, or none); `ORIGINS` and
        `VALIDATED` and `SET_HELD` where they are known.
    patients : numpy.ndarray of str, shape (n,)
        Who each record is from; drawn and dealt whole.
    n_resamples : int
        Of the bootstrap.
    seed : int
        Of the draws.
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
    tests: list[dict[str, Any]] = []
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


def _by_origin(table: pd.DataFrame) -> dict[str, npt.NDArray[np.bool_]]:
    """Return where the records of each device, site and kind of validation are; small ones together."""
    found: dict[str, npt.NDArray[np.bool_]] = {}
    if VALIDATED in table.columns:
        validated = (table[VALIDATED].astype(str) == "True").to_numpy()
        found |= {"validated by a human": validated, "not validated by a human": ~validated}
    for column, word in ORIGINS.items():
        if column not in table.columns:
            continue
        names = table[column].astype(str)
        counts = names.value_counts()
        large = [str(name) for name in counts.index if counts[name] >= SMALLEST_PART]
        found |= {f"{word} {name}": (names == name).to_numpy() for name in large}
        found[f"other {word}s"] = ~names.isin(large).to_numpy()
    return found


def _values(labels: Levels, levels: Levels, probabilities: Float64Array) -> Float64Array:
    gaps = np.abs(labels - levels)
    areas = auc_per_level(labels, probabilities)
    return np.array([gaps.mean(), (gaps == 0).mean(), (gaps <= 1).mean(), *areas.values()])


def _group(
    labels: Levels,
    levels: Levels,
    probabilities: Float64Array,
    patients: npt.NDArray[np.str_],
    n_resamples: int,
    seed: int,
) -> dict[str, Any]:
    values = _values(labels, levels, probabilities)
    limits = bootstrap_intervals(
        _values, labels, levels, probabilities, groups=patients, n_resamples=n_resamples, seed=seed
    )
    found: dict[str, Any] = {
        "n": len(labels),
        "records_a_level": {key: int((labels == level).sum()) for level, key in enumerate(LEVEL_KEYS)},
        "auc": {},
        "intervals": {"auc": {}},
    }
    for name, value, limit in zip(_FIGURES, values, limits, strict=True):
        place, at, key = found, found["intervals"], name
        if name.startswith("auc."):
            place, at, key = found["auc"], found["intervals"]["auc"], name.removeprefix("auc.")
        place[key] = _number(value)
        at[key] = None if np.isnan(limit.low) else [limit.low, limit.high]
    return found


def _calibration_and_sets(
    labels: Levels,
    probabilities: Float64Array,
    sets: npt.NDArray[np.object_],
    patients: npt.NDArray[np.str_],
    n_resamples: int,
    seed: int,
) -> dict[str, Any]:
    """Return how well a group's probabilities and sets hold: of 'medium or higher' what was stated and came true."""

    def values(true: Levels, stated: Float64Array) -> Float64Array:
        above, happened = exceedances_of_levels(stated)[:, Severity.LOW_RISK], true >= Severity.MEDIUM_RISK
        return np.array([above.mean(), happened.mean(), expected_calibration_error(happened, above)])

    stated, observed, error = values(labels, probabilities)
    _, of_observed, of_error = bootstrap_intervals(
        values, labels, probabilities, groups=patients, n_resamples=n_resamples, seed=seed
    )
    found: dict[str, Any] = {
        "calibration": {
            "stated": float(stated),
            "observed": float(observed),
            "observed_interval": [of_observed.low, of_observed.high],
            "ece": float(error),
            "ece_interval": [of_error.low, of_error.high],
        }
    }
    known = np.array([held for held in sets if held is not None], dtype=np.bool_)
    if known.size:
        held = int(known.sum())
        found["sets"] = {"n": len(known), "held": held, "interval": list(wilson(held, len(known)))}
    return found


def _tests(
    by: str,
    names: tuple[str, str],
    data: tuple[Levels, Levels, Float64Array],
    first: npt.NDArray[np.bool_],
    second: npt.NDArray[np.bool_],
    patients: npt.NDArray[np.str_],
    n_resamples: int,
    seed: int,
) -> list[dict[str, Any]]:
    known = first | second
    arrays = data[0][known], data[1][known], data[2][known]
    in_first, who = first[known], patients[known]

    def differences(labels: Levels, levels: Levels, probabilities: Float64Array, in_first: BoolArray) -> Float64Array:
        if in_first.all() or not in_first.any():
            return np.full(len(_TESTED), np.nan)
        parts = [_values(labels[part], levels[part], probabilities[part]) for part in (in_first, ~in_first)]
        found: Float64Array = (parts[0] - parts[1])[_TESTED_AT]
        return found

    real = differences(*arrays, in_first)
    tests = bootstrap_tests(differences, *arrays, in_first, groups=who, n_resamples=n_resamples, seed=seed)
    return [
        {
            "by": by,
            "groups": list(names),
            "figure": name,
            "difference": _number(real[index]),
            "interval": None if np.isnan(tests[index][0].low) else list(tests[index][0]),
            "p_value": tests[index][1],
            "test": TEST,
        }
        for index, name in enumerate(_TESTED)
    ]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
