"""Trees on records of a device or site that they never learned from: internal-external cross-validation.

The ordinary cross-validation holds patients out, but every group has patients of every device. Here all records of
one device (or site) are held out together, trees are grown on the others, and calibration, limits of the prediction
sets and costs are fitted without it, too (Steyerberg and Harrell 2016, doi:10.1016/j.jclinepi.2015.04.005). Beside it
stands what the ordinary cross-validation says of the same records: what lies between is the price of a device that
nobody trained on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from cardiov_core import ordinal
from cardiov_core.datasets import PtbXl
from cardiov_core.domain import BoolArray, Float64Array, IntArray, Severity
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import (
    SMALLEST_PART,
    Interval,
    auc_per_level,
    bootstrap_intervals,
    exceedances_of_levels,
    expected_calibration_error,
)
from cardiov_core.inference import contiguous_sets, exceedances_of
from cardiov_core.training import (
    BoostingRecipe,
    ForestRecipe,
    cross_validate,
    groups_of,
    grown,
    measured_records,
    nested_calibration,
    probabilities_of,
)

By = Literal["device", "site"]
"""Columns of PTB-XL's table by which records can be held out."""

_FEWEST_GROUPS = 3
_ALARM = int(Severity.MEDIUM_RISK)


@dataclass(frozen=True)
class ShiftFigures:
    """Figures of some records' grades, each with its 95 % interval by patient.

    Attributes
    ----------
    auc : float
        Mean of the levels, each against the rest; NaN where a level is absent.
    mae : float
        Of the level by costs.
    calibration_error : float
        Expected calibration error of 'medium or higher', 0..1.
    coverage : float
        Share of the 90 % sets that hold the level, 0..1.
    auc_interval, mae_interval, calibration_error_interval, coverage_interval : Interval
        Of each.
    """

    auc: float
    auc_interval: Interval
    mae: float
    mae_interval: Interval
    calibration_error: float
    calibration_error_interval: Interval
    coverage: float
    coverage_interval: Interval


@dataclass(frozen=True)
class ShiftRow:
    """The records of one device or site."""

    name: str  # its name in PTB-XL's table; 'other' for all with fewer than `SMALLEST_PART` records
    n: int  # its records
    n_patients: int
    # Graded by trees that saw no record of it, and by those of the ordinary cross-validation, which had
    # seen other patients of it
    unseen: ShiftFigures
    ordinary: ShiftFigures


@dataclass(frozen=True, eq=False)
class _Graded:
    probabilities: Float64Array
    decided: IntArray
    in_set: BoolArray


def check_shift(
    recipe: ForestRecipe | BoostingRecipe, dataset: PtbXl, by: By, *, n_resamples: int = 1000, progress: bool = False
) -> tuple[ShiftRow, ...]:
    """Grade each device's or site's records by trees that never saw one of it.

    Parameters
    ----------
    recipe : ForestRecipe or BoostingRecipe
        What to grow.
    dataset : PtbXl
        The records.
    by : {"device", "site"}
        What is held out together.
    n_resamples : int
        Bootstrap resamples behind an interval.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    tuple of ShiftRow
        The largest first, then 'other', and 'all' records together.

    Raises
    ------
    TrainingError
        If there are fewer than three devices or sites.
    """
    records = measured_records(dataset, recipe.folds, progress=progress)
    levels = records.table["label"].to_numpy(dtype=np.int64)
    patients = records.table["patient_id"].to_numpy(dtype=str)
    names = _names(dataset.table.loc[records.table["ecg_id"], by].astype(str).tolist())
    kinds, clusters = np.unique(names, return_inverse=True)
    if len(kinds) < _FEWEST_GROUPS:
        raise TrainingError(
            f"{dataset.source_name} has {len(kinds)} groups by {by}; a grader is tried on each in turn, so three are "
            "needed.",
            "Give more records, or hold out by the other column.",
        )
    folds = groups_of(records.table, recipe.cv_groups)
    by_fold = cross_validate(recipe, records.numbers, levels, folds, progress=progress)
    ordinary = _graded(by_fold, levels, folds, patients)
    parts = np.asarray(clusters, dtype=np.int64)
    raw = _unseen_exceedances(recipe, records.numbers, levels, parts, patients, unit=by, progress=progress)
    unseen = _graded(raw, levels, parts, patients)

    def row(name: str, rows: BoolArray) -> ShiftRow:
        own = (levels[rows], patients[rows], n_resamples)
        return ShiftRow(
            name,
            int(rows.sum()),
            len(np.unique(patients[rows])),
            _figures(unseen, rows, *own),
            _figures(ordinary, rows, *own),
        )

    return tuple(row(name, rows) for name, rows in _parts(names))


def _unseen_exceedances(
    recipe: ForestRecipe | BoostingRecipe,
    numbers: Float64Array,
    levels: IntArray,
    parts: IntArray,
    patients: npt.NDArray[np.str_],
    *,
    unit: str,
    progress: bool,
) -> Float64Array:
    """Return the exceedances of each part by trees grown on the others."""
    raw = np.full((len(levels), len(Severity) - 1), np.nan)
    for part in tqdm(range(int(parts.max()) + 1), disable=not progress, unit=unit):
        out = parts == part
        # A patient's record on another device would give the patient away.
        rest = ~out & ~np.isin(patients, patients[out])
        trees = grown(recipe, numbers[rest], levels[rest])
        raw[out] = exceedances_of(probabilities_of(trees)(numbers[out]))
    return raw


def _names(given: Sequence[str]) -> npt.NDArray[np.str_]:
    """Return the device or site of each record; those with few records become 'other'."""
    names = np.array([" ".join(name.split()) for name in given], dtype=str)
    kinds, counts = np.unique(names, return_counts=True)
    small = kinds[counts < SMALLEST_PART]
    return np.where(np.isin(names, small), "other", names)


def _parts(names: npt.NDArray[np.str_]) -> Iterator[tuple[str, BoolArray]]:
    kinds, counts = np.unique(names, return_counts=True)
    order = sorted(zip(kinds.tolist(), counts.tolist(), strict=True), key=lambda kind: (kind[0] == "other", -kind[1]))
    for kind, _ in order:
        yield kind, names == kind
    yield "all", np.ones(len(names), dtype=bool)


def _graded(raw: Float64Array, levels: IntArray, groups: IntArray, patients: npt.NDArray[np.str_]) -> _Graded:
    nested = nested_calibration(raw, levels, groups, patients)
    probabilities = ordinal.decode(nested.calibrated)
    sets = contiguous_sets(probabilities, nested.limits, nested.decided)
    in_set = [label in chosen for label, chosen in zip(levels.tolist(), sets, strict=True)]
    return _Graded(probabilities, nested.decided, np.array(in_set, dtype=bool))


def _figures(
    graded: _Graded, rows: BoolArray, levels: IntArray, patients: npt.NDArray[np.str_], n_resamples: int
) -> ShiftFigures:
    def values(labels: IntArray, probabilities: Float64Array, decided: IntArray, in_set: BoolArray) -> Float64Array:
        stated = exceedances_of_levels(probabilities)[:, _ALARM - 1]
        return np.array(
            [
                auc_per_level(labels, probabilities)["mean"],
                np.abs(labels - decided).mean(),
                expected_calibration_error(labels >= _ALARM, stated),
                in_set.mean(),
            ]
        )

    arrays = (levels, graded.probabilities[rows], graded.decided[rows], graded.in_set[rows])
    auc, mae, error, coverage = map(float, values(*arrays))
    limits = bootstrap_intervals(values, *arrays, groups=patients, n_resamples=n_resamples)
    return ShiftFigures(auc, limits[0], mae, limits[1], error, limits[2], coverage, limits[3])
