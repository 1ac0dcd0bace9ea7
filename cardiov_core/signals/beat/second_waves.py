"""T and P waves that were counted as beats.

A T wave as tall as the QRS complex, hyperkalaemia's above all, stands out of the background like a beat, repeats like
one and so doubles the rate; so does a tall P wave far ahead of its QRS. Such a wave is slower than the complexes that
it belongs to, keeps the same distance from them, and, unlike a premature ventricular beat, has no T wave of its own.
"""

import numpy as np

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.filtering import zero_phase
from cardiov_core.order_statistics import median, row_medians
from cardiov_core.signals.beat.medians import median_over_beats

_BAND_HZ = (1.0, 40.0)
_HALF_WIDTH_S = 0.06
_RECENTRE_S = 0.08
_FEWEST = 3
_T_AFTER_S = (0.15, 0.48)
_P_BEFORE_S = (0.12, 0.36)
# Slowness: root mean square of the slope over that of the wave, 1/s, within 60 ms of its middle.
_SLOWER = 0.65
_SLOW_PER_S = 26.0
_SAME_DISTANCE_S = 0.07
_MOST = 0.6
_OWN_T_S = (0.16, 0.40)
_BEFORE_NEXT_S = 0.14
_SHORTEST_REST_S = 0.06
_OWN_T = 0.22
_NOT_FASTER = 1.4
_FASTEST_T_PER_S = 56.0  # narrow complexes have 75 to 90
_OF_EACH = 0.5
_OTHER_SHAPE = 0.85
_NO_T = 0.1
_UNEVEN = 0.42
_SAME_SHAPE = 0.9
_P_HEIGHT = 0.6
_TINY = float(np.finfo(np.float32).tiny)


def without_second_waves(
    signal: Float64Array, peaks: IntArray, activity: Float64Array, sampling_rate_hz: float
) -> IntArray:
    """Leave out the peaks that are T or P waves.

    `signal`: shape (n_leads, n_samples), in mV, gaps bridged. `activity`: shape (n_samples,), the QRS activity.
    `sampling_rate_hz`: above 80 Hz.
    """
    distances = np.diff(peaks) / sampling_rate_hz
    close = (distances >= _P_BEFORE_S[0]) & (distances <= _T_AFTER_S[1])
    if close.sum() < _FEWEST:
        return peaks
    waves = _slow_part(signal, sampling_rate_hz)
    middles = _recentred(np.sqrt((waves**2).mean(axis=0)), peaks, sampling_rate_hz)
    slowness = _steepness(waves, middles, sampling_rate_hz)
    for second in (
        _t_waves(waves, peaks, middles, slowness, sampling_rate_hz),
        _p_waves(peaks, slowness, activity, sampling_rate_hz),
    ):
        if second.any():
            second |= _like_those(waves, second, middles, sampling_rate_hz)
            return np.asarray(peaks[~second], dtype=np.int64)
    return peaks


def _slow_part(signal: Float64Array, sampling_rate_hz: float) -> Float64Array:
    band = (_BAND_HZ[0], min(_BAND_HZ[1], 0.45 * sampling_rate_hz))
    return zero_phase(signal - row_medians(signal), sampling_rate_hz, band, 2)


def _recentred(size: Float64Array, peaks: IntArray, sampling_rate_hz: float) -> IntArray:
    """Move each peak to the middle of its wave: the edge of a T wave is as fast as a QRS complex."""
    reach = round(_RECENTRE_S * sampling_rate_hz)
    starts = np.maximum(peaks - reach, 0)
    return np.array(
        [start + int(np.argmax(size[start : peak + reach + 1])) for start, peak in zip(starts, peaks, strict=True)],
        dtype=np.int64,
    )


def _steepness(waves: Float64Array, middles: IntArray, sampling_rate_hz: float) -> Float64Array:
    half = round(_HALF_WIDTH_S * sampling_rate_hz)
    slopes = np.gradient(waves, axis=1) * sampling_rate_hz
    steepness = []
    for middle in middles:
        part = slice(max(0, middle - half), middle + half + 1)
        steepness.append(
            float(np.sqrt((slopes[:, part] ** 2).mean()) / (np.sqrt((waves[:, part] ** 2).mean()) + _TINY))
        )
    return np.asarray(steepness, dtype=np.float64)


def _t_waves(
    waves: Float64Array, peaks: IntArray, middles: IntArray, slowness: Float64Array, sampling_rate_hz: float
) -> BoolArray:
    """Tell which peaks are T waves of the peak before them."""
    behind = np.append(0.0, np.diff(middles) / sampling_rate_hz)
    near = (behind >= _T_AFTER_S[0]) & (behind <= _T_AFTER_S[1])
    before = np.append(np.inf, slowness[:-1])
    slow = _alternate(near & (slowness <= _SLOWER * before) & (slowness <= _SLOW_PER_S))
    slow = _of_one_distance(slow, behind)
    if slow.sum() >= _FEWEST and _own_t(waves, slow, peaks, middles, sampling_rate_hz, 0.0) <= _OWN_T:
        return slow
    # As fast as a QRS complex: then each complex must have one, of another shape, and nothing may follow it.
    every = _of_one_distance(
        _alternate(near & (slowness <= _NOT_FASTER * before) & (slowness <= _FASTEST_T_PER_S)), behind
    )
    waves_alone = every | _like_those(waves, every, middles, sampling_rate_hz)
    if every.sum() < max(_FEWEST, _OF_EACH * int((~waves_alone).sum())):
        return np.zeros_like(every)
    alike = _similarity(waves, middles[every], middles[np.flatnonzero(every) - 1], sampling_rate_hz)
    # At a high rate there is no room to see what follows; but no rhythm of 200 a minute has long and short intervals.
    beat_to_beat = np.median(middles[every] - np.append(0, middles[:-1])[np.flatnonzero(every) - 1])
    uneven = median(behind[every]) <= _UNEVEN * float(beat_to_beat) / sampling_rate_hz
    follows = _own_t(waves, every, peaks, middles, sampling_rate_hz, 0.0 if uneven else np.inf)
    return every if alike <= _OTHER_SHAPE and follows <= _NO_T else np.zeros_like(every)


def _alternate(chosen: BoolArray) -> BoolArray:
    """Of neighbours that are both chosen keep the first: a wave follows a complex, not another wave."""
    alternate = chosen.copy()
    for index in range(1, alternate.size):
        alternate[index] &= not alternate[index - 1]
    return alternate


def _like_those(waves: Float64Array, second: BoolArray, middles: IntArray, sampling_rate_hz: float) -> BoolArray:
    """Tell which peaks have the shape of such waves rather than that of the complexes, which the detector missed."""
    half = round(_HALF_WIDTH_S * sampling_rate_hz)
    inside = (middles >= half) & (middles + half < waves.shape[1])
    if not (second & inside).any() or not (~second & inside).any():
        return np.zeros_like(second)
    shapes = np.zeros((middles.size, waves.shape[0] * (2 * half + 1)))
    for index in np.flatnonzero(inside):
        shapes[index] = waves[:, middles[index] - half : middles[index] + half + 1].ravel()
    shapes /= np.linalg.norm(shapes, axis=1, keepdims=True) + _TINY
    wave, beat = (median_over_beats(shapes[chosen & inside]) for chosen in (second, ~second))
    as_wave, as_beat = (shapes @ model / (np.linalg.norm(model) + _TINY) for model in (wave, beat))
    return np.asarray((as_wave >= _SAME_SHAPE) & (as_wave > as_beat))


def _similarity(waves: Float64Array, some: IntArray, others: IntArray, sampling_rate_hz: float) -> float:
    """Return the median cosine of two kinds of waves over all leads."""
    half = round(_HALF_WIDTH_S * sampling_rate_hz)
    cosines = []
    for one, other in zip(some, others, strict=True):
        if min(one, other) >= half and max(one, other) + half < waves.shape[1]:
            first, second = (waves[:, middle - half : middle + half + 1] for middle in (one, other))
            sizes = float(np.linalg.norm(first) * np.linalg.norm(second))
            cosines.append(float((first * second).sum()) / (sizes + _TINY))
    return median(cosines) if cosines else 1.0


def _p_waves(peaks: IntArray, slowness: Float64Array, activity: Float64Array, sampling_rate_hz: float) -> BoolArray:
    """Tell which peaks are P waves of the peak after them."""
    second = np.zeros(peaks.size, dtype=np.bool_)
    ahead = np.diff(peaks) / sampling_rate_hz
    second[:-1] = (ahead >= _P_BEFORE_S[0]) & (ahead <= _P_BEFORE_S[1])
    second[:-1] &= (slowness[:-1] <= _SLOWER * slowness[1:]) & (activity[peaks[:-1]] <= _P_HEIGHT * activity[peaks[1:]])
    second = _of_one_distance(second, np.append(ahead, 0.0))
    return second if second.sum() >= _FEWEST else np.zeros_like(second)


def _of_one_distance(chosen: BoolArray, distance_s: Float64Array) -> BoolArray:
    """Keep the peaks whose distance is the usual one, if that is so for most."""
    if not chosen.any():
        return chosen
    usual = median(distance_s[chosen])
    same = chosen & (np.abs(distance_s - usual) <= _SAME_DISTANCE_S)
    return same if same.sum() >= _MOST * chosen.sum() else np.zeros_like(chosen)


def _own_t(
    waves: Float64Array,
    second: BoolArray,
    peaks: IntArray,
    middles: IntArray,
    sampling_rate_hz: float,
    unknown: float,
) -> float:
    """Return how large the signal is after the waves, where T waves of their own would lie, relative to them."""
    sizes = []
    size = np.sqrt((waves**2).mean(axis=0))
    for index in np.flatnonzero(second):
        first, last = (int(middles[index]) + round(edge * sampling_rate_hz) for edge in _OWN_T_S)
        if index + 1 < peaks.size:
            last = min(last, int(peaks[index + 1]) - round(_BEFORE_NEXT_S * sampling_rate_hz))
        if last - first >= _SHORTEST_REST_S * sampling_rate_hz and last < size.size:
            # From the straight line between the ends: a filter leaves a slope behind a large wave.
            part, along = waves[:, first:last], np.linspace(0.0, 1.0, last - first)
            part = part - (part[:, :1] * (1.0 - along) + part[:, -1:] * along)
            sizes.append(float(np.sqrt((part**2).mean(axis=0)).max() / (size[middles[index]] + _TINY)))
    return median(sizes) if sizes else unknown
