"""The median beat of ECGs made here, whose beats and shapes are known."""

import numpy as np
import pytest

from cardiov_core.domain import EcgRecord, Provenance
from cardiov_core.domain.arrays import Float64Array
from cardiov_core.signals.beat.median_beat import AFTER_R_S, BEFORE_R_S, RATE_HZ, BeatSeries, average_beats

LEADS = ("I", "II", "V1", "V5")
AMPLITUDES_MV = np.array([0.8, 1.2, -0.9, 1.4])


def wave(time_s: Float64Array, width_s: float) -> Float64Array:
    return np.exp(-0.5 * (time_s / width_s) ** 2)


def ecg(
    r_s: list[float],
    *,
    wide: tuple[float, ...] = (),
    rate_hz: float = 500.0,
    seconds: float = 10.0,
    noise_mv: float = 0.01,
) -> EcgRecord:
    """Narrow complexes with a T wave at `r_s`, wide and inverted ones at `wide`."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    narrow = sum((wave(t - r, 0.012) + 0.25 * wave(t - r - 0.25, 0.04) for r in r_s), np.zeros_like(t))
    broad = sum((wave(t - r, 0.025) for r in wide), np.zeros_like(t))
    signal = np.outer(AMPLITUDES_MV, narrow) - np.outer([1.0, -0.7, 1.2, 0.9], broad)
    signal += np.random.default_rng(1).normal(0.0, noise_mv, signal.shape)
    return EcgRecord(signal.astype(np.float32), LEADS, rate_hz, "made", Provenance("made", "NPY"))


def heights(series: BeatSeries) -> Float64Array:
    """The largest deflection of each lead from the level 100 ms before it."""
    r = series.median_beat.r_index
    signal = series.unfiltered - series.unfiltered[:, r - 52 : r - 47].mean(axis=1, keepdims=True)
    return signal[np.arange(len(signal)), np.abs(signal).argmax(axis=1)].astype(np.float64)


def averaged(record: EcgRecord) -> BeatSeries:
    series = average_beats(record)
    assert series is not None
    return series


@pytest.mark.parametrize("rate_hz", [100.0, 257.0, 500.0, 1000.0])
def test_the_median_has_the_shape_of_the_beats(rate_hz: float) -> None:
    series = averaged(ecg([0.8 + 0.8 * k for k in range(11)], rate_hz=rate_hz))
    beat = series.median_beat
    assert beat.sampling_rate == RATE_HZ
    assert beat.signal.dtype == np.float32
    assert beat.r_index == round(BEFORE_R_S * RATE_HZ)
    assert beat.rr_s == pytest.approx(0.8, abs=0.004)
    np.testing.assert_allclose(heights(series), AMPLITUDES_MV, rtol=0.03)
    t_wave = series.unfiltered[1, beat.r_index + 125] - series.unfiltered[1, beat.r_index - 50]
    assert t_wave == pytest.approx(0.25 * 1.2, abs=0.02)


def test_drift_does_not_move_the_levels() -> None:
    record = ecg([0.8 + 0.8 * k for k in range(11)], noise_mv=0.0)
    record.signal[:] += 0.8 * np.sin(2 * np.pi * 0.15 * np.arange(record.n_samples) / 500.0)
    np.testing.assert_allclose(heights(averaged(record)), AMPLITUDES_MV, atol=0.03)


def test_noise_falls_with_the_number_of_beats() -> None:
    many = averaged(ecg([0.6 + 0.5 * k for k in range(110)], seconds=56.0, noise_mv=0.1))
    assert many.dominant.all()
    assert many.median_beat.n_beats <= 60
    quiet = many.unfiltered[:, 100:200]
    # 0.1 mV over the root of 55 beats, a quarter more for a median.
    assert float(np.std(np.diff(quiet)) / np.sqrt(2.0)) == pytest.approx(0.017, rel=0.2)


def test_premature_beats_of_another_shape_stay_out() -> None:
    regular = [0.7 + 0.8 * k for k in range(11)]
    record = ecg([r for k, r in enumerate(regular) if k not in (3, 7)], wide=(2.95, 6.15))
    series = averaged(record)
    assert series.r_s.size == 11
    np.testing.assert_array_equal(np.flatnonzero(~series.dominant), [3, 7])
    np.testing.assert_allclose(heights(series), AMPLITUDES_MV, rtol=0.03)


def test_in_bigeminy_the_beat_that_is_not_premature_counts() -> None:
    starts = [0.5 + 1.6 * k for k in range(6)]
    series = averaged(ecg(starts, wide=tuple(start + 0.55 for start in starts)))
    np.testing.assert_allclose(series.r_s[series.dominant], starts, atol=0.02)


def test_the_next_beat_is_no_part_of_this_one() -> None:
    fast = averaged(ecg([0.5 + 0.35 * k for k in range(26)])).median_beat
    lasts_s = (fast.signal.shape[1] - 1 - fast.r_index) / RATE_HZ
    assert lasts_s == pytest.approx(0.25, abs=0.01)
    slow = averaged(ecg([1.0, 2.5, 4.0, 5.5, 7.0, 8.5])).median_beat
    assert (slow.signal.shape[1] - 1 - slow.r_index) / RATE_HZ == pytest.approx(AFTER_R_S)


def test_flat_and_missing_leads_are_told() -> None:
    record = ecg([0.8 + 0.8 * k for k in range(11)])
    record.signal[0] = 0.0
    record.signal[2, 500:4500] = np.nan
    assert averaged(record).median_beat.usable_leads == ("II", "V5")


def test_a_gap_costs_the_beats_in_it_only() -> None:
    record = ecg([0.8 + 0.8 * k for k in range(11)])
    whole = averaged(record).median_beat.signal
    record.signal[:, 2000:2400] = np.nan
    series = averaged(record)
    assert np.isfinite(series.median_beat.signal).all()
    np.testing.assert_allclose(series.median_beat.signal, whole, atol=0.06)


def test_nothing_to_average() -> None:
    flat = ecg([], noise_mv=0.0)
    assert average_beats(flat) is None
    one = average_beats(ecg([2.0], seconds=4.0), np.array([1000]))
    assert one is not None
    assert one.median_beat.rr_s is None
    assert one.median_beat.n_beats == 1
