"""What a decision would come to among 1,000 patients of a ward, from records whose labels are known.

The share of patients at medium or high risk is the ward's; on either side of that threshold patients are taken to be as
ill as the records. Probabilities stay those of the records: a ward's own prevalence does not change them.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray, Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.bootstrap import Interval, bootstrap_intervals

PATIENTS = 1000
"""Of whom is told what would happen to them."""


@dataclass(frozen=True)
class WardOutcome:
    """What would happen to 1,000 patients; numbers of patients, but for the last two.

    Attributes
    ----------
    right_alarms, false_alarms : float
        Graded medium or higher who are, and who are not.
    missed, quiet : float
        Graded no or low who are at medium or high risk, and who are not.
    missed_high, high : float
        At high risk and graded no or low; at high risk.
    too_low, too_high : float
        Graded below and above their own level.
    sensitivity, specificity : float
        Of 'medium or higher'; the same whatever the prevalence.
    """

    right_alarms: float
    false_alarms: float
    missed: float
    quiet: float
    missed_high: float
    high: float
    too_low: float
    too_high: float
    sensitivity: float
    specificity: float


def ward_outcome(labels: IntArray, levels: IntArray, prevalence: float) -> WardOutcome:
    """Return what a decision comes to in a ward.

    Parameters
    ----------
    labels, levels : numpy.ndarray of int, shape (n,)
        Of records: the cardiologists' level and the one on show.
    prevalence : float
        Share of the ward's patients at medium or high risk, between 0 and 1.

    Raises
    ------
    ConfigurationError
        If the prevalence is no share, or the records lie on one side of the threshold.
    """
    grave = labels >= Severity.MEDIUM_RISK
    if not 0.0 < prevalence < 1.0:
        raise ConfigurationError(f"A prevalence of {prevalence:g} is no share.", "Give one between 0 and 1.")
    if grave.all() or not grave.any():
        raise ConfigurationError(
            f"All {len(labels)} records lie on one side of medium risk.", "Evaluate on records of all levels."
        )
    patients = np.where(grave, prevalence / grave.sum(), (1.0 - prevalence) / (~grave).sum()) * PATIENTS
    alarm, high = levels >= Severity.MEDIUM_RISK, labels == Severity.HIGH_RISK

    def n(chosen: BoolArray) -> float:
        return float(patients[chosen].sum())

    return WardOutcome(
        right_alarms=n(grave & alarm),
        false_alarms=n(~grave & alarm),
        missed=n(grave & ~alarm),
        quiet=n(~grave & ~alarm),
        missed_high=n(high & ~alarm),
        high=n(high),
        too_low=n(levels < labels),
        too_high=n(levels > labels),
        sensitivity=float(alarm[grave].mean()),
        specificity=float((~alarm)[~grave].mean()),
    )


def ward_intervals(
    labels: IntArray,
    levels: IntArray,
    prevalence: float,
    patients: npt.NDArray[np.str_],
    n_resamples: int,
) -> dict[str, Interval]:
    """Return a 95 % interval of each figure, by patient; arguments as in `ward_outcome` and `bootstrap_intervals`."""
    names = [item.name for item in fields(WardOutcome)]

    def values(true: IntArray, shown: IntArray) -> Float64Array:
        grave = true >= Severity.MEDIUM_RISK
        if grave.all() or not grave.any():
            return np.full(len(names), np.nan)
        outcome = ward_outcome(true, shown, prevalence)
        return np.array([getattr(outcome, name) for name in names])

    limits = bootstrap_intervals(values, labels, levels, groups=patients, n_resamples=n_resamples)
    return dict(zip(names, limits, strict=True))
