"""Frontal axes, ST levels and QRS voltages on a delineated median beat.

All levels are measured against the one just before the QRS, and P areas against the one just before the P wave.
"""

from collections.abc import Mapping

import numpy as np

from cardiov_core.domain import Float64Array, FloatArray, MedianBeat, WaveBoundaries

BASE_LINE_S = 0.02
"""The level before a wave is the mean over so long before its onset."""

ST_AFTER_J_S = 0.06
"""ST is measured so long after the end of the QRS (J + 60 ms; docs/clinical.md, 19)."""

_ST_HALF_WIDTH_S = 0.004
_MIN_DIRECTION = 0.1


def on_base_line(beat: MedianBeat, qrs: WaveBoundaries | None, p: WaveBoundaries | None) -> FloatArray:
    """Return the beat's signal against the level before its QRS, without one before its P wave.

    `qrs`, `p`: in seconds relative to the R peak. Returns float32, in mV, of the shape of the beat's signal; unchanged
    where neither wave is known.
    """
    wave = qrs or p
    if wave is None:
        return beat.signal
    levels = _level(beat.signal.astype(np.float64), beat, wave.onset_s)
    return (beat.signal - levels[:, np.newaxis]).astype(np.float32)


def frontal_axis(beat: MedianBeat, wave: WaveBoundaries, base_s: float) -> float | None:
    """Return the frontal axis of a wave by its net areas in I and aVF, ``atan2(2 aVF / sqrt(3), I)``.

    The factor brings the augmented lead to the scale of lead I (Novosel et al. 1999, doi:10.1023/A:1009988518331).

    `wave`: in seconds relative to the R peak. `base_s`: the level just before this time counts as zero. Returns in
    degrees, above -180 and up to 180; None where the net areas are too small beside the wave for a direction.
    """
    net, whole = [], 0.0
    for lead in ("I", "aVF"):
        row = beat.signal[beat.leads.index(lead)].astype(np.float64)
        part = row[_slice(beat, wave)] - _level(row[np.newaxis], beat, base_s)[0]
        scale = 2.0 / np.sqrt(3.0) if lead == "aVF" else 1.0
        net.append(scale * float(part.sum()))
        whole += scale * float(np.abs(part).sum())
    if whole <= 0.0 or np.hypot(net[0], net[1]) < _MIN_DIRECTION * whole:
        return None
    angle = float(np.degrees(np.arctan2(net[1], net[0])))
    return 180.0 if angle == -180.0 else angle


def st_levels(beat: MedianBeat, qrs: WaveBoundaries) -> dict[str, float]:
    """Return the level 60 ms after the J point of each usable lead, in mV; empty where the beat ends before."""
    middle = beat.r_index + round((qrs.offset_s + ST_AFTER_J_S) * beat.sampling_rate)
    reach = round(_ST_HALF_WIDTH_S * beat.sampling_rate)
    if middle + reach >= beat.signal.shape[1]:
        return {}
    values = beat.signal.astype(np.float64)
    levels = values[:, middle - reach : middle + reach + 1].mean(axis=1) - _level(values, beat, qrs.onset_s)
    return _of_usable_leads(beat, levels)


def qrs_deflections(beat: MedianBeat, qrs: WaveBoundaries) -> tuple[dict[str, float], dict[str, float]]:
    """Return the largest positive deflection and the depth of the largest negative one, both >= 0, a lead, in mV."""
    values = beat.signal.astype(np.float64)
    part = values[:, _slice(beat, qrs)] - _level(values, beat, qrs.onset_s)[:, np.newaxis]
    highest, lowest = np.maximum(part.max(axis=1), 0.0), np.maximum(-part.min(axis=1), 0.0)
    return _of_usable_leads(beat, highest), _of_usable_leads(beat, lowest)


def sokolow_lyon_mv(r_mv: Mapping[str, float], s_mv: Mapping[str, float]) -> float | None:
    """Return S in V1 + the larger R of V5 and V6, None where V1 or both V5 and V6 are missing."""
    lateral = [r_mv[lead] for lead in ("V5", "V6") if lead in r_mv]
    return s_mv["V1"] + max(lateral) if "V1" in s_mv and lateral else None


def cornell_mv(r_mv: Mapping[str, float], s_mv: Mapping[str, float]) -> float | None:
    """Return R in aVL + S in V3, None where one of the two is missing."""
    return r_mv["aVL"] + s_mv["V3"] if "aVL" in r_mv and "V3" in s_mv else None


def _slice(beat: MedianBeat, wave: WaveBoundaries) -> slice:
    first = max(0, beat.r_index + round(wave.onset_s * beat.sampling_rate))
    return slice(first, beat.r_index + round(wave.offset_s * beat.sampling_rate) + 1)


def _level(signal: Float64Array, beat: MedianBeat, before_s: float) -> Float64Array:
    """Return the mean of each row just before a time."""
    stop = max(1, beat.r_index + round(before_s * beat.sampling_rate))
    start = max(0, stop - round(BASE_LINE_S * beat.sampling_rate))
    return np.asarray(signal[:, start:stop].mean(axis=1))


def _of_usable_leads(beat: MedianBeat, values: Float64Array) -> dict[str, float]:
    return {lead: float(value) for lead, value in zip(beat.leads, values, strict=True) if lead in beat.usable_leads}
