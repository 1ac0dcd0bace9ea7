"""Boundaries on median beats made of Gaussian waves, whose ends are known up to what 'the end' of a Gaussian means."""

import numpy as np
import pytest

from cardiov_core.domain import MedianBeat, WaveBoundaries
from cardiov_core.signals.wave.delineation import Delineation, delineate

FS = 500.0
R_INDEX = 250
LEADS = ("I", "II", "aVF", "V1", "V4", "V6")
Wave = tuple[float, float, float]
"""Middle in s from R, standard deviation in s, height in mV in lead II."""

P: Wave = (-0.15, 0.022, 0.12)
Q: Wave = (-0.024, 0.008, -0.15)
R: Wave = (0.0, 0.010, 1.2)
S: Wave = (0.026, 0.008, -0.3)
T: Wave = (0.26, 0.045, 0.3)
ENDS_AT = 2.5
"""Widths from its middle at which a Gaussian has fallen to 4 %: about where a reader sees it end."""


def beat(
    *waves: Wave, noise_mv: float = 0.003, rr_s: float | None = 0.9, usable: tuple[str, ...] = LEADS
) -> MedianBeat:
    t = np.arange(-R_INDEX, 376) / FS
    one = sum((h * np.exp(-0.5 * ((t - m) / w) ** 2) for m, w, h in waves), np.zeros_like(t))
    scale = np.array([0.7, 1.0, 0.6, -0.8, 1.3, 0.9])
    signal = np.outer(scale, one) + np.random.default_rng(2).normal(0.0, noise_mv, (6, t.size))
    return MedianBeat(signal.astype(np.float32), LEADS, FS, R_INDEX, n_beats=10, rr_s=rr_s, usable_leads=usable)


def assert_about(wave: WaveBoundaries | None, onset_s: float, offset_s: float, within_s: float) -> None:
    assert wave is not None
    assert wave.onset_s == pytest.approx(onset_s, abs=within_s)
    assert wave.offset_s == pytest.approx(offset_s, abs=within_s)


def test_all_waves_of_a_normal_beat() -> None:
    found = delineate(beat(P, Q, R, S, T))
    assert_about(found.p, P[0] - ENDS_AT * P[1], P[0] + ENDS_AT * P[1], 0.015)
    assert_about(found.qrs, Q[0] - ENDS_AT * Q[1], S[0] + ENDS_AT * S[1], 0.014)
    assert_about(found.t, T[0] - ENDS_AT * T[1], T[0] + ENDS_AT * T[1], 0.025)


def test_every_usable_lead_has_its_own_boundaries() -> None:
    found = delineate(beat(P, Q, R, S, T, usable=("II", "V4")))
    assert set(found.leads) == {"II", "V4"}
    assert_about(found.leads["II"].qrs, Q[0] - ENDS_AT * Q[1], S[0] + ENDS_AT * S[1], 0.014)
    assert_about(found.leads["V4"].t, T[0] - ENDS_AT * T[1], T[0] + ENDS_AT * T[1], 0.04)


@pytest.mark.parametrize("later_s", [0.02, 0.05])
def test_a_longer_wave_is_measured_longer_by_as_much(later_s: float) -> None:
    short = delineate(beat(P, Q, R, S, T))
    long = delineate(beat(P, Q, R, S, (T[0] + later_s, *T[1:])))
    assert short.t is not None
    assert long.t is not None
    assert long.t.offset_s - short.t.offset_s == pytest.approx(later_s, abs=0.006)
    early = delineate(beat((P[0] - later_s, *P[1:]), Q, R, S, T))
    assert short.p is not None
    assert early.p is not None
    assert short.p.onset_s - early.p.onset_s == pytest.approx(later_s, abs=0.006)


def test_a_wide_qrs_is_wide() -> None:
    found = delineate(beat((-0.03, 0.02, 0.9), (0.035, 0.02, -0.7), (0.33, 0.05, -0.3)))
    assert found.qrs is not None
    # 165 ms at 2.5 widths, 185 ms at three.
    assert found.qrs.duration_ms == pytest.approx(175.0, abs=20.0)


def test_polarity_and_scale_do_not_matter() -> None:
    normal = beat(P, Q, R, S, T)
    turned = MedianBeat(-40.0 * normal.signal, LEADS, FS, R_INDEX, 10, rr_s=0.9, usable_leads=LEADS)
    assert delineate(turned) == delineate(normal)


def test_one_wild_lead_moves_nothing() -> None:
    normal = beat(P, Q, R, S, T)
    signal = normal.signal.copy()
    signal[1] += np.random.default_rng(3).normal(0.0, 0.03, signal.shape[1]).astype(np.float32)
    wild = MedianBeat(signal, LEADS, FS, R_INDEX, 10, rr_s=0.9, usable_leads=LEADS)
    one, other = delineate(normal), delineate(wild)
    for name in ("p", "t"):
        first, second = getattr(one, name), getattr(other, name)
        assert second.onset_s == pytest.approx(first.onset_s, abs=0.01)
        assert second.offset_s == pytest.approx(first.offset_s, abs=0.01)


def test_waves_stay_in_their_places() -> None:
    found = delineate(beat(P, Q, R, S, T, rr_s=0.42))
    assert found.qrs is not None
    assert found.p is None or found.p.offset_s <= found.qrs.onset_s
    assert found.t is None or found.qrs.offset_s <= found.t.onset_s < found.t.offset_s <= 0.42


def test_no_usable_lead_no_wave() -> None:
    assert delineate(beat(P, Q, R, S, T, usable=())) == Delineation()
