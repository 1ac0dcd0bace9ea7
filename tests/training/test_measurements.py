"""The second task's targets, on beats of known voltages."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Provenance
from cardiov_core.training.measurements import N_MEASUREMENTS, median_beat_measurements, standardise

P_MV, R_MV, S_MV, T_MV, RR_S = 0.15, 1.2, -0.4, 0.3, 0.8


def _record(rate: float = 500.0) -> EcgRecord:
    """Write Gaussian waves a beat: P 150 ms before R, S 40 ms and T 280 ms after it; lead i scaled by (i + 1) / 12."""
    t = np.arange(round(10 * rate)) / rate
    beat = np.zeros_like(t)
    for peak_s in np.arange(0.5, 10.0, RR_S):
        for height, at_s, width_s in ((P_MV, -0.15, 0.02), (R_MV, 0, 0.012), (S_MV, 0.04, 0.01), (T_MV, 0.28, 0.04)):
            beat += height * np.exp(-0.5 * ((t - peak_s - at_s) / width_s) ** 2)
    scale = (np.arange(12) + 1) / 12
    rows = (scale[:, None] * beat).astype(np.float32)
    return EcgRecord(rows, STANDARD_LEADS, rate, "beats", Provenance("beats", "test"))


def test_voltages_and_rhythm_are_read_off() -> None:
    p, r, s, st, t = median_beat_measurements(_record())[:60].reshape(5, 12)[:, 11]
    rr_mean, rr_variation = median_beat_measurements(_record())[60:]
    assert r == pytest.approx(R_MV, abs=0.08)
    assert s == pytest.approx(S_MV, abs=0.1)
    assert t == pytest.approx(T_MV, abs=0.06)
    assert 0.02 < p < P_MV
    assert abs(st) < 0.1
    assert rr_mean == pytest.approx(RR_S, abs=0.005)
    assert rr_variation < 0.01


def test_measurements_follow_each_lead() -> None:
    r = median_beat_measurements(_record())[12:24]
    np.testing.assert_allclose(r / r[11], (np.arange(12) + 1) / 12, atol=0.01)


def test_a_record_without_beats_has_no_measurements() -> None:
    flat = EcgRecord(np.zeros((12, 5000), np.float32), STANDARD_LEADS, 500.0, "flat", Provenance("flat", "test"))
    values = median_beat_measurements(flat)
    assert values.shape == (N_MEASUREMENTS,)
    assert np.isnan(values).all()


def test_standardised_columns_have_mean_zero_and_deviation_one_and_no_nan() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, (200, 4)).astype(np.float32)
    values[0, 0] = np.nan
    values[:, 3] = 7.0
    scores = standardise(values)
    np.testing.assert_allclose(scores[:, :3].mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(scores[:, :3].std(axis=0), 1.0, atol=0.02)
    assert scores[0, 0] == 0.0
    assert not scores[:, 3].any()
