"""Pacemaker spikes: made ones at known times, disturbances that are none, and records labelled as paced."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Finding, Provenance, QualityVerdict
from cardiov_core.io import read_record
from cardiov_core.signals import assess_quality, find_findings, find_pacing_spikes, measure
from cardiov_core.signals.beat.pacing import can_show_pacing_spikes
from tests.signals.beat.hearts import VENTRICULAR, WIDE, beats_at, record_of

AMPLITUDES_MV = np.array([0.8, 1.2, 0.4, -1.0, 0.2, 0.8, -0.9, -1.1, 0.5, 1.3, 1.4, 1.1])
BEATS_S = np.arange(0.6, 9.8, 0.9)


def wide_beats(rate: float = 500.0) -> EcgRecord:
    """Make an ECG with complexes of a paced ventricle, 67 a minute, and no spikes yet."""
    t = np.arange(round(10 * rate)) / rate
    wave = sum(
        np.exp(-0.5 * ((t - s) / 0.035) ** 2) - 0.3 * np.exp(-0.5 * ((t - s - 0.3) / 0.06) ** 2) for s in BEATS_S
    )
    noise = np.random.default_rng(0).normal(0, 0.005, (12, t.size))
    signal = (AMPLITUDES_MV[:, np.newaxis] * wave + noise).astype(np.float32)
    return EcgRecord(signal, STANDARD_LEADS, rate, "made", Provenance("made", "WFDB"))


def with_spikes(record: EcgRecord, times_s: np.ndarray, height_mv: float = 0.5) -> EcgRecord:
    """Add spikes two samples wide, of another height and sign in each lead."""
    signal = record.signal.copy()
    heights = height_mv * np.linspace(-1.0, 1.4, len(record.leads))[:, np.newaxis]
    for time_s in times_s:
        first = round(time_s * record.sampling_rate)
        signal[:, first : first + 2] += heights.astype(np.float32)
    return dataclasses.replace(record, signal=signal)


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_spikes_before_every_beat_are_found_where_they_are(rate: float) -> None:
    times_s = BEATS_S - 0.11
    found = find_pacing_spikes(with_spikes(wide_beats(rate), times_s))
    assert found == pytest.approx(tuple(times_s), abs=0.008)


def test_atrial_and_ventricular_spikes_are_both_found() -> None:
    times_s = np.sort(np.concatenate([BEATS_S - 0.11, BEATS_S[1:] - 0.27]))
    assert find_pacing_spikes(with_spikes(wide_beats(), times_s)) == pytest.approx(tuple(times_s), abs=0.006)


def test_a_pacemaker_on_demand_needs_three_spikes() -> None:
    assert len(find_pacing_spikes(with_spikes(wide_beats(), BEATS_S[:3] - 0.11))) == 3
    assert find_pacing_spikes(with_spikes(wide_beats(), BEATS_S[:2] - 0.11)) == ()


def test_beats_without_spikes_and_scattered_disturbances_are_no_pacing() -> None:
    record = wide_beats()
    assert find_pacing_spikes(record) == ()
    scattered = BEATS_S[[0, 3, 5, 8]] + np.array([0.42, 0.55, 0.47, 0.62])
    assert find_pacing_spikes(with_spikes(record, scattered)) == ()


def test_gaps_are_no_spikes() -> None:
    record = wide_beats()
    signal = record.signal + np.float32(0.7)
    for second in BEATS_S - 0.11:
        first = round(second * 500)
        signal[:, first : first + 2] = np.nan
    assert find_pacing_spikes(dataclasses.replace(record, signal=signal)) == ()


def test_at_100_hz_spikes_are_not_measurable() -> None:
    record = wide_beats(100.0)
    assert not can_show_pacing_spikes(record)
    assert can_show_pacing_spikes(wide_beats(250.0))
    assert find_pacing_spikes(with_spikes(record, BEATS_S - 0.11)) == ()


def test_nothing_to_see_is_no_error() -> None:
    record = wide_beats()
    for signal in (np.zeros_like(record.signal), np.full_like(record.signal, np.nan), record.signal[:, :40]):
        assert find_pacing_spikes(dataclasses.replace(record, signal=signal)) == ()


@pytest.mark.dataset
@pytest.mark.parametrize("ecg_id", [143, 190, 385, 498])
def test_ptbxl_records_that_are_labelled_as_paced_show_spikes(data_folder: Path, ecg_id: int) -> None:
    path = data_folder / "ptb-xl-subset" / "records500" / "00000" / f"{ecg_id:05d}_hr.hea"
    assert len(find_pacing_spikes(read_record(path))) >= 7


@pytest.mark.dataset
def test_ordinary_records_show_none(data_folder: Path) -> None:
    paths = sorted((data_folder / "ptb-xl-subset" / "records500").rglob("*.hea"))
    ordinary = [path for path in paths if int(path.stem[:5]) not in {143, 144, 190, 385, 498}][::15]
    assert [path.stem for path in ordinary if find_pacing_spikes(read_record(path))] == []


ASYSTOLE = beats_at(())
SPIKES_S = np.arange(0.31, 9.9, 60 / 70)


def _finding(record: EcgRecord, code: str) -> Finding:
    return next(finding for finding in find_findings(record, measure(record)) if finding.code == code)


@pytest.mark.parametrize("height_mv", [0.2, 2.0])
@pytest.mark.parametrize("times_s", [SPIKES_S, np.array([0.4, 1.3, 2.1, 3.4, 4.2, 5.5, 6.1, 7.3, 8.8])])
def test_spikes_over_asystole_have_no_rate_and_are_critical(height_mv: float, times_s: np.ndarray) -> None:
    record = with_spikes(record_of(ASYSTOLE), times_s, height_mv)
    found = measure(record)
    assert found.heart_rate_bpm is None
    assert found.not_measurable["heart_rate_bpm"] == "pacing spikes without heart beats"
    assert len(found.pacing_spikes_s) == len(times_s)
    assert _finding(record, "pacing_without_beats").critical
    quality = assess_quality(record)
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert any("without heart beats" in str(reason) for reason in quality.reasons)


@pytest.mark.parametrize(("share", "tau_s"), [(0.15, 0.02), (0.3, 0.05)])
def test_what_a_spike_leaves_behind_is_no_beat(share: float, tau_s: float) -> None:
    signal = ASYSTOLE.copy()
    for time_s in SPIKES_S:
        after = np.arange(min(100, 5000 - round(time_s * 500) - 2))
        signal[:, round(time_s * 500) + 2 :][:, : after.size] -= share * np.exp(-after / 500 / tau_s)
    assert measure(with_spikes(record_of(signal), SPIKES_S, 1.0)).heart_rate_bpm is None


def test_failure_to_capture_is_critical_and_the_rate_is_that_of_the_beats() -> None:
    beats_s = np.arange(0.5, 9.9, 60 / 70)
    record = with_spikes(record_of(beats_at(beats_s[::2], VENTRICULAR, WIDE)), beats_s - 0.07, 2.0)
    finding = _finding(record, "failure_to_capture")
    assert finding.critical
    assert finding.measured["n_missed_captures"] == 5
    assert measure(record).heart_rate_bpm == pytest.approx(35, abs=1)
    escape = with_spikes(record_of(beats_at(np.arange(0.7, 10, 60 / 33), VENTRICULAR, WIDE)), SPIKES_S, 2.0)
    assert _finding(escape, "failure_to_capture").critical


@pytest.mark.parametrize("ahead_s", [0.07, 0.04])
def test_a_spike_counts_neither_into_qrs_nor_qt(ahead_s: float) -> None:
    beats_s = np.arange(0.5, 9.9, 60 / 70)
    bare = record_of(beats_at(beats_s, VENTRICULAR, WIDE))
    paced = with_spikes(bare, beats_s - ahead_s, 2.0)
    without, found = measure(bare), measure(paced)
    assert len(found.pacing_spikes_s) >= 10
    assert found.qrs_ms == pytest.approx(without.qrs_ms, abs=6)
    assert found.qt_ms == pytest.approx(without.qt_ms, abs=8)
    assert not _finding(paced, "failure_to_capture").critical
