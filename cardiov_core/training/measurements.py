"""What a median beat measures, as a second task for a network that is trained on few records.

Levels alone tell a network little about four hundred records. Learning to read voltages and intervals off the same
input at the same time shapes its features; the second head is thrown away after training.
"""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import STANDARD_LEADS, EcgRecord
from cardiov_core.preprocessing import band_pass, bridge_gaps
from cardiov_core.signals import detect_r_peaks

_BAND_HZ = (0.5, 40.0)
_BEFORE_S, _AFTER_S = 0.30, 0.45
_P_S, _LEVEL_S, _QRS_S, _ST_S, _T_S = (-0.22, -0.08), (-0.09, -0.06), (-0.07, 0.07), (0.08, 0.12), (0.14, 0.42)

N_MEASUREMENTS = 5 * len(STANDARD_LEADS) + 2
"""P, R, S, ST and T voltage a lead, the mean RR interval and its variation."""


def median_beat_measurements(record: EcgRecord) -> npt.NDArray[np.float32]:
    """Measure a record's median beat.

    Parameters
    ----------
    record : EcgRecord
        With all twelve leads.

    Returns
    -------
    numpy.ndarray
        float32 ``(N_MEASUREMENTS,)``: for each lead the P wave's mean, the QRS complex's maximum and minimum, the
        level 80-120 ms after the R peak and the T wave's extreme, in mV above the level before the QRS complex; then
        the mean RR interval in s and its coefficient of variation. NaN where the record has fewer than three beats.
    """
    rate = record.sampling_rate
    filled, _ = bridge_gaps(np.stack([record.lead(lead) for lead in STANDARD_LEADS]), rate)
    signal = band_pass(filled, rate, _BAND_HZ, 2)
    peaks = detect_r_peaks(record)
    before, after = round(_BEFORE_S * rate), round(_AFTER_S * rate)
    whole = [peak for peak in peaks if before <= peak < signal.shape[1] - after]
    if len(whole) < 3:
        return np.full(N_MEASUREMENTS, np.nan, dtype=np.float32)
    beat = np.median(np.stack([signal[:, peak - before : peak + after] for peak in whole]), axis=0)

    def part(limits_s: tuple[float, float]) -> npt.NDArray[np.float64]:
        first, last = (before + round(limit * rate) for limit in limits_s)
        cut: npt.NDArray[np.float64] = beat[:, first:last]
        return cut

    beat = beat - part(_LEVEL_S).mean(axis=1, keepdims=True)
    t_wave = part(_T_S)
    extreme = np.take_along_axis(t_wave, np.abs(t_wave).argmax(axis=1, keepdims=True), axis=1)[:, 0]
    qrs = part(_QRS_S)
    rr_s = np.diff(peaks) / rate
    values = np.concatenate(
        [
            part(_P_S).mean(axis=1),
            qrs.max(axis=1),
            qrs.min(axis=1),
            part(_ST_S).mean(axis=1),
            extreme,
            [rr_s.mean(), rr_s.std() / rr_s.mean()],
        ]
    )
    return np.asarray(values, dtype=np.float32)


def standardise(measurements: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return z-scores a column, clipped to +-4, with 0 for NaN."""
    centre, spread = np.nanmean(measurements, axis=0), np.nanstd(measurements, axis=0)
    scores: npt.NDArray[np.float32] = (measurements - centre) / np.where(spread > 0, spread, 1.0)
    return np.asarray(np.nan_to_num(np.clip(scores, -4.0, 4.0)), dtype=np.float32)
