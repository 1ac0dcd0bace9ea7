"""From a record to the input of a network, by the contract in its model card. Pure functions on arrays.

The order is fixed: cut the window, bridge gaps, resample, filter, pad. The cut comes first, so that a level depends on
its window alone, whatever lies outside it; padding comes last, which keeps the zeros at zero.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import signal as sps

from cardiov_core.domain import (
    BoolArray,
    EcgRecord,
    Float64Array,
    FloatArray,
    InputContract,
    PreparedInput,
    Reason,
    ReasonCode,
    Window,
    once,
)
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.filtering import resample, zero_phase
from cardiov_core.lost_signal import MAX_BRIDGED_GAP_S, live_span

MIN_DURATION_S = 5.0
"""Shorter records are refused (docs/clinical.md, 13)."""

_FILTER_PAD_S = 3.0
_SLACK_S = 0.1  # a record so little longer than its window counts as whole


def bridge_gaps(
    signal: npt.ArrayLike, sampling_rate_hz: float, max_gap_s: float = MAX_BRIDGED_GAP_S
) -> tuple[Float64Array, BoolArray]:
    """Interpolate missing samples linearly and tell which of them lie in gaps too long to be trusted.

    Parameters
    ----------
    signal : array_like
        Shape ``(n_leads, n_samples)`` in mV, NaN where missing.
    sampling_rate_hz : float
        In Hz.
    max_gap_s : float
        Longest gap that counts as bridged.

    Returns
    -------
    filled : numpy.ndarray
        float64 without NaN; a lead without any sample is zero.
    missing : numpy.ndarray
        True in gaps longer than `max_gap_s`.
    """
    filled = np.array(signal, dtype=np.float64)
    missing = np.zeros(filled.shape, dtype=bool)
    bad = ~np.isfinite(filled)
    if not bad.any():
        return filled, missing
    positions = np.arange(filled.shape[1])
    for lead in np.flatnonzero(bad.any(axis=1)):
        holes = bad[lead]
        if holes.all():
            filled[lead], missing[lead] = 0.0, True
            continue
        filled[lead, holes] = np.interp(positions[holes], positions[~holes], filled[lead, ~holes])
        edges = np.flatnonzero(np.diff(np.concatenate(([0], holes.astype(np.int8), [0]))))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if (stop - start) / sampling_rate_hz > max_gap_s:
                missing[lead, start:stop] = True
    return filled, missing


@lru_cache(maxsize=16)
def _taps(order: int, band_hz: tuple[float, float], sampling_rate_hz: float) -> Float64Array:
    return np.asarray(sps.firwin(order + 1, band_hz, pass_zero=False, fs=sampling_rate_hz), dtype=np.float64)


def band_pass(signal: npt.ArrayLike, sampling_rate_hz: float, band_hz: tuple[float, float], order: int) -> Float64Array:
    """Filter with a zero-phase Butterworth band-pass (applied forward and backward).

    Parameters
    ----------
    signal : array_like
        Shape ``(..., n_samples)``, without NaN.
    sampling_rate_hz : float
        In Hz.
    band_hz : tuple of float
        Lower and upper edge; the upper one must lie below half the rate.
    order : int
        Order of the prototype; the effective attenuation is twice that of one pass.

    Returns
    -------
    numpy.ndarray
        float64, same shape.

    Raises
    ------
    RecordUnsupportedError
        If the band does not fit the rate, or the signal is too short to filter.
    """
    values = np.asarray(signal, dtype=np.float64)
    low, high = band_hz
    if not 0 < low < high < sampling_rate_hz / 2:
        raise RecordUnsupportedError(
            f"The band {low:g}-{high:g} Hz does not fit a sampling rate of {sampling_rate_hz:g} Hz.",
            f"Use a rate above {2 * high:g} Hz or a lower upper edge.",
        )
    n_samples = values.shape[-1]
    pad = min(n_samples - 1, round(_FILTER_PAD_S * sampling_rate_hz))
    if pad < 1:
        raise RecordUnsupportedError(
            f"{n_samples} sample(s) cannot be filtered.", f"Record at least {MIN_DURATION_S:g} s of signal."
        )
    return zero_phase(values, sampling_rate_hz, band_hz, order, pad=pad)


def fir_band_pass(
    signal: npt.ArrayLike, sampling_rate_hz: float, band_hz: tuple[float, float], order: int
) -> Float64Array:
    """Filter with a linear-phase FIR band-pass of ``order + 1`` taps and take its delay away.

    Parameters
    ----------
    signal : array_like
        Shape ``(..., n_samples)``, without NaN.
    sampling_rate_hz : float
        In Hz.
    band_hz : tuple of float
        Lower and upper edge, where the amplitude is halved.
    order : int
        Even.

    Returns
    -------
    numpy.ndarray
        float64, same shape.

    Raises
    ------
    RecordUnsupportedError
        If the order is odd or the band does not fit the rate.
    """
    values = np.asarray(signal, dtype=np.float64)
    low, high = band_hz
    if order % 2 or not 0 < low < high < sampling_rate_hz / 2:
        raise RecordUnsupportedError(
            f"An FIR filter of order {order} for {low:g}-{high:g} Hz does not fit {sampling_rate_hz:g} Hz.",
            f"Use an even order and a band below {sampling_rate_hz / 2:g} Hz.",
        )
    taps = _taps(order, band_hz, sampling_rate_hz)
    pad = [(0, 0)] * (values.ndim - 1) + [(order // 2, order // 2)]
    padded = np.pad(values, pad, mode="edge")
    return np.asarray(sps.oaconvolve(padded, taps.reshape([1] * (values.ndim - 1) + [-1]), mode="valid", axes=-1))


def _filtered(values: Float64Array, contract: InputContract) -> Float64Array:
    if contract.filter == "none":
        return values
    kind = fir_band_pass if contract.filter == "fir" else band_pass
    return kind(values, contract.sampling_rate_hz, contract.band_hz, contract.filter_order)


def prepare(record: EcgRecord, contract: InputContract, start_s: float | None = None) -> PreparedInput:
    """Turn a record into a network's input.

    Parameters
    ----------
    record : EcgRecord
        Any rate; at least 5 s; all leads of the contract.
    contract : InputContract
        From the model card.
    start_s : float, optional
        Where the window begins, in seconds of the record; the beginning by default.

    Returns
    -------
    PreparedInput
        float32 values of shape ``(len(contract.leads), contract.n_samples)``, the window and notes for the reader.

    Raises
    ------
    RecordUnsupportedError
        If a lead is missing, the record or the rest after `start_s` is shorter than 5 s, or `start_s` lies outside.
    """
    check_leads_and_length(record, contract, start_s)
    window = analysed_window(record, contract.duration_s, start_s)
    part = part_of(record, window)
    notes = window_notes(record, window)
    rate = contract.sampling_rate_hz
    values, missing = _at_rate(part, [part.leads.index(lead) for lead in contract.leads], rate)
    for lead, gaps in zip(contract.leads, missing, strict=True):
        if gaps.any():
            seconds = gaps.sum() / part.sampling_rate
            text = f"{lead} lacks {seconds:.2f} s of samples: they count as zero."
            notes.append(Reason(ReasonCode.GAPS_AS_ZERO, text, (lead,)))
    if part.sampling_rate != rate:
        text = f"Resampled {part.sampling_rate:g} → {rate:g} Hz for the network."
        notes.append(Reason(ReasonCode.RESAMPLED, text))
    values = _filtered(values, contract)
    if missing.any():
        at = np.minimum((np.arange(values.shape[1]) * part.sampling_rate / rate).astype(int), missing.shape[1] - 1)
        values[missing[:, at]] = 0.0

    cut = values[:, : contract.n_samples]
    lacking = contract.n_samples - cut.shape[1]
    left = lacking // 2
    if lacking > 0.1 * rate:
        text = f"Only {cut.shape[1] / rate:.1f} s of signal: centred and padded with zeros to 10 s."
        notes.append(Reason(ReasonCode.PADDED, text))
    padded = np.pad(_normalise(cut, contract), ((0, 0), (left, lacking - left)))
    return PreparedInput(
        values=_as_float32(padded), window=window, pad_left=left, pad_right=lacking - left, notes=tuple(notes)
    )


def _at_rate(record: EcgRecord, rows: list[int], to_hz: float) -> tuple[Float64Array, BoolArray]:
    """Return some leads at a rate, and where they lack samples at their own."""
    if record.sampling_rate == to_hz:
        return bridge_gaps(record.signal[rows], to_hz)
    # Network, scope and the mark of training records want the same rate: a record is resampled once.
    values, missing = once(_resampled, record, to_hz=to_hz)
    return values[rows], missing[rows]


def _resampled(record: EcgRecord, to_hz: float) -> tuple[Float64Array, BoolArray]:
    filled, missing = bridge_gaps(record.signal, record.sampling_rate)
    return resample(filled, record.sampling_rate, to_hz), missing


def analysed_window(record: EcgRecord, duration_s: float, start_s: float | None = None) -> Window:
    """Return the stretch of a record that is analysed: `duration_s` from `start_s`, or as long as there is a signal.

    Both are in seconds; None and 0 begin where the signal does, after whatever is no signal.
    """
    fs = record.sampling_rate
    first, last = live_span(record)
    begin_s = start_s or first / fs
    end_s = min(begin_s + duration_s, record.duration_s)
    return Window(begin_s, min(end_s, last / fs) if begin_s < last / fs else end_s)


def part_of(record: EcgRecord, window: Window) -> EcgRecord:
    """Return the record in a window: the record itself where that is all of it."""
    first, last = (round(edge_s * record.sampling_rate) for edge_s in (window.start_s, window.end_s))
    if first == 0 and last >= record.n_samples:
        return record
    return replace(record, signal=record.signal[:, first:last])


def window_notes(record: EcgRecord, window: Window) -> list[Reason]:
    """Say which part of a record was analysed, where that is not all of it."""
    if window.start_s <= 0.0 and window.end_s >= record.duration_s - _SLACK_S:
        return []
    analysed = f"{window.start_s:g}-{window.end_s:.1f} s were analysed"
    return [Reason(ReasonCode.WINDOW, f"The record lasts {record.duration_s:.1f} s: {analysed}.")]


def check_leads_and_length(record: EcgRecord, contract: InputContract, start_s: float | None) -> None:
    """Refuse a record that no grader of this contract can take; arguments and error as in `prepare`."""
    absent = [lead for lead in contract.leads if lead not in record.leads]
    if absent:
        raise RecordUnsupportedError(
            f"{record.record_id} has no {', '.join(absent)}; the network needs all of {', '.join(contract.leads)}.",
            "Record a 12-lead ECG, or export all leads.",
        )
    if record.duration_s < MIN_DURATION_S:
        raise RecordUnsupportedError(
            f"{record.record_id} lasts {record.duration_s:.2f} s; at least {MIN_DURATION_S:g} s are needed.",
            "Export the full 10-second strip and open it again.",
        )
    if start_s is not None and not 0 <= start_s <= record.duration_s - MIN_DURATION_S:
        raise RecordUnsupportedError(
            f"A window from {start_s:g} s leaves less than {MIN_DURATION_S:g} s of the record's "
            f"{record.duration_s:.1f} s.",
            f"Choose a start between 0 and {record.duration_s - MIN_DURATION_S:.1f} s.",
        )
    window = analysed_window(record, contract.duration_s, start_s)
    if window.end_s - window.start_s < MIN_DURATION_S - 1.0 / record.sampling_rate:
        raise RecordUnsupportedError(
            f"{record.record_id} has a signal for {window.end_s - window.start_s:.1f} s only; at least "
            f"{MIN_DURATION_S:g} s are needed.",
            "Choose another window, or repeat the recording.",
        )


def _normalise(values: Float64Array, contract: InputContract) -> Float64Array:
    if contract.normalisation == "none":
        return values
    if contract.normalisation == "lead_mean":
        centred: Float64Array = values - values.mean(axis=1, keepdims=True)
        return centred
    if contract.normalisation == "z_score":
        values = values - values.mean()
    deviation = float(values.std())
    return values / deviation if deviation > 0 else values


def _as_float32(values: Float64Array) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float32)
