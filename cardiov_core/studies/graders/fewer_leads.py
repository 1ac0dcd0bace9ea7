"""What a grader loses on records of fewer leads: trees grown again without the numbers of the other leads.

Numbers of no lead in particular (rate, intervals, axes) stay as twelve leads measured them, so the loss is the least
that it can be; some records are therefore measured again with their other leads taken away.

The sets are those of the challenge of 2021. Limb leads are sums of two of them, so that six leads tell what I and II
do, and four what I, II and V2 do: three sets are left to compare.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cardiov_core import ordinal
from cardiov_core.datasets import PtbXl
from cardiov_core.domain import LIMB_LEADS, STANDARD_LEADS, EcgRecord, Float64Array, IntArray
from cardiov_core.evaluation import bootstrap_intervals, mean_absolute_error
from cardiov_core.evaluation import macro_auc as mean_auc
from cardiov_core.signals import FEATURES, KeptExaminations, features_of
from cardiov_core.training import BoostingRecipe, cross_validate, groups_of, measured_records

_LIMB = tuple(LIMB_LEADS)

LEAD_SETS: Mapping[str, tuple[str, ...]] = {
    "12 leads": STANDARD_LEADS,
    "I, II, V2 (4 and 3 leads)": (*_LIMB, "V2"),
    "I, II (6 and 2 leads)": _LIMB,
}
"""Name -> leads that are measured, limb leads computed."""

_N_LEVELS, _HIGH = 4, 3


@dataclass(frozen=True)
class LeadSetFigures:
    """One set of leads."""

    leads: str
    # Mean AUC of the levels and mean absolute error in levels, each with its 95 % interval by patient
    auc: tuple[float, float, float]
    mae: tuple[float, float, float]
    auc_lost: tuple[float, float, float]  # against all twelve leads on the same records, likewise
    mae_added: tuple[float, float, float]
    high_missed: int  # high-risk records whose level came out as no or low, of `n_high`
    n_high: int
    n_again: int  # records that were measured again without the other leads
    auc_of_them: float  # mean AUC of these records before that; `auc_again`: with it
    auc_again: float


def check_fewer_leads(
    dataset: PtbXl, recipe: BoostingRecipe, *, n_again: int = 300, n_resamples: int = 500, progress: bool = False
) -> tuple[LeadSetFigures, ...]:
    """Grow a recipe's trees out of fold on the numbers of fewer leads, and compare.

    Levels are the medians of bare probabilities: no calibration, no costs, no findings that raise one.

    Parameters
    ----------
    dataset : PtbXl
        A whole tree.
    recipe : BoostingRecipe
        How trees are grown.
    n_again : int
        Records, evenly over all, that are measured again by fewer leads.
    n_resamples : int
        Behind the intervals, by patient.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    DatasetError
        If the recipe's folds are not in the data set.
    """
    whole = measured_records(dataset, recipe.folds, progress=progress)
    levels = whole.table["label"].to_numpy(dtype=np.int64)
    groups = groups_of(whole.table, recipe.cv_groups)
    ecg_ids = whole.table["ecg_id"].tolist()
    chosen = np.unique(np.linspace(0, len(ecg_ids) - 1, min(n_again, len(ecg_ids))).astype(np.int64))
    raw, again = {}, {}
    for name, leads in LEAD_SETS.items():
        kept = np.array([feature.lead is None or feature.lead in leads for feature in FEATURES])
        numbers = whole.numbers[:, kept]
        raw[name] = cross_validate(recipe, numbers, levels, groups, progress=progress)
        if leads == STANDARD_LEADS or not n_again:
            continue
        judged = numbers.copy()
        judged[chosen] = _numbers(dataset, [ecg_ids[row] for row in chosen], leads)[:, kept]
        outputs = cross_validate(recipe, numbers, levels, groups, judged_by=judged, progress=progress)
        own = levels[chosen]
        again[name] = (len(chosen), _auc(own, raw[name][chosen]), _auc(own, outputs[chosen]))
    return _compared(raw, again, levels, whole.table["patient_id"].to_numpy(dtype=str), n_resamples)


def with_leads(record: EcgRecord, leads: Sequence[str]) -> EcgRecord:
    """Return a record with some of its leads alone."""
    return replace(record, leads=tuple(leads), signal=np.stack([record.lead(name) for name in leads]))


def _numbers(dataset: PtbXl, ecg_ids: Sequence[int], leads: Sequence[str]) -> Float64Array:
    def parts() -> Iterator[EcgRecord]:
        for ecg_id in ecg_ids:
            yield with_leads(dataset.record(ecg_id), leads)

    rows = [features_of(one.record, one.measurements) for one in KeptExaminations().of(parts())]
    numbers: Float64Array = np.stack(rows)
    return numbers


def _compared(
    raw: Mapping[str, Float64Array],
    again: Mapping[str, tuple[int, float, float]],
    levels: IntArray,
    patients: npt.NDArray[np.str_],
    n_resamples: int,
) -> tuple[LeadSetFigures, ...]:
    names = list(raw)

    def statistic(labels: IntArray, exceedances: Float64Array) -> Float64Array:
        parts = np.split(exceedances, len(names), axis=1)
        return np.array([(_auc(labels, part), mean_absolute_error(labels, _levels(part))) for part in parts]).ravel()

    def with_differences(labels: IntArray, exceedances: Float64Array) -> Float64Array:
        rows = statistic(labels, exceedances).reshape(-1, 2)
        return np.concatenate([rows, (rows[0] - rows) * (1.0, -1.0) + 0.0], axis=1).ravel()

    joined = np.concatenate(list(raw.values()), axis=1)
    values = with_differences(levels, joined).reshape(-1, 4)
    limits = bootstrap_intervals(with_differences, levels, joined, groups=patients, n_resamples=n_resamples)
    high = levels == _HIGH
    rows = []
    for at, name in enumerate(names):
        auc, mae, lost, added = [
            (float(value), float(limit.low), float(limit.high))
            for value, limit in zip(values[at], limits[4 * at : 4 * at + 4], strict=True)
        ]
        missed = int((high & (_levels(raw[name]) < _HIGH - 1)).sum())
        anew = again.get(name, (0, float("nan"), float("nan")))
        rows.append(LeadSetFigures(name, auc, mae, lost, added, missed, int(high.sum()), *anew))
    return tuple(rows)


def _levels(exceedances: Float64Array) -> IntArray:
    levels: IntArray = (exceedances >= 0.5).sum(axis=1).astype(np.int64)
    return levels


def _auc(levels: IntArray, exceedances: Float64Array) -> float:
    return mean_auc(np.eye(_N_LEVELS, dtype=bool)[levels], ordinal.decode(exceedances))


def fewer_leads_text(figures: Sequence[LeadSetFigures]) -> str:
    """Return the comparison for a terminal."""
    head = f"{'LEADS':<26} {'AUC':<23} {'LOST':<23} {'MAE':<23} {'ADDED':<24} HIGH GRADED NO OR LOW"
    rows = [
        f"{one.leads:<26} {_told(one.auc):<23} {_told(one.auc_lost):<23} {_told(one.mae):<23} "
        f"{_told(one.mae_added):<24} {one.high_missed} of {one.n_high}"
        for one in figures
    ]
    anew = [
        f"{one.leads}: {one.n_again} records measured again by these leads alone, AUC {one.auc_again:.3f} instead of "
        f"{one.auc_of_them:.3f}"
        for one in figures
        if one.n_again
    ]
    return "\n".join([head, *rows, *anew])


def _told(value: tuple[float, float, float]) -> str:
    return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
