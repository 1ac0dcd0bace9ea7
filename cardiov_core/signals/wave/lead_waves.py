"""The waves of one lead on the median beat, named as a reader names them: Q, R, S, R', J, ST and T."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import MedianBeat, WaveBoundaries, once

Float64Array = npt.NDArray[np.float64]

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
    found = {}
    for lead in beat.usable_leads:
        row = beat.signal[beat.leads.index(lead)].astype(np.float64)
        if np.isfinite(row).all():
            found[lead] = _waves_of(row, first, last, beat)
    return found


def _waves_of(row: Float64Array, first: int, last: int, beat: MedianBeat) -> LeadWaves:
    fs = beat.sampling_rate
    parts = _deflections(row[first : last + 1], fs)
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
    return LeadWaves(st_mv=_st(row, last, fs), **_t(row, last, beat), **fields)  # type: ignore[arg-type]


def _ms(begin: int, end: int, fs: float) -> float:
    return 1000.0 * (end - begin) / fs


def _deflections(qrs: Float64Array, fs: float) -> list[tuple[int, int, float]]:
    """Return (begin, end, signed height) of each stretch on one side of the base line that is worth a name."""
    # Where the ST segment is raised or lowered the QRS ends on its level, and not on the base line.
    sign = np.where(qrs > _ZERO_MV, 1, np.where(qrs < -_ZERO_MV, -1, 0))
    edges = np.flatnonzero(np.diff(sign)) + 1
    bounds = [0, *edges.tolist(), qrs.size]
    found: list[tuple[int, int, float]] = []
    for begin, end in pairwise(bounds):
        if sign[begin] == 0:
            continue
        part = qrs[begin:end]
        height = float(part.max() if sign[begin] > 0 else part.min())
        if abs(height) < SMALLEST_MV or end - begin < SHORTEST_S * fs:
            continue
        if found and (found[-1][2] > 0) == (height > 0):
            earlier = found.pop()
            begin, height = earlier[0], max(earlier[2], height, key=abs)
        found.append((begin, end - 1, height))
    return found


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


def _st(row: Float64Array, j: int, fs: float) -> tuple[float, ...]:
    reach = round(_LEVEL_HALF_WIDTH_S * fs)
    levels = []
    for after_s in _ST_POINTS_S:
        middle = j + round(after_s * fs)
        if middle + reach >= row.size:
            break
        levels.append(float(row[middle - reach : middle + reach + 1].mean()))
    return tuple(levels)


def _t(row: Float64Array, j: int, beat: MedianBeat) -> dict[str, float]:
    fs = beat.sampling_rate
    begin = j + round(_T_FROM_J_S * fs)
    end = _t_end(j, beat)
    part = row[begin:end]
    if part.size < 10:
        return {}
    high, low = float(part.max()), float(part.min())
    largest = high if high >= -low else low
    at = int(np.abs(part - largest).argmin())
    half = np.flatnonzero((part if largest > 0 else -part) < abs(largest) / 2.0)
    before, after = half[half < at], half[half > at]
    left = int(before[-1]) if before.size else 0
    right = int(after[0]) if after.size else part.size - 1
    return {"t_mv": largest, "t_max_mv": high, "t_min_mv": low, "t_width_ms": _ms(left, right, fs)}


def _t_end(j: int, beat: MedianBeat) -> int:
    wave: WaveBoundaries | None = beat.t
    fs = beat.sampling_rate
    end = beat.r_index + round(wave.offset_s * fs) if wave is not None else j + round(_T_UP_TO_J_S * fs)
    if beat.rr_s is not None:
        # The next P wave is no T wave.
        end = min(end, beat.r_index + round(0.75 * beat.rr_s * fs)) if wave is None else end
    return int(min(end, beat.signal.shape[1]))
