"""Medians of the beats that do not share the dominant shape: premature, aberrant, paced or fused ones."""

import numpy as np

from cardiov_core.domain import Float64Array, IntArray, MedianBeat
from cardiov_core.order_statistics import median
from cardiov_core.signals.beat.median_beat import (
    AFTER_R_S,
    BEFORE_R_S,
    RATE_HZ,
    BeatSeries,
    beat_similarity,
    blank_neighbours,
    cut_windows,
)
from cardiov_core.signals.beat.medians import median_of_known

MOST_SHAPES = 2
"""So many other shapes get a median of their own, the most frequent first; more would only cost time."""

_LIKE = 0.85
_NEXT_BEAT_S = 0.1
_LEAST_AFTER_S = 0.3
_WHOLE_BEFORE_S, _WHOLE_AFTER_S = 0.2, 0.4


def other_medians(series: BeatSeries) -> tuple[tuple[IntArray, MedianBeat], ...]:
    """Group the beats of other shapes and take the median of each group.

    Returns indices of the beats of a group, and their median over the usable leads; at most two groups. Beats that the
    next one follows too soon, or that the record cuts, are left out.
    """
    fs = RATE_HZ
    r = np.round(series.r_s * fs).astype(np.int64)
    signal = series.signal.astype(np.float64)
    whole = (r >= _WHOLE_BEFORE_S * fs) & (r < signal.shape[1] - _WHOLE_AFTER_S * fs)
    left = np.flatnonzero(~series.dominant & whole)
    if not left.size:
        return ()
    similarity, _ = beat_similarity(signal, r[left], r[left])
    groups: list[tuple[IntArray, MedianBeat]] = []
    free = np.ones(left.size, dtype=bool)
    while free.any() and len(groups) < MOST_SHAPES:
        alike = (similarity >= _LIKE) & free
        alike[np.arange(left.size), np.arange(left.size)] = free
        seed = int(np.where(free, alike.sum(axis=0), -1).argmax())
        members = alike[:, seed]
        free &= ~members
        median = _median_of(series, signal, r, left[members])
        if median is not None:
            groups.append((left[members], median))
    return tuple(groups)


def _median_of(series: BeatSeries, signal: Float64Array, r: IntArray, members: IntArray) -> MedianBeat | None:
    to_next = np.append(np.diff(series.r_s), np.inf)[members]
    after_s = min(AFTER_R_S, median(to_next) - _NEXT_BEAT_S)
    if after_s < _LEAST_AFTER_S:
        return None
    before, after = round(BEFORE_R_S * RATE_HZ), round(after_s * RATE_HZ)
    windows = cut_windows(signal, r[members], before, after)
    blank_neighbours(windows, r, members, before)
    beat = series.median_beat
    room_s = median(to_next)
    return MedianBeat(
        signal=median_of_known(windows).astype(np.float32),
        leads=beat.usable_leads,
        sampling_rate=RATE_HZ,
        r_index=before,
        n_beats=int(members.size),
        rr_s=room_s if np.isfinite(room_s) else beat.rr_s,
        usable_leads=beat.usable_leads,
    )
