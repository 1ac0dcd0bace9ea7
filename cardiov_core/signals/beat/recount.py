"""Beats counted too seldom: what a detector of large peaks passes over."""

from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.order_statistics import median
from cardiov_core.signals.beat.activity import QrsLeads
from cardiov_core.signals.beat.medians import median_over_beats

_HALF_WIDTH_S = 0.08
_SHIFT_S = 0.012
_LONG_INTERVAL = 1.5  # of the median one
_FEWEST_BEATS = 3
_SMALLEST = 0.03  # of a usual beat
_OVER_BACKGROUND = 3.0
_BESIDE_BEATS_S = 0.3
_APART_S = 0.1
_LIKE = 0.8
_LIKE_IN_FEW_LEADS = 0.93
_FEW_LEADS = 3
_MAX_COMPARED_BEATS = 40
_TINY = float(np.finfo(np.float32).tiny)


def with_small_beats(leads: QrsLeads, activity: Float64Array, peaks: IntArray, sampling_rate_hz: float) -> IntArray:
    """Add beats that are far smaller than the others, but of their shape, where an interval would else be a pause.

    An electrode that loses its contact for some seconds, or a breath, makes three beats in a row small; a detector
    that must not find beats in noise passes over them.

    `activity`: shape (n_samples,), theirs. `sampling_rate_hz`: in Hz.
    """
    if peaks.size < _FEWEST_BEATS:
        return peaks
    longest = _LONG_INTERVAL * median(np.diff(peaks))
    edges = [(0, int(peaks[0])), *pairwise(peaks.tolist()), (int(peaks[-1]), activity.size)]
    intervals = [(start, end) for start, end in edges if end - start > longest]
    if not intervals:
        return peaks
    template = _template(leads.rows, peaks, sampling_rate_hz)
    least = _SMALLEST * median(activity[peaks])
    enough = _LIKE if len(leads.rows) > _FEW_LEADS else _LIKE_IN_FEW_LEADS
    places: list[int] = []
    for start, end in intervals:
        for place in _candidates(activity, start, end, least, sampling_rate_hz):
            if _similarity(leads.rows, place, template, sampling_rate_hz) >= enough:
                if places and place - places[-1] < _BESIDE_BEATS_S * sampling_rate_hz:
                    places[-1] = place if activity[place] > activity[places[-1]] else places[-1]
                else:
                    places.append(place)
    return np.union1d(peaks, np.asarray(places, dtype=np.int64))


def _candidates(activity: Float64Array, start: int, end: int, least: float, sampling_rate_hz: float) -> list[int]:
    beside = round(_BESIDE_BEATS_S * sampling_rate_hz)
    first = start + beside if start else 0
    last = end - beside if end < activity.size else end
    if last - first < 2:
        return []
    part = activity[first:last]
    height = max(least, _OVER_BACKGROUND * median(part))
    # A T wave between two of them may be larger: all are looked at, and the shape decides.
    places, _ = find_peaks(part, height=height, distance=max(1, round(_APART_S * sampling_rate_hz)))
    return [first + int(place) for place in places]


def _template(rows: Float64Array, peaks: IntArray, sampling_rate_hz: float) -> Float64Array:
    """Return the median shape of the beats over all leads."""
    half = round(_HALF_WIDTH_S * sampling_rate_hz)
    whole = peaks[(peaks >= half) & (peaks + half < rows.shape[1])]
    if not whole.size:
        return np.zeros((len(rows), 2 * half + 1))
    whole = whole[:: -(-whole.size // _MAX_COMPARED_BEATS)]
    return median_over_beats([rows[:, peak - half : peak + half + 1] for peak in whole])


def _similarity(rows: Float64Array, place: int, template: Float64Array, sampling_rate_hz: float) -> float:
    """Return the best cosine with the template near a place; -1 at the ends of the record."""
    half, reach = template.shape[1] // 2, round(_SHIFT_S * sampling_rate_hz)
    best = -1.0
    for middle in range(place - reach, place + reach + 1):
        if middle >= half and middle + half < rows.shape[1]:
            shape = rows[:, middle - half : middle + half + 1]
            size = float(np.linalg.norm(shape) * np.linalg.norm(template))
            best = max(best, float((shape * template).sum()) / max(size, _TINY))
    return best
