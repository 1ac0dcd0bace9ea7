"""T and P waves as tall as the QRS complex are no beats; premature ventricular beats are."""

import numpy as np
import pytest

from cardiov_core.signals import detect_r_peaks, find_findings, measure
from tests.signals.beat.hearts import NARROW, NORMAL, VENTRICULAR, WIDE, beats_at, record_of, tall_t


def _rate(peaks: np.ndarray) -> float:
    return float(60 * 500 / np.diff(peaks).mean())


@pytest.mark.parametrize("form", ["dome", "tent", "two"])
@pytest.mark.parametrize(
    ("t_mv", "qrs_s", "t_s"), [(1.0, 0.08, 0.18), (1.6, 0.1, 0.18), (1.6, 0.1, 0.12), (2.2, 0.08, 0.18)]
)
@pytest.mark.parametrize("bpm", [50, 66, 80, 110, 130])
def test_a_tall_t_is_no_beat(form: str, t_mv: float, qrs_s: float, t_s: float, bpm: int) -> None:
    peaks = detect_r_peaks(record_of(tall_t(t_mv, bpm, form, qrs_s, t_s)))
    assert _rate(peaks) == pytest.approx(bpm, rel=0.03)


def test_a_tall_t_makes_no_critical_rate() -> None:
    record = record_of(tall_t(1.6, 80, "dome", 0.1, 0.18))
    found = measure(record)
    assert found.heart_rate_bpm == pytest.approx(80, abs=1)
    critical = {finding.code for finding in find_findings(record, found) if finding.critical}
    assert not critical & {"severe_tachycardia", "wide_complex_tachycardia", "pause"}


@pytest.mark.parametrize("times", [3, 6])
@pytest.mark.parametrize("pr_s", [0.16, 0.22, 0.28])
def test_a_tall_p_is_no_beat(times: int, pr_s: float) -> None:
    tall = {lead: (times * heights[0], *heights[1:]) for lead, heights in NORMAL.items()}
    signal = beats_at(np.arange(0.5, 10, 0.75), tall, {**NARROW, "P": (-pr_s, 0.022)})
    assert _rate(detect_r_peaks(record_of(signal))) == pytest.approx(80, rel=0.03)


@pytest.mark.parametrize("coupling_s", [0.34, 0.40, 0.46])
@pytest.mark.parametrize("every", [2, 3])
def test_premature_ventricular_beats_are_beats(coupling_s: float, every: int) -> None:
    sinus = [0.4 + 0.8 * k for k in range(12) if k % every != 1]
    early = [time_s + coupling_s for time_s in sinus if round((time_s - 0.4) / 0.8) % every == 0 and time_s < 9]
    signal = beats_at(sinus) + beats_at(early, VENTRICULAR, WIDE, noise_mv=0.0)
    assert detect_r_peaks(record_of(signal)).size == len(sinus) + len(early)


@pytest.mark.parametrize("bpm", [60, 100, 180])
def test_a_notched_wide_complex_is_one_beat(bpm: int) -> None:
    times_s = np.arange(0.5, 9.9, 60 / bpm)
    notch = {"P": (-0.3, 0.02), "Q": (-0.04, 0.02), "R": (0.0, 0.018), "S": (0.075, 0.018), "T": (0.22, 0.04)}
    form = {lead: (0.0, 0.0, heights[2], 0.8 * heights[2], -0.25 * heights[2]) for lead, heights in VENTRICULAR.items()}
    assert detect_r_peaks(record_of(beats_at(times_s, form, notch))).size == len(times_s)
