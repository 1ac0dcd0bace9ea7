"""What the leads show of QRS complexes: band-passed, on one scale, and averaged over the leads that have a signal."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.filtering import zero_phase
from cardiov_core.order_statistics import median, row_medians, row_percentiles
from cardiov_core.preprocessing import bridge_gaps

QRS_BAND_HZ = (5.0, 30.0)
"""Where a QRS complex has most of its energy."""

# Share of time that QRS complexes take up at least, even at 20 beats a minute.
_QRS_PERCENTILE = 98.0
_CLIP = 8.0
_WEAK_LEAD = 0.05
_TINY = float(np.finfo(np.float32).tiny)


class QrsLeads(NamedTuple):
    """Leads brought to one scale."""

    rows: Float64Array  # float64, shape ``(n_usable, n_samples)``; 0 where a lead has no signal
    usable: IntArray  # int64: which rows of the signal these are
    # Bool, of the same shape: where each lead has a signal; None where all of them have one throughout.
    live: BoolArray | None

    @property
    def activity(self) -> Float64Array:
        """Mean size over the leads that have a signal, shape ``(n_samples,)``; 0 where none has."""
        size = np.abs(self.rows)
        if self.live is None:
            return np.asarray(size.mean(axis=0))
        return np.asarray(size.sum(axis=0) / np.maximum(self.live.sum(axis=0), 1))

    def only(self, chosen: BoolArray | IntArray) -> "QrsLeads":
        """Return some of the leads."""
        return QrsLeads(self.rows[chosen], self.usable[chosen], None if self.live is None else self.live[chosen])


def qrs_leads(signal: npt.NDArray[np.floating], sampling_rate_hz: float) -> QrsLeads:
    """Band-pass to the QRS complex and bring all usable leads to one scale.

    `signal`: shape (n_leads, n_samples), in mV, NaN where there is no signal; straight lines bridge it for the filter,
    and over 20 ms it counts as lost. `sampling_rate_hz`: above 60 Hz.
    """
    values, missing = bridge_gaps(signal, sampling_rate_hz)
    live = ~missing
    values -= row_medians(values)
    values = zero_phase(values, sampling_rate_hz, QRS_BAND_HZ, 2)
    if live.all():
        scale = row_percentiles(np.abs(values), _QRS_PERCENTILE)[0]
    else:
        values[~live] = 0.0
        scale = np.array([_scale(row[there]) for row, there in zip(values, live, strict=True)])
    # A lead without signal would contribute rounding noise at full size.
    usable = scale > max(_WEAK_LEAD * median(scale), _TINY)
    rows: Float64Array = np.clip(values[usable] / scale[usable, np.newaxis], -_CLIP, _CLIP)
    return QrsLeads(rows, np.flatnonzero(usable), None if live.all() else live[usable])


def _scale(row: Float64Array) -> float:
    return float(np.percentile(np.abs(row), _QRS_PERCENTILE)) if row.size else 0.0
