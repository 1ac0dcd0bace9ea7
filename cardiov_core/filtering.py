"""Filters, resampling and order statistics of rows of samples, as a record needs them a dozen times over.

The numbers are scipy's and numpy's. What these design, check or compute anew for every call is done once, or left out:
rows are float64 without NaN.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy import signal as sps

from cardiov_core.domain import Float64Array

_TRUNCATED_AT = 4.0  # standard deviations, as in scipy
_LONG_KERNEL = 60  # samples from the middle, from which on a spectrum is faster
_BLOCK = 32  # samples that are filtered together
_MOST_TIMES = 64  # a rate is taken so many times up at most, or the matrix of a block would be as large as a record


def resample(signal: npt.ArrayLike, from_hz: float, to_hz: float) -> npt.NDArray[np.float64]:
    """Resample along the last axis with a polyphase filter.

    Parameters
    ----------
    signal : array_like
        Shape ``(..., n_samples)``, without NaN.
    from_hz, to_hz : float
        Rates in Hz, both above 0.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(..., ceil(n_samples * to_hz / from_hz))``; the input itself where the rates are equal.
    """
    values = np.asarray(signal, dtype=np.float64)
    if from_hz == to_hz:
        return values
    wanted, given = (Fraction(hz).limit_denominator(1000) for hz in (to_hz, from_hz))
    ratio = (wanted / given).limit_denominator(5000)
    if ratio == 1:
        return values.copy()
    up, down = ratio.numerator, ratio.denominator
    window = _anti_aliasing(max(up, down))
    # The median as padding: an ECG that rides on an offset would otherwise get a step at both ends.
    if up > _MOST_TIMES:
        # The stubs know windows by their names only.
        found = sps.resample_poly(values, up, down, axis=-1, window=window, padtype="median")  # type: ignore[call-overload]
        return np.asarray(found, dtype=np.float64)
    offset = row_medians(values)
    return _fir(values - offset, (up * window).tobytes(), up, down) + offset


@lru_cache(maxsize=16)
def _anti_aliasing(largest: int) -> Float64Array:
    """Return the low-pass that `scipy.signal.resample_poly` designs anew for every call."""
    return np.asarray(sps.firwin(20 * largest + 1, 1.0 / largest, window=("kaiser", 5.0)), dtype=np.float64)


def _fir(rows: Float64Array, taps: bytes, up: int, down: int) -> Float64Array:
    """Filter rows, ``(..., n_samples)``, with an odd number of taps at `up` times their rate; keep every `down`-th.

    Beyond the ends lies zero. Returns shape ``(..., ceil(n_samples * up / down))``, the taps' middle on each sample.
    """
    n_samples = rows.shape[-1]
    n_found = -(-n_samples * up // down)
    ahead, step, matrix = _fir_matrix(taps, up, down)
    n_blocks = -(-n_found // matrix.shape[1])
    # Block after block of samples times one matrix, which a processor does many times faster than sample after sample.
    padded = np.zeros((*rows.shape[:-1], (n_blocks - 1) * step + len(matrix)))
    padded[..., ahead : ahead + n_samples] = rows[..., : padded.shape[-1] - ahead]
    blocks = np.lib.stride_tricks.sliding_window_view(padded, len(matrix), axis=-1)[..., ::step, :]
    found = np.ascontiguousarray(blocks).reshape(-1, len(matrix)) @ matrix
    return found.reshape(*rows.shape[:-1], -1)[..., :n_found]


@lru_cache(maxsize=32)
def _fir_matrix(taps: bytes, up: int, down: int) -> tuple[int, int, Float64Array]:
    """Return how many zeros go ahead of the rows, the samples from block to block, and the matrix of a block."""
    kernel = np.frombuffer(taps)
    half = kernel.size // 2
    periods = max(1, round(_BLOCK / up))
    ahead = half // up
    behind = -(-(half + (periods * up - 1) * down) // up)
    places, samples = np.arange(periods * up), np.arange(-ahead, behind + 1)
    tap = half + places * down - samples[:, np.newaxis] * up
    matrix = np.where((tap >= 0) & (tap < kernel.size), kernel[np.clip(tap, 0, kernel.size - 1)], 0.0)
    return ahead, periods * down, matrix


def zero_phase(
    signal: npt.ArrayLike,
    sampling_rate_hz: float,
    edges_hz: float | tuple[float, float],
    order: int,
    kind: Literal["bandpass", "highpass"] = "bandpass",
    *,
    pad: int | None = None,
) -> npt.NDArray[np.float64]:
    """Filter forward and backward with a Butterworth filter that is designed once for a rate.

    The numbers are those of `scipy.signal.sosfiltfilt`, which computes the filter's state anew for every call.

    Parameters
    ----------
    signal : array_like
        Shape ``(..., n_samples)``, without NaN.
    sampling_rate_hz : float
        In Hz.
    edges_hz : float or tuple of float
        The edge, or both edges of a band, below half the rate.
    order : int
        Order of the prototype; the effective attenuation is twice that of one pass.
    kind : {"bandpass", "highpass"}
        What is let through.
    pad : int, optional
        Samples by which the signal is carried on at both ends, turned about its last sample; scipy's by default.

    Returns
    -------
    numpy.ndarray
        float64, same shape.

    Raises
    ------
    ValueError
        If the signal has no more samples than `pad`.
    """
    values = np.asarray(signal, dtype=np.float64)
    sections, state = _butterworth(order, edges_hz, kind, sampling_rate_hz)
    if pad is None:
        n_taps = 2 * len(sections) + 1 - min(int((sections[:, 2] == 0).sum()), int((sections[:, 5] == 0).sum()))
        pad = 3 * n_taps
    if values.shape[-1] <= pad:
        raise ValueError(f"{values.shape[-1]} samples cannot be carried on by {pad}.")
    before = 2.0 * values[..., :1] - values[..., pad:0:-1]
    after = 2.0 * values[..., -1:] - values[..., -2 : -(pad + 2) : -1]
    carried_on = np.concatenate((before, values, after), axis=-1)
    rest = state.reshape(len(sections), *[1] * (values.ndim - 1), 2)
    forward, _ = sps.sosfilt(sections, carried_on, axis=-1, zi=rest * carried_on[..., :1])
    backward, _ = sps.sosfilt(sections, forward[..., ::-1], axis=-1, zi=rest * forward[..., -1:])
    return np.asarray(backward[..., ::-1][..., pad : carried_on.shape[-1] - pad], dtype=np.float64)


@lru_cache(maxsize=64)
def _butterworth(
    order: int,
    edges_hz: float | tuple[float, float],
    kind: Literal["bandpass", "highpass"],
    sampling_rate_hz: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the sections of a filter, and its state after a constant input of 1."""
    sections = sps.butter(order, edges_hz, btype=kind, fs=sampling_rate_hz, output="sos")
    return sections, np.asarray(sps.sosfilt_zi(sections), dtype=np.float64)


def row_medians(rows: npt.NDArray[np.floating]) -> Float64Array:
    """Return the median of each row, ``(..., n_samples) -> (..., 1)``, as `numpy.median` computes it.

    `rows`: without NaN, at least one sample.
    """
    n_samples = rows.shape[-1]
    low, high = (n_samples - 1) // 2, n_samples // 2
    ordered = np.partition(rows, (low, high), axis=-1)
    return np.asarray(ordered[..., low : low + 1] + ordered[..., high : high + 1]) / 2.0


def median(values: npt.ArrayLike) -> float:
    """Return the median of some numbers, ``(n,)``, as `numpy.median` computes it; at least one, none of them NaN."""
    ordered = np.sort(np.asarray(values))
    return float((ordered[(ordered.size - 1) // 2] + ordered[ordered.size // 2]) / 2.0)


def row_percentiles(rows: npt.NDArray[np.floating], *percents: float) -> tuple[npt.NDArray[np.floating], ...]:
    """Return percentiles of each row, ``(..., n_samples) -> (...)`` each, as `numpy.percentile` computes them.

    `rows`: without NaN, at least one sample. `percents`: 0 to 100.
    """
    last = rows.shape[-1] - 1
    places = [percent / 100.0 * last for percent in percents]
    below = [min(int(place), last) for place in places]
    ordered = np.partition(rows, sorted({at for low in below for at in (low, min(low + 1, last))}), axis=-1)
    return tuple(
        _between(ordered[..., low], ordered[..., min(low + 1, last)], place - low)
        for low, place in zip(below, places, strict=True)
    )


def _between(low: npt.NDArray[np.floating], high: npt.NDArray[np.floating], share: float) -> npt.NDArray[np.floating]:
    """Return what lies between two values, from the nearer one, as numpy does it."""
    step = high - low
    nearer = np.float64(share)  # whose precision the result has
    return np.asarray(high - step * (1.0 - nearer) if share >= 0.5 else low + step * nearer)


def smoothed(rows: Float64Array, width: float, *, every: int = 1) -> Float64Array:
    """Smooth rows by a Gaussian, as `scipy.ndimage.gaussian_filter1d` does; the ends are mirrored.

    Parameters
    ----------
    rows : numpy.ndarray
        Shape ``(n_rows, n_samples)``, at least one sample.
    width : float
        Standard deviation of the Gaussian, in samples.
    every : int
        Compute every so many samples only, from the first on.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(n_rows, ceil(n_samples / every))``.
    """
    kernel = _gaussian(width)
    reach = kernel.size // 2
    n_samples = rows.shape[1]
    padded = np.pad(rows, ((0, 0), (reach, reach)), mode="symmetric")
    if reach < _LONG_KERNEL:
        ahead = -reach % every
        found = _fir(np.pad(padded, ((0, 0), (ahead, 0))), kernel.tobytes(), 1, every)
        begin = (reach + ahead) // every
        return found[:, begin : begin - (-n_samples // every)]
    size = fft.next_fast_len(padded.shape[1], real=True)
    spectrum = fft.rfft(padded, size, axis=1) * fft.rfft(kernel, size)
    return np.asarray(fft.irfft(spectrum, size, axis=1)[:, 2 * reach : 2 * reach + n_samples : every])


@lru_cache(maxsize=32)
def _gaussian(width: float) -> Float64Array:
    reach = int(_TRUNCATED_AT * width + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.asarray(kernel / kernel.sum())


def mean_power(rows: Float64Array, sampling_rate_hz: float, n_segment: int) -> tuple[Float64Array, Float64Array]:
    """Return frequencies in Hz and the power density of each row at them, as `scipy.signal.welch` does.

    Hann windows of `n_segment` samples that overlap by half, each without its mean.

    `rows`: shape (n_rows, n_samples), at least `n_segment` of them.
    """
    step = n_segment - n_segment // 2
    segments = np.lib.stride_tricks.sliding_window_view(rows, n_segment, axis=1)[:, ::step]
    segments = segments - segments.mean(axis=2, keepdims=True)
    window = _hann(n_segment)
    spectra = fft.rfft(segments * window, axis=2)
    power = (spectra.real**2 + spectra.imag**2) / (sampling_rate_hz * (window * window).sum())
    power[..., 1 : power.shape[2] - (n_segment % 2 == 0)] *= 2.0
    return np.asarray(fft.rfftfreq(n_segment, 1.0 / sampling_rate_hz)), np.asarray(power.mean(axis=1))


@lru_cache(maxsize=16)
def _hann(n_samples: int) -> Float64Array:
    return np.asarray(sps.get_window("hann", n_samples), dtype=np.float64)
