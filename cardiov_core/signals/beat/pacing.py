"""Pacemaker spikes: narrow, steep, out of a quiet line, again and again at the same distance from the QRS complex."""

import numpy as np
from scipy.ndimage import grey_closing, grey_opening
from scipy.signal import find_peaks

from cardiov_core.domain import EcgRecord
from cardiov_core.signals.beat.activity import Float64Array
from cardiov_core.signals.beat.beats import IntArray, detect_r_peaks
from cardiov_core.signals.beat.gaps import bridged

MIN_RATE_HZ = 250.0
"""Below this a spike of 0.5 to 2 ms has been filtered away before it was sampled, and what is left of it is as wide as
a QRS complex."""

_SPIKE_S = 0.010
_MIN_DISTANCE_S = 0.03
_BEFORE_S = (0.030, 0.008)
_SHORTEST_LEAD_S, _LONGEST_LEAD_S = -0.03, 0.4
_SAME_LEAD_S = 0.016
_MIN_SPIKES = 3
# Of three spikes of a record: the height relative to the ECG's amplitude, and to what moves in the 30 ms before it.
# Chosen on all records at hand, since ten paced ones are too few to divide: nine of them show such spikes, the tenth
# (LUDB 111, bipolar) none that stand out; of 548 others the sharpest, LUDB 17, reaches 1.0.
_MIN_HEIGHT = 0.025
_MIN_SHARPNESS = 1.5
_REST_SHARPNESS = 1.0
_FLOOR = 0.1  # of the least height: keeps the ratio finite on a line without any movement
_MAX_ANALYSED_S = 60.0


def can_show_pacing_spikes(record: EcgRecord) -> bool:
    """Tell whether a record is sampled fast enough for pacemaker spikes to be seen (250 Hz)."""
    return record.sampling_rate >= MIN_RATE_HZ


def find_pacing_spikes(record: EcgRecord, r_peaks: IntArray | None = None) -> tuple[float, ...]:
    """Find pacemaker spikes.

    A spike is what an opening and a closing of 10 ms (Haralick et al. 1987, doi:10.1109/TPAMI.1987.4767941) remove
    from the leads, their mean over all leads; it must be high against the ECG's amplitude and sharp against the 30 ms
    before it. Three of them at the same distance from the following R peak make a paced ECG, one alone is a
    disturbance. Small bipolar spikes under about 0.03 mV are not seen.

    Parameters
    ----------
    record : EcgRecord
        Any record; of a long one the first 60 s are searched.
    r_peaks : numpy.ndarray of int64, optional
        R peaks in samples, where the caller has them already.

    Returns
    -------
    tuple of float
        Times in seconds of the record, rising; empty where there are none, and for records under 250 Hz, in which
        they are not measurable (see :func:`can_show_pacing_spikes`).

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find R peaks.
    """
    fs = record.sampling_rate
    peaks = detect_r_peaks(record) if r_peaks is None else r_peaks
    if not can_show_pacing_spikes(record) or len(peaks) < _MIN_SPIKES:
        return ()
    signal = bridged(record.signal[:, : round(_MAX_ANALYSED_S * fs)])
    positions, sharpness, heights = _candidates(signal, fs)
    sure = positions[sharpness >= _MIN_SHARPNESS]
    locked = _locked(sure, peaks, fs)
    if locked.size < _MIN_SPIKES:
        return ()
    typical = float(np.median(heights[np.isin(positions, locked)]))
    rest = positions[(sharpness >= _REST_SHARPNESS) & (heights >= 0.5 * typical)]
    spikes = np.union1d(locked, rest)
    return tuple(float(position) / fs for position in spikes)


def _candidates(signal: Float64Array, sampling_rate_hz: float) -> tuple[IntArray, Float64Array, Float64Array]:
    """Return position, sharpness and height of everything narrow."""
    width = round(_SPIKE_S * sampling_rate_hz) | 1
    smooth = 0.5 * (grey_opening(signal, size=(1, width)) + grey_closing(signal, size=(1, width)))
    activity: Float64Array = np.abs(signal - smooth).mean(axis=0)
    low, high = np.percentile(signal, [1.0, 99.0], axis=1)
    least = _MIN_HEIGHT * float((high - low).mean())
    if least <= 0.0:
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
    found, _ = find_peaks(activity, height=least, distance=max(1, round(_MIN_DISTANCE_S * sampling_rate_hz)))
    begin, end = (round(seconds * sampling_rate_hz) for seconds in _BEFORE_S)
    positions = np.asarray([position for position in found if position >= begin], dtype=np.int64)
    before = [np.ptp(signal[:, position - begin : position - end], axis=1).mean() for position in positions]
    heights: Float64Array = activity[positions]
    sharpness: Float64Array = heights / (np.asarray(before, dtype=np.float64) + _FLOOR * least)
    return positions, sharpness, heights


def _locked(positions: IntArray, peaks: IntArray, sampling_rate_hz: float) -> IntArray:
    """Return the spikes that share their distance to the following R peak with most others."""
    if not positions.size:
        return positions
    shortest, longest, same = (
        round(seconds * sampling_rate_hz) for seconds in (_SHORTEST_LEAD_S, _LONGEST_LEAD_S, _SAME_LEAD_S)
    )
    following = np.searchsorted(peaks, positions + shortest)
    has_one = following < len(peaks)
    positions = positions[has_one]
    distance = peaks[following[has_one]] - positions
    positions, distance = positions[distance <= longest], distance[distance <= longest]
    if not positions.size:
        return positions
    alike = np.abs(distance[:, np.newaxis] - distance[np.newaxis]) <= same
    best = int(alike.sum(axis=1).argmax())
    together: IntArray = positions[alike[best]]
    return together
