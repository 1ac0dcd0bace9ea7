"""Heart beats of ECGs made by the test, where every beat's place is known, and of noise, which has none."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Provenance
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.signals import detect_r_peaks
from cardiov_core.signals.beat.beats import find_beats, has_heart_beats
from tests.signals.beat.hearts import beats_at
from tests.signals.beat.hearts import record_of as made

AMPLITUDES_MV = np.array([0.8, 1.2, 0.4, -1.0, 0.2, 0.8, -0.9, -1.1, 0.5, 1.3, 1.4, 1.1])


def ecg(times_s: np.ndarray, rate: float = 500.0, duration_s: float = 10.0, noise_mv: float = 0.01) -> EcgRecord:
    """Make QRS and T bumps at given times, in twelve leads of different polarity."""
    t = np.arange(round(duration_s * rate)) / rate
    wave = sum(
        np.exp(-0.5 * ((t - s) / 0.015) ** 2) + 0.2 * np.exp(-0.5 * ((t - s - 0.25) / 0.05) ** 2) for s in times_s
    )
    signal = AMPLITUDES_MV[:, np.newaxis] * wave
    signal += np.random.default_rng(0).normal(0, noise_mv, signal.shape)
    return record_of(signal, rate)


def record_of(signal: np.ndarray, rate: float) -> EcgRecord:
    return EcgRecord(signal.astype(np.float32), STANDARD_LEADS, rate, "made", Provenance("made", "NPY"))


def assert_found(record: EcgRecord, times_s: np.ndarray, tolerance_s: float = 0.02) -> None:
    found_s = detect_r_peaks(record) / record.sampling_rate
    assert len(found_s) == len(times_s)
    np.testing.assert_allclose(found_s, times_s, atol=tolerance_s)


@pytest.mark.parametrize("rate", [80.0, 100.0, 257.0, 500.0, 1000.0, 2000.0])
def test_every_beat_is_found_at_any_rate(rate: float) -> None:
    times_s = np.arange(0.6, 9.6, 0.85)
    assert_found(ecg(times_s, rate), times_s)
    assert has_heart_beats(ecg(times_s, rate))


@pytest.mark.parametrize("bpm", [25, 40, 60, 120, 180])
def test_slow_and_fast_rhythms_have_beats(bpm: int) -> None:
    times_s = np.arange(0.5, 9.7, 60 / bpm)
    assert_found(ecg(times_s), times_s)
    assert has_heart_beats(ecg(times_s))


def test_polarity_does_not_matter() -> None:
    times_s = np.array([0.7, 1.4, 2.6, 3.1, 4.4, 5.0, 6.3, 7.1, 7.9, 9.2])
    record = ecg(times_s)
    np.testing.assert_array_equal(detect_r_peaks(record), detect_r_peaks(record_of(-record.signal, 500.0)))
    assert_found(record, times_s)


def test_the_scale_does_not_matter() -> None:
    times_s = np.arange(0.6, 9.6, 0.85)
    assert has_heart_beats(record_of(ecg(times_s).signal / 2000, 500.0))


def test_gaps_and_one_wild_lead_do_not_hide_beats() -> None:
    times_s = np.arange(0.6, 9.6, 0.85)
    signal = ecg(times_s).signal.copy()
    signal[3, 1000:1600] = np.nan
    signal[5] = np.nan
    signal[7] = np.random.default_rng(1).normal(0, 30, signal.shape[1])
    assert_found(record_of(signal, 500.0), times_s)


def test_drift_is_no_beat_and_hides_none() -> None:
    times_s = np.arange(0.6, 9.6, 0.85)
    signal = ecg(times_s).signal + 2 * np.sin(2 * np.pi * 0.2 * np.arange(5000) / 500).astype(np.float32)
    assert_found(record_of(signal, 500.0), times_s)


@pytest.mark.parametrize("rate", [100.0, 500.0])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["white", "brown", "dipole", "hum", "drift", "one spike", "burst", "one bit"])
def test_noise_has_no_heart_beats(kind: str, seed: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(round(10 * rate)) / rate
    white = rng.normal(size=(12, t.size))
    sources = rng.normal(size=(12, 3))
    signal = {
        "white": 0.3 * white,
        "brown": np.cumsum(white, axis=1) / 100,
        "dipole": sources @ rng.normal(size=(3, t.size)),
        "hum": sources[:, :1] * np.sin(2 * np.pi * 50 * t + 0.1) + 0.02 * white,
        "drift": sources[:, :1] * np.sin(2 * np.pi * 0.3 * t) + 0.002 * white,
        "one spike": 0.01 * white + (np.arange(t.size) == t.size // 2),
        "burst": white * (0.05 + (np.abs(t - 5) < 1)),
        "one bit": np.round(0.3 * white) / 1000,
    }[kind]
    assert not has_heart_beats(record_of(signal, rate))


def test_a_flat_line_has_no_beats() -> None:
    flat = record_of(np.zeros((12, 5000)), 500.0)
    assert detect_r_peaks(flat).size == 0
    assert not has_heart_beats(flat)
    missing = record_of(np.full((12, 5000), np.nan), 500.0)
    assert detect_r_peaks(missing).size == 0


def test_a_moment_is_too_short() -> None:
    assert detect_r_peaks(ecg(np.array([0.5]), duration_s=1.0)).size == 0


def test_a_rate_below_the_qrs_band_is_refused() -> None:
    with pytest.raises(RecordUnsupportedError, match="50 Hz"):
        detect_r_peaks(ecg(np.arange(0.6, 9.6, 0.85), rate=50.0))


@pytest.mark.parametrize("bpm", [130, 160, 200])
def test_wide_regular_tachycardia_has_beats(bpm: int) -> None:
    rng = np.random.default_rng(0)
    sources = rng.normal(size=(12, 2))
    since = np.arange(5000) / 500 - np.arange(0.3, 10, 60 / bpm)[:, np.newaxis]
    upstroke = np.exp(-0.5 * (since / 0.05) ** 2).sum(axis=0)
    return_stroke = np.exp(-0.5 * ((since - 0.1) / 0.07) ** 2).sum(axis=0)
    signal = sources[:, :1] * upstroke - 0.6 * sources[:, 1:] * return_stroke + rng.normal(0, 0.01, (12, 5000))
    assert has_heart_beats(record_of(signal, 500.0))


def _artefacts(seed: int) -> np.ndarray:
    """Deflections of all widths and signs, as of a loose electrode."""
    rng = np.random.default_rng(seed)
    t, row = np.arange(5000) / 500, np.zeros(5000)
    for _ in range(110):
        at, width = rng.uniform(0, 10), rng.uniform(0.006, 0.05)
        row += rng.choice([-1, 1]) * rng.uniform(0.3, 1.2) * np.exp(-0.5 * ((t - at) / width) ** 2)
    return row


@pytest.mark.parametrize("bpm", [60, 95, 130])
@pytest.mark.parametrize("leads", [("I", "III"), ("II", "V5"), ("I", "II", "V1"), STANDARD_LEADS])
@pytest.mark.parametrize("kind", ["artefacts", "white", "hum"])
def test_one_bad_lead_beside_clean_ones_hides_no_beats(bpm: int, leads: tuple[str, ...], kind: str) -> None:
    times_s = np.arange(0.4, 9.9, 60 / bpm)
    rows = [STANDARD_LEADS.index(lead) for lead in leads]
    signal = beats_at(times_s)[rows]
    t = np.arange(5000) / 500
    signal[0] += {
        "artefacts": _artefacts(bpm),
        "white": np.random.default_rng(bpm).normal(0, 0.5, 5000),
        "hum": 0.8 * np.sin(2 * np.pi * 50 * t),
    }[kind]
    found = find_beats(made(signal, leads=leads))
    assert found.convincing
    assert found.peaks.size == len(times_s)
