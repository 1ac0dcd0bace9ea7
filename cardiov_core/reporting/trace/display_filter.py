"""Zero-phase filters for display; the networks' own filtering never follows them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import filtfilt, iirnotch

from cardiov_core.domain import Float64Array, FloatArray
from cardiov_core.filtering import zero_phase
from cardiov_core.reporting.trace.paper_options import FilterName

BANDS_HZ: dict[FilterName, tuple[float, float]] = {"diagnostic": (0.05, 150.0), "monitor": (0.5, 40.0)}
"""Lower and upper edge of each display filter."""

MONITOR_NOTE = "Monitor filter: the ST segment and small waves may be altered."
"""Stands on the figure for as long as the monitor band is in use."""


@dataclass(frozen=True, eq=False)
class DisplayedSignal:
    """A signal as drawn."""

    signal: FloatArray  # float32, shape as given, in mV; NaN where the input was NaN
    description: str  # the band that was really applied, for the footer: '0.05-150 Hz, notch 50 Hz'
    notes: tuple[str, ...] = ()  # what the reader must know of the filter, in whole sentences


def filter_for_display(
    signal: FloatArray, sampling_rate_hz: float, name: FilterName = "diagnostic", notch_hz: int = 0
) -> DisplayedSignal:
    """Filter leads ``(n_leads, n_samples)`` in mV, NaN in gaps, forward and backward.

    By a Butterworth high-pass of first and low-pass of second order, 0.05-150 Hz ('diagnostic') or 0.5-40 Hz
    ('monitor'); `notch_hz` is 50, 60 or, for none, 0.

    The high-pass would swing at both ends of a short record. Before it the straight line through each lead is taken
    out, and the lead is mirrored at its ends by its full length, which makes no step whatever wave the record begins
    with (an odd reflection would); only then is it cut back. An upper edge at or above half the sampling rate cannot
    be applied: the record's own limit is stated instead.
    """
    low_hz, wanted_hz = BANDS_HZ[name]
    nyquist_hz = sampling_rate_hz / 2
    limited = wanted_hz >= 0.98 * nyquist_hz
    high_hz = nyquist_hz if limited else wanted_hz
    notes = [MONITOR_NOTE] if name == "monitor" else []
    if limited:
        notes.append(f"Sampled at {sampling_rate_hz:g} Hz: nothing above {nyquist_hz:g} Hz can be shown.")
    description = f"{low_hz:g}-{high_hz:g} Hz"
    notched = 0 < notch_hz < 0.98 * nyquist_hz
    if notched:
        description += f", notch {notch_hz} Hz"
    elif notch_hz:
        notes.append(f"No notch at {notch_hz} Hz: the record is sampled at {sampling_rate_hz:g} Hz.")
    missing = ~np.isfinite(signal)
    values = _bridged(signal.astype(np.float64), missing)
    if values.shape[1] > 30:
        values = _high_passed(values, low_hz, sampling_rate_hz)
        if not limited:
            values = zero_phase(values, sampling_rate_hz, high_hz, 2, "lowpass")
        if notched:
            numerator, denominator = iirnotch(notch_hz, 30.0, fs=sampling_rate_hz)
            padding = min(values.shape[1] - 1, round(sampling_rate_hz))
            values = filtfilt(numerator, denominator, values, axis=1, padlen=padding)
    values[missing] = np.nan
    return DisplayedSignal(values.astype(np.float32), description, tuple(notes))


def _bridged(values: Float64Array, missing: npt.NDArray[np.bool_]) -> Float64Array:
    """Put straight lines in place of gaps, so that a filter can run across; a lead without a sample becomes 0."""
    for row, gaps in zip(values, missing, strict=True):
        if gaps.all():
            row[:] = 0.0
        elif gaps.any():
            positions = np.arange(row.size)
            row[gaps] = np.interp(positions[gaps], positions[~gaps], row[~gaps])
    return values


def _high_passed(values: Float64Array, low_hz: float, sampling_rate_hz: float) -> Float64Array:
    """High-pass with the record mirrored at its ends; a constant lead stays exactly flat."""
    along = np.arange(values.shape[1]) - 0.5 * (values.shape[1] - 1)
    centred = values - values.mean(axis=1, keepdims=True)
    level = centred - (centred @ along / (along @ along))[:, np.newaxis] * along
    return zero_phase(level, sampling_rate_hz, low_hz, 1, "highpass", pad=values.shape[1] - 1, turned=False)
