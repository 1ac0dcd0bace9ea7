"""Filters, resampling, smoothing and spectra of rows of samples, as a record needs them a dozen times over.

The numbers are scipy's. What that designs, checks or computes anew for every call is done once, or left out: rows are
float64 without NaN.
"""

import math
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy import signal as sps

from cardiov_core.domain import Float64Array
from cardiov_core.order_statistics import row_medians

FilterKind = Literal["bandpass", "highpass", "lowpass"]
"""What a filter lets through."""

Ends = Literal["symmetric", "edge"]
"""How rows are carried on beyond their ends: mirrored, or with their last values."""

_TRUNCATED_AT = 4.0  # standard deviations, as in scipy
_LONG_KERNEL = 60  # samples from the middle, from which on a spectrum is faster
_SLOW_POLE = 0.9  # of a high-pass far below the rate
_LARGEST_EXPONENT = 300.0  # of e, which a float64 holds twice over
_MANY_VALUES = 24_000  # of fewer scipy makes as much in about the same time, and to the last bit
_NOTHING_LEFT, _MOST_DOUBLINGS = 1e-18, 40
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
        rated = sps.resample_poly(values, up, down, axis=-1, window=window, padtype="median")  # type: ignore[call-overload]
        return np.asarray(rated, dtype=np.float64)
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
    filtered = np.ascontiguousarray(blocks).reshape(-1, len(matrix)) @ matrix
    return filtered.reshape(*rows.shape[:-1], -1)[..., :n_found]


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
    kind: FilterKind = "bandpass",
    *,
    pad: int | None = None,
    turned: bool = True,
) -> npt.NDArray[np.float64]:
    """Filter forward and backward with a Butterworth filter that is designed once for a rate.

    The numbers are those of `scipy.signal.sosfiltfilt` but for the order of summation.

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
    kind : {"bandpass", "highpass", "lowpass"}
        What is let through.
    pad : int, optional
        Samples by which the signal is carried on at both ends; scipy's by default.
    turned : bool
        Carry it on turned about its last sample, as scipy does by default; only mirrored otherwise.

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
    carried_on = _mirrored(values, pad, turned=turned)
    pole = -float(sections[0, 4])
    if order == 1 and kind == "highpass" and pole >= _SLOW_POLE:
        gain = float(sections[0, 0])
        backward = _steps_decaying(_steps_decaying(carried_on, gain, pole)[..., ::-1], gain, pole)
    elif values.size >= _MANY_VALUES:
        forward = _by_blocks(carried_on, sections.tobytes(), state)
        backward = _by_blocks(forward[..., ::-1], sections.tobytes(), state)
    else:
        rest = state.reshape(len(sections), *[1] * (values.ndim - 1), 2)
        forward, _ = sps.sosfilt(sections, carried_on, axis=-1, zi=rest * carried_on[..., :1])
        backward, _ = sps.sosfilt(sections, forward[..., ::-1], axis=-1, zi=rest * forward[..., -1:])
    return np.asarray(backward[..., ::-1][..., pad : carried_on.shape[-1] - pad], dtype=np.float64)


def _mirrored(values: Float64Array, pad: int, *, turned: bool) -> Float64Array:
    """Carry rows on by `pad` samples at both ends: mirrored about their last ones, or turned about them as well."""
    before, after = values[..., pad:0:-1], values[..., -2 : -(pad + 2) : -1]
    if turned:
        before, after = 2.0 * values[..., :1] - before, 2.0 * values[..., -1:] - after
    return np.concatenate((before, values, after), axis=-1)


def _by_blocks(rows: Float64Array, sections: bytes, state: Float64Array) -> Float64Array:
    """Filter rows, ``(..., n_samples)``, as `scipy.signal.sosfilt` does, at rest on their first values.

    Within a block of samples a filter is a matrix; its state goes from block to block by another one, whose powers
    reach over two blocks, four, eight: two thirds of the time of going from sample to sample.
    """
    answer, fading, powers = _block_matrices(sections)
    n_samples, n_states = rows.shape[-1], len(fading)
    n_blocks = -(-n_samples // _BLOCK)
    blocks = np.zeros((math.prod(rows.shape[:-1]), n_blocks * _BLOCK))
    blocks[:, :n_samples] = rows.reshape(-1, n_samples)
    answers = (blocks.reshape(-1, _BLOCK) @ answer).reshape(-1, n_blocks, _BLOCK + n_states)
    states = np.empty((len(blocks), n_blocks, n_states))
    states[:, 0] = state.ravel() * blocks[:, :1]
    states[:, 1:] = answers[:, :-1, _BLOCK:]
    apart = 1
    for power in powers:
        if apart >= n_blocks:
            break
        states[:, apart:] += states[:, :-apart] @ power
        apart *= 2
    filtered = answers[:, :, :_BLOCK] + states @ fading
    return filtered.reshape(*rows.shape[:-1], -1)[..., :n_samples]


@lru_cache(maxsize=32)
def _block_matrices(sections: bytes) -> tuple[Float64Array, Float64Array, tuple[Float64Array, ...]]:
    """Return what a filter makes of a block of samples, and of a state: by asking it about each unit of both.

    ``(_BLOCK, _BLOCK + n_states)``: the filtered block and the state behind it; ``(n_states, _BLOCK)``: what a state
    adds to the block; powers 1, 2, 4, ... of the matrix ``(n_states, n_states)`` that takes a state to the next block,
    up to the one of which nothing is left.
    """
    filters = np.frombuffer(sections).reshape(-1, 6).copy()
    n_states = 2 * len(filters)

    def asked(rows: Float64Array, states: Float64Array) -> tuple[Float64Array, Float64Array]:
        initial = states.reshape(len(rows), len(filters), 2).transpose(1, 0, 2)
        filtered, final = sps.sosfilt(filters, rows, axis=-1, zi=initial)
        return filtered, final.transpose(1, 0, 2).reshape(len(rows), n_states)

    answer = np.concatenate(asked(np.eye(_BLOCK), np.zeros((_BLOCK, n_states))), axis=1)
    fading, power = asked(np.zeros((n_states, _BLOCK)), np.eye(n_states))
    powers: list[Float64Array] = []
    while np.abs(power).max() > _NOTHING_LEFT and len(powers) < _MOST_DOUBLINGS:
        powers.append(power)
        power = power @ power
    return answer, fading, tuple(powers)


def _steps_decaying(rows: Float64Array, gain: float, pole: float) -> Float64Array:
    """Return what a high-pass of first order makes of rows: every step times a gain, and falling by `pole` a sample.

    Sums of the steps, each as large as it was when the first one came: a third of the time of a recursion.
    """
    steps = np.empty(rows.shape)
    steps[..., 0] = 0.0
    np.subtract(rows[..., 1:], rows[..., :-1], out=steps[..., 1:])
    steps *= gain
    longest = int(_LARGEST_EXPONENT / -np.log(pole))
    left = np.zeros((*rows.shape[:-1], 1))
    for begin in range(0, rows.shape[-1], longest):
        part = steps[..., begin : begin + longest]
        decay = _decay(pole, part.shape[-1])
        part /= decay
        np.cumsum(part, axis=-1, out=part)
        part += left
        part *= decay
        left = part[..., -1:]
    return steps


@lru_cache(maxsize=16)
def _decay(pole: float, n_samples: int) -> Float64Array:
    return np.asarray(pole ** np.arange(1.0, n_samples + 1.0))


@lru_cache(maxsize=64)
def _butterworth(
    order: int,
    edges_hz: float | tuple[float, float],
    kind: FilterKind,
    sampling_rate_hz: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the sections of a filter, and its state after a constant input of 1."""
    sections = sps.butter(order, edges_hz, btype=kind, fs=sampling_rate_hz, output="sos")
    return sections, np.asarray(sps.sosfilt_zi(sections), dtype=np.float64)


def smoothed(rows: Float64Array, width: float, *, every: int = 1, ends: Ends = "symmetric") -> Float64Array:
    """Smooth rows by a Gaussian, as `scipy.ndimage.gaussian_filter1d` does.

    Parameters
    ----------
    rows : numpy.ndarray
        Shape ``(..., n_samples)``, at least one sample.
    width : float
        Standard deviation of the Gaussian, in samples.
    every : int
        Compute every so many samples only, from the first on.
    ends : {"symmetric", "edge"}
        Mirror the rows at their ends, or hold their last values.

    Returns
    -------
    numpy.ndarray
        float64, shape ``(..., ceil(n_samples / every))``.
    """
    return _by_kernel(rows, _gaussian(width), every, ends)


def smooth_slopes(rows: Float64Array, width: float, *, ends: Ends = "symmetric") -> Float64Array:
    """Return the derivative of smoothed rows, a sample; arguments as in `smoothed`."""
    return _by_kernel(rows, _gaussian_slope(width), 1, ends)


def _by_kernel(rows: Float64Array, kernel: Float64Array, every: int, ends: Ends) -> Float64Array:
    reach = kernel.size // 2
    n_samples = rows.shape[-1]
    ahead = -reach % every
    padded = _carried_on(rows, reach, ahead, ends)
    if reach < _LONG_KERNEL:
        begin = (reach + ahead) // every
        return _fir(padded, kernel.tobytes(), 1, every)[..., begin : begin - (-n_samples // every)]
    size = fft.next_fast_len(padded.shape[-1], real=True)
    spectrum = fft.rfft(padded, size, axis=-1) * fft.rfft(kernel, size)
    begin = 2 * reach + ahead
    return np.asarray(fft.irfft(spectrum, size, axis=-1)[..., begin : begin + n_samples : every])


def _carried_on(rows: Float64Array, reach: int, ahead: int, ends: Ends) -> Float64Array:
    """Carry rows on by `reach` samples at both ends, behind `ahead` samples without meaning."""
    n_samples = rows.shape[-1]
    if ends == "symmetric" and n_samples < reach:
        before = [(0, 0)] * (rows.ndim - 1)
        return np.pad(rows, [*before, (reach + ahead, reach)], mode="symmetric")
    carried_on = np.empty((*rows.shape[:-1], ahead + n_samples + 2 * reach))
    carried_on[..., :ahead] = 0.0
    first, last = ahead + reach, ahead + reach + n_samples
    carried_on[..., first:last] = rows
    mirrored = ends == "symmetric" and reach > 0
    carried_on[..., ahead:first] = rows[..., reach - 1 :: -1] if mirrored else rows[..., :1]
    carried_on[..., last:] = rows[..., : -reach - 1 : -1] if mirrored else rows[..., -1:]
    return carried_on


@lru_cache(maxsize=32)
def _gaussian(width: float) -> Float64Array:
    reach = int(_TRUNCATED_AT * width + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.asarray(kernel / kernel.sum())


@lru_cache(maxsize=32)
def _gaussian_slope(width: float) -> Float64Array:
    kernel = _gaussian(width)
    reach = kernel.size // 2
    return np.asarray(-np.arange(-reach, reach + 1) / (width * width) * kernel)


def power_up_to(rows: Float64Array, sampling_rate_hz: float, highest_hz: float) -> tuple[Float64Array, Float64Array]:
    """Return frequencies in Hz up to a highest one, and the squared size of each row's spectrum at them.

    `rows`: shape (n_rows, n_samples).
    """
    frequencies = np.fft.rfftfreq(rows.shape[1], 1.0 / sampling_rate_hz)
    kept = int(np.searchsorted(frequencies, highest_hz, side="right"))
    spectra = np.fft.rfft(rows, axis=1)[:, :kept]
    return np.asarray(frequencies[:kept]), np.asarray(spectra.real**2 + spectra.imag**2)


@lru_cache(maxsize=16)
def hann_window(n_samples: int) -> Float64Array:
    """Return `numpy.hanning`, computed once for a length: not to be changed."""
    return np.hanning(n_samples)


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
