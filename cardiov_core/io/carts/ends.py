"""What carts write before and behind the ECG: padding and calibration pulses, which are no signal of a heart."""

from collections.abc import Sequence

import numpy as np

from cardiov_core.domain import LIMB_LEADS, BoolArray, Float64Array
from cardiov_core.io.leads import standard_leads

_SAME_MV = 1e-6
_PULSE_MV = (0.8, 1.2)
_MIN_PULSE_S = 0.1
_MAX_END_S = 2.0
# As many leads of twelve may be off in a sample of a pulse, by as many counts, and it is one still.
_LEADS_OFF = 0.25
_COUNTS_OFF = 1.01
_CHANCE_S = 0.02


def without_ends(
    signal_mv: Float64Array, names: Sequence[str], rate_hz: float, steps_mv: Sequence[float]
) -> tuple[Float64Array, tuple[str, ...]]:
    """Cut padding and a calibration pulse off both ends of a recording.

    A calibration pulse shows as a stretch in which all leads are equal and reach 1 mV. No ECG does that: of leads I,
    II and III the third is the difference of the others (Einthoven 1913), so equal leads are zero. Philips Sierra
    files end with such a pulse. A count more or less in a few leads, as rounding leaves it, makes no ECG of it.

    `signal_mv`: shape ``(n_channels, n_samples)``, in mV; NaN where the file holds no valid sample. `rate_hz`: in Hz.
    `steps_mv`: a count in mV for each row; 0 where that is not known. Returns the signal without its ends, and a
    sentence for each end that was cut.
    """
    standard = standard_leads(names)
    rows = [index for index, lead in enumerate(standard) if lead is not None]
    leads = signal_mv[rows]
    if not leads.size or np.isnan(leads).all():
        return signal_mv, ()
    notes = []
    start, stop = _valid_stretch(leads)
    padding = (start, leads.shape[1] - stop)
    for count, end in zip(padding, ("first", "last"), strict=True):
        if count:
            notes.append(f"The {end} {count / rate_hz:.3g} s of the file are padding, no ECG, and were left out.")
    has_frontal_plane = sum(lead in LIMB_LEADS for lead in standard) >= 2
    if len(rows) >= 3 and has_frontal_plane:
        steps = np.array([steps_mv[index] for index in rows])[:, None]
        before = _pulse_length(leads[:, start:stop], rate_hz, steps)
        after = _pulse_length(leads[:, start:stop][:, ::-1], rate_hz, steps)
        for count, end in ((before, "first"), (after, "last")):
            if count:
                notes.append(
                    f"The {end} {count / rate_hz:.2g} s of the file are a calibration pulse, no ECG, and were left out."
                )
        start, stop = start + before, stop - after
    return signal_mv[:, start:stop], tuple(notes)


def _valid_stretch(leads: Float64Array) -> tuple[int, int]:
    valid = np.flatnonzero(np.isfinite(leads).any(axis=0))
    return int(valid[0]), int(valid[-1]) + 1


def _pulse_length(leads: Float64Array, rate_hz: float, steps: Float64Array) -> int:
    """Return how many samples at the beginning are a calibration pulse and its flat surroundings."""
    head = leads[:, : int(_MAX_END_S * rate_hz)]
    strict = _pulse_of(np.ptp(head, axis=0) <= _SAME_MV, head[0], rate_hz)
    if strict and (strict == head.shape[1] or np.abs(head[0, strict]) < _PULSE_MV[0]):
        return strict
    level = np.nanmedian(np.where(np.isfinite(head).any(axis=0), head, 0.0), axis=0)
    distance = np.abs(head - level)
    near = distance <= np.maximum(_COUNTS_OFF * steps, _SAME_MV)
    few = (distance > _SAME_MV).sum(axis=0) <= _LEADS_OFF * len(head)
    length = _pulse_of(near.all(axis=0) & few, level, rate_hz)
    # A few samples behind the last one of equal leads are the ECG that came near by chance.
    exact = np.flatnonzero(distance.max(axis=0)[:length] <= _SAME_MV)
    by_chance = length - int(exact[-1]) - 1 if exact.size else length
    return length - by_chance if by_chance <= _CHANCE_S * rate_hz else length


def _pulse_of(equal: BoolArray, level: Float64Array, rate_hz: float) -> int:
    length = int(np.argmin(equal)) if not equal.all() else equal.size
    high = (level[:length] >= _PULSE_MV[0]) & (level[:length] <= _PULSE_MV[1])
    return length if high.sum() >= _MIN_PULSE_S * rate_hz else 0
