"""Where a record holds no signal: invalid samples, zeros that a writer filled in, a value that is held.

A converter that works never repeats a value in all leads for long; a quiet isoelectric line of one lead may. Signals
without any noise, as they are computed, rest after every beat, but come to rest without a step: there only a longer
stretch counts.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, EcgRecord, FloatArray, once

MAX_BRIDGED_GAP_S = 0.020
"""Longer runs of missing samples are not interpolated (docs/clinical.md, 12)."""

HELD_BY_ALL_S = 0.2
"""All leads that hold their value for so long have lost the signal: a QRS complex fits in.

Carts that store coarse steps hold the quiet line between two beats: 0.15 to 0.19 s in two MUSE files and one of
Heal Force.
"""

HELD_BY_ONE_S = 1.0
"""A single lead may rest between two beats; for so long it has lost the signal."""

QUIET_LINE_S = 2.0
"""The same where the line comes to rest and leaves it without a step: computed or coarsely stored signals."""

_SAME = 1e-5  # of a lead's span: far below a step of any digital scale
_SMOOTH = 2e-4  # of a lead's span


def runs(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return starts and ends (excluded) of all runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return edges[::2], edges[1::2]


def lost_samples(signal: FloatArray, sampling_rate_hz: float) -> BoolArray:
    """Tell which samples are no signal.

    Parameters
    ----------
    signal : numpy.ndarray, shape (n_leads, n_samples)
        In mV; NaN and infinite values are invalid.
    sampling_rate_hz : float
        In Hz.

    Returns
    -------
    numpy.ndarray of bool, shape (n_leads, n_samples)
        True for invalid samples, whatever the length of their run, and for held values: from 0.2 s on where all leads
        that move at all hold theirs, from 1 s on in a single one, from 2 s on where the line gets there and away
        without a step. A lead that never moves is not lost but dead: it stays False.
    """
    invalid = ~np.isfinite(signal)
    if not signal.size:
        return invalid
    unchanged = _unchanged(signal, invalid)
    moving = ~(unchanged | invalid).all(axis=1)
    lost = invalid.copy()
    if not moving.any():
        return lost
    rests = unchanged | invalid
    alone = np.flatnonzero(moving & _may_last(rests, HELD_BY_ONE_S, sampling_rate_hz)).tolist()
    resting: BoolArray = np.logical_and.reduce(rests[moving], axis=0, keepdims=True)
    if not alone and not _may_last(resting, HELD_BY_ALL_S, sampling_rate_hz).any():
        return lost
    steps = _steps(signal)
    for index in alone:
        lost[index] |= _long_runs(rests[index], HELD_BY_ONE_S, steps[index], sampling_rate_hz)
    together: BoolArray = np.logical_and.reduce((unchanged | lost)[moving], axis=0)
    anywhere: BoolArray = np.logical_or.reduce(steps[moving], axis=0)
    lost[moving] |= _long_runs(together, HELD_BY_ALL_S, anywhere, sampling_rate_hz)
    return lost


def lost_in(record: EcgRecord) -> BoolArray:
    """Return the lost samples of a record, looked for once; not to be changed."""
    return once(_lost, record)


def _lost(record: EcgRecord) -> BoolArray:
    return lost_samples(record.signal, record.sampling_rate)


def without_lost_samples(record: EcgRecord) -> EcgRecord:
    """Return a record in which what is no signal is NaN; the record itself where nothing is lost."""
    lost = lost_in(record)
    if not lost.any() or not (lost & np.isfinite(record.signal)).any():
        return record
    return replace(record, signal=np.where(lost, np.float32(np.nan), record.signal))


def gaps_s(record: EcgRecord, lost: BoolArray | None = None) -> tuple[tuple[float, float], ...]:
    """Return the stretches, in seconds of the record, in which no lead that has a signal has one.

    Parameters
    ----------
    record : EcgRecord
        Any record.
    lost : numpy.ndarray of bool, optional
        From `lost_samples` where the caller has it.

    Returns
    -------
    tuple of (start, end)
        Rising, each longer than 20 ms; the whole record where no lead has a signal.
    """
    return once(_gaps, record) if lost is None else _gaps_in(lost, record.sampling_rate)


def _gaps(record: EcgRecord) -> tuple[tuple[float, float], ...]:
    return _gaps_in(lost_in(record), record.sampling_rate)


def _gaps_in(lost: BoolArray, fs: float) -> tuple[tuple[float, float], ...]:
    alive = ~lost.all(axis=1)
    # Over no lead at all that is True everywhere.
    nowhere: BoolArray = np.logical_and.reduce(lost[alive], axis=0)
    starts, ends = runs(nowhere)
    return tuple(
        (start / fs, end / fs)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if (end - start) / fs > MAX_BRIDGED_GAP_S
    )


def live_span(record: EcgRecord) -> tuple[int, int]:
    """Return the first sample and the end of what lies between gaps at the two ends of a record.

    Parameters
    ----------
    record : EcgRecord
        Any record.

    Returns
    -------
    tuple of int
        ``(0, n_samples)`` where the ends are signal, or where nothing is.
    """
    gaps = gaps_s(record)
    first, last = 0, record.n_samples
    if gaps and gaps[0][0] == 0.0:
        first = round(gaps[0][1] * record.sampling_rate)
    if gaps and round(gaps[-1][1] * record.sampling_rate) == record.n_samples:
        last = round(gaps[-1][0] * record.sampling_rate)
    return (first, last) if first < last else (0, record.n_samples)


def _unchanged(signal: FloatArray, invalid: BoolArray) -> BoolArray:
    """Tell which samples equal a neighbour."""
    known = signal.astype(np.float64)
    gaps = bool(invalid.any())
    if gaps:
        known[invalid] = 0.0
    span = np.ptp(known, axis=1, keepdims=True)
    same = np.abs(np.diff(known, axis=1)) <= _SAME * span
    if gaps:
        same &= ~(invalid[:, 1:] | invalid[:, :-1])
    unchanged = np.zeros(signal.shape, dtype=np.bool_)
    unchanged[:, 1:] |= same
    unchanged[:, :-1] |= same
    return unchanged


def _steps(signal: FloatArray) -> BoolArray:
    """Tell where a lead moves by more than a step of its digital scale, or to or from an invalid sample."""
    known = np.where(np.isfinite(signal), signal.astype(np.float64), np.nan)
    moves = np.abs(np.diff(known, axis=1, prepend=known[:, :1]))
    span = np.ptp(np.nan_to_num(known), axis=1, keepdims=True)
    smallest = np.min(moves, axis=1, keepdims=True, initial=np.inf, where=moves > _SAME * span)
    small = np.maximum(_SMOOTH * span, 1.5 * np.where(np.isfinite(smallest), smallest, 0.0))
    return np.asarray(~(moves <= small))


def _may_last(masks: BoolArray, least_s: float, sampling_rate_hz: float) -> BoolArray:
    """Rule out most rows cheaply: a run that is long enough covers a whole block of half its length."""
    block = int(least_s * sampling_rate_hz) // 2
    if block < 1:
        return np.ones(len(masks), dtype=np.bool_)
    whole = masks[:, : masks.shape[1] // block * block].reshape(len(masks), -1, block)
    covered: BoolArray = np.logical_or.reduce(np.logical_and.reduce(whole, axis=2), axis=1)
    return covered


def _long_runs(mask: BoolArray, least_s: float, steps: BoolArray, sampling_rate_hz: float) -> BoolArray:
    """Keep the runs of True that are long enough; longer ones are asked for where neither end has a step."""
    starts, ends = runs(mask)
    lengths = (ends - starts) / sampling_rate_hz
    abrupt = steps[starts] | np.append(steps, False)[ends]
    long = np.zeros(mask.size, dtype=np.bool_)
    for start, end in zip(
        *(edge[lengths >= np.where(abrupt, least_s, QUIET_LINE_S)] for edge in (starts, ends)), strict=True
    ):
        long[start:end] = True
    return long
