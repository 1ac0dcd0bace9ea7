"""The median beat: all beats of the dominant shape, aligned over all leads, and their median per lead.

Beats are compared by the cosine of their QRS complexes over all leads at once. The largest class of like shapes is the
dominant one; where two are about equally frequent (bigeminy), the one whose beats come later after the beat before, so
that premature beats stay out. Everything happens at one rate, so that boundaries mean the same for every record.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cardiov_core.domain import BoolArray, EcgRecord, Float64Array, FloatArray, IntArray, MedianBeat
from cardiov_core.filtering import resample, zero_phase
from cardiov_core.order_statistics import median, row_percentiles
from cardiov_core.preprocessing import bridge_gaps
from cardiov_core.signals.beat.beats import detect_r_peaks
from cardiov_core.signals.beat.medians import median_of_known

RATE_HZ = 500.0
"""Rate of every median beat: 2 ms is finer than any tolerance of the CSE study."""

BEFORE_R_S = 0.5
"""A median beat begins so long before its R peak, room for a PR interval of 0.4 s."""

AFTER_R_S = 0.75
"""A median beat ends at most so long after its R peak, room for a QT interval of 0.7 s."""

MAX_AVERAGED_BEATS = 60
"""More beats than these, evenly spaced, would only cost time."""

_BASE_LINE_HZ = 0.5
_KNOT_BEFORE_R_S, _KNOT_HALF_WIDTH_S = 0.1, 0.02
_MIN_LEAD_SHARE = 0.05
_SHAPE_HALF_WIDTH_S = 0.1
_MAX_SHIFT_S = 0.024
_SHIFT_STEP_S = 0.004
_MAX_COMPARED_BEATS = 300
_MOST_WINDOWS = 256  # cut out at once: more would not stay in a processor's cache
_LIKE = 0.85
_COMPARABLE_SHARE = 0.7
_NEXT_BEAT_S = 0.1
_MIN_AFTER_S = 0.2
_SHORT_PERCENTILE = 20.0
_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, eq=False)
class BeatSeries:
    """The beats of a record with the windows that were averaged.

    Attributes
    ----------
    median_beat : MedianBeat
        Without boundaries.
    r_s : numpy.ndarray
        Times of all beats in seconds of the record, shape ``(n_beats,)``, those of the dominant class aligned.
    dominant : numpy.ndarray
        bool, shape ``(n_beats,)``: beats of the dominant class.
    windows : numpy.ndarray
        Shape ``(n_averaged, n_leads, n_samples)``: what the median was taken over, NaN where there is no signal.
    before_s : numpy.ndarray
        Shape ``(n_averaged,)``: time since the beat before each averaged one, infinite for the first of the record.
    unfiltered : numpy.ndarray
        float32, of the shape of the median beat's signal: the same median without the high-pass filter, which lowers a
        QRS by up to a tenth and moves ST levels. Only the straight lines between the levels before each QRS are
        removed. Voltages are measured on this one.
    signal : numpy.ndarray
        float32, the whole record's usable leads at the rate of the median beat, without base line; gaps are bridged.
    """

    median_beat: MedianBeat
    r_s: Float64Array
    dominant: BoolArray
    windows: Float64Array
    before_s: Float64Array
    unfiltered: FloatArray
    signal: FloatArray


def average_beats(record: EcgRecord, peaks: IntArray | None = None) -> BeatSeries | None:
    """Align the beats of a record and take the median over those of the dominant shape.

    Parameters
    ----------
    record : EcgRecord
        Any rate; gaps up to 20 ms are bridged, longer ones are left out of the median.
    peaks : numpy.ndarray, optional
        R peaks in samples of the record, from :func:`~cardiov_core.signals.detect_r_peaks` if not given.

    Returns
    -------
    BeatSeries or None
        None where there is no beat.

    Raises
    ------
    RecordUnsupportedError
        If the sampling rate is too low to find QRS complexes.
    """
    r_peaks = detect_r_peaks(record) if peaks is None else peaks
    if not r_peaks.size:
        return None
    recorded, missing = _at_common_rate(record)
    signal = _without_base_line(recorded)
    usable = _usable_leads(signal, missing)
    if not usable.any():
        return None
    r = np.clip(np.round(r_peaks * (RATE_HZ / record.sampling_rate)).astype(np.int64), 0, signal.shape[1] - 1)
    r, dominant = _dominant_class(signal[usable], r)
    rr_s, after_s = _room(r, dominant)
    chosen = np.flatnonzero(dominant)
    chosen = chosen[:: -(-chosen.size // MAX_AVERAGED_BEATS)]
    before, after = round(BEFORE_R_S * RATE_HZ), round(after_s * RATE_HZ)

    # Both versions of the signal side by side: where a beat has no sample, neither has one.
    both = np.concatenate([signal, recorded - _line_through_beats(recorded, r[dominant])])
    if missing.any():
        both[np.concatenate([missing, missing])] = np.nan
    cut = cut_windows(both, r[chosen], before, after)
    blank_neighbours(cut, r, chosen, before)
    median = median_of_known(cut).astype(np.float32)
    n_leads = len(record.leads)
    beat = MedianBeat(
        signal=median[:n_leads],
        leads=record.leads,
        sampling_rate=RATE_HZ,
        r_index=before,
        n_beats=int(chosen.size),
        rr_s=rr_s,
        usable_leads=tuple(lead for lead, good in zip(record.leads, usable, strict=True) if good),
    )
    before_s = np.diff(r / RATE_HZ, prepend=-np.inf)[chosen]
    whole = signal[usable].astype(np.float32)
    return BeatSeries(beat, r / RATE_HZ, dominant, cut[:, :n_leads], before_s, median[n_leads:], whole)


def _at_common_rate(record: EcgRecord) -> tuple[Float64Array, BoolArray]:
    """Return the signal at the common rate, and where samples are missing."""
    filled, gaps = bridge_gaps(record.signal, record.sampling_rate)
    signal = resample(filled, record.sampling_rate, RATE_HZ)
    missing = np.zeros(signal.shape, dtype=bool)
    if gaps.any():
        source = (np.arange(signal.shape[1]) * (record.sampling_rate / RATE_HZ)).astype(np.int64)
        missing = gaps[:, np.minimum(source, gaps.shape[1] - 1)]
    return signal, missing


def _without_base_line(signal: Float64Array) -> Float64Array:
    pad = min(signal.shape[1] - 1, round(2 * RATE_HZ))
    return zero_phase(signal, RATE_HZ, _BASE_LINE_HZ, 1, "highpass", pad=pad)


def _line_through_beats(signal: Float64Array, r: IntArray) -> Float64Array:
    """Join the levels shortly before the QRS of each beat by straight lines, a lead.

    Wherever in the beat that is: what all beats have there in common is a constant.
    """
    before, half = round(_KNOT_BEFORE_R_S * RATE_HZ), round(_KNOT_HALF_WIDTH_S * RATE_HZ)
    knots = np.maximum(r - before, 0)
    columns = np.clip(knots[:, np.newaxis] + np.arange(-half, half + 1), 0, signal.shape[1] - 1)
    levels = signal[:, columns].mean(axis=2)
    # The last of several at one place, as a line that jumps there has it.
    kept = np.append(np.diff(knots) > 0, True)
    knots, levels = knots[kept], levels[:, kept]
    line = np.empty(signal.shape)
    line[:, : knots[0]], line[:, knots[-1] :] = levels[:, :1], levels[:, -1:]
    slopes = np.diff(levels, axis=1) / np.diff(knots)
    for index, (start, end) in enumerate(pairwise(knots.tolist())):
        along = np.arange(end - start)
        line[:, start:end] = slopes[:, index : index + 1] * along + levels[:, index : index + 1]
    return line


def _usable_leads(signal: Float64Array, missing: BoolArray) -> BoolArray:
    """Leave out leads that are flat beside the others, or missing for more than half of the time."""
    (size,) = row_percentiles(np.abs(signal), 98)
    alive = size > _TINY
    if not alive.any():
        return alive
    return np.asarray(alive & (size > _MIN_LEAD_SHARE * median(size[alive])) & (missing.mean(axis=1) < 0.5))


def _dominant_class(signal: Float64Array, r: IntArray) -> tuple[IntArray, BoolArray]:
    """Tell which beats share the dominant shape, and move those to where they match best."""
    every = np.arange(r.size)[:: -(-r.size // _MAX_COMPARED_BEATS)]
    similarity, moves = beat_similarity(signal, r[every], r[every])
    alike = similarity >= _LIKE
    counts = alike.sum(axis=1)
    # The gap before a beat tells a premature beat from the one that it follows.
    gaps = np.diff(r, prepend=r[0])[every].astype(np.float64)
    gaps[0] = median(gaps[1:]) if every.size > 1 else 0.0
    best = -1
    for index in np.argsort(-counts, kind="stable"):
        if counts[index] < _COMPARABLE_SHARE * counts.max():
            break
        if best < 0 or (not alike[best, index] and median(gaps[alike[index]]) > 1.1 * median(gaps[alike[best]])):
            best = int(index)
    model = every[best]
    column = best
    if every.size < r.size:
        similarity, moves = beat_similarity(signal, r, r[model : model + 1])
        column = 0
    dominant: BoolArray = similarity[:, column] >= _LIKE
    dominant[model] = True
    moved = np.where(dominant, r + moves[:, column], r)
    return np.maximum.accumulate(np.clip(moved, 0, signal.shape[1] - 1)), dominant


def _shifts() -> IntArray:
    step, reach = round(_SHIFT_STEP_S * RATE_HZ), round(_MAX_SHIFT_S * RATE_HZ)
    return np.arange(-reach, reach + 1, step, dtype=np.int64)


def beat_similarity(signal: Float64Array, r: IntArray, others: IntArray) -> tuple[Float64Array, IntArray]:
    """Compare the shapes of beats.

    Returns of each beat with each other one the best cosine over all leads, and by how many samples the beat of `r` has
    to move for it.
    """
    shifts = _shifts()
    half = round(_SHAPE_HALF_WIDTH_S * RATE_HZ)
    # (leads, places, samples): the window around each place, nothing outside the record.
    around = sliding_window_view(np.pad(np.nan_to_num(signal), ((0, 0), (half, half))), 2 * half + 1, axis=1)
    fixed = _centred(around, others)
    fixed /= np.maximum(np.sqrt((fixed**2).sum(axis=(0, 2))), _TINY)[:, np.newaxis]
    turned = np.ascontiguousarray(fixed.transpose(0, 2, 1))
    best = np.full((r.size, others.size), -1.0)
    move = np.zeros((r.size, others.size), dtype=np.int64)
    nearest_first = shifts[np.argsort(np.abs(shifts), kind="stable")]
    n_parts = min(-(-nearest_first.size * r.size // _MOST_WINDOWS), nearest_first.size)
    for some in np.array_split(nearest_first, n_parts):
        windows = _centred(around, (r + some[:, np.newaxis]).ravel())
        sizes = np.sqrt(np.einsum("lbs,lbs->b", windows, windows))
        # A matrix product per lead: nothing is moved about in memory for it.
        cosines = (windows @ turned).sum(axis=0) / np.maximum(sizes, _TINY)[:, np.newaxis]
        for shift, cosine in zip(some, cosines.reshape(some.size, r.size, others.size), strict=True):
            better = cosine > best + 1e-6
            best[better], move[better] = cosine[better], shift
    return best, move


def _centred(around: Float64Array, r: IntArray) -> Float64Array:
    """Return the windows around places, ``(n_leads, n_places, n_samples)``, each without its mean."""
    windows = around[:, np.clip(r, 0, around.shape[1] - 1)]
    windows -= windows.mean(axis=2, keepdims=True)
    return np.asarray(windows)


def cut_windows(signal: Float64Array, r: IntArray, before: int, after: int) -> Float64Array:
    """Cut ``(n_beats, n_leads, before + after + 1)`` around the beats, NaN outside the record."""
    n_samples = signal.shape[1]
    windows = np.full((r.size, len(signal), before + after + 1), np.nan)
    for window, peak in zip(windows, np.clip(r, 0, n_samples - 1).tolist(), strict=True):
        first, last = max(0, peak - before), min(n_samples, peak + after + 1)
        window[:, first - peak + before : last - peak + before] = signal[:, first:last]
    return windows


def _room(r: IntArray, dominant: BoolArray) -> tuple[float | None, float]:
    """Return the median interval before the dominant beats, and how long after its R peak a median beat lasts."""
    rr = np.diff(r) / RATE_HZ
    if not rr.size:
        return None, AFTER_R_S
    before = rr[dominant[1:]] if dominant[1:].any() else rr
    following = rr[dominant[:-1]] if dominant[:-1].any() else rr
    # Where beats come irregularly, most of them must reach as far as the median beat does.
    room_s = float(row_percentiles(following, _SHORT_PERCENTILE)[0]) - _NEXT_BEAT_S
    return median(before), min(AFTER_R_S, max(room_s, _MIN_AFTER_S))


def blank_neighbours(windows: Float64Array, r: IntArray, chosen: IntArray, before: int) -> None:
    """Remove the QRS of the beats before and after, and all that lies beyond them, from each window."""
    reach = round(_NEXT_BEAT_S * RATE_HZ)
    for window, beat in zip(windows, chosen, strict=True):
        if beat > 0:
            window[:, : max(0, before + int(r[beat - 1] - r[beat]) + reach)] = np.nan
        if beat + 1 < r.size:
            window[:, max(before, before + int(r[beat + 1] - r[beat]) - reach) + 1 :] = np.nan
