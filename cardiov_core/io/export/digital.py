"""From mV to 16-bit counts, without loss where that is possible."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import EcgRecord, Float64Array
from cardiov_core.errors import RecordUnsupportedError

INVALID = -(2**15)
"""The count that marks an invalid sample in WFDB's format 16; here in DICOM as well, as the padding value."""

_LARGEST = 2**15 - 1
_USUAL_PER_MV = 1000.0
# Samples are float32: 16 bits below 33 mV leave an error of less than a thousandth of a count.
_WHOLE = 0.01


@dataclass(frozen=True, eq=False)
class Digital:
    """A record in counts."""

    # Int16, shape ``(n_leads, n_samples)``; `INVALID` where the record has no valid sample.
    counts: npt.NDArray[np.int16]
    per_mv: float  # counts per mV, the same for all leads; baseline 0


def digitise(record: EcgRecord) -> Digital:
    """Turn a record's samples into counts.

    The file's own gain is kept where all samples are whole counts of it, or of twice it (derived leads are halves);
    otherwise 1000 per mV, or the file's gain where that is finer. Every sample is then within half a count.
    """
    values = record.signal.astype(np.float64)
    missing = ~np.isfinite(values)
    values[missing] = 0.0
    per_mv = _gain(record, values)
    counts = np.round(values * per_mv).astype(np.int16)
    counts[missing] = INVALID
    return Digital(counts, per_mv)


def _gain(record: EcgRecord, values: Float64Array) -> float:
    largest_mv = float(np.abs(values).max(initial=0.0))
    stated = {gain / record.provenance.gain_factor for gain in record.provenance.gains_per_mv or ()}
    own = stated.pop() if len(stated) == 1 else None
    for gain in (own, 2 * own) if own else ():
        scaled = values * gain
        if largest_mv * gain <= _LARGEST and np.abs(scaled - np.round(scaled)).max(initial=0.0) <= _WHOLE:
            return gain
    for gain in (max(own or 0.0, _USUAL_PER_MV), _USUAL_PER_MV, 500.0, 200.0, 100.0):
        if largest_mv * gain <= _LARGEST:
            return gain
    raise RecordUnsupportedError(
        f"{record.record_id} reaches {largest_mv:.3g} mV, which does not fit 16 bits.",
        "Correct the gain first (--gain-factor), or write it as CSV.",
    )
