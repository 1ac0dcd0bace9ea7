"""Whether the six limb leads agree with one another: III = II - I and Goldberger's three."""

from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import Float64Array
from cardiov_core.order_statistics import row_medians

MAX_RESIDUAL = 0.25
"""Largest disagreement, relative to the leads' own size, that is let pass.

Relative, because carts store large ECGs with larger steps. Measured between 0.5 and 40 Hz: at most 0.007 in 434 PTB-XL
records and 0.01 in 24 of CinC; in 100 LUDB records at most 0.006 on one scale, and 0.6 as their headers scale them,
each lead for itself.
"""

# Lead -> its shares of I and II (Einthoven 1913, Goldberger 1942).
_OF_I_AND_II: dict[str, tuple[float, float]] = {
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
_EXACT = 0.05  # of the lead's own size: what a single scale a lead leaves over
# Over the most that rounding makes of leads on one scale: 0.16 in the sample-to-sample steps of 434 PTB-XL records.
_MEANINGFUL = 0.16


@dataclass(frozen=True)
class LimbLeadCheck:
    """Agreement of the recorded limb leads."""

    # Largest disagreement of a lead, relative to the size of the limb leads: root mean squares of seconds, of which the
    # median counts, so that a lead that is lost for a moment is not taken for a wrong one.
    residual: float
    consistent: bool  # True up to :data:`MAX_RESIDUAL`
    scaled_one_by_one: bool  # True where the leads disagree as they are, and agree with one scale for each of them
    # What would make contradictory leads agree: 'the order is ...', 'II and III are exchanged'.
    explanation: str | None = None

    @property
    def contradictory(self) -> bool:
        """Whether no scale makes the leads agree: they are not what they are called."""
        return not self.consistent and not self.scaled_one_by_one


def check_limb_leads(leads: dict[str, Float64Array], sampling_rate_hz: float) -> LimbLeadCheck | None:
    """Compare the limb leads with what I and II say they must be.

    `leads`: shape (n_samples,), recorded limb leads that can be used, without base line drift. `sampling_rate_hz`: in
    Hz. Returns None where I, II or all others are not there, or all are without signal.
    """
    others = [lead for lead in _OF_I_AND_II if lead in leads]
    if "I" not in leads or "II" not in leads or not others:
        return None
    rows = np.stack([leads[lead] for lead in ("I", "II", *others)])
    size = float(np.sqrt(np.mean(_typical_sizes(rows, sampling_rate_hz) ** 2)))
    if size == 0.0:
        return None
    shares = np.array([_OF_I_AND_II[lead] for lead in others])
    worst = float(_typical_sizes(rows[2:] - shares @ rows[:2], sampling_rate_hz).max()) / size
    # Leads that agree as they are need no scale of their own.
    scaled = worst > _MEANINGFUL and all(_scaled(lead, leads[lead], rows[:2].T) for lead in others)
    return LimbLeadCheck(worst, worst <= MAX_RESIDUAL, scaled)


def _scaled(lead: str, row: Float64Array, basis: Float64Array) -> bool:
    """Tell whether one scale a lead makes a lead what I and II, ``(n_samples, 2)``, say it must be."""
    fitted, *_ = np.linalg.lstsq(basis, row, rcond=None)
    left = float(np.sqrt(_power(row - basis @ fitted)))
    upright = bool((fitted * np.asarray(_OF_I_AND_II[lead]) > 0.0).all())
    return upright and left <= _EXACT * float(np.sqrt(_power(row)))


def _typical_sizes(rows: Float64Array, sampling_rate_hz: float) -> Float64Array:
    """Return the size of a typical second of each row, ``(n_leads, n_samples) -> (n_leads,)``."""
    second = round(sampling_rate_hz)
    n_seconds = rows.shape[1] // second
    seconds = rows[:, : n_seconds * second].reshape(len(rows), n_seconds, second) if n_seconds else rows[:, np.newaxis]
    return row_medians(np.sqrt(np.mean(np.square(seconds), axis=2)))[:, 0]


def _power(values: Float64Array) -> float:
    return float(np.mean(np.square(values)))
