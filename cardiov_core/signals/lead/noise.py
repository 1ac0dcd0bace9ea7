"""How much a lead drifts, trembles and hums, in mV, measured between the QRS complexes.

Drift is the movement of the base line; noise is what is faster than 35 Hz, where the P and T waves and most of the
base line have nothing: its typical size (muscle tremor), its size in the worst fifth of a second (a burst), and what
of it is mains hum.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter, minimum_filter1d

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.filtering import hann_window, power_up_to, zero_phase
from cardiov_core.order_statistics import median, row_medians

DRIFT_WINDOW_S = 2.5
"""Drift is measured over the length of a column of the printed ECG: slower movement does not disturb reading it."""

NOISE_FROM_HZ = 35.0
"""Muscle noise is measured above this; P and T waves end below it."""

MAINS_HZ = (50.0, 60.0)
"""Frequencies of the mains."""

BURST_S = 0.2
"""Length of the piece whose noise counts as a burst."""

_DRIFT_RATE_HZ = 25.0
_BASE_LINE_S = 1.0  # the median over so long holds one QRS complex and one T wave in the minority
_SETTLING_S = 0.5  # carts settle at the ends of a recording
_QRS_HALF_S = 0.1
_SPIKE_HALF_S = 0.03
_FILTER_EDGE_S = 0.1
_FILTER_ORDER = 4
_MIN_QUIET_S = 1.0
_MAD_TO_SD = 1.4826
_HUM_HALF_BAND_HZ = 0.75
_HUM_NEIGHBOURS_HZ = (1.5, 6.0)
_HANN_NOISE_BANDWIDTH = 1.5


@dataclass(frozen=True, eq=False)
class NoiseLevels:
    """Noise of each lead; NaN where it cannot be measured."""

    drift_mv: Float64Array  # shape (n_leads,), largest movement of the base line within 2.5 s
    # Shape (n_leads,), typical noise above 35 Hz: standard deviation, estimated by the median, so that bursts do not
    # count.
    noise_mv: Float64Array
    burst_mv: Float64Array  # shape (n_leads,), root mean square of that noise in the worst 0.2 s
    hum_mv: Float64Array  # shape (n_leads,), mains hum, peak to peak
    hum_hz: Float64Array  # shape (n_leads,), 50 or 60, whichever is larger


def measure_noise(
    signal: Float64Array, valid: BoolArray, sampling_rate_hz: float, beats: IntArray, spikes: IntArray
) -> NoiseLevels:
    """Measure drift, noise, bursts and hum of each lead.

    `signal`: shape (n_leads, n_samples), in mV, gaps bridged. `valid`: shape (n_leads, n_samples), False where a gap
    was bridged. `sampling_rate_hz`: 80 to 2000 Hz. `beats`, `spikes`: samples of R peaks and of pacemaker spikes, which
    are no noise. Returns NaN for noise and hum in a lead that has less than one second beside its QRS complexes and
    gaps.
    """
    drift = _drift(signal, sampling_rate_hz)
    quiet = valid & _beside(signal.shape[1], sampling_rate_hz, beats, spikes)
    nothing = np.full(signal.shape[0], np.nan)
    if signal.shape[1] < _MIN_QUIET_S * sampling_rate_hz:
        return NoiseLevels(drift, nothing, nothing, nothing, nothing)
    fast = zero_phase(signal, sampling_rate_hz, NOISE_FROM_HZ, _FILTER_ORDER, "highpass")
    noise, burst = _tremor(fast, quiet, sampling_rate_hz)
    hum, hum_hz = _hum(fast, quiet, sampling_rate_hz)
    enough = quiet.sum(axis=1) >= _MIN_QUIET_S * sampling_rate_hz
    return NoiseLevels(drift, *(np.where(enough, values, np.nan) for values in (noise, burst, hum, hum_hz)))


def _drift(signal: Float64Array, sampling_rate_hz: float) -> Float64Array:
    step = max(1, round(sampling_rate_hz / _DRIFT_RATE_HZ))
    rate = sampling_rate_hz / step
    n = signal.shape[1] // step
    if n < 2 * _SETTLING_S * rate + 2:
        return np.full(signal.shape[0], np.nan)
    coarse = signal[:, : n * step].reshape(signal.shape[0], n, step).mean(axis=2)
    settling = round(_SETTLING_S * rate)
    width = round(_BASE_LINE_S * rate) | 1
    # Row by row, which scipy filters in half the time.
    rows = [median_filter(row, size=width, mode="nearest") for row in coarse]
    line = np.asarray(rows, dtype=np.float64).reshape(coarse.shape)[:, settling:-settling]
    window = round(DRIFT_WINDOW_S * rate)
    highest = maximum_filter1d(line, window, axis=1, mode="nearest")
    lowest = minimum_filter1d(line, window, axis=1, mode="nearest")
    drift: Float64Array = (highest - lowest).max(axis=1)
    return drift


def _beside(n_samples: int, sampling_rate_hz: float, beats: IntArray, spikes: IntArray) -> BoolArray:
    """Return where no QRS complex, no spike and no edge of the filter is."""
    free = np.ones(n_samples, dtype=np.bool_)
    for positions, half_s in ((beats, _QRS_HALF_S), (spikes, _SPIKE_HALF_S)):
        reach = round(half_s * sampling_rate_hz)
        for position in positions:
            free[max(0, position - reach) : position + reach + 1] = False
    edge = round(_FILTER_EDGE_S * sampling_rate_hz)
    if free.sum() < _MIN_QUIET_S * sampling_rate_hz:
        free[:] = True  # so many 'beats' are none
    free[:edge] = free[n_samples - edge :] = False
    return free


def _tremor(fast: Float64Array, quiet: BoolArray, sampling_rate_hz: float) -> tuple[Float64Array, Float64Array]:
    noise = np.full(fast.shape[0], np.nan)
    # As leads without gaps of their own are.
    together = bool(len(quiet) and (quiet == quiet[:1]).all())
    if together:
        if quiet[0].any():
            noise = _MAD_TO_SD * row_medians(np.abs(np.take(fast, np.flatnonzero(quiet[0]), axis=1)))[:, 0]
    else:
        for index, (row, free) in enumerate(zip(fast, quiet, strict=True)):
            if free.any():
                noise[index] = _MAD_TO_SD * median(np.abs(row[free]))
    width = max(1, round(BURST_S * sampling_rate_hz))
    n = fast.shape[1] // width
    # Leads that are quiet together are counted once for all.
    blocks = (quiet[:1] if together else quiet)[:, : n * width].reshape(-1, n, width).astype(np.float64)
    parts = fast[:, : n * width].reshape(fast.shape[0], n, width)
    power = (parts * parts * blocks).sum(axis=2)
    counted = blocks.sum(axis=2)
    # A block of which half lies in a QRS complex says too little.
    mean = np.where(2 * counted >= width, power / np.maximum(counted, 1), 0.0)
    burst: Float64Array = np.sqrt(mean.max(axis=1, initial=0.0))
    return noise, burst


def _hum(fast: Float64Array, quiet: BoolArray, sampling_rate_hz: float) -> tuple[Float64Array, Float64Array]:
    """Return peak-to-peak amplitude and frequency of the larger mains line, its surroundings subtracted."""
    n = fast.shape[1]
    window = hann_window(n) * quiet
    weight = np.maximum(window.sum(axis=1), 1.0)
    frequencies, power = power_up_to(fast * window, sampling_rate_hz, max(MAINS_HZ) + _HUM_NEIGHBOURS_HZ[1])
    hum = np.full(fast.shape[0], np.nan)
    hum_hz = np.full(fast.shape[0], np.nan)
    for mains in MAINS_HZ:
        away = np.abs(frequencies - mains)
        line = away <= _HUM_HALF_BAND_HZ
        around = (away >= _HUM_NEIGHBOURS_HZ[0]) & (away <= _HUM_NEIGHBOURS_HZ[1])
        if mains + _HUM_NEIGHBOURS_HZ[1] > 0.5 * sampling_rate_hz or not line.any() or not around.any():
            continue
        above = power[:, line].sum(axis=1) - line.sum() * row_medians(power[:, around])[:, 0]
        swing = 4.0 * np.sqrt(np.maximum(above, 0.0) / _HANN_NOISE_BANDWIDTH) / weight
        larger = ~(swing <= hum)
        hum, hum_hz = np.where(larger, swing, hum), np.where(larger, mains, hum_hz)
    return hum, hum_hz
