"""From the scale of the marks to that of the carts."""

import pytest

from cardiov_core.domain import WaveBoundaries
from cardiov_core.signals.wave.cart_scale import KNOWN_OFFSETS_MS, to_carts_scale
from cardiov_core.signals.wave.delineation import Delineation, LeadBoundaries


def test_intervals_move_by_the_known_offsets() -> None:
    qrs = WaveBoundaries(-0.05, 0.06)
    on_marks = Delineation(
        WaveBoundaries(-0.21, -0.09), qrs, WaveBoundaries(0.20, 0.37), leads={"II": LeadBoundaries(qrs=qrs)}
    )
    moved = to_carts_scale(on_marks)
    assert moved.p is not None
    assert moved.qrs is not None
    assert moved.t is not None
    assert moved.qrs.duration_ms == pytest.approx(110.0 + KNOWN_OFFSETS_MS["QRS"])
    assert moved.p.duration_ms == pytest.approx(120.0 + KNOWN_OFFSETS_MS["P"])
    assert 1000 * (moved.qrs.onset_s - moved.p.onset_s) == pytest.approx(160.0 + KNOWN_OFFSETS_MS["PR"])
    assert 1000 * (moved.t.offset_s - moved.qrs.onset_s) == pytest.approx(420.0 + KNOWN_OFFSETS_MS["QT"])
    assert moved.leads == on_marks.leads


def test_a_short_wave_keeps_half_of_itself() -> None:
    moved = to_carts_scale(Delineation(qrs=WaveBoundaries(-0.008, 0.008)))
    assert moved.qrs is not None
    assert moved.qrs.duration_ms == pytest.approx(8.0)
    assert to_carts_scale(Delineation()) == Delineation()
