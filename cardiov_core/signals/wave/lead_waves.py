"""The waves of one lead on the median beat, named as a reader names them: Q, R, S, R', J, ST and T."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import BoolArray, Float64Array, MedianBeat, WaveBoundaries, once

_Deflection = tuple[int, int, float]
"""First and last sample, and signed height in mV."""

SMALLEST_MV = 0.03
"""A deflection of a QRS under this (a third of a small box) is not named."""

SHORTEST_S = 0.006
"""A deflection of a QRS that is shorter is not named."""

_ZERO_MV = 0.015
_LEVEL_HALF_WIDTH_S = 0.004
_T_FROM_J_S = 0.08
_T_UP_TO_J_S = 0.42
_NOTCH_SHARE, _NOTCH_MV = 0.04, 0.03
_SMOOTH_S = 0.006
_FEWEST_OF_T = 10
_ST_POINTS_S = (0.0, 0.02, 0.04, 0.06, 0.08)


@dataclass(frozen=True)
class LeadWaves:
    """What one lead shows; heights in mV against the level before the QRS, times in ms."""

    # Depth (>= 0) and width of a negative deflection before any R; 0 where there is none. Of a QS the whole.
    q_mv: float = 0.0
    q_ms: float = 0.0
    # The tallest R and the deepest S (>= 0) with their widths; `s_mv` of a QS is its depth.
    r_mv: float = 0.0
    r_ms: float = 0.0
    s_mv: float = 0.0
    s_ms: float = 0.0
    # First R, and R' after an S; 0 where there is none.
    r1_mv: float = 0.0
    r2_mv: float = 0.0
    r2_ms: float = 0.0  # width of that R'
    last_mv: float = 0.0  # signed height of the last named deflection
    r_peak_ms: float = 0.0  # from the onset of the QRS to the tallest R (the intrinsicoid deflection)
    is_qs: bool = False  # whether the QRS is one negative deflection
    notched: bool = False  # whether the main deflection has a notch or more than one top
    st_mv: tuple[float, ...] = ()  # levels at J and 20, 40, 60 and 80 ms after it; shorter where the beat ends before
    t_mv: float = 0.0  # the largest deviation after the ST segment, signed
    # Highest and lowest level there.
    t_max_mv: float = 0.0
    t_min_mv: float = 0.0
    t_width_ms: float = 0.0  # width of the T wave at half of its height

    @property
    def j_mv(self) -> float:
        """Level of the J point."""
        return self.st_mv[0] if self.st_mv else 0.0

    @property
    def height_mv(self) -> float:
        """From the deepest to the highest point of the QRS."""
        return self.r_mv + max(self.s_mv, self.q_mv)


def lead_waves(beat: MedianBeat) -> dict[str, LeadWaves]:
    """Name the waves of each usable lead; of one beat once, so that the answer is not to be changed."""
    return once(_named, beat)


def _named(beat: MedianBeat) -> dict[str, LeadWaves]:
    if beat.qrs is None:
        return {}
    fs = beat.sampling_rate
    first = max(0, beat.r_index + round(beat.qrs.onset_s * fs))
    last = min(beat.signal.shape[1] - 1, beat.r_index + round(beat.qrs.offset_s * fs))
    if last - first < 4:
        return {}
    leads = [*beat.usable_leads]
    rows = beat.signal[[beat.leads.index(lead) for lead in leads]].astype(np.float64)
    finite: BoolArray = np.logical_and.reduce(np.isfinite(rows), axis=1)
    leads, rows = [lead for lead, good in zip(leads, finite.tolist(), strict=True) if good], rows[finite]
    parts = _deflections(rows[:, first : last + 1], fs)
    of_leads = zip(leads, rows, parts, _st(rows, last, fs), _t(rows, last, beat), strict=True)
    return {
        lead: LeadWaves(st_mv=levels, **t, **_qrs(row, first, deflections, fs))  # type: ignore[arg-type]
        for lead, row, deflections, levels, t in of_leads
    }


def _qrs(row: Float64Array, first: int, parts: Sequence[_Deflection], fs: float) -> dict[str, float | bool]:
    """Name the deflections of a lead's QRS, which begins at sample `first`; by field of `LeadWaves`."""
    ups = [part for part in parts if part[2] > 0]
    downs = [part for part in parts if part[2] < 0]
    fields: dict[str, float | bool] = {}
    if downs and (not ups or downs[0][0] < ups[0][0]):
        begin, end, height = downs[0]
        fields |= {"q_mv": -height, "q_ms": _ms(begin, end, fs), "is_qs": not ups}
    if ups:
        tallest = max(ups, key=lambda part: part[2])
        fields |= {"r_mv": tallest[2], "r_ms": _ms(tallest[0], tallest[1], fs), "r1_mv": ups[0][2]}
        top = first + tallest[0] + int(row[first + tallest[0] : first + tallest[1] + 1].argmax())
        fields["r_peak_ms"] = _ms(first, top, fs)
        if len(ups) > 1:
            later = max(ups[1:], key=lambda part: part[2])
            fields |= {"r2_mv": later[2], "r2_ms": _ms(later[0], later[1], fs)}
    after = [part for part in downs if not ups or part[0] > ups[0][0]]
    if after:
        deepest = min(after, key=lambda part: part[2])
        fields |= {"s_mv": -deepest[2], "s_ms": _ms(deepest[0], deepest[1], fs)}
    if parts:
        fields["last_mv"] = parts[-1][2]
        main = max(parts, key=lambda part: abs(part[2]))
        fields["notched"] = _notched(row[first + main[0] : first + main[1] + 1], fs)
    return fields


def _ms(begin: int, end: int, fs: float) -> float:
    return 1000.0 * (end - begin) / fs


def _deflections(qrs: Float64Array, fs: float) -> list[list[_Deflection]]:
    """Return of each lead, ``(n_leads, n_samples)``, the stretches on one side of the base line worth a name."""
    # Where the ST segment is raised or lowered the QRS ends on its level, and not on the base line.
    side = (qrs > _ZERO_MV).astype(np.int8) - (qrs < -_ZERO_MV)
    begins = np.ones(qrs.shape, dtype=np.bool_)
    begins[:, 1:] = side[:, 1:] != side[:, :-1]
    starts = np.flatnonzero(begins)
    if not starts.size:
        return [[] for _ in qrs]
    # The stretches of all leads in a row; each lead begins one.
    highest, lowest = (of_two.reduceat(qrs.ravel(), starts) for of_two in (np.maximum, np.minimum))
    sides = side.ravel()[starts]
    heights = np.where(sides > 0, highest, lowest)
    lengths = np.diff(starts, append=qrs.size)
    named = (sides != 0) & (np.abs(heights) >= SMALLEST_MV) & (lengths >= SHORTEST_S * fs)
    deflections: list[list[_Deflection]] = [[] for _ in qrs]
    for start, length, height in zip(*(values[named].tolist() for values in (starts, lengths, heights)), strict=True):
        lead, begin = divmod(start, qrs.shape[1])
        end = begin + length - 1
        if deflections[lead] and (deflections[lead][-1][2] > 0) == (height > 0):
            earlier = deflections[lead].pop()
            begin, height = earlier[0], max(earlier[2], height, key=abs)
        deflections[lead].append((begin, end, height))
    return deflections


def _notched(part: Float64Array, fs: float) -> bool:
    """Tell whether a deflection has a dent, or a second top, deeper than noise."""
    size = np.abs(part)
    width = max(1, round(_SMOOTH_S * fs))
    smooth = np.convolve(size, np.ones(width) / width, mode="same")
    least = max(_NOTCH_MV, _NOTCH_SHARE * float(size.max()))
    turns = np.flatnonzero(np.diff(np.sign(np.diff(smooth)))) + 1
    levels = smooth[turns]
    falls = [min(levels[index - 1], levels[index + 1]) - levels[index] for index in range(1, len(levels) - 1)]
    return bool(falls) and max(falls) >= least


def _st(rows: Float64Array, j: int, fs: float) -> list[tuple[float, ...]]:
    """Return of each lead the levels at and after J, as far as the beat lasts."""
    reach = round(_LEVEL_HALF_WIDTH_S * fs)
    middles = [j + round(after_s * fs) for after_s in _ST_POINTS_S]
    levels = [
        rows[:, middle - reach : middle + reach + 1].mean(axis=1).tolist()
        for middle in middles
        if middle + reach < rows.shape[1]
    ]
    return [*zip(*levels, strict=True)] if levels else [()] * len(rows)


def _t(rows: Float64Array, j: int, beat: MedianBeat) -> list[dict[str, float]]:
    """Return the T wave of each lead, by field of `LeadWaves`."""
    begin, end = j + round(_T_FROM_J_S * beat.sampling_rate), _t_end(j, beat)
    part = rows[:, begin:end]
    n_samples = part.shape[1]
    if n_samples < _FEWEST_OF_T:
        return [{} for _ in rows]
    high, low = part.max(axis=1), part.min(axis=1)
    largest = np.where(high >= -low, high, low)[:, np.newaxis]
    at = np.abs(part - largest).argmin(axis=1)[:, np.newaxis]
    under_half = np.where(largest > 0, part, -part) < np.abs(largest) / 2.0
    places = np.arange(n_samples)
    left = np.where(under_half & (places < at), places, 0).max(axis=1)
    right = np.where(under_half & (places > at), places, n_samples - 1).min(axis=1)
    width_ms = 1000.0 * (right - left) / beat.sampling_rate
    numbers = (largest[:, 0], high, low, width_ms)
    names = ("t_mv", "t_max_mv", "t_min_mv", "t_width_ms")
    return [dict(zip(names, own, strict=True)) for own in np.stack(numbers, axis=1).tolist()]


def _t_end(j: int, beat: MedianBeat) -> int:
    wave: WaveBoundaries | None = beat.t
    fs = beat.sampling_rate
    end = beat.r_index + round(wave.offset_s * fs) if wave is not None else j + round(_T_UP_TO_J_S * fs)
    if beat.rr_s is not None:
        # The next P wave is no T wave.
        end = min(end, beat.r_index + round(0.75 * beat.rr_s * fs)) if wave is None else end
    return int(min(end, beat.signal.shape[1]))
