"""Synthetic ECGs of random hearts: what a network is taught to measure on before it sees a patient.

Unlike `cardiov_core.datasets.synthetic`, which draws eight conditions as a textbook shows them, every record here is
another heart: size, direction and timing of each wave, conduction, rhythm, the chest's lead field and noise are drawn
at random, wider than in a population, so that no combination is rare. Nothing says what ails the heart: such records
carry measurements, which the delineator makes of them as of any other, and no label.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from cardiov_core.datasets.dipole import (
    LEAD_VECTORS,
    P_LOBES,
    QRS_LBBB,
    QRS_NORMAL,
    QRS_PREMATURE,
    QRS_RBBB,
    T_VECTOR,
    Lobe,
    electrode_noise,
    fibrillation,
    irregular_times,
    sinus_times,
    twelve_leads,
)
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, Provenance

RATE_HZ = 500.0
DURATION_S = 10.0

_STREAM = 77
"""Keeps these records apart from others that are drawn from the same seeds."""

# Shares and spreads. They are chosen by eye on printed records, none by a grader's figures.
_CONDUCTION = {"normal": 0.68, "left": 0.12, "right": 0.12, "ectopic": 0.08}
_AF_SHARE, _NO_P_SHARE, _PREMATURE_SHARE, _Q_SHARE, _ST_SHARE, _FLAT_T_SHARE = 0.13, 0.05, 0.15, 0.25, 0.3, 0.12
_N_SEEN = 8
_HEART_RATES_BPM = (38.0, 170.0)
_PR_MS = (95.0, 330.0)


@dataclass(frozen=True)
class _Beat:
    """One kind of ventricular beat as eight leads see it: Gaussian waves around the time of R."""

    waves: tuple[tuple[Lobe, Float64Array], ...]  # each with its size per lead, ``(8,)`` in mV
    # Of the QRS.
    onset_ms: float
    offset_ms: float
    qt_extra_ms: float  # added to the QT that the rate gives
    # Size a lead of ST segment and T wave.
    st: Float64Array
    t: Float64Array


def varied_record(seed: int) -> EcgRecord:
    """Draw a heart at random and record it for 10 s at 500 Hz.

    Parameters
    ----------
    seed : int
        The same seed gives the same record; not negative.

    Returns
    -------
    EcgRecord
        Twelve leads in standard order, in mV; age and sex are drawn, too, and mean nothing.
    """
    rng = np.random.default_rng([seed, _STREAM])
    time_s = np.arange(round(RATE_HZ * DURATION_S)) / RATE_HZ
    field = LEAD_VECTORS * (1 + 0.15 * rng.standard_normal(LEAD_VECTORS.shape))
    field = field + 0.08 * rng.standard_normal(LEAD_VECTORS.shape)
    beat = _ventricular_beat(field, rng)
    premature = _premature_beat(field, rng)
    fibrillating = bool(rng.random() < _AF_SHARE)
    times = _beat_times(fibrillating, rng)
    share = 0.12 if rng.random() < _PREMATURE_SHARE else 0.0
    kinds = [premature if rng.random() < share else beat for _ in times]
    atrial = () if fibrillating or rng.random() < _NO_P_SHARE else _atrial_waves(field, beat, rng)
    eight = _eight_leads(times, kinds, atrial, premature, time_s, rng)
    if fibrillating:
        eight += field @ fibrillation(time_s, rng) * _around(0.4, rng)
    eight += electrode_noise(time_s, noisy=False, rng=rng) * rng.choice([0.5, 1.0, 3.0])
    return EcgRecord(
        signal=twelve_leads(eight).astype(np.float32),
        leads=STANDARD_LEADS,
        sampling_rate=RATE_HZ,
        record_id=f"varied-{seed}",
        provenance=Provenance(path=f"varied:{seed}", format="synthetic"),
        age=float(rng.uniform(20, 90)),
        sex="male" if rng.random() < 0.5 else "female",
        warnings=("Synthetic record of a random heart: it means nothing.",),
    )


def _ventricular_beat(field: Float64Array, rng: np.random.Generator) -> _Beat:
    conduction = str(rng.choice(list(_CONDUCTION), p=list(_CONDUCTION.values())))
    shape = {"normal": QRS_NORMAL, "left": QRS_LBBB, "right": QRS_RBBB, "ectopic": QRS_PREMATURE}[conduction]
    turn = _turn(120.0 if conduction == "ectopic" else 22.0 if rng.random() < 0.7 else 50.0, rng)
    size = _around(0.35, rng)
    waves = _varied_qrs(shape, turn, size, _around(0.12, rng), field, rng)
    wide = conduction != "normal"
    t_vector = np.asarray(T_VECTOR) * _around(0.35, rng)
    if wide and rng.random() < 0.7:
        # Secondary repolarisation: T points away from the main part of a wide QRS.
        t_vector = -turn.apply(np.asarray(shape[1].vector)) * 0.35 * _around(0.3, rng)
    ordinary = rng.random() < 0.6
    t_vector = _turn(25.0 if ordinary else 70.0, rng).apply(t_vector)
    if not ordinary:
        t_vector = t_vector * rng.uniform(0.1, 1.2)
    if rng.random() < _FLAT_T_SHARE:
        t_vector = t_vector * rng.uniform(0, 0.3)
    st_vector = _direction(rng) * rng.exponential(0.02)
    if rng.random() < _ST_SHARE:
        st_vector = st_vector * rng.uniform(2, 10)
    return _Beat(
        waves=waves,
        onset_ms=min(wave.centre_ms - 3 * wave.rise_ms for wave, _ in waves),
        offset_ms=max(wave.centre_ms + 2.5 * wave.fall_ms for wave, _ in waves),
        qt_extra_ms=float(rng.normal(0, 22)) + (40.0 if wide else 0.0),
        st=_seen(st_vector, field, 0.3, rng),
        t=_seen(size**0.5 * t_vector, field, 0.12 if rng.random() < 0.7 else 0.45, rng),
    )


def _premature_beat(field: Float64Array, rng: np.random.Generator) -> _Beat:
    waves = _varied_qrs(QRS_PREMATURE, _turn(90.0, rng), 1.1 * _around(0.35, rng), 1.0, field, rng)
    return _Beat(
        waves=waves,
        onset_ms=min(wave.centre_ms - 3 * wave.rise_ms for wave, _ in waves),
        offset_ms=max(wave.centre_ms + 2.5 * wave.fall_ms for wave, _ in waves),
        qt_extra_ms=40.0,
        st=np.zeros(_N_SEEN),
        t=-0.5 * waves[1][1],
    )


def _varied_qrs(
    shape: Sequence[Lobe], turn: Rotation, size: float, stretch: float, field: Float64Array, rng: np.random.Generator
) -> tuple[tuple[Lobe, Float64Array], ...]:
    """Turn, stretch and disturb a QRS; now and then a Q wave stands before it."""
    largest = max(float(np.linalg.norm(wave.vector)) for wave in shape)
    varied = []
    for wave in shape:
        vector = turn.apply(np.asarray(wave.vector)) * _around(0.25, rng) + 0.06 * largest * rng.standard_normal(3)
        moved = Lobe(
            wave.centre_ms * stretch * _around(0.08, rng),
            wave.rise_ms * stretch * _around(0.1, rng),
            wave.fall_ms * stretch * _around(0.1, rng),
            wave.vector,
        )
        varied.append((moved, _seen(size * vector, field, 0.12, rng)))
    if rng.random() < _Q_SHARE:
        early = Lobe(-28 * stretch, 9 * stretch, 9 * stretch, (0.0, 0.0, 0.0))
        varied.append((early, _seen(0.5 * size * rng.random() * rng.standard_normal(3), field, 0.3, rng)))
    return tuple(varied)


def _beat_times(fibrillating: bool, rng: np.random.Generator) -> list[float]:
    rate_bpm = float(np.clip(np.exp(np.log(72) + 0.24 * rng.standard_normal()), *_HEART_RATES_BPM))
    if fibrillating:
        return irregular_times(DURATION_S, float(np.clip(60 / rate_bpm / 1.1, 0.42, 1.2)), rng)
    return sinus_times(DURATION_S, rate_bpm, float(rng.choice([0.01, 0.03, 0.09])), rng)


def _atrial_waves(field: Float64Array, beat: _Beat, rng: np.random.Generator) -> tuple[tuple[Lobe, Float64Array], ...]:
    long_pr_ms = 60.0 if rng.random() < 0.08 else 0.0
    pr_ms = float(np.clip(rng.normal(160, 28) + long_pr_ms, *_PR_MS))
    middle_ms = beat.onset_ms - pr_ms + 50
    return tuple(
        (
            replace(wave, centre_ms=middle_ms + wave.centre_ms),
            _seen(_turn(20.0, rng).apply(np.asarray(wave.vector)) * _around(0.35, rng), field, 0.15, rng),
        )
        for wave in P_LOBES
    )


def _eight_leads(
    times: Sequence[float],
    kinds: Sequence[_Beat],
    atrial: Sequence[tuple[Lobe, Float64Array]],
    premature: _Beat,
    time_s: Float64Array,
    rng: np.random.Generator,
) -> Float64Array:
    """Lay the beats out over the record, swung by breathing; ``(8, n_samples)`` in mV."""
    eight = np.zeros((_N_SEEN, time_s.size))
    intervals_s = np.diff(times)
    before_s = [float(intervals_s[0]), *intervals_s]
    phase, depth = rng.uniform(0, 2 * np.pi), rng.uniform(0.01, 0.07)
    for at_s, rr_s, kind in zip(times, before_s, kinds, strict=True):
        first, last = max(round((at_s - 0.5) * RATE_HZ), 0), min(round((at_s + 0.9) * RATE_HZ), time_s.size)
        if first >= last:
            continue
        from_r_ms = (time_s[first:last] - at_s) * 1000
        qt_ms = 400.0 * (0.7 * float(np.mean(before_s)) + 0.3 * rr_s) ** (1 / 3) + kind.qt_extra_ms
        waves = [*kind.waves, *_repolarisation(kind, qt_ms)]
        if kind is not premature:
            waves += atrial
        swing = 1 + depth * np.sin(2 * np.pi * 0.22 * at_s + phase)
        for wave, projected in waves:
            eight[:, first:last] += np.outer(swing * projected, wave.at(from_r_ms))
    return eight


def _repolarisation(beat: _Beat, qt_ms: float) -> list[tuple[Lobe, Float64Array]]:
    fall_ms = 0.085 * qt_ms
    peak_ms = beat.onset_ms + qt_ms - 2 * fall_ms
    begin_ms = beat.offset_ms - 8
    length_ms = max(peak_ms - begin_ms, 10.0)
    nowhere = (0.0, 0.0, 0.0)
    return [
        (Lobe(begin_ms + length_ms / 2, 7.0, 1.1 * fall_ms, nowhere, plateau_ms=length_ms), beat.st),
        (Lobe(peak_ms, 0.145 * qt_ms, fall_ms, nowhere), beat.t),
    ]


def _seen(vector: Float64Array, field: Float64Array, local: float, rng: np.random.Generator) -> Float64Array:
    """Return a dipole as eight leads see it, with a share that no dipole explains, smooth over V1 to V6."""
    own = rng.standard_normal(_N_SEEN)
    chest = np.concatenate([own[2:3], own[2:], own[-1:]])
    own[2:] = np.convolve(chest, [0.5, 1.0, 0.5], mode="valid") / 1.2
    projected: Float64Array = field @ vector + local * float(np.linalg.norm(vector)) * own
    return projected


def _turn(degrees: float, rng: np.random.Generator) -> Rotation:
    return Rotation.from_rotvec(np.deg2rad(degrees) * rng.standard_normal(3))


def _direction(rng: np.random.Generator) -> Float64Array:
    vector = rng.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector))


def _around(spread: float, rng: np.random.Generator) -> float:
    """Return a factor around 1 whose log has the standard deviation `spread`."""
    return float(np.exp(spread * rng.standard_normal()))
