"""What the delineator learns from: beats of LUDB with the cardiologists' marks, and random changes to them.

A training example is the median over a random few beats of one shape, as the median beat of a record is, only noisier;
its boundaries are the medians of the marks of these beats. Changes to it move the marks along with the signal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from cardiov_core.datasets import WAVE_KINDS, Ludb, in_true_mv
from cardiov_core.domain import STANDARD_LEADS, BoolArray, EcgRecord, Float64Array, FloatArray, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import AnnotatedBeat, Waves, group_beats
from cardiov_core.filtering import resample
from cardiov_core.nets import RATE_HZ, SAMPLES, SAMPLES_BEFORE_R
from cardiov_core.preprocessing import bridge_gaps
from cardiov_core.signals import average_beats, detect_r_peaks, network_window

SLOW_RATE_HZ = 100.0
"""Every record is learned at its own rate and at this one, the slower rate of PTB-XL."""

_SAME_BEAT_S = 0.1
_BEATS_CHOSEN = (1, 2, 3, 5, 99)
_BEATS_CHANCES = (0.15, 0.15, 0.2, 0.2, 0.3)
_GAUSS_3DB = 0.1325
_TIME_S = (np.arange(SAMPLES) - SAMPLES_BEFORE_R) / RATE_HZ


@dataclass(frozen=True, eq=False)
class MarkedBeats:
    """The beats of one record."""

    record_id: int  # LUDB's number
    # Of the record at its own rate, as its header scales it and in true mV; see `EcgRecord.fingerprint`.
    fingerprints: tuple[str, ...]
    windows: FloatArray  # float32, ``(beats, 12, 320)``, as `network_window` cuts them
    shapes: IntArray  # ``(beats,)``: beats of one number share their shape; 0 is the dominant one
    # ``(beats, 12, 6)``: boundaries relative to the R peak, NaN where the lead carries no such wave.
    leads_s: Float64Array
    # ``(beats, 6)``: second earliest onset and second latest offset, NaN where fewer than six leads carry the wave.
    overall_s: Float64Array
    # Indices of the beats that learning may use: marked, and not the first or last marked one, which lack waves.
    whole: IntArray


class Example(NamedTuple):
    """One example: signal, boundaries in seconds relative to R (NaN where absent), presence, leads that count."""

    signal: Float64Array  # ``(12, 320)`` in mV
    # ``(12, 6)`` and ``(6,)``.
    leads_s: Float64Array
    overall_s: Float64Array
    # Bool, ``(12, 3)`` and ``(3,)``.
    lead_waves: BoolArray
    waves: BoolArray
    counts: Float64Array  # ``(12,)``: 0.0 for a lead that is left out


def load_marked_beats(ludb: Ludb, record_id: int) -> tuple[MarkedBeats, MarkedBeats]:
    """Read a record's beats with their marks, at the record's own rate and at 100 Hz.

    Returns own rate, 100 Hz.
    """
    record = ludb.record(record_id)
    filled, _ = bridge_gaps(record.signal, record.sampling_rate)
    slow = replace(
        record,
        signal=resample(filled, record.sampling_rate, SLOW_RATE_HZ).astype(np.float32),
        sampling_rate=SLOW_RATE_HZ,
    )
    marks = group_beats(ludb.boundaries(record_id))
    prints = (record.fingerprint, in_true_mv(record).fingerprint)
    return _marked(record, marks, record_id, prints), _marked(slow, marks, record_id, prints)


def _marked(record: EcgRecord, marks: Sequence[AnnotatedBeat], record_id: int, prints: tuple[str, ...]) -> MarkedBeats:
    peaks = detect_r_peaks(record)
    series = average_beats(record, peaks)
    if series is None:
        raise TrainingError(f"No beat was found in LUDB record {record_id}.", "Repeat the download.")
    classes = [(series, series.r_s[series.dominant])]
    if not series.dominant.all():
        others = average_beats(record, peaks[~series.dominant])
        if others is not None:
            classes.append((others, others.r_s[others.dominant]))
    windows, r_s, shapes = [], [], []
    for shape, (place, times) in enumerate(classes):
        beat = place.median_beat
        signal = np.where(np.isfinite(place.windows), place.windows, beat.signal)
        windows.append(network_window(signal, beat.r_index, beat.sampling_rate))
        r_s.append(times)
        shapes.append(np.full(times.size, shape, dtype=np.int64))
    times = np.concatenate(r_s)
    leads_s, overall_s, marked = relative_marks(times, marks)
    return MarkedBeats(record_id, prints, np.concatenate(windows), np.concatenate(shapes), leads_s, overall_s, marked)


def relative_marks(r_s: Float64Array, marks: Sequence[AnnotatedBeat]) -> tuple[Float64Array, Float64Array, IntArray]:
    """Give each beat the marks of the marked beat at most 0.1 s away.

    `r_s`: ``(beats,)``, R peaks in seconds of the record.
    """
    leads_s = np.full((r_s.size, len(STANDARD_LEADS), 6), np.nan)
    overall_s = np.full((r_s.size, 6), np.nan)
    inner = range(1, len(marks) - 1) if len(marks) > 3 else range(len(marks))
    whole = []
    for index, time_s in enumerate(r_s):
        away = [abs(mark.r_s - time_s) for mark in marks]
        nearest = int(np.argmin(away)) if away else -1
        if nearest < 0 or away[nearest] > _SAME_BEAT_S:
            continue
        for row, lead in enumerate(STANDARD_LEADS):
            leads_s[index, row] = _six(marks[nearest].leads.get(lead, {})) - time_s
        overall_s[index] = _six(marks[nearest].overall()) - time_s
        if nearest in inner:
            whole.append(index)
    return leads_s, overall_s, np.asarray(whole, dtype=np.int64)


def _six(waves: Waves) -> Float64Array:
    boundaries = (waves.get(kind) for kind in WAVE_KINDS)
    ends = [(np.nan, np.nan) if wave is None else (wave.onset_s, wave.offset_s) for wave in boundaries]
    return np.asarray(ends, dtype=np.float64).ravel()


def nan_median(values: Float64Array) -> Float64Array:
    """Return the median along the first axis over what is no NaN; NaN where nothing is left."""
    ordered = np.sort(values, axis=0)
    counts = np.isfinite(values).sum(axis=0)
    low, high = np.maximum(counts - 1, 0) // 2, np.minimum(counts // 2, len(values) - 1)
    ends = [np.take_along_axis(ordered, index[np.newaxis], axis=0)[0] for index in (low, high)]
    return np.where(counts > 0, (ends[0] + ends[1]) / 2.0, np.nan)


def draw_example(beats: MarkedBeats, rng: np.random.Generator) -> Example:
    """Take the median over a random few beats of one shape, and over their marks."""
    first = int(rng.choice(beats.whole))
    alike = beats.whole[beats.shapes[beats.whole] == beats.shapes[first]]
    wanted = int(rng.choice(_BEATS_CHOSEN, p=_BEATS_CHANCES))
    if wanted < alike.size:
        alike = np.append(rng.choice(alike[alike != first], wanted - 1, replace=False), first)
    leads_s, overall_s = beats.leads_s[alike], beats.overall_s[alike]
    return Example(
        np.median(beats.windows[alike], axis=0).astype(np.float64),
        nan_median(leads_s),
        nan_median(overall_s),
        np.isfinite(leads_s[..., ::2]).mean(axis=0) >= 0.5,
        np.isfinite(overall_s[..., ::2]).mean(axis=0) >= 0.5,
        np.ones(len(STANDARD_LEADS)),
    )


def change_example(example: Example, rng: np.random.Generator) -> Example:
    """Change an example at random: no P wave, other intervals, filters, amplitudes, noise, fewer leads."""
    if example.waves[0] and rng.random() < 0.15:
        example = _without_p(example, rng)
    example = _warped(example, rng)
    signal = example.signal
    n_leads = len(signal)
    if rng.random() < 0.4:
        # As devices with a low-pass of 25 to 80 Hz would show it.
        signal = gaussian_filter1d(signal, RATE_HZ * _GAUSS_3DB / rng.uniform(25.0, 80.0), axis=1)
    signal = signal * np.exp(rng.uniform(-0.4, 0.4, (n_leads, 1))) + _noise(n_leads, rng)
    signal = signal * np.where(rng.random((n_leads, 1)) < 0.15, -1.0, 1.0)
    counts = np.ones(n_leads)
    if rng.random() < 0.5:
        counts[rng.choice(n_leads, rng.integers(1, 6), replace=False)] = 0.0
    elif rng.random() < 0.1:
        counts[:] = 0.0
        counts[rng.integers(n_leads)] = 1.0
    return example._replace(signal=signal, counts=counts)


def _without_p(example: Example, rng: np.random.Generator) -> Example:
    """Draw a line instead of the P wave, or fibrillatory waves, because only one record in eight has no P wave."""
    onset_s = np.nanmin(example.leads_s[:, 0]) - 0.012
    offset_s = min(np.nanmax(example.leads_s[:, 1]) + 0.012, example.overall_s[2] - 0.004)
    columns = np.flatnonzero((onset_s <= _TIME_S) & (offset_s >= _TIME_S))
    if columns.size <= 4:
        return example
    signal, leads_s, overall_s = example.signal.copy(), example.leads_s.copy(), example.overall_s.copy()
    share = np.linspace(0.0, 1.0, columns.size)
    signal[:, columns] = signal[:, columns[:1]] * (1.0 - share) + signal[:, columns[-1:]] * share
    if rng.random() < 0.6:
        n_leads = len(signal)
        phase = rng.uniform(0.0, 2.0 * np.pi) + rng.normal(0.0, 0.5, (n_leads, 1))
        waves = np.sin(2.0 * np.pi * rng.uniform(4.0, 8.0) * _TIME_S + phase)
        signal += rng.uniform(0.0, 0.06) * rng.normal(0.0, 1.0, (n_leads, 1)) * waves
    leads_s[:, :2], overall_s[:2] = np.nan, np.nan
    lead_waves, waves_there = example.lead_waves.copy(), example.waves.copy()
    lead_waves[:, 0], waves_there[0] = False, False
    return Example(signal, leads_s, overall_s, lead_waves, waves_there, example.counts)


def _warped(example: Example, rng: np.random.Generator) -> Example:
    """Stretch PR, QRS and ST-T each by its own factor, move R, and let the next beat end the window."""
    old = np.array([-0.6, -0.12, 0.12, 0.9])
    new = old.copy()
    if rng.random() < 0.7:
        before, around, after = np.exp(rng.uniform(-0.12, 0.12, 3))
        new[1:3] = old[1:3] * around
        new[0], new[3] = new[1] - 0.48 * around * before, new[2] + 0.78 * around * after
    new += rng.uniform(-0.012, 0.012)
    source_s = np.interp(_TIME_S, new, old)
    signal = np.stack([np.interp(source_s, _TIME_S, row) for row in example.signal])
    leads_s, overall_s = np.interp(example.leads_s, old, new), np.interp(example.overall_s, old, new)
    if rng.random() < 0.4:
        last_s = float(np.nanmax(np.append(leads_s[:, 5], 0.25))) + 0.02
        column = min(SAMPLES - 1, SAMPLES_BEFORE_R + int(RATE_HZ * rng.uniform(last_s, 0.75)))
        signal[:, column:] = signal[:, column : column + 1]
    return example._replace(signal=signal, leads_s=leads_s, overall_s=overall_s)


def _noise(n_leads: int, rng: np.random.Generator) -> Float64Array:
    """Add up muscle noise, mains hum and drift in mV, as what is left of them in a median beat."""
    noise = np.zeros((n_leads, SAMPLES))
    if rng.random() < 0.6:
        muscle = gaussian_filter1d(rng.standard_normal((n_leads, SAMPLES)), rng.uniform(0.3, 2.0), axis=1)
        size = rng.choice([0.004, 0.01, 0.02, 0.04]) * rng.uniform(0.3, 1.0, (n_leads, 1))
        noise += size * muscle / muscle.std()
    if rng.random() < 0.15:
        hum = np.sin(2.0 * np.pi * 50.0 * _TIME_S + rng.uniform(0.0, 2.0 * np.pi))
        noise += 0.02 * rng.uniform(0.0, 1.0, (n_leads, 1)) * hum
    if rng.random() < 0.6:
        phase = rng.uniform(0.0, 2.0 * np.pi, (n_leads, 1))
        sway = np.sin(2.0 * np.pi * rng.uniform(0.2, 1.0) * _TIME_S + phase)
        noise += rng.normal(0.0, 0.06, (n_leads, 1)) * _TIME_S + rng.normal(0.0, 0.05, (n_leads, 1)) * sway
    return noise
