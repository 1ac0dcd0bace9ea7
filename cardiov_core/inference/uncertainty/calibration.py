"""Calibration: exceedances that mean what they say.

One temperature for all three thresholds and an offset each, on the logits (Platt 1999; Guo et al. 2017,
arXiv:1706.04599): few enough numbers for a few hundred records, where isotonic regression would follow the noise.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

from cardiov_core import ordinal
from cardiov_core.domain import Float64Array
from cardiov_core.errors import LabelError
from cardiov_core.weights import CalibrationPart, ModelCard

# A forest of 600 trees whose leaves are all of one kind says 0; its logit must stay finite.
CLIP = 1e-3


@dataclass(frozen=True)
class Calibration:
    """``expit(logit(exceedance) / temperature + offset)`` a threshold.

    Attributes
    ----------
    temperature : float
        Above 0; below 1 makes probabilities more extreme.
    offsets : tuple of float
        One per threshold.
    """

    temperature: float
    offsets: tuple[float, ...]

    def __call__(self, exceedance: npt.ArrayLike) -> Float64Array:
        """Return calibrated exceedances of the same shape ``(n, n_thresholds)``, not yet repaired in rank."""
        logits = logit(np.clip(np.asarray(exceedance, dtype=np.float64), CLIP, 1.0 - CLIP))
        return np.asarray(expit(logits / self.temperature + np.asarray(self.offsets)), dtype=np.float64)


def fit_calibration(exceedance: npt.ArrayLike, labels: npt.ArrayLike, *, offsets: bool = True) -> Calibration:
    """Fit a calibration to predictions of records that did not train the grader.

    Parameters
    ----------
    exceedance : array_like, shape (n, 3)
        As the grader gave them.
    labels : array_like of int, shape (n,)
        Levels.
    offsets : bool
        Fit an offset per threshold beside the temperature; without, only the temperature.

    Returns
    -------
    Calibration
        With the least sum of the three log losses.

    Raises
    ------
    LabelError
        If there is not one label per record.
    """
    values = np.asarray(exceedance, dtype=np.float64)
    above = ordinal.encode(labels, values.shape[1] + 1)
    if above.shape != values.shape:
        raise LabelError(f"{len(above)} labels for {len(values)} records.", "Give one label per record.")
    logits = logit(np.clip(values, CLIP, 1.0 - CLIP))

    def loss(numbers: Float64Array) -> tuple[float, Float64Array]:
        shifted = numbers[0] * logits + (numbers[1:] if offsets else 0.0)
        wrong = expit(shifted) - above
        value = float(np.mean(np.logaddexp(0.0, shifted) - above * shifted))
        slope = float((wrong * logits).mean())
        return value, np.array([slope, *(wrong.mean(axis=0) / values.shape[1] if offsets else ())])

    start = np.array([1.0, *([0.0] * values.shape[1] if offsets else [])])
    # A negative slope would turn the order of the records round.
    limits = [(0.05, 20.0), *([(-5.0, 5.0)] * (len(start) - 1))]
    solution = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits).x
    fitted = tuple(float(number) for number in solution[1:]) if offsets else (0.0,) * values.shape[1]
    return Calibration(temperature=float(1.0 / solution[0]), offsets=fitted)


def calibration_of(card: ModelCard) -> Calibration | None:
    """Return the calibration that a model card states; None where it states none.

    Raises
    ------
    ModelCardError
        If it makes no sense.
    """
    stated = card.part(CalibrationPart)
    return None if stated is None else Calibration(stated.temperature, stated.offsets)
