"""Signs of rhythm as numbers: intervals, atrial activity and the form of single beats, for the trained detectors.

The signal is brought to 250 Hz and 0.5 to 40 Hz once. Where QRS and T are taken away beat by beat, what is left is
atrial activity and noise; before the QRS, what repeats from beat to beat is a P wave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cardiov_core.domain import BoolArray, EcgRecord, Float64Array, IntArray, Measurements, once
from cardiov_core.filtering import mean_power, resample, smooth_slopes, smoothed, zero_phase
from cardiov_core.order_statistics import median, row_percentiles
from cardiov_core.signals.beat.gaps import bridged
from cardiov_core.signals.beat.medians import median_over_beats

RATE_HZ = 250.0
_BAND_HZ = (0.5, 40.0)
_MAX_S = 60.0
_QRS_HALF_S = 0.10
_SLOPE_S = 0.008
_WIDTH_SHARE = 0.18
_WIDTH_REACH_S = 0.16
_P_WINDOW_S = (0.24, 0.02)
_ATRIAL_BAND_HZ = (3.0, 12.0)
_PEAK_HALF_WIDTH_HZ = 0.5
_SEEN_IN = ("II", "V1", "aVF")
_TRAIN_S = (0.35, 1.4)
_TALLEST_P = 3.5
_LONG_SHARE = 1.4
_AFTER_T_S = 0.4
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class BeatSigns:
    """What tells single beats from one another; arrays over the beats."""

    # Interval before and after each beat as a share of the usual interval between beats of the dominant shape; NaN at
    # the ends of the record.
    before: Float64Array
    after: Float64Array
    likeness: Float64Array  # cosine of each QRS with the median one over all leads, -1..1
    width: Float64Array  # width of each QRS by its slope as a share of the dominant ones' median
    size: Float64Array  # largest slope as a share of theirs
    p_likeness: Float64Array  # cosine of what lies before each QRS with the mean of the dominant ones, -1..1
    dominant: BoolArray  # bool: beats of the dominant shape


@dataclass(frozen=True, eq=False)
class RhythmSigns:
    """Signs of one record."""

    beats: BeatSigns  # of single beats
    numbers: dict[str, float]  # by name; NaN where a sign cannot be had
    # Index of a beat before a long interval -> how much the interval's likeliest stretch resembles the P wave of the
    # conducted beats, -1..1.
    p_in_pause: Mapping[int, float]


def rhythm_signs(record: EcgRecord, measured: Measurements) -> RhythmSigns | None:
    """Gather the signs of rhythm, once for a record's measurements.

    `record`: as measured; of a long one the first 60 s are looked at.
    """
    return once(_signs, record, measured)


def _signs(record: EcgRecord, measured: Measurements) -> RhythmSigns | None:
    times = np.asarray([beat.r_s for beat in measured.beats if beat.r_s < _MAX_S])
    if times.size < 4 or measured.median_beat is None:
        return None
    leads = [lead for lead in measured.median_beat.usable_leads if lead in record.leads]
    rows = [record.leads.index(lead) for lead in leads]
    cut = record.signal[rows, : round(_MAX_S * record.sampling_rate)]
    signal = np.asarray(resample(bridged(cut), record.sampling_rate, RATE_HZ), dtype=np.float64)
    signal = zero_phase(signal, RATE_HZ, _BAND_HZ, 2)
    r = np.clip(np.round(times * RATE_HZ).astype(np.int64), 0, signal.shape[1] - 1)
    dominant = np.asarray([beat.dominant for beat in measured.beats[: times.size]], dtype=bool)
    qrs = measured.median_beat.qrs
    onset_s = -0.05 if qrs is None else qrs.onset_s
    beats = _beat_signs(signal, r, dominant, onset_s)
    rest = _without_beats(signal, r)
    numbers = {
        **_interval_signs(r, dominant),
        **_p_signs(signal, leads, r, dominant, onset_s),
        **_atrial_signs(signal, rest, leads, r, measured),
        **_train_signs(rest, r),
        **_extra_beat_signs(beats),
        "rate": 60.0 * RATE_HZ / float(np.diff(r).mean()),
        "qrs_ms": _number(measured.qrs_ms),
        "p_ms": _number(measured.p_ms),
        "pr_ms": _number(measured.pr_ms),
        "no_p": float(measured.p_ms is None),
    }
    return RhythmSigns(beats, numbers, _p_in_pauses(signal, r, beats, onset_s))


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _windows(signal: Float64Array, r: IntArray, first: int, last: int) -> Float64Array:
    """Cut ``(n_beats, n_leads, last - first)`` around the beats; the ends of the record are carried on."""
    columns = np.clip(r[:, np.newaxis] + np.arange(first, last), 0, signal.shape[1] - 1)
    return np.ascontiguousarray(signal[:, columns].transpose(1, 0, 2))


def _level(windows: Float64Array) -> Float64Array:
    """Take the straight line between both ends away."""
    along = np.linspace(0.0, 1.0, windows.shape[-1])
    return np.asarray(windows - (windows[..., :1] * (1.0 - along) + windows[..., -1:] * along))


def _cosines(flat: Float64Array, model: Float64Array) -> Float64Array:
    lengths = np.linalg.norm(flat, axis=1) * np.linalg.norm(model)
    return np.asarray((flat @ model) / np.maximum(lengths, _TINY))


def _beat_signs(signal: Float64Array, r: IntArray, dominant: BoolArray, onset_s: float) -> BeatSigns:
    rr = np.diff(r) / RATE_HZ
    both = dominant[1:] & dominant[:-1]
    usual = median(rr[both]) if both.any() else median(rr)
    before = np.concatenate(([np.nan], rr)) / usual
    after = np.concatenate((rr, [np.nan])) / usual
    half = round(_QRS_HALF_S * RATE_HZ)
    chosen = dominant if dominant.any() else np.ones_like(dominant)
    qrs = _windows(signal, r, -half, half + 1)
    qrs = (qrs - qrs.mean(axis=2, keepdims=True)).reshape(r.size, -1)
    slope = np.sqrt((smooth_slopes(signal, _SLOPE_S * RATE_HZ) ** 2).mean(axis=0))
    reach = round(_WIDTH_REACH_S * RATE_HZ)
    slopes = _windows(slope[np.newaxis], r, -reach, reach + 1)[:, 0]
    size = slopes.max(axis=1)
    width = (slopes > _WIDTH_SHARE * size[:, np.newaxis]).sum(axis=1) / RATE_HZ
    begin, end = (round((onset_s - early) * RATE_HZ) for early in _P_WINDOW_S)
    p = _level(_windows(signal, r, begin, end)).reshape(r.size, -1)
    # A beat that the record cuts is like any other: nothing can be said of it.
    whole = (r >= reach) & (r + reach < signal.shape[1])
    return BeatSigns(
        before=before,
        after=after,
        likeness=np.where(whole, _cosines(qrs, median_over_beats(qrs[chosen])), 1.0),
        width=np.where(whole, width / max(median(width[chosen]), _TINY), 1.0),
        size=np.where(whole, size / max(median(size[chosen]), _TINY), 1.0),
        p_likeness=np.where(r + begin >= 0, _cosines(p, median_over_beats(p[chosen])), 1.0),
        dominant=dominant | ~whole,
    )


def _interval_signs(r: IntArray, dominant: BoolArray) -> dict[str, float]:
    rr = np.diff(r) / RATE_HZ
    mean = float(rr.mean())
    # Intervals that no beat of another shape bounds: extrasystoles alone make no fibrillation.
    plain = rr[dominant[1:] & dominant[:-1]]
    plain = plain if plain.size >= 3 else rr
    steps = np.abs(np.diff(plain))
    middle, (high, low) = median(plain), row_percentiles(plain, 90, 10)
    signs = {
        "rr_cv": float(rr.std()) / mean,
        "rr_plain_cv": float(plain.std() / plain.mean()),
        "rr_step": float(np.sqrt((np.diff(rr) ** 2).mean())) / mean,
        "rr_plain_step": float(median(steps) / plain.mean()) if steps.size else float("nan"),
        "rr_small_step": float(row_percentiles(steps, 25)[0] / plain.mean()) if steps.size else float("nan"),
        "rr_span": float((high - low) / middle),
        "rr_alike": float((np.abs(plain / middle - 1.0) < 0.05).mean()),
    }
    centred = plain - plain.mean()
    power = float((centred**2).sum())
    signs["rr_memory"] = float((centred[1:] * centred[:-1]).sum()) / power if power > _TINY else 0.0
    return signs


def _p_signs(
    signal: Float64Array, leads: list[str], r: IntArray, dominant: BoolArray, onset_s: float
) -> dict[str, float]:
    begin, end = (round((onset_s - early) * RATE_HZ) for early in _P_WINDOW_S)
    chosen = r[dominant & (r + begin >= 0)]
    if chosen.size < 3:
        return dict.fromkeys(("p_repeats", "p_repeats_ii", "p_signal_to_noise", "p_height_ii", "p_height_v1"), np.nan)
    windows = _level(smoothed(_windows(signal, chosen, begin, end), 0.012 * RATE_HZ))
    typical = median_over_beats(windows)
    rest = windows - typical
    noise = np.sqrt((rest**2).mean(axis=(0, 2))) + 1e-3
    scaled = (windows / noise[:, np.newaxis]).reshape(chosen.size, -1)
    others = scaled.sum(axis=0) - scaled
    lengths = np.linalg.norm(scaled, axis=1) * np.linalg.norm(others, axis=1)
    signs = {
        "p_repeats": median((scaled * others).sum(axis=1) / np.maximum(lengths, _TINY)),
        "p_signal_to_noise": float(np.log10((typical**2).sum() / max(float((rest**2).sum(axis=(1, 2)).mean()), _TINY))),
    }
    for lead, name in (("II", "ii"), ("V1", "v1")):
        row = leads.index(lead) if lead in leads else -1
        signs[f"p_height_{name}"] = float(np.ptp(typical[row])) if row >= 0 else float("nan")
        if lead == "II":
            own = windows[:, row]
            signs["p_repeats_ii"] = median(_cosines(own, own.mean(axis=0))) if row >= 0 else float("nan")
    return signs


def _atrial_signs(
    signal: Float64Array, rest: Float64Array, leads: list[str], r: IntArray, measured: Measurements
) -> dict[str, float]:
    """Describe the spectrum of what QRS and T leave, and of what lies between the QRS complexes."""
    seen = [leads.index(lead) for lead in _SEEN_IN if lead in leads] or list(range(len(leads)))
    bare = _without_qrs(signal[seen], r, measured)
    signs: dict[str, float] = {}
    size = max(median(row_percentiles(np.abs(signal), 99)[0]), _TINY)
    for kind, values in (("left", rest[seen]), ("bare", bare)):
        frequency, power = mean_power(values, RATE_HZ, min(1024, values.shape[1]))
        band = (frequency >= _ATRIAL_BAND_HZ[0]) & (frequency <= _ATRIAL_BAND_HZ[1])
        inside = power[:, band]
        total = inside.sum(axis=1) + _TINY**2
        at = frequency[band]
        peaks = at[inside.argmax(axis=1)]
        near = np.abs(at[np.newaxis] - peaks[:, np.newaxis]) <= _PEAK_HALF_WIDTH_HZ
        share = (inside * near).sum(axis=1) / total
        best = int(share.argmax())
        step = float(frequency[1] - frequency[0])
        signs |= {
            f"{kind}_peak_hz": float(peaks[best]),
            f"{kind}_share": float(share[best]),
            f"{kind}_share_mean": float(share.mean()),
            f"{kind}_rms": float(np.log10(np.sqrt(total.max() * step) / size + 1e-4)),
            f"{kind}_v1_rms": float(np.log10(np.sqrt(total[-1] * step) / size + 1e-4)),
            f"{kind}_spread_hz": float(np.ptp(peaks)),
        }
    return signs


def _without_beats(signal: Float64Array, r: IntArray) -> Float64Array:
    """Take the median over all beats away from each, from 250 ms before to 450 ms after its R."""
    first, last = round(-0.25 * RATE_HZ), round(0.45 * RATE_HZ)
    model = median_over_beats(_windows(signal, r, first, last))
    taper = np.minimum(1.0, np.minimum(np.arange(last - first), np.arange(last - first)[::-1]) / (0.03 * RATE_HZ))
    rest = signal.copy()
    for before, peak, following in zip((-(10**6), *r[:-1]), r, (*r[1:], 10**6), strict=True):
        # Up to the middle between two beats, so that no stretch loses two of them.
        begin = max(peak + first, 0, (before + peak) // 2 if before >= 0 else 0)
        end = min(peak + last, signal.shape[1], peak + max((following - peak) - round(0.25 * RATE_HZ), 1))
        part = slice(begin - peak - first, end - peak - first)
        rest[:, begin:end] -= model[:, part] * taper[part]
    return rest


def _without_qrs(signal: Float64Array, r: IntArray, measured: Measurements) -> Float64Array:
    """Bridge each QRS by a straight line."""
    beat = measured.median_beat
    qrs = None if beat is None else beat.qrs
    onset_s, offset_s = (-0.06, 0.08) if qrs is None else (qrs.onset_s - 0.01, qrs.offset_s + 0.01)
    rest = signal.copy()
    for peak in r.tolist():
        begin = max(peak + round(onset_s * RATE_HZ), 0)
        end = min(peak + round(offset_s * RATE_HZ), signal.shape[1] - 1)
        if end > begin:
            along = np.linspace(0.0, 1.0, end - begin)
            rest[:, begin:end] = np.outer(rest[:, begin], 1.0 - along) + np.outer(rest[:, end], along)
    return rest


def _extra_beat_signs(beats: BeatSigns) -> dict[str, float]:
    """Describe the oddest beats of a record."""
    inner = np.isfinite(beats.before) & np.isfinite(beats.after)
    odd = ~beats.dominant
    early = np.nan_to_num(beats.before, nan=1.0)
    late = np.nan_to_num(beats.after, nan=1.0)
    oddness = (1.0 - beats.likeness) + np.maximum(0.0, beats.width - 1.0) + np.maximum(0.0, 1.0 - early)
    worst = int(oddness.argmax())
    second = float(np.sort(oddness)[-2])
    premature = (early < 0.85) & inner
    signs = {
        "odd_share": float(odd.mean()),
        "odd_count": float(odd.sum()),
        "odd_early_count": float((odd & (early < 0.88)).sum()),
        "odd_wide_count": float((odd & (beats.width > 1.15)).sum()),
        "worst_oddness": float(oddness[worst]),
        "second_oddness": second,
        "worst_likeness": float(beats.likeness[worst]),
        "worst_before": float(beats.before[worst]),
        "worst_after": float(beats.after[worst]),
        "worst_width": float(beats.width[worst]),
        "worst_size": float(beats.size[worst]),
        "worst_p": float(beats.p_likeness[worst]),
        "least_likeness": float(beats.likeness.min()),
        "usual_likeness": median(beats.likeness),
        "early_alike_count": float((premature & beats.dominant).sum()),
    }
    alike = premature & (beats.likeness > 0.85)
    first = int(np.where(alike, early, np.inf).argmin()) if alike.any() else -1
    signs["early_alike_before"] = float(early[first]) if first >= 0 else 1.0
    signs["early_alike_after"] = float(late[first]) if first >= 0 else 1.0
    signs["early_alike_p"] = float(beats.p_likeness[first]) if first >= 0 else 1.0
    others = early[~premature & inner]
    signs["other_intervals_cv"] = float(others.std()) if others.size > 2 else float("nan")
    pairs = [later - earlier for earlier, later in pairwise(np.flatnonzero(premature).tolist())]
    signs["early_regular"] = float(np.mean([pair == 2 for pair in pairs])) if pairs else 0.0
    return signs


def _train_signs(rest: Float64Array, r: IntArray) -> dict[str, float]:
    """Look for atrial waves that come regularly, but not with the beats: rate, strength, and spread against QRS."""
    nothing = {"train_bpm": float("nan"), "train_strength": 0.0, "train_spread": 0.0}
    envelope = smoothed(np.sqrt((rest**2).mean(axis=0)), 0.03 * RATE_HZ)
    reach = round(_QRS_HALF_S * RATE_HZ)
    hidden = np.zeros(envelope.size, dtype=bool)
    for peak in r.tolist():
        hidden[max(0, peak - reach) : peak + reach] = True
    if hidden.all():
        return nothing
    # What a QRS leaves is no P wave, nor is what a beat leaves that the record cuts; in a QRS nothing is known.
    seen = np.where(hidden, 0.0, np.minimum(envelope, _TALLEST_P * median(envelope[~hidden])))
    weight = (~hidden).astype(np.float64)
    centred = (seen - seen.sum() / max(weight.sum(), 1.0)) * weight
    first, last = round(_TRAIN_S[0] * RATE_HZ), min(round(_TRAIN_S[1] * RATE_HZ), centred.size // 2)
    if last <= first:
        return nothing
    size = 2 ** int(np.ceil(np.log2(2 * centred.size)))

    def correlated(values: Float64Array) -> Float64Array:
        return np.asarray(np.fft.irfft(np.abs(np.fft.rfft(values, size)) ** 2, size)[: last + 1])

    pairs = np.maximum(correlated(weight), 1.0)
    power = correlated(centred) / pairs
    if power[0] <= _TINY:
        return nothing
    likeness = power / power[0]
    peaks = [
        lag
        for lag in range(first, last)
        if likeness[lag] >= likeness[lag - 1] and likeness[lag] >= likeness[min(lag + 1, last)]
    ]
    tallest = max((likeness[lag] for lag in peaks), default=0.0)
    if tallest <= 0.0:
        return nothing
    # The shortest of about equal ones: the others are its multiples.
    lag = next(lag for lag in peaks if likeness[lag] >= 0.8 * tallest)
    phase = np.exp(2j * np.pi * r / lag)
    return {
        "train_bpm": 60.0 * RATE_HZ / lag,
        "train_strength": float(likeness[lag]),
        "train_spread": 1.0 - float(np.abs(phase.mean())),
    }


def _p_in_pauses(signal: Float64Array, r: IntArray, beats: BeatSigns, onset_s: float) -> dict[int, float]:
    """Look in each long interval for the P wave of the conducted beats."""
    begin, end = (round((onset_s - early) * RATE_HZ) for early in _P_WINDOW_S)
    chosen = r[beats.dominant & (r + begin >= 0)]
    long = np.flatnonzero(np.nan_to_num(beats.after, nan=1.0) >= _LONG_SHARE)
    if not long.size or chosen.size < 3:
        return {}
    smooth = smoothed(signal, 0.012 * RATE_HZ)
    model = _level(median_over_beats(_windows(smooth, chosen, begin, end))).ravel()
    similarities: dict[int, float] = {}
    for index in long.tolist():
        starts = np.arange(r[index] + round(_AFTER_T_S * RATE_HZ), r[index + 1] + begin - (end - begin))
        if not starts.size:
            continue
        stretches = _level(_windows(smooth, starts, 0, end - begin)).reshape(starts.size, -1)
        likeness = _cosines(stretches, model)
        large = np.linalg.norm(stretches, axis=1) >= 0.5 * np.linalg.norm(model)
        similarities[index] = float(np.where(large, likeness, -1.0).max())
    return similarities
