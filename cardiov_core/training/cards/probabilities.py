"""Probabilities: calibration and prediction sets out of out-of-fold predictions, and how well they hold.

The same for networks, forests and blends of them: all that is needed are exceedances of records whose patients the
grader had not seen, their labels and their groups. What is reported of a record never comes from a calibration or a
limit that was fitted with its group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import isotonic_regression

from cardiov_core import ordinal
from cardiov_core.domain import BoolArray, Float64Array, IntArray, JsonObject, Severity
from cardiov_core.evaluation import (
    THRESHOLD_KEYS,
    auc_per_level,
    bootstrap_interval,
    brier_score,
    expected_calibration_error,
    wilson,
)
from cardiov_core.inference import COVERAGE, Calibration, Limits, contiguous_sets, fit_calibration, fit_limits
from cardiov_core.training.cards.decision import Floors, decision_part, nested_decisions
from cardiov_core.training.cards.doubt import doubt_part
from cardiov_core.weights import (
    CalibrationPart,
    ComparedPart,
    ConformalPart,
    DecisionPart,
    DoubtPart,
    HeldPart,
    LogLoss,
    MeasuredSets,
)

Kind = Literal["none", "temperature", "temperature_offsets"]

KINDS: tuple[Kind, ...] = ("none", "temperature", "temperature_offsets")
"""Calibrations to choose from. Isotonic regression is only compared with them: its steps give ties and certainties."""

SEEN = "out-of-fold predictions of graders that had trained on that group"
"""What nested calibrations, limits and costs are fitted on."""

_WORDS: dict[Kind, str] = {
    "none": "none helped: exceedances as the grader gives them, kept within 0.001 and 0.999",
    "temperature": "one temperature, on the logits of the exceedances",
    "temperature_offsets": "temperature with an offset a threshold, on the logits of the exceedances",
}
# A level that was given 0 % and came true would cost infinitely much; a millionth costs 13.8.
_SMALLEST = 1e-6
_FEWEST_GROUPS = 2
_DIGITS = 4
_STORED_DIGITS = 6

Calibrated = Callable[[Float64Array], Float64Array]
Fit = Callable[[Float64Array, IntArray], Calibrated]


@dataclass(frozen=True, eq=False)
class NestedCalibration:
    """What makes a grader's probabilities hold on other patients, and what proves it."""

    calibration: Calibration  # of the shipped grader, fitted on all out-of-fold predictions
    limits_shipped: Limits  # of its prediction sets, one per level
    raw: Float64Array  # shape (n, 3), out-of-fold exceedances as the grader gave them
    # Shape (n, 3), the same after a calibration that was chosen and fitted without the record's group.
    calibrated: Float64Array
    limits: Float64Array  # shape (n, 4), limits that were fitted without it
    decided: IntArray  # shape (n,), levels by costs that were chosen without it
    floors: Floors | None  # findings that may raise a level; None where none was looked for
    # Of the model card.
    calibration_part: CalibrationPart
    conformal_part: ConformalPart
    decision_part: DecisionPart
    doubt_part: DoubtPart

    @property
    def card(self) -> dict[str, JsonObject]:
        """``calibration``, ``conformal``, ``decision`` and ``doubt`` of the model card, as JSON values."""
        parts = (self.calibration_part, self.conformal_part, self.decision_part, self.doubt_part)
        return {part.field: part.as_json() for part in parts}


def nested_calibration(
    raw: Float64Array,
    levels: IntArray,
    groups: IntArray,
    patients: npt.ArrayLike,
    *,
    kinds: Sequence[Kind] = KINDS,
    seen: str = SEEN,
    floors: Floors | None = None,
) -> NestedCalibration:
    """Choose and fit a calibration, fit limits of the prediction sets and costs, and measure all of it nested.

    Parameters
    ----------
    raw : numpy.ndarray, shape (n, 3)
        Out-of-fold exceedances as the grader gave them.
    levels, groups : numpy.ndarray of int, shape (n,)
        Labels, and the cross-validation group of each record.
    patients : array_like, shape (n,)
        Who each record is from.
    kinds : sequence of str
        Of `KINDS`; the one with the least log loss of the levels is chosen, cross-fitted by group, anew for each group
        that is measured.
    seen : str
        What the nested calibration was fitted on, in words for the card.
    floors : Floors, optional
        Findings that may raise a level; none by default.
    """
    calibrated, limits = np.full(raw.shape, np.nan), np.full((len(raw), len(Severity)), np.nan)
    for group in np.unique(groups):
        rest = groups != group
        own = fit_kind(chosen_kind(raw[rest], levels[rest], groups[rest], kinds), raw[rest], levels[rest])
        calibrated[~rest] = own(raw[~rest])
        limits[~rest] = fit_limits(ordinal.decode(own(raw[rest])), levels[rest])
    kind = chosen_kind(raw, levels, groups, kinds)
    calibration = fit_kind(kind, raw, levels)
    proven = _proven(
        Fitted(calibration, kind, seen),
        raw,
        calibrated,
        limits,
        levels,
        groups,
        patients,
        floors,
    )
    beside = proven.calibration_part.model_copy(update={"compared": compared(raw, levels, groups)})
    return replace(proven, calibration_part=beside)


def fit_kind(kind: Kind, raw: Float64Array, levels: IntArray) -> Calibration:
    """Fit one kind of calibration; 'none' is the identity."""
    if kind == "none":
        return Calibration(1.0, (0.0,) * raw.shape[1])
    return fit_calibration(raw, levels, offsets=kind == "temperature_offsets")


def chosen_kind(raw: Float64Array, levels: IntArray, groups: IntArray, kinds: Sequence[Kind] = KINDS) -> Kind:
    """Return the kind with the least cross-fitted log loss of the levels; the simpler one of equals.

    Where there are too few groups to cross-fit, 'temperature' is taken if it may be: one number hardly follows noise.
    """
    if len(kinds) == 1:
        return kinds[0]
    if len(np.unique(groups)) < _FEWEST_GROUPS:
        return "temperature" if "temperature" in kinds else kinds[0]
    losses = {
        kind: log_loss(ordinal.decode(cross_fitted(partial(fit_kind, kind), raw, levels, groups)), levels)
        for kind in kinds
    }
    return min(losses, key=lambda kind: losses[kind])


def cross_fitted(fit: Fit, raw: Float64Array, levels: IntArray, groups: IntArray) -> Float64Array:
    """Return exceedances of each group after a calibration that was fitted on the other groups."""
    calibrated = np.full(raw.shape, np.nan)
    for group in np.unique(groups):
        rest = groups != group
        calibrated[~rest] = fit(raw[rest], levels[rest])(raw[~rest])
    return calibrated


def compared(raw: Float64Array, levels: IntArray, groups: IntArray) -> tuple[ComparedPart, ...]:
    """Return how each kind of calibration, and isotonic regression, does on groups that it was not fitted on.

    Empty where there is only one group. ``auc`` is the mean of the levels, ``high_risk_graded_no_or_low`` a count.
    """
    if len(np.unique(groups)) < _FEWEST_GROUPS:
        return ()
    fits: dict[str, Fit] = {kind: partial(fit_kind, kind) for kind in KINDS}
    rows = []
    for kind, fit in (fits | {"isotonic": _isotonic}).items():
        exceedances = cross_fitted(fit, raw, levels, groups)
        probabilities, (repaired, _) = ordinal.decode(exceedances), ordinal.repair(exceedances)
        graded = probabilities.argmax(axis=1)
        rows.append(
            ComparedPart(
                kind=kind,
                log_loss=round(log_loss(probabilities, levels), _DIGITS),
                brier=round(brier_score(np.eye(len(Severity))[levels], probabilities), _DIGITS),
                ece={
                    key: round(expected_calibration_error(levels > at, repaired[:, at]), _DIGITS)
                    for at, key in enumerate(THRESHOLD_KEYS)
                },
                mae=round(float(np.abs(graded - levels).mean()), _DIGITS),
                auc=_rounded(auc_per_level(levels, probabilities)["mean"]),
                high_risk_graded_no_or_low=int(((levels == Severity.HIGH_RISK) & (graded <= Severity.LOW_RISK)).sum()),
            )
        )
    return tuple(rows)


@dataclass(frozen=True)
class Fitted:
    """A calibration, its kind, and what the nested ones were fitted on, in words."""

    calibration: Calibration
    kind: Kind
    seen: str


def _proven(
    fitted: Fitted,
    raw: Float64Array,
    calibrated: Float64Array,
    limits: Float64Array,
    levels: IntArray,
    groups: IntArray,
    patients: npt.ArrayLike,
    floors: Floors | None,
) -> NestedCalibration:
    """Measure a calibration, prediction sets and a decision that were fitted nested; arrays as there."""
    # As the table stores them, so that its readers count the same sets.
    probabilities = ordinal.decode(calibrated.round(_STORED_DIGITS)).round(_STORED_DIGITS)
    decided = nested_decisions(probabilities, levels, groups, floors)
    shipped = fit_limits(ordinal.decode(fitted.calibration(raw)), levels)
    fitted_on = f"{len(levels)} out-of-fold predictions"
    sets = _coverage(
        f"nested: limits and calibration fitted without the record's group of patients, on {fitted.seen}",
        probabilities,
        limits.round(_STORED_DIGITS),
        decided,
        levels,
        patients,
    )
    return NestedCalibration(
        calibration=fitted.calibration,
        limits_shipped=shipped,
        raw=raw,
        calibrated=calibrated,
        limits=limits,
        decided=decided,
        floors=floors,
        calibration_part=CalibrationPart(
            kind=_WORDS[fitted.kind],
            temperature=fitted.calibration.temperature,
            offsets=fitted.calibration.offsets,
            fitted_on=fitted_on,
            log_loss=LogLoss(before=log_loss(ordinal.decode(raw), levels), nested=log_loss(probabilities, levels)),
        ),
        conformal_part=ConformalPart(
            kind="split conformal, contiguous levels, a limit a level",
            wanted=COVERAGE,
            limit=min(shipped),
            limits=shipped,
            fitted_on=fitted_on,
            measured=sets,
        ),
        decision_part=decision_part(probabilities, decided, levels, groups, patients, floors),
        doubt_part=doubt_part(probabilities, decided, levels, groups),
    )


def log_loss(probabilities: Float64Array, levels: IntArray) -> float:
    """Return the mean negative log of the label's probability, which counts as a millionth at least."""
    of_label = probabilities[np.arange(len(levels)), levels]
    return float(-np.log(np.maximum(of_label, _SMALLEST)).mean())


def graded_table(table: pd.DataFrame, nested: NestedCalibration) -> pd.DataFrame:
    """Join the records' table with their out-of-fold predictions."""
    limits = {f"limit{at}": nested.limits[:, at].round(_STORED_DIGITS) for at in range(len(Severity))}
    joined = bare_table(table, nested.raw, nested.calibrated)
    findings = {} if nested.floors is None else {"findings": nested.floors.words}
    return joined.assign(**limits, **findings, decided=nested.decided, level=nested.decided)


def bare_table(table: pd.DataFrame, raw: Float64Array, calibrated: Float64Array) -> pd.DataFrame:
    """Join the records' table with exceedances ``(n, 3)`` before and after calibration.

    Returns with e0-e2 (calibrated exceedances), p0-p3 (decoded probabilities) and raw0-raw2 (exceedances before
    calibration), rounded to six places, and level (argmax).
    """
    rounded = np.round(calibrated, _STORED_DIGITS)
    probabilities = ordinal.decode(rounded)
    columns = {f"e{i}": rounded[:, i] for i in range(3)}
    columns |= {f"p{i}": probabilities[:, i].round(_STORED_DIGITS) for i in range(4)}
    columns |= {f"raw{i}": raw[:, i].round(_STORED_DIGITS) for i in range(3)}
    return table.assign(level=probabilities.argmax(axis=1), **columns)


def _coverage(
    kind: str,
    probabilities: Float64Array,
    limits: Float64Array,
    decided: IntArray,
    levels: IntArray,
    patients: npt.ArrayLike,
) -> MeasuredSets:
    """Return how often sets whose limits were fitted without the record held its level."""
    sets = contiguous_sets(probabilities, limits, decided)
    hit = np.array([label in chosen for label, chosen in zip(levels.tolist(), sets, strict=True)])
    sizes = np.array([len(chosen) for chosen in sets])
    interval = bootstrap_interval(
        lambda values: float(values.mean()), hit.astype(np.float64), groups=np.asarray(patients, dtype=str)
    )
    alone = {
        severity.title: _held_part(hit[np.array([chosen == (severity,) for chosen in sets])]) for severity in Severity
    }
    return MeasuredSets(
        kind=kind,
        n=len(levels),
        held=int(hit.sum()),
        coverage=float(hit.mean()),
        interval=(interval.low, interval.high),
        mean_size=float(sizes.mean()),
        sets_of_size={str(size): int((sizes == size).sum()) for size in range(1, len(Severity) + 1)},
        a_level={severity.title: _held_part(hit[levels == severity]) for severity in Severity},
        alone=alone,
        note="Ninety per cent are wanted of each level's records. Under 'alone': sets that name one level.",
    )


def _held_part(hit: BoolArray) -> HeldPart:
    if not len(hit):
        return HeldPart(n=0, held=0, interval=None)
    return HeldPart(n=len(hit), held=int(hit.sum()), interval=wilson(int(hit.sum()), len(hit)))


def _isotonic(raw: Float64Array, levels: IntArray) -> Calibrated:
    """Fit a rising step function a threshold (Zadrozny and Elkan 2002), linear between the records it was fitted on."""
    steps = []
    for at in range(raw.shape[1]):
        order = np.argsort(raw[:, at], kind="stable")
        fitted = isotonic_regression((levels[order] > at).astype(np.float64)).x
        steps.append((raw[order, at], np.asarray(fitted, dtype=np.float64)))
    return lambda values: np.stack([np.interp(values[:, at], *steps[at]) for at in range(values.shape[1])], axis=1)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), _DIGITS)
