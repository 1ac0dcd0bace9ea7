"""Heart rate, regularity and pauses from the RR intervals of all beats, and QT corrected for rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cardiov_core.domain import Float64Array

IRREGULAR_SHARE = 0.07
"""RR intervals whose standard deviation exceeds this share of their mean are irregular.

Chosen on 434 records of PTB-XL, of which it calls irregular all 11 with atrial fibrillation, 44 of the 46 with that,
sinus arrhythmia or premature beats, and 31 of the 388 others; on LUDB's 100 then 7 of 8, 14 of 16 and 6 of 84. A limit
of 160 ms between longest and shortest interval finds no more (44 of 46, 15 of 16), but calls 56 and 15 others so.
"""

MIN_BEATS = 4
"""Fewer beats, thus fewer than three intervals, say nothing about regularity."""


@dataclass(frozen=True)
class Rhythm:
    """What the RR intervals say."""

    heart_rate_bpm: float  # from the mean interval
    # Over all intervals; `longest_pause_ms` is the longest one.
    rr_mean_ms: float
    rr_sd_ms: float
    rr_min_ms: float
    longest_pause_ms: float
    regular: bool | None  # None where there are too few beats to tell
    n_left_out: int = 0  # intervals across a gap in the signal, which may hide beats: they count nowhere


@dataclass(frozen=True)
class Silence:
    """The longest time without a beat while there was a signal."""

    ms: float
    # 'between two beats', 'before the first beat', 'after the last beat', or 'beside a gap in the signal'; all but the
    # first last at least so long, since a beat beyond the edge is not seen.
    where: str

    @property
    def at_least(self) -> bool:
        """Whether it may have been longer."""
        return self.where != BETWEEN_BEATS


BETWEEN_BEATS = "between two beats"
"""Where a silence has a beat at both ends."""


def longest_silence(
    r_s: Sequence[float], measured_s: tuple[float, float], gaps_s: Sequence[tuple[float, float]] = ()
) -> Silence | None:
    """Find the longest time without a beat in what was measured, apart from gaps.

    `r_s`: times of all beats in seconds, rising. `measured_s`: beginning and end of what was measured, in seconds; what
    lies beyond says nothing.
    """
    silences: list[Silence] = []
    for start, end in _between(measured_s, gaps_s):
        inside = [time for time in r_s if start <= time <= end]
        before = "before the first beat" if start == measured_s[0] else "beside a gap in the signal"
        after = "after the last beat" if end == measured_s[1] else "beside a gap in the signal"
        if not inside:
            silences.append(Silence(1000.0 * (end - start), before if start == measured_s[0] else after))
            continue
        silences.append(Silence(1000.0 * (inside[0] - start), before))
        silences.append(Silence(1000.0 * (end - inside[-1]), after))
        silences.extend(Silence(1000.0 * (later - time), BETWEEN_BEATS) for time, later in pairwise(inside))
    return max(silences, key=lambda silence: silence.ms, default=None)


def _between(measured_s: tuple[float, float], gaps_s: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return the stretches with signal."""
    edges = [measured_s[0], *(edge for gap in gaps_s for edge in gap), measured_s[1]]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]


def measure_rhythm(r_s: Float64Array, gaps_s: Sequence[tuple[float, float]] = ()) -> Rhythm | None:
    """Measure the rhythm.

    `r_s`: shape (n_beats,), times of all beats in seconds, rising. `gaps_s`: stretches without signal, in seconds;
    intervals across them are left out.
    """
    whole = np.array(
        [not any(start < after and end > before for start, end in gaps_s) for before, after in pairwise(r_s.tolist())],
        dtype=bool,
    )
    if not whole.any():
        return None
    rr_ms = 1000.0 * np.diff(r_s)[whole]
    mean_ms = float(rr_ms.mean())
    sd_ms = float(rr_ms.std())
    return Rhythm(
        heart_rate_bpm=60_000.0 / mean_ms,
        rr_mean_ms=mean_ms,
        rr_sd_ms=sd_ms,
        rr_min_ms=float(rr_ms.min()),
        longest_pause_ms=float(rr_ms.max()),
        regular=None if rr_ms.size < MIN_BEATS - 1 else sd_ms <= IRREGULAR_SHARE * mean_ms,
        n_left_out=int((~whole).sum()),
    )


def corrected_qt(qt_ms: float, heart_rate_bpm: float) -> Mapping[str, float]:
    """Correct a QT interval for the heart rate.

    `qt_ms`: in ms. `heart_rate_bpm`: in 1/min, above 0. Returns 'fridericia', 'bazett', 'framingham', 'hodges' -> QTc
    in ms (formulas of Rautaharju et al. 2009, doi:10.1161/CIRCULATIONAHA.108.191096).
    """
    rr_s = 60.0 / heart_rate_bpm
    return {
        "fridericia": qt_ms / rr_s ** (1.0 / 3.0),
        "bazett": qt_ms / rr_s**0.5,
        "framingham": qt_ms + 154.0 * (1.0 - rr_s),
        "hodges": qt_ms + 1.75 * (heart_rate_bpm - 60.0),
    }
