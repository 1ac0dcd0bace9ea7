"""Waves of one lead by name: hand-drawn complexes whose parts are known."""

import numpy as np
import pytest

from cardiov_core.domain import MedianBeat, WaveBoundaries
from cardiov_core.signals.wave.lead_waves import LeadWaves, lead_waves

RATE_HZ = 500.0


def _waves(*parts: tuple[float, float, float], st_mv: float = 0.0, t_mv: float = 0.3) -> LeadWaves:
    """Half sines (begin, end in ms from the onset, height in mV), then a level ST of 100 ms and a T of 160 ms."""
    signal = np.zeros(400, dtype=np.float32)
    end_ms = max(end for _, end, _ in parts)
    for begin, end, height in parts:
        first, last = 100 + round(begin / 2), 100 + round(end / 2)
        signal[first:last] = height * np.sin(np.pi * (np.arange(last - first) + 0.5) / (last - first))
    j = 100 + round(end_ms / 2)
    signal[j : j + 50] = st_mv
    signal[j + 50 : j + 130] = t_mv * np.sin(np.pi * np.arange(80) / 80)
    qrs = WaveBoundaries(0.0, end_ms / 1000)
    beat = MedianBeat(signal[np.newaxis], ("V1",), RATE_HZ, 100, 8, rr_s=0.9, usable_leads=("V1",), qrs=qrs)
    return lead_waves(beat)["V1"]


def test_q_r_and_s_with_their_widths() -> None:
    waves = _waves((0, 30, -0.3), (30, 70, 1.2), (70, 100, -0.5))
    assert (waves.q_mv, waves.r_mv, waves.s_mv) == pytest.approx((0.3, 1.2, 0.5), abs=0.01)
    assert waves.q_ms == pytest.approx(30, abs=5)
    assert waves.s_ms == pytest.approx(30, abs=5)
    assert waves.r_peak_ms == pytest.approx(50, abs=3)
    assert not waves.is_qs
    assert waves.r2_mv == 0.0


def test_a_qs_is_no_q_before_an_r() -> None:
    waves = _waves((0, 90, -1.4))
    assert waves.is_qs
    assert waves.q_mv == pytest.approx(1.4, abs=0.01)
    assert waves.s_mv == waves.q_mv
    assert waves.r_mv == 0.0
    assert waves.last_mv < 0


def test_rsr_has_a_second_r() -> None:
    waves = _waves((0, 30, 0.3), (30, 60, -0.4), (60, 120, 0.8))
    assert waves.r1_mv == pytest.approx(0.3, abs=0.01)
    assert waves.r2_mv == pytest.approx(0.8, abs=0.01)
    assert waves.r2_ms == pytest.approx(60, abs=6)
    assert waves.last_mv == pytest.approx(0.8, abs=0.01)


def test_what_is_smaller_than_a_third_of_a_box_has_no_name() -> None:
    waves = _waves((0, 30, -0.02), (30, 90, 1.0))
    assert waves.q_mv == 0.0
    assert waves.r_mv == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(("st_mv", "t_mv"), [(0.25, 0.6), (-0.15, -0.4)])
def test_st_at_j_and_after_it_and_t_with_its_sign(st_mv: float, t_mv: float) -> None:
    waves = _waves((0, 90, 1.0), st_mv=st_mv, t_mv=t_mv)
    assert waves.st_mv[1:] == pytest.approx((st_mv,) * 4, abs=0.02)
    assert waves.t_mv == pytest.approx(t_mv, abs=0.01)


def test_a_notch_is_seen() -> None:
    assert _waves((0, 60, 0.8), (50, 110, 0.8)).notched
    assert not _waves((0, 100, 0.8)).notched


def test_without_a_qrs_nothing_is_named() -> None:
    beat = MedianBeat(np.zeros((1, 400), dtype=np.float32), ("V1",), RATE_HZ, 100, 8, usable_leads=("V1",))
    assert lead_waves(beat) == {}
