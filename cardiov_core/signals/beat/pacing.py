"""Pacemaker spikes: narrow, steep, out of a quiet line, again and again.

Those that the heart follows keep their distance from the QRS complex; those that it does not follow are alike and come
as regularly as a clock. Either way they are no part of the ECG: they are taken out before anything is measured.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.signal import find_peaks

from cardiov_core.domain import EcgRecord, Float64Array, IntArray
from cardiov_core.order_statistics import median, row_percentiles
from cardiov_core.signals.beat.medians import median_over_beats

Float = TypeVar("Float", np.float32, np.float64)

MIN_RATE_HZ = 250.0
"""Below this a spike of 0.5 to 2 ms has been filtered away before it was sampled, and what is left of it is as wide as
a QRS complex."""

REST_SHARPNESS = 1.0
"""Once a record is paced, what is as sharp and half as high as its spikes is one, too."""

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
_FLOOR = 0.1  # of the least height: keeps the ratio finite on a line without any movement
_MAX_ANALYSED_S = 60.0
# Spikes that nothing follows: far sharper than what a disturbance leaves, alike, and regular to 15 ms.
_CLOCK_SHARPNESS = 3.0
_CLOCK_SPIKES = 4
_CLOCK_JITTER_S = 0.015
_CLOCK_INTERVAL_S = (0.3, 2.2)
_ALIKE = 0.35
_MOST_ALIKE = 0.8
_SPIKE_HALF_S = 0.008
_TAIL_S = (0.045, 0.09, 0.4)
_TAIL_SHARE = 0.06
_REFRACTORY_S = 0.3


class Candidates(NamedTuple):
    """Position in samples, sharpness and height of everything narrow."""

    positions: IntArray
    sharpness: Float64Array
    heights: Float64Array

    @property
    def may_be_spikes(self) -> bool:
        """Whether enough of them are sharp."""
        return int((self.sharpness >= _MIN_SHARPNESS).sum()) >= _MIN_SPIKES


def can_show_pacing_spikes(record: EcgRecord) -> bool:
    """Tell whether a record is sampled fast enough for pacemaker spikes to be seen (250 Hz)."""
    return record.sampling_rate >= MIN_RATE_HZ


def spike_candidates(signal: Float64Array, sampling_rate_hz: float) -> Candidates:
    """Find everything narrow that may be a pacemaker spike.

    A spike is what an opening and a closing of 10 ms (Haralick et al. 1987, doi:10.1109/TPAMI.1987.4767941) remove
    from the leads, their mean over all leads; it must be high against the ECG's amplitude and sharp against the 30 ms
    before it. Small bipolar spikes under about 0.03 mV are not seen.

    `signal`: shape (n_leads, n_samples), in mV, gaps bridged; of a long one the first 60 s are searched.
    `sampling_rate_hz`: under 250 Hz nothing is found.
    """
    if sampling_rate_hz < MIN_RATE_HZ:
        return Candidates(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
    return Candidates(*_candidates(signal[:, : round(_MAX_ANALYSED_S * sampling_rate_hz)], sampling_rate_hz))


def spikes_among(candidates: Candidates, peaks: IntArray, sampling_rate_hz: float) -> IntArray:
    """Tell which candidates are pacemaker spikes.

    `candidates`: from `spike_candidates`. `peaks`: R peaks, found in the signal without the candidates.
    `sampling_rate_hz`: in Hz. Returns rising. Three at the same distance from the following R peak make a paced ECG,
    and so do four like ones that come as regularly as a clock, whatever the heart does; one alone is a disturbance.
    """
    positions, sharpness, heights = candidates
    sure = positions[sharpness >= _MIN_SHARPNESS]
    spikes = _locked(sure, peaks, sampling_rate_hz) if len(peaks) >= _MIN_SPIKES else sure[:0]
    if spikes.size < _MIN_SPIKES:
        spikes = _clockwork(positions, sharpness, heights, sampling_rate_hz)
    if spikes.size < _MIN_SPIKES:
        return spikes[:0]
    typical = median(heights[np.isin(positions, spikes)])
    rest = positions[(sharpness >= REST_SHARPNESS) & (heights >= 0.5 * typical)]
    return np.union1d(spikes, rest)


def without_spikes(signal: npt.NDArray[Float], spikes: IntArray, sampling_rate_hz: float) -> npt.NDArray[Float]:
    """Return a copy in which straight lines stand for the spikes, 16 ms each.

    `signal`: shape (n_leads, n_samples), in mV. `sampling_rate_hz`: in Hz.
    """
    cleaned = signal.copy()
    half = max(2, round(_SPIKE_HALF_S * sampling_rate_hz))
    for spike in spikes:
        first, last = max(int(spike) - half, 0), min(int(spike) + half, signal.shape[1] - 1)
        along = np.linspace(0.0, 1.0, last - first + 1)
        cleaned[:, first : last + 1] = signal[:, first : first + 1] * (1.0 - along) + signal[:, last : last + 1] * along
    return cleaned


def record_without_spikes(record: EcgRecord, spikes_s: Sequence[float]) -> EcgRecord:
    """Return a record without its spikes; the record itself where there are none."""
    if not spikes_s:
        return record
    spikes = np.round(np.asarray(spikes_s) * record.sampling_rate).astype(np.int64)
    return replace(record, signal=without_spikes(record.signal, spikes, record.sampling_rate))


def only_tails(signal: Float64Array, peaks: IntArray, spikes: IntArray, sampling_rate_hz: float) -> bool:
    """Tell whether 'beats' are nothing but what the spikes leave behind: at once, and then a decay without a T wave.

    `signal`: shape (n_leads, n_samples), in mV, without the spikes. `sampling_rate_hz`: in Hz.
    """
    near, far, end = (round(seconds * sampling_rate_hz) for seconds in _TAIL_S)
    nearest = np.array([np.abs(spikes - peak).min() for peak in peaks]) if spikes.size else np.empty(0)
    whole = peaks[(peaks >= end) & (peaks + end < signal.shape[1])]
    if not nearest.size or median(nearest) > near or whole.size < _MIN_SPIKES:
        return False
    beat = median_over_beats([signal[:, peak - end : peak + end] for peak in whole])
    beat = beat - np.median(beat, axis=1, keepdims=True)
    size = np.abs(beat).mean(axis=0)
    # A decay only falls; a T wave rises out of it.
    fallen = np.minimum.accumulate(size[end + near :])
    rise = (size[end + near :] - fallen)[far - near :].max()
    return bool(rise < _TAIL_SHARE * size[end - near : end + near].max())


def all_spikes(candidates: Candidates, peaks: IntArray, sampling_rate_hz: float) -> IntArray:
    """Return the spikes where 'beats' are nothing else: each peak lies on a sharp candidate, and these are alike.

    `candidates`: from `spike_candidates`. `peaks`: what would be R peaks if these were no spikes. `sampling_rate_hz`:
    in Hz.
    """
    sharp = candidates.positions[candidates.sharpness >= _CLOCK_SHARPNESS]
    heights = candidates.heights[candidates.sharpness >= _CLOCK_SHARPNESS]
    if sharp.size < _CLOCK_SPIKES or not peaks.size:
        return sharp[:0]
    on_peaks = np.abs(peaks[:, np.newaxis] - sharp[np.newaxis]).min(axis=1) <= round(_SPIKE_S * sampling_rate_hz)
    alike = np.abs(heights - np.median(heights)) <= _ALIKE * np.median(heights)
    return sharp if min(on_peaks.mean(), alike.mean()) >= _MOST_ALIKE else sharp[:0]


def missed_captures(
    spikes_s: Sequence[float], r_s: Sequence[float], gaps_s: Sequence[tuple[float, float]], end_s: float
) -> tuple[float, ...]:
    """Return the spikes that should have been followed by a QRS complex and were not.

    `spikes_s`, `r_s`: times of spikes and R peaks, in seconds. Returns without the spikes that come within 0.3 s after
    a beat, which find the heart refractory, and those after which the signal ends too soon.
    """
    edges = [*(start for start, _ in gaps_s), end_s]
    missed = []
    for spike in spikes_s:
        followed = any(_SHORTEST_LEAD_S <= beat - spike <= _LONGEST_LEAD_S for beat in r_s)
        refractory = any(0.0 <= spike - beat <= _REFRACTORY_S for beat in r_s)
        cut = any(0.0 <= edge - spike <= _LONGEST_LEAD_S for edge in edges)
        if not (followed or refractory or cut):
            missed.append(spike)
    return tuple(missed)


def _clockwork(
    positions: IntArray, sharpness: Float64Array, heights: Float64Array, sampling_rate_hz: float
) -> IntArray:
    """Return the sharpest candidates where they are alike and their intervals equal, or multiples of one."""
    sharp = positions[sharpness >= _CLOCK_SHARPNESS]
    of_those = heights[sharpness >= _CLOCK_SHARPNESS]
    if sharp.size < _CLOCK_SPIKES:
        return sharp[:0]
    typical = median(of_those)
    alike = sharp[np.abs(of_those - typical) <= _ALIKE * typical]
    intervals = np.diff(alike) / sampling_rate_hz
    if alike.size < max(_CLOCK_SPIKES, _MOST_ALIKE * sharp.size):
        return sharp[:0]
    basic = median(intervals)
    ticks = np.round(intervals / basic)
    regular = (ticks >= 1) & (np.abs(intervals - ticks * basic) <= _CLOCK_JITTER_S * np.maximum(ticks, 1.0))
    within = _CLOCK_INTERVAL_S[0] <= basic <= _CLOCK_INTERVAL_S[1]
    return alike if within and regular.mean() >= _MOST_ALIKE else sharp[:0]


def _candidates(signal: Float64Array, sampling_rate_hz: float) -> tuple[IntArray, Float64Array, Float64Array]:
    """Return position, sharpness and height of everything narrow."""
    width = round(_SPIKE_S * sampling_rate_hz) | 1
    opened = _extreme(np.maximum, _extreme(np.minimum, signal, width), width)
    closed = _extreme(np.minimum, _extreme(np.maximum, signal, width), width)
    smooth = 0.5 * (opened + closed)
    activity: Float64Array = np.abs(signal - smooth).mean(axis=0)
    low, high = row_percentiles(signal, 1.0, 99.0)
    least = _MIN_HEIGHT * float((high - low).mean())
    if least <= 0.0:
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
    places, _ = find_peaks(activity, height=least, distance=max(1, round(_MIN_DISTANCE_S * sampling_rate_hz)))
    begin, end = (round(seconds * sampling_rate_hz) for seconds in _BEFORE_S)
    positions = np.asarray([position for position in places if position >= begin], dtype=np.int64)
    before = [np.ptp(signal[:, position - begin : position - end], axis=1).mean() for position in positions]
    heights: Float64Array = activity[positions]
    sharpness: Float64Array = heights / (np.asarray(before, dtype=np.float64) + _FLOOR * least)
    return positions, sharpness, heights


def _extreme(of_two: np.ufunc, signal: Float64Array, width: int) -> Float64Array:
    """Return the least or the largest value of an odd number of samples around each; the ends are mirrored.

    Extremes of two, of four and so on, each from the ones before: a third of the time of scipy's filters.
    """
    n_samples = signal.shape[1]
    padded = np.pad(signal, ((0, 0), (width // 2, width // 2)), mode="symmetric")
    covered = 1
    while 2 * covered <= width:
        padded = of_two(padded[:, :-covered], padded[:, covered:])
        covered *= 2
    return np.asarray(of_two(padded[:, :n_samples], padded[:, width - covered : width - covered + n_samples]))


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
