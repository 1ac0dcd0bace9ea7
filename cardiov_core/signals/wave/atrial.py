"""P waves over the whole record, wherever they lie, once QRS and T are taken away.

A median over beats shows only what keeps its distance to the QRS. Where atria and ventricles beat on their own, P waves
come at a rate of their own and pass through QRS and T: they are found as the shape that repeats most often in what is
left of the record, and by the regularity of its times.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cardiov_core.domain import BoolArray, Float64Array, IntArray, WaveBoundaries
from cardiov_core.filtering import smoothed
from cardiov_core.order_statistics import median, row_medians
from cardiov_core.signals.beat.median_beat import RATE_HZ, BeatSeries
from cardiov_core.signals.beat.medians import median_over_beats
from cardiov_core.signals.wave.delineation import Delineation

_STEP = 4
_FS = RATE_HZ / _STEP
_LONGEST_S = 60.0
_SMOOTH_S, _SLOW_S = 0.01, 0.2
_QRS_MARGIN_S, _T_MARGIN_S, _TAPER_S = 0.02, 0.06, 0.03
_NO_T_S = 0.32
_OTHER_BEFORE_S, _OTHER_AFTER_S = 0.15, 0.45
_FEWEST_BEATS = 4
_HALF_WIDTH_S = 0.06
_APART_S = 0.2
_CANDIDATES_A_SECOND = 3.0
_ALIKE = 0.7
_SAME_SHAPE = 0.6
_SAME_SIZE = 0.5
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class AtrialWaves:
    """What repeats in the record beside QRS and T."""

    times_s: Float64Array  # middles of the waves of the most frequent shape, in seconds of the record, rising
    period_s: float | None  # their common interval, hidden ones counted; None where they have none
    regularity: float  # share of the intervals that are one or two periods, 0..1
    # How much the waves keep their distance to the QRS complexes: length of the mean of the phases, 0 (none) to 1.
    locking: float


def find_atrial_waves(series: BeatSeries, delineation: Delineation) -> AtrialWaves | None:
    """Look for P waves over the record, at most its first minute.

    `series`: the beats with the record's signal. Returns None where there are fewer than four beats of the dominant
    shape, or no QRS boundaries.
    """
    r = np.round(series.r_s * _FS).astype(np.int64)
    if delineation.qrs is None or int(series.dominant.sum()) < _FEWEST_BEATS:
        return None
    left, valid = _without_qrs_and_t(series, delineation.qrs, delineation.t, r)
    times = _repeated_shape(left, valid)
    if times.size < _FEWEST_BEATS:
        return AtrialWaves(times / _FS, None, 0.0, 0.0)
    times_s = times / _FS
    period_s, regularity = _period(np.diff(times_s))
    beats_s = series.r_s[series.dominant & (series.r_s < valid.size / _FS)]
    return AtrialWaves(times_s, period_s, regularity, _locking(times_s, beats_s, period_s))


def _without_qrs_and_t(
    series: BeatSeries, qrs: WaveBoundaries, t: WaveBoundaries | None, r: IntArray
) -> tuple[Float64Array, BoolArray]:
    """Return leads in units of their noise, less the median QRS and T of the dominant beats, and where they count."""
    signal = series.signal[:, : round(_LONGEST_S * RATE_HZ)].astype(np.float64)
    rows = smoothed(signal, _SMOOTH_S * RATE_HZ, every=_STEP)
    rows = rows - smoothed(rows, _SLOW_S * _FS)
    n = rows.shape[1]
    valid = np.ones(n, dtype=bool)
    first = round((qrs.onset_s - _QRS_MARGIN_S) * _FS)
    core = round((qrs.offset_s + 2 * _QRS_MARGIN_S) * _FS)
    last = round((t.offset_s + _T_MARGIN_S if t is not None else qrs.offset_s + _NO_T_S) * _FS)
    for beat, dominant in zip(r.tolist(), series.dominant.tolist(), strict=True):
        before, after = (first, core) if dominant else (round(-_OTHER_BEFORE_S * _FS), round(_OTHER_AFTER_S * _FS))
        valid[max(0, beat + before) : max(0, beat + after)] = False
    whole = r[series.dominant & (r + first >= 0) & (r + last < n)]
    if whole.size >= _FEWEST_BEATS - 1:
        template = median_over_beats(rows[:, whole[:, np.newaxis] + np.arange(first, last)].transpose(1, 0, 2))
        taper = np.minimum(1.0, np.arange(last - first)[::-1] / (_TAPER_S * _FS))
        for beat in r[series.dominant].tolist():
            low, high = max(0, beat + first), min(n, beat + last)
            if low < high:
                part = slice(low - beat - first, high - beat - first)
                rows[:, low:high] -= template[:, part] * taper[part]
    rows[:, ~valid] = 0.0
    noise = row_medians(np.abs(rows[:, valid]))[:, 0] if valid.any() else np.ones(len(rows))
    return rows / (noise[:, np.newaxis] + _TINY), valid


def _repeated_shape(rows: Float64Array, valid: BoolArray) -> IntArray:
    """Return the middles of the waves of the most frequent shape, in samples."""
    half = round(_HALF_WIDTH_S * _FS)
    height = smoothed(np.sqrt((rows**2).mean(axis=0)), 0.02 * _FS)
    candidates = _peaks(np.where(valid, height, 0.0), round(_APART_S * _FS))
    candidates = candidates[(candidates >= half + 2) & (candidates < rows.shape[1] - half - 2)]
    most = round(_CANDIDATES_A_SECOND * rows.shape[1] / _FS)
    candidates = candidates[np.argsort(-height[candidates], kind="stable")][:most]
    if candidates.size < _FEWEST_BEATS:
        return np.empty(0, dtype=np.int64)
    windows = sliding_window_view(rows, 2 * half + 1, axis=1)  # leads, starts, width

    def shapes(middles: IntArray) -> Float64Array:
        flat = windows[:, middles - half].transpose(1, 0, 2).reshape(middles.size, -1)
        return np.asarray(flat / (np.linalg.norm(flat, axis=1, keepdims=True) + _TINY))

    fixed = shapes(candidates)
    moved = shapes((candidates + np.array([[-2], [-1], [0], [1], [2]])).ravel())
    similarity = (moved @ fixed.T).reshape(5, candidates.size, candidates.size).max(axis=0)
    members = similarity[:, int((similarity >= _ALIKE).sum(axis=0).argmax())] >= _ALIKE
    if int(members.sum()) < _FEWEST_BEATS - 1:
        return np.empty(0, dtype=np.int64)
    model = fixed[members].mean(axis=0)
    model /= np.linalg.norm(model) + _TINY
    # At every place the product with the model, and the length of what lies there.
    products = zip(rows, model.reshape(len(rows), -1), strict=True)
    size = np.sum([np.correlate(row, part, "valid") for row, part in products], axis=0)
    energy = np.correlate((rows**2).sum(axis=0), np.ones(2 * half + 1), "valid")
    cosine = size / (np.sqrt(energy) + _TINY)
    usual = median(size[candidates[members] - half])
    fits = np.where((cosine >= _SAME_SHAPE) & (size >= _SAME_SIZE * usual), size, 0.0)
    return _peaks(fits, round(_APART_S * _FS)) + half


def _peaks(height: Float64Array, apart: int) -> IntArray:
    """Return local maxima above 0, the higher one of two that are nearer than `apart`, in order of time."""
    inner = np.flatnonzero((height[1:-1] > 0) & (height[1:-1] >= height[:-2]) & (height[1:-1] > height[2:])) + 1
    taken: list[int] = []
    free = np.ones(height.size, dtype=np.bool_)
    for index in inner[np.argsort(-height[inner], kind="stable")].tolist():
        if free[index]:
            taken.append(index)
            free[max(0, index - apart + 1) : index + apart] = False
    return np.array(sorted(taken), dtype=np.int64)


def _period(intervals_s: Float64Array) -> tuple[float | None, float]:
    """Return the interval of which most others are one or two, the longest such, and the share of those."""
    best: tuple[float | None, float] = (None, 0.0)
    periods_s = np.arange(1.8, 0.2, -0.01)[:, np.newaxis]
    times = np.round(intervals_s / periods_s)
    near = np.abs(intervals_s - times * periods_s) < np.minimum(0.08, 0.12 * periods_s) * np.maximum(times, 1)
    shares = (near & (times >= 1) & (times <= 2)).mean(axis=1)
    singles = (near & (times == 1)).mean(axis=1)
    for period_s, share, single in zip(periods_s[:, 0].tolist(), shares.tolist(), singles.tolist(), strict=True):
        if single >= 0.4 and share > best[1] + 0.05:
            best = (period_s, share)
    if best[0] is not None:
        ones = intervals_s[np.round(intervals_s / best[0]) == 1]
        best = (median(ones), best[1])
    return best


def _locking(times_s: Float64Array, beats_s: Float64Array, period_s: float | None) -> float:
    """Return how constant the distance from the last wave to the QRS is, in phases of the period."""
    if period_s is None or beats_s.size < _FEWEST_BEATS:
        return 0.0
    before = np.searchsorted(times_s, beats_s) - 1
    seen = before >= 0
    phase = 2 * np.pi * (beats_s[seen] - times_s[before[seen]]) / period_s
    return float(np.abs(np.exp(1j * phase).mean())) if seen.any() else 0.0
