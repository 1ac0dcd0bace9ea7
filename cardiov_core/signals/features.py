"""A record as a fixed row of numbers: what a grader that is no network is fed.

Most numbers are read off the median beat in fixed windows around the R peak, a lead: the sizes of waves and their
places, levels and areas. They need no delineation, which fails first where an ECG is most abnormal, and sizes count as
shares of the lead's own QRS, so that a wrong gain, or a gain per lead, changes nothing. Intervals and axes
of the delineated beat, the rhythm, and how far single beats stray from their mean stand beside them, and age and sex;
then the delineated waves of each lead and signs of rhythm (`cardiov_core.signals.wave_features`). What cannot be
measured is NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Float64Array, Measurements, MedianBeat, once
from cardiov_core.filtering import resample
from cardiov_core.order_statistics import median
from cardiov_core.preprocessing import band_pass, bridge_gaps
from cardiov_core.signals.wave_features import SIGNS, WAVES_OF_A_LEAD, sign_numbers, wave_numbers

Unit = Literal["of QRS", "of QRS ms", "mV", "mV ms", "ms", "1/min", "Hz", "deg", "", "years"]

RESIDUE_BAND_HZ = (0.5, 40.0)
"""Band in which single beats are compared with their mean: without drift and without mains hum."""

RESIDUE_FILTER_ORDER = 2
"""Order of that filter's Butterworth prototype."""

# In seconds from the R peak. A QRS is looked for from 80 ms before to 100 ms after it, wide enough for a bundle branch
# block; ST at two points, before and after most J + 60 ms; T where it lies at 50 to 110 beats a minute.
_QRS_S = (-0.08, 0.10)
_Q_S = (-0.08, -0.01)
_ST_EARLY_S = (0.07, 0.09)
_ST_LATE_S = (0.11, 0.13)
_T_S = (0.16, 0.45)
_P_S = (-0.25, -0.08)
_RESIDUE_S = {"p": (-0.25, -0.08), "qrs": (-0.06, 0.08), "t": (0.12, 0.40)}
_SMALLEST_SHARE_OF_A_WINDOW = 0.5
_RATE_HZ = 500.0
_FEWEST_BEATS = 3
_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Feature:
    """One number of the row.

    Attributes
    ----------
    key : str
        Unique: ``t_max_V5``, ``pr_ms``.
    group : str
        What a clinician would call it, without the lead: 'ST', 'T wave', 'heart rate'.
    words : str
        The number in words, without the lead: 'T' for its height.
    unit : str
        Unit of the number; 'of QRS' for a share of the lead's QRS height, empty for ratios and for sex.
    lead : str or None
        Where it belongs to one lead.
    """

    key: str
    group: str
    words: str
    unit: Unit
    lead: str | None = None


_OF_A_LEAD: tuple[tuple[str, str, str, Unit], ...] = (
    ("r", "R and S waves", "highest QRS deflection", "of QRS"),
    ("r_at", "QRS shape", "shift of the R peak", "ms"),
    ("s", "R and S waves", "lowest QRS deflection", "of QRS"),
    ("s_at", "QRS shape", "shift of the S trough", "ms"),
    ("q", "Q wave", "lowest point before R", "of QRS"),
    ("qrs_area", "QRS shape", "QRS area", "of QRS ms"),
    ("st_early", "ST", "ST (80 ms after R)", "of QRS"),
    ("st_late", "ST", "ST (120 ms after R)", "of QRS"),
    ("t_max", "T wave", "T peak", "of QRS"),
    ("t_max_at", "T wave timing", "R to T peak", "ms"),
    ("t_min", "T wave", "T trough", "of QRS"),
    ("t_min_at", "T wave timing", "R to T trough", "ms"),
    ("t_area", "T wave", "T area", "of QRS ms"),
    ("p_max", "P wave", "P peak", "of QRS"),
    ("p_min", "P wave", "P trough", "of QRS"),
)
_TIMES = frozenset(key for key, _, _, unit in _OF_A_LEAD if unit == "ms")
_MEASURED: tuple[tuple[str, str, str, Unit], ...] = (
    ("heart_rate_bpm", "heart rate", "heart rate", "1/min"),
    ("p_ms", "P duration", "P", "ms"),
    ("pr_ms", "PR interval", "PR", "ms"),
    ("qrs_ms", "QRS duration", "QRS", "ms"),
    ("qt_ms", "QT interval", "QT", "ms"),
    ("qtc_fridericia_ms", "QT interval", "QTc (Fridericia)", "ms"),
    ("p_axis_deg", "P axis", "P axis", "deg"),
    ("qrs_axis_deg", "QRS axis", "QRS axis", "deg"),
    ("t_axis_deg", "T axis", "T axis", "deg"),
    ("sokolow_lyon_mv", "hypertrophy voltage", "Sokolow-Lyon voltage", "mV"),
    ("cornell_mv", "hypertrophy voltage", "Cornell voltage", "mV"),
    ("rr_sd_ms", "rhythm", "spread of the RR intervals", "ms"),
)
_DERIVED: tuple[tuple[str, str, str, Unit], ...] = (
    ("qrs_t_angle_deg", "QRS-T angle", "frontal QRS-T angle", "deg"),
    ("rr_min_ratio", "rhythm", "shortest RR over the mean", ""),
    ("rr_max_ratio", "rhythm", "longest RR over the mean", ""),
    ("rr_step_ratio", "rhythm", "change from RR to RR over the mean", ""),
    ("other_beats_share", "other beats", "share of beats of another shape", ""),
    ("p_residue", "beat-to-beat variation", "beat-to-beat variation before the QRS, over its height", ""),
    ("qrs_residue", "beat-to-beat variation", "beat-to-beat variation of the QRS, over its height", ""),
    ("t_residue", "beat-to-beat variation", "beat-to-beat variation of ST and T, over the QRS height", ""),
    ("age", "age", "age", "years"),
    ("male", "sex", "sex", ""),
)

FEATURES: tuple[Feature, ...] = (
    *(
        Feature(f"{key}_{lead}", group, words, unit, lead)
        for lead in STANDARD_LEADS
        for key, group, words, unit in _OF_A_LEAD
    ),
    *(Feature(key, group, words, unit) for key, group, words, unit in (*_MEASURED, *_DERIVED)),
    *(
        Feature(f"{key}_{lead}", group, words, cast(Unit, unit), lead)
        for lead in STANDARD_LEADS
        for key, group, words, unit in WAVES_OF_A_LEAD
    ),
    *(Feature(key, group, words, cast(Unit, unit)) for key, group, words, unit in SIGNS),
)
"""The columns of a row, in their order."""


def features_of(record: EcgRecord, measurements: Measurements) -> Float64Array:
    """Return a record's row of numbers.

    Parameters
    ----------
    record : EcgRecord
        The record that was measured; of it only rhythm residue, age and sex are taken.
    measurements : Measurements
        From :func:`~cardiov_core.signals.measure` of the same record.

    Returns
    -------
    numpy.ndarray, shape (len(FEATURES),)
        float64; NaN for what cannot be measured: everything but age and sex where no beat was found.
    """
    return once(_row, record, measurements).copy()


def _row(record: EcgRecord, measurements: Measurements) -> Float64Array:
    numbers: dict[str, float] = {}
    beat = measurements.median_beat
    if beat is not None:
        heights_mv = qrs_heights(beat)
        numbers |= _of_leads(beat, heights_mv)
        numbers |= _residues(record, measurements)
        numbers |= wave_numbers(measurements, heights_mv) | sign_numbers(record, measurements)
    for key, *_ in _MEASURED:
        value = getattr(measurements, key)
        if value is not None:
            numbers[key] = float(value)
    numbers |= _rhythm(measurements)
    if measurements.qrs_axis_deg is not None and measurements.t_axis_deg is not None:
        turn = abs(measurements.qrs_axis_deg - measurements.t_axis_deg)
        numbers["qrs_t_angle_deg"] = min(turn, 360.0 - turn)
    if record.age is not None:
        numbers["age"] = float(record.age)
    if record.sex is not None:
        numbers["male"] = 1.0 if record.sex == "male" else 0.0
    return np.array([numbers.get(feature.key, np.nan) for feature in FEATURES], dtype=np.float64)


def qrs_heights(beat: MedianBeat) -> dict[str, float]:
    """Return the height of the QRS from its lowest to its highest point, in mV, of each standard lead with a signal."""
    leads = [lead for lead in STANDARD_LEADS if lead in beat.usable_leads]
    qrs = _part(_rows(beat, leads), beat, _QRS_S)
    if qrs is None:
        return {}
    heights = np.ptp(qrs[0], axis=1).tolist()
    return {lead: height for lead, height in zip(leads, heights, strict=True) if height > 0}


def _rows(beat: MedianBeat, leads: Sequence[str]) -> Float64Array:
    """Return the beat in some leads, ``(n_leads, n_samples)`` in mV."""
    return beat.signal[[beat.leads.index(lead) for lead in leads]].astype(np.float64)


def _of_leads(beat: MedianBeat, heights_mv: Mapping[str, float]) -> dict[str, float]:
    """Return the numbers of each lead, levels and areas as shares of its height in mV."""
    rows = _rows(beat, [*heights_mv])
    numbers: dict[str, Float64Array] = {}
    qrs = _part(rows, beat, _QRS_S)
    if qrs is not None:
        values, at_ms = qrs
        numbers |= {"r": values.max(axis=1), "r_at": at_ms[values.argmax(axis=1)]}
        numbers |= {"s": values.min(axis=1), "s_at": at_ms[values.argmin(axis=1)], "qrs_area": _areas(values, beat)}
    q = _part(rows, beat, _Q_S)
    if q is not None:
        numbers["q"] = q[0].min(axis=1)
    for key, window_s in (("st_early", _ST_EARLY_S), ("st_late", _ST_LATE_S)):
        level = _part(rows, beat, window_s)
        if level is not None:
            numbers[key] = level[0].mean(axis=1)
    t = _part(rows, beat, _T_S)
    if t is not None:
        values, at_ms = t
        numbers |= {
            "t_max": values.max(axis=1),
            "t_max_at": at_ms[values.argmax(axis=1)],
            "t_area": _areas(values, beat),
        }
        numbers |= {"t_min": values.min(axis=1), "t_min_at": at_ms[values.argmin(axis=1)]}
    p = _part(rows, beat, _P_S)
    if p is not None:
        numbers |= {"p_max": p[0].max(axis=1), "p_min": p[0].min(axis=1)}
    heights = np.array([*heights_mv.values()])
    return {
        f"{key}_{lead}": value
        for key, values in numbers.items()
        for lead, value in zip(heights_mv, (values if key in _TIMES else values / heights).tolist(), strict=True)
    }


def _part(
    rows: Float64Array, beat: MedianBeat, window_s: tuple[float, float]
) -> tuple[Float64Array, Float64Array] | None:
    """Return the values in a window, ``(n_leads, n)``, with their times in ms; None without half of it in the beat."""
    first, last = (beat.r_index + round(edge * beat.sampling_rate) for edge in window_s)
    values = rows[:, max(first, 0) : last + 1]
    if values.shape[1] < _SMALLEST_SHARE_OF_A_WINDOW * (last + 1 - first):
        return None
    at = np.arange(values.shape[1], dtype=np.float64) + (max(first, 0) - beat.r_index)
    return values, np.asarray(at * (1000.0 / beat.sampling_rate), dtype=np.float64)


def _areas(values: Float64Array, beat: MedianBeat) -> Float64Array:
    return np.asarray(values.sum(axis=1) * 1000.0 / beat.sampling_rate)


def _rhythm(measurements: Measurements) -> dict[str, float]:
    numbers: dict[str, float] = {}
    mean_ms = measurements.rr_mean_ms
    if mean_ms:
        if measurements.rr_min_ms is not None:
            numbers["rr_min_ratio"] = measurements.rr_min_ms / mean_ms
        if measurements.longest_pause_ms is not None:
            numbers["rr_max_ratio"] = measurements.longest_pause_ms / mean_ms
    beats = measurements.beats
    if len(beats) >= _FEWEST_BEATS:
        steps = np.diff(np.diff([beat.r_s for beat in beats]))
        if mean_ms:
            numbers["rr_step_ratio"] = float(np.sqrt(np.mean(steps**2))) * 1000.0 / mean_ms
        numbers["other_beats_share"] = sum(not beat.dominant for beat in beats) / len(beats)
    return numbers


def _residues(record: EcgRecord, measurements: Measurements) -> dict[str, float]:
    """Return how far the beats of the dominant shape stray from their mean, a part of the beat, over the QRS height."""
    r_s = [beat.r_s for beat in measurements.beats if beat.dominant]
    beat = measurements.median_beat
    if beat is None or len(r_s) < _FEWEST_BEATS:
        return {}
    filled, _ = bridge_gaps(record.signal, record.sampling_rate)
    usable = [record.leads.index(lead) for lead in beat.usable_leads]
    signal = resample(filled[usable], record.sampling_rate, _RATE_HZ)
    signal = band_pass(signal, _RATE_HZ, RESIDUE_BAND_HZ, RESIDUE_FILTER_ORDER)
    before, after = (round(edge * _RATE_HZ) for edge in (_RESIDUE_S["p"][0], _RESIDUE_S["t"][1]))
    at = np.round(np.asarray(r_s) * _RATE_HZ).astype(np.int64)
    at = at[(at + before >= 0) & (at + after < signal.shape[1])]
    if at.size < _FEWEST_BEATS:
        return {}
    windows = signal[:, at[:, np.newaxis] + np.arange(before, after + 1)]
    mean = windows.mean(axis=1, keepdims=True)
    height = np.ptp(mean[:, 0], axis=1)
    spread = np.sqrt(((windows - mean) ** 2).mean(axis=1))
    numbers: dict[str, float] = {}
    for name, (start_s, end_s) in _RESIDUE_S.items():
        part = slice(round(start_s * _RATE_HZ) - before, round(end_s * _RATE_HZ) - before + 1)
        numbers[f"{name}_residue"] = median(spread[:, part].mean(axis=1) / np.maximum(height, _TINY))
    return numbers
