"""Golden values and properties of the way from record to input."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, InputContract, Provenance
from cardiov_core.domain.reasons import texts
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.filtering import resample
from cardiov_core.preprocessing import band_pass, bridge_gaps, fir_band_pass, prepare

CONTRACT = InputContract(STANDARD_LEADS, 500.0, 5000, (0.5, 50.0), 3, "none")


def _record(seconds: float = 10.0, rate: float = 500.0, tone_hz: float = 10.0, leads=STANDARD_LEADS) -> EcgRecord:
    t = np.arange(round(seconds * rate)) / rate
    rows = np.stack([(1 + i / 12) * np.sin(2 * np.pi * tone_hz * t) for i in range(len(leads))])
    return EcgRecord(rows.astype(np.float32), tuple(leads), rate, "tone", Provenance("tone", "test"))


def _amplitude(values: np.ndarray) -> float:
    middle = values[values.size // 4 : -values.size // 4]
    return float(np.sqrt(2.0) * middle.std())


@pytest.mark.parametrize(("tone_hz", "kept"), [(0.1, 0.0), (10.0, 1.0), (20.0, 1.0), (120.0, 0.0)])
def test_band_keeps_the_ecg_and_stops_drift_and_noise(tone_hz: float, kept: float) -> None:
    t = np.arange(20000) / 500.0
    filtered = band_pass(np.sin(2 * np.pi * tone_hz * t), 500.0, (0.5, 50.0), 3)
    assert _amplitude(filtered) == pytest.approx(kept, abs=0.03)


@pytest.mark.parametrize("edge_hz", [0.5, 50.0])
def test_edges_are_minus_six_decibels(edge_hz: float) -> None:
    """Butterworth is -3 dB at its edge in one pass (|H| = 1/sqrt(2)), so |H|^2 = 1/2 forward and backward."""
    t = np.arange(100_000) / 500.0
    filtered = band_pass(np.sin(2 * np.pi * edge_hz * t), 500.0, (0.5, 50.0), 3)
    assert _amplitude(filtered) == pytest.approx(0.5, abs=0.01)


def test_filter_moves_nothing_in_time() -> None:
    pulse = np.exp(-0.5 * ((np.arange(5000) - 2500) / 8.0) ** 2)
    assert int(np.argmax(band_pass(pulse, 500.0, (0.5, 50.0), 3))) == 2500


def test_prepared_values_keep_the_lead_order_of_the_contract() -> None:
    record = _record()
    backwards = EcgRecord(record.signal[::-1], record.leads[::-1], 500.0, "tone", record.provenance)
    np.testing.assert_array_equal(prepare(record, CONTRACT).values, prepare(backwards, CONTRACT).values)


@pytest.mark.parametrize("rate", [100.0, 250.0, 257.0, 360.0, 1000.0])
def test_every_rate_gives_the_same_picture(rate: float) -> None:
    prepared = prepare(_record(rate=rate), CONTRACT)
    assert prepared.values.shape == (12, 5000)
    middle = slice(1000, 4000)
    np.testing.assert_allclose(prepared.values[0, middle], prepare(_record(), CONTRACT).values[0, middle], atol=0.03)
    assert any(f"{rate:g} → 500 Hz" in note for note in texts(prepared.notes))


def test_an_offset_leaves_no_step_at_the_ends() -> None:
    record = _record(rate=250.0)
    lifted = EcgRecord(record.signal + np.float32(3.0), record.leads, 250.0, "x", record.provenance)
    np.testing.assert_allclose(prepare(lifted, CONTRACT).values, prepare(record, CONTRACT).values, atol=0.05)


def test_long_record_is_cut_and_says_so() -> None:
    long = _record(seconds=38.4, rate=1000.0)
    first = prepare(long, CONTRACT)
    assert (first.window.start_s, first.window.end_s) == (0.0, 10.0)
    assert any("lasts 38.4 s: 0-10.0 s" in note for note in texts(first.notes))
    later = prepare(long, CONTRACT, start_s=20.0)
    assert (later.window.start_s, later.window.end_s) == (20.0, 30.0)
    assert (first.pad_left, later.pad_right) == (0, 0)


@pytest.mark.parametrize("outside", [0.0, 50.0, np.nan])
@pytest.mark.parametrize("start_s", [None, 10.0])
def test_the_input_depends_on_its_window_alone(outside: float, start_s: float | None) -> None:
    long = _record(seconds=30.0)
    begin = round((start_s or 0.0) * 500)
    changed = np.full_like(long.signal, outside)
    changed[:, begin : begin + 5000] = long.signal[:, begin : begin + 5000]
    np.testing.assert_array_equal(
        prepare(long, CONTRACT, start_s).values, prepare(replace(long, signal=changed), CONTRACT, start_s).values
    )


def test_the_window_begins_and_ends_with_the_signal() -> None:
    record = _record(seconds=14.0)
    record.signal[:, :1000] = 0.0
    record.signal[:, 5500:] = np.nan
    window = prepare(record, CONTRACT).window
    assert (window.start_s, window.end_s) == (pytest.approx(2.0, abs=0.01), 11.0)
    with pytest.raises(RecordUnsupportedError, match="signal for 3\\.0 s only"):
        prepare(record, CONTRACT, start_s=8.0)


def test_short_record_is_centred_and_padded_with_zeros() -> None:
    prepared = prepare(_record(seconds=6.0), CONTRACT)
    assert (prepared.pad_left, prepared.pad_right) == (1000, 1000)
    assert not prepared.values[:, :1000].any()
    assert not prepared.values[:, -1000:].any()
    assert prepared.window.end_s == 6.0
    assert any("Only 6.0 s" in note for note in texts(prepared.notes))


@pytest.mark.parametrize(
    ("record", "start_s", "match"),
    [
        (_record(seconds=4.9), None, "lasts 4.90 s"),
        (_record(leads=STANDARD_LEADS[:11]), None, "has no V6"),
        (_record(seconds=20.0), 16.0, "leaves less than 5 s"),
        (_record(seconds=20.0), -1.0, "leaves less than 5 s"),
    ],
)
def test_what_cannot_be_prepared_is_told(record: EcgRecord, start_s: float | None, match: str) -> None:
    with pytest.raises(RecordUnsupportedError, match=match):
        prepare(record, CONTRACT, start_s)


def test_short_gaps_are_bridged_and_long_ones_become_zero() -> None:
    record = _record(tone_hz=5.0)
    signal = record.signal.copy()
    signal[0, 1000:1010] = np.nan  # 20 ms
    signal[1, 2000:2500] = np.nan  # 1 s
    prepared = prepare(EcgRecord(signal, record.leads, 500.0, "gaps", record.provenance), CONTRACT)
    reference = prepare(record, CONTRACT).values
    np.testing.assert_allclose(prepared.values[0], reference[0], atol=0.02)
    assert not prepared.values[1, 2000:2500].any()
    assert texts(prepared.notes) == ("II lacks 1.00 s of samples: they count as zero.",)


def test_bridge_gaps_names_long_gaps_only() -> None:
    signal = np.array([[0.0, np.nan, 2.0, 3.0], [np.nan] * 4])
    filled, missing = bridge_gaps(signal, 100.0)
    np.testing.assert_array_equal(filled, [[0.0, 1.0, 2.0, 3.0], [0.0] * 4])
    np.testing.assert_array_equal(missing, [[False] * 4, [True] * 4])


def test_global_std_makes_gain_irrelevant() -> None:
    contract = InputContract(STANDARD_LEADS, 500.0, 5000, (0.5, 50.0), 3, "global_std")
    record = _record()
    louder = EcgRecord(record.signal * np.float32(4.88), record.leads, 500.0, "x", record.provenance)
    np.testing.assert_allclose(prepare(louder, contract).values, prepare(record, contract).values, atol=1e-4)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(rate=st.integers(80, 2000), seconds=st.floats(5.0, 14.0))
def test_prepare_always_gives_the_contracts_shape_in_finite_numbers(rate: int, seconds: float) -> None:
    contract = InputContract(STANDARD_LEADS, 100.0, 1000, (0.5, 45.0), 3, "none")
    seconds = np.ceil(seconds * rate) / rate
    prepared = prepare(_record(seconds=seconds, rate=float(rate), tone_hz=5.0), contract)
    assert prepared.values.shape == (12, 1000)
    assert prepared.values.dtype == np.float32
    assert np.isfinite(prepared.values).all()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(gain=st.floats(0.1, 10.0), seed=st.integers(0, 1000))
def test_band_pass_is_linear(gain: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, 1500))
    np.testing.assert_allclose(
        band_pass(gain * x, 500.0, (0.5, 50.0), 3), gain * band_pass(x, 500.0, (0.5, 50.0), 3), atol=1e-8
    )


def test_resample_keeps_equal_rates_untouched_and_band_must_fit() -> None:
    x = np.arange(10.0)
    assert resample(x, 500.0, 500.0) is x
    with pytest.raises(RecordUnsupportedError, match=r"0\.5-50 Hz does not fit a sampling rate of 100 Hz"):
        band_pass(np.zeros(1000), 100.0, (0.5, 50.0), 3)


def test_fir_band_pass_keeps_its_band_and_does_not_delay() -> None:
    t = np.arange(5000) / 500.0
    inside, drift, mains = np.sin(2 * np.pi * 10 * t), np.full(5000, 3.0), np.sin(2 * np.pi * 120 * t)
    filtered = fir_band_pass(np.stack([inside + mains, drift]), 500.0, (0.5, 60.0), 1000)
    middle = slice(1000, 4000)
    assert np.abs(filtered[0] - inside)[middle].max() < 0.02
    # A filter of two seconds lets a sixth of an offset through: an edge of 0.5 Hz needs longer ones.
    assert np.abs(filtered[1])[middle].max() < 3.0 / 6
    with pytest.raises(RecordUnsupportedError, match="order 151"):
        fir_band_pass(inside, 500.0, (0.5, 60.0), 151)


def test_contracts_of_the_challenge_papers() -> None:
    record = generate("normal", seed=1)
    fir = InputContract(STANDARD_LEADS, 500.0, 5000, (0.5, 60.0), 500, "z_score", "fir")
    values = prepare(record, fir).values
    assert float(values.mean()) == pytest.approx(0, abs=1e-5)
    assert float(values.std()) == pytest.approx(1, abs=1e-5)
    plain = InputContract(STANDARD_LEADS, 80.0, 800, (0.5, 30.0), 3, "lead_mean", "none")
    unfiltered = prepare(record, plain).values
    assert np.abs(unfiltered.mean(axis=1)).max() < 1e-5
    assert unfiltered.shape == (12, 800)
