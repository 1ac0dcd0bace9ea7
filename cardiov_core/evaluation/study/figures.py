"""All figures of graded records, as ``metrics.json`` and model cards carry them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import JsonValue

from cardiov_core.domain import BoolArray, Float64Array, IntArray, JsonObject, Severity
from cardiov_core.evaluation.bootstrap import counted_intervals
from cardiov_core.evaluation.calibration_curve import observed_intervals, reliability_curve
from cardiov_core.evaluation.counted import CountedFigures
from cardiov_core.evaluation.json_figures import defined, inside, limits_of, nested
from cardiov_core.evaluation.metrics import THRESHOLD_KEYS, confusion_matrix, exceedances_of_levels
from cardiov_core.evaluation.operating_points import OPERATING_POINTS, alarm_at, missed_high_risk
from cardiov_core.evaluation.roc import roc_curves
from cardiov_core.evaluation.subgroups import subgroup_figures

P_COLUMNS = ("p0", "p1", "p2", "p3")
"""Columns of the levels' probabilities."""

N_RESAMPLES = 1000
"""Bootstrap resamples behind an interval, where nothing else is asked for."""

# Exceedances that never rise may do so in their last digit.
_ROUNDING = 1e-9

_DISTANCES = np.abs(np.subtract.outer(np.arange(len(Severity)), np.arange(len(Severity))))


@dataclass(frozen=True, eq=False)
class Graded:
    """Graded records as arrays."""

    # Shape (n,), the cardiologist's and the grader's levels.
    labels: IntArray
    levels: IntArray
    probabilities: Float64Array  # shape (n, 4), of each level
    violated: Float64Array  # shape (n,), 1 where the raw exceedances rose, 0 where not, NaN where it is not known
    patients: npt.NDArray[np.str_]  # shape (n,), a record without a patient is one by itself


def graded_of(table: pd.DataFrame) -> Graded:
    """Return a table of predictions as arrays.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, level, p0..p3, patient_id; rank_violation where it is known.
    """
    own = [f"record {index}" for index in range(len(table))]
    patients = [
        name if pd.isna(patient) else str(patient) for patient, name in zip(table["patient_id"], own, strict=True)
    ]
    violated = np.full(len(table), np.nan)
    if "rank_violation" in table.columns:
        violated = (table["rank_violation"].to_numpy(dtype=np.float64) > _ROUNDING).astype(np.float64)
    return Graded(
        labels=table["label"].to_numpy(dtype=np.int64),
        levels=table["level"].to_numpy(dtype=np.int64),
        probabilities=table[list(P_COLUMNS)].to_numpy(dtype=np.float64),
        violated=violated,
        patients=np.array(patients, dtype=str),
    )


def figures_of(
    table: pd.DataFrame, n_resamples: int = N_RESAMPLES, prevalence: Mapping[str, float] | None = None
) -> JsonObject:
    """Return the figures of graded records, each with its 95 % interval; what model cards carry.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, level, p0..p3, patient_id, sex and age; rank_violation where it is known.
    n_resamples : int
        Bootstrap resamples per figure, drawn by patient.
    prevalence : mapping of str to float, optional
        Name of an operating point -> a share of positive records, for PPV and NPV there.

    Returns
    -------
    dict
        JSON values as docs/use/evaluate.md describes them, without the curves; None where the records do not
        define a figure.
    """
    graded = graded_of(table)
    figures, limits = with_intervals(graded, n_resamples, prevalence)
    confusion = confusion_matrix(graded.labels, graded.levels)
    missed, n_high = missed_high_risk(confusion)
    document: JsonObject = {
        "n": len(table),
        "n_patients": len(np.unique(graded.patients)),
        "n_resamples": n_resamples,
        **figures,
        "intervals": limits,
        "confusion": confusion.tolist(),
    }
    points = inside(document, "operating_points")
    for name, level in OPERATING_POINTS.items():
        alarm = alarm_at(confusion, level)
        stated = {} if not prevalence or name not in prevalence else {"stated_prevalence": prevalence[name]}
        inside(points, name).update({"prevalence": alarm.prevalence, **asdict(alarm), **stated})
    document["high_risk"] = {"n": n_high, "n_graded_no_or_low": missed}
    return document | subgroup_figures(table, graded.patients, n_resamples)


def curves_of(table: pd.DataFrame, n_resamples: int = N_RESAMPLES) -> JsonObject:
    """Return what figures are drawn from: ROC curves with bands, and reliability curves."""
    graded = graded_of(table)
    above = exceedances_of_levels(graded.probabilities)
    return {
        "roc": roc_curves(graded.labels, graded.probabilities, groups=graded.patients, n_resamples=n_resamples),
        "reliability": {
            key: _reliability(graded.labels > index, above[:, index], graded.patients, n_resamples)
            for index, key in enumerate(THRESHOLD_KEYS)
        },
    }


def _reliability(
    happened: BoolArray, stated: Float64Array, patients: npt.NDArray[np.str_], n_resamples: int
) -> list[JsonValue]:
    limits = observed_intervals(happened, stated, groups=patients, n_resamples=n_resamples)
    bins = reliability_curve(happened, stated)
    return [asdict(one) | {"interval": limits_of(limit)} for one, limit in zip(bins, limits, strict=True)]


def with_intervals(
    graded: Graded, n_resamples: int, prevalence: Mapping[str, float] | None = None
) -> tuple[JsonObject, JsonObject]:
    """Return all plain figures and their intervals, nested by their names and with the same keys."""
    counted = CountedFigures(graded.labels, graded.levels, graded.probabilities, graded.violated, prevalence)

    def values(counts: Float64Array) -> Float64Array:
        return np.stack([*counted(counts).values()])

    figures = {name: float(value[0]) for name, value in counted(np.ones((len(graded.labels), 1))).items()}
    limits = counted_intervals(values, len(graded.labels), groups=graded.patients, n_resamples=n_resamples)
    return (
        nested({name: defined(value) for name, value in figures.items()}),
        nested({name: limits_of(interval) for name, interval in zip(figures, limits, strict=True)}),
    )
