"""Honest probabilities: calibration and prediction sets out of out-of-fold predictions, and how well they hold.

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
from cardiov_core.domain import Severity
from cardiov_core.domain.arrays import Float64Array, IntArray
from cardiov_core.domain.documents import JsonObject
from cardiov_core.evaluation.agreement.formulas import wilson
from cardiov_core.evaluation.bootstrap import bootstrap_interval
from cardiov_core.evaluation.calibration_curve import brier_score, expected_calibration_error
from cardiov_core.evaluation.metrics import THRESHOLD_KEYS, auc_per_level
from cardiov_core.inference.uncertainty.calibration import Calibration, fit_calibration
from cardiov_core.inference.uncertainty.conformal import COVERAGE, contiguous_set, fit_limit
from cardiov_core.weights.card_parts import (
    CalibrationPart,
    ComparedPart,
    ConformalPart,
    HeldPart,
    LogLoss,
    MeasuredSets,
)

Kind = Literal["none", "temperature", "temperature_offsets"]

KINDS: tuple[Kind, ...] = ("none", "temperature", "temperature_offsets")
"""Calibrations to choose from. Isotonic regression is only compared with them: its steps give ties and certainties."""

SEEN = "predictions of networks that had trained on that group: only the forest is nested all the way"
"""What a network's nested coverage is fitted on."""

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
class HonestPart:
    """What makes a grader's probabilities honest, and what proves it.

    Attributes
    ----------
    calibration : Calibration
        Of the shipped grader, fitted on all out-of-fold predictions.
    limit : float
        Of its prediction sets.
    raw : numpy.ndarray, shape (n, 3)
        Out-of-fold exceedances as the grader gave them.
    calibrated : numpy.ndarray, shape (n, 3)
        The same after a calibration that was chosen and fitted without the record's group.
    limits : numpy.ndarray, shape (n,)
        Limits that were fitted without it.
    calibration_part, conformal_part : CalibrationPart, ConformalPart
        Of the model card.
    """

    calibration: Calibration
    limit: float
    raw: Float64Array
    calibrated: Float64Array
    limits: Float64Array
    calibration_part: CalibrationPart
    conformal_part: ConformalPart

    @property
    def card(self) -> dict[str, JsonObject]:
        """``calibration`` and ``conformal`` of the model card, as JSON values."""
        return {part.field: part.as_json() for part in (self.calibration_part, self.conformal_part)}


def honest_part(
    raw: Float64Array,
    levels: IntArray,
    groups: IntArray,
    patients: npt.ArrayLike,
    *,
    kinds: Sequence[Kind] = KINDS,
    seen: str = SEEN,
) -> HonestPart:
    """Choose and fit a calibration, fit the limit of the prediction sets, and measure both nested.

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
    """
    calibrated, limits = np.full(raw.shape, np.nan), np.full(len(raw), np.nan)
    for group in np.unique(groups):
        rest = groups != group
        own = fit_kind(chosen_kind(raw[rest], levels[rest], groups[rest], kinds), raw[rest], levels[rest])
        calibrated[~rest] = own(raw[~rest])
        limits[~rest] = fit_limit(ordinal.decode(own(raw[rest])), levels[rest])
    kind = chosen_kind(raw, levels, groups, kinds)
    calibration = fit_kind(kind, raw, levels)
    limit = fit_limit(ordinal.decode(calibration(raw)), levels)
    found = proven(calibration, limit, raw, calibrated, limits, levels, patients, kind=kind, seen=seen)
    beside = found.calibration_part.model_copy(update={"compared": compared(raw, levels, groups)})
    return replace(found, calibration_part=beside)


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
    found = np.full(raw.shape, np.nan)
    for group in np.unique(groups):
        rest = groups != group
        found[~rest] = fit(raw[rest], levels[rest])(raw[~rest])
    return found


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


def proven(
    calibration: Calibration,
    limit: float,
    raw: Float64Array,
    calibrated: Float64Array,
    limits: Float64Array,
    levels: IntArray,
    patients: npt.ArrayLike,
    *,
    kind: Kind,
    seen: str | None = None,
) -> HonestPart:
    """Measure a calibration and prediction sets that were fitted nested.

    Parameters
    ----------
    calibration, limit : Calibration, float
        Of the shipped grader.
    raw, calibrated : numpy.ndarray, shape (n, 3)
        Out-of-fold exceedances before, and after calibrations that were fitted without the record's group.
    limits : numpy.ndarray, shape (n,)
        Fitted without the record's group.
    levels, patients : array_like, shape (n,)
        Labels, and who each record is from.
    kind : str
        Of `KINDS`.
    seen : str, optional
        What the nested fit came from where that was not nested all the way.
    """
    # As the table stores them, so that its readers count the same sets.
    probabilities = ordinal.decode(calibrated.round(_STORED_DIGITS)).round(_STORED_DIGITS)
    fitted_on = f"{len(levels)} out-of-fold predictions"
    words = "nested: limit and calibration fitted without the record's group of patients"
    return HonestPart(
        calibration,
        limit,
        raw,
        calibrated,
        limits,
        CalibrationPart(
            kind=_WORDS[kind],
            temperature=calibration.temperature,
            offsets=calibration.offsets,
            fitted_on=fitted_on,
            log_loss=LogLoss(before=log_loss(ordinal.decode(raw), levels), nested=log_loss(probabilities, levels)),
        ),
        ConformalPart(
            kind="split conformal, contiguous levels, marginal",
            wanted=COVERAGE,
            limit=limit,
            fitted_on=fitted_on,
            measured=_coverage(
                f"{words}, on {seen}" if seen else words, probabilities, limits.round(_STORED_DIGITS), levels, patients
            ),
        ),
    )


def log_loss(probabilities: Float64Array, levels: IntArray) -> float:
    """Return the mean negative log of the label's probability, which counts as a millionth at least."""
    of_label = probabilities[np.arange(len(levels)), levels]
    return float(-np.log(np.maximum(of_label, _SMALLEST)).mean())


def graded_table(
    table: pd.DataFrame, raw: Float64Array, calibrated: Float64Array, limits: Float64Array
) -> pd.DataFrame:
    """Join the records' table with their out-of-fold predictions."""
    rounded = np.round(calibrated, _STORED_DIGITS)
    probabilities = ordinal.decode(rounded)
    columns = {f"e{i}": rounded[:, i] for i in range(3)}
    columns |= {f"p{i}": probabilities[:, i].round(_STORED_DIGITS) for i in range(4)}
    columns |= {f"raw{i}": raw[:, i].round(_STORED_DIGITS) for i in range(3)}
    return table.assign(level=probabilities.argmax(axis=1), set_limit=limits.round(_STORED_DIGITS), **columns)


def _coverage(
    kind: str, probabilities: Float64Array, limits: Float64Array, levels: IntArray, patients: npt.ArrayLike
) -> MeasuredSets:
    """Return how often sets whose limit was fitted without the record held its level."""
    sets = [contiguous_set(row, own) for row, own in zip(probabilities, limits, strict=True)]
    held = np.array([label in chosen for label, chosen in zip(levels.tolist(), sets, strict=True)])
    sizes = np.array([len(chosen) for chosen in sets])
    interval = bootstrap_interval(
        lambda values: float(values.mean()), held.astype(np.float64), groups=np.asarray(patients, dtype=str)
    )
    return MeasuredSets(
        kind=kind,
        n=len(levels),
        held=int(held.sum()),
        coverage=float(held.mean()),
        interval=(interval.low, interval.high),
        mean_size=float(sizes.mean()),
        sets_of_size={str(size): int((sizes == size).sum()) for size in range(1, len(Severity) + 1)},
        a_level={severity.title: _held(held[levels == severity]) for severity in Severity},
        note="Counts a level are stated, no coverage a level is claimed.",
    )


def _held(held: npt.NDArray[np.bool_]) -> HeldPart:
    if not len(held):
        return HeldPart(n=0, held=0, interval=None)
    return HeldPart(n=len(held), held=int(held.sum()), interval=wilson(int(held.sum()), len(held)))


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
