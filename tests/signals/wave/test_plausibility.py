"""Intervals that no heart can have are left out, with the reason; those of real hearts stay."""

import numpy as np
import pytest

from cardiov_core.domain import MedianBeat, WaveBoundaries
from cardiov_core.signals.wave.delineation import Delineation
from cardiov_core.signals.wave.plausibility import possible_only

NORMAL = Delineation(WaveBoundaries(-0.20, -0.10), WaveBoundaries(-0.04, 0.05), WaveBoundaries(0.20, 0.36))


def beat(rr_s: float | None, after_s: float = 0.75) -> MedianBeat:
    samples = 251 + round(after_s * 500)
    return MedianBeat(np.zeros((1, samples), np.float32), ("II",), 500.0, 250, 9, rr_s=rr_s, usable_leads=("II",))


def test_normal_waves_stay() -> None:
    for rr_s in (None, 1.5, 0.8, 0.6):
        assert possible_only(NORMAL, beat(rr_s)) == (NORMAL, {})


@pytest.mark.parametrize(
    ("found", "rr_s", "gone", "words"),
    [
        (Delineation(qrs=WaveBoundaries(-0.01, 0.012), t=NORMAL.t), 0.8, {"p", "qrs", "t"}, "22 ms short"),
        (Delineation(qrs=WaveBoundaries(-0.1, 0.3)), 0.8, {"p", "qrs", "t"}, "400 ms long"),
        (Delineation(qrs=WaveBoundaries(0.11, 0.17)), 0.8, {"p", "qrs", "t"}, "does not hold the R peak"),
        (Delineation(qrs=WaveBoundaries(-0.1, 0.15)), 0.24, {"p", "qrs", "t"}, "longer than the RR"),
        (Delineation(NORMAL.p, WaveBoundaries(-0.035, 0.095)), 0.23, {"p", "qrs", "t"}, "run into one another"),
        (Delineation(qrs=NORMAL.qrs, t=WaveBoundaries(0.2, 0.46)), 0.23, {"t"}, "does not fit into an RR"),
        (Delineation(qrs=NORMAL.qrs, t=WaveBoundaries(0.05, 0.08)), 0.8, {"t"}, "no room"),
        (Delineation(WaveBoundaries(-0.10, -0.05), NORMAL.qrs), 0.8, {"p"}, "PR of 60 ms"),
        (Delineation(WaveBoundaries(-0.49, -0.40), NORMAL.qrs), 1.2, {"p"}, "PR of 450 ms"),
        (Delineation(WaveBoundaries(-0.36, -0.30), NORMAL.qrs), 0.35, {"p"}, "does not fit"),
        (Delineation(WaveBoundaries(-0.20, -0.10), NORMAL.qrs, NORMAL.t), 0.45, {"p"}, "T wave of the beat before"),
        (Delineation(WaveBoundaries(-0.16, -0.08), NORMAL.qrs), 0.33, {"p"}, "only one"),
    ],
)
def test_impossible_waves_go(found: Delineation, rr_s: float, gone: set[str], words: str) -> None:
    left, reasons = possible_only(found, beat(rr_s))
    assert set(reasons) == gone
    assert words in " ".join(reasons.values())
    assert [getattr(left, name) for name in gone] == [None] * len(gone)


def test_a_t_wave_that_was_not_seen_to_its_end() -> None:
    left, reasons = possible_only(Delineation(qrs=NORMAL.qrs, t=WaveBoundaries(0.2, 0.45)), beat(0.7, after_s=0.3))
    assert left.t is None
    assert "next beat" in reasons["t"]
