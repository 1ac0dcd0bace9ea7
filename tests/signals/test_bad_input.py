"""Unusual and broken records through quality, measurements, rules and analysis: a number, or a reason, no exception.

Records come from `generate`, or from a sum of Gaussian waves whose times are chosen here, so that the truth is known.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.datasets.varied import varied_record
from cardiov_core.domain import (
    STANDARD_LEADS,
    Analysis,
    EcgRecord,
    Measurements,
    Provenance,
    QualityVerdict,
)
from cardiov_core.domain.arrays import Float64Array
from cardiov_core.domain.reasons import texts
from cardiov_core.inference import Grader, analysis_to_dict, analyze, load_predictor
from cardiov_core.signals import assess_quality, find_findings, measure

# Dipole (left, foot, back) -> I, II, V1-V6; round numbers near Dower's matrix.
_PROJECTION = np.array(
    [
        [0.63, -0.24, 0.06],
        [0.24, 1.07, -0.13],
        [-0.52, 0.16, -0.92],
        [0.04, 0.16, -1.39],
        [0.88, 0.10, -1.28],
        [1.21, 0.13, -0.60],
        [1.13, 0.13, -0.09],
        [0.83, 0.08, 0.23],
    ]
)


@dataclass(frozen=True)
class _Wave:
    """A Gaussian of the dipole: time after the beat and standard deviation in s, size in mV."""

    time_s: float
    width_s: float
    dipole_mv: tuple[float, float, float]


# Q, R and S: the complex begins about 45 ms before the R peak and ends about 45 ms after it.
_NARROW = (
    _Wave(-0.024, 0.008, (-0.15, -0.06, -0.30)),
    _Wave(0.0, 0.010, (1.20, 0.70, 0.05)),
    _Wave(0.026, 0.008, (-0.10, -0.05, 0.55)),
)
_WIDE = (_Wave(-0.03, 0.022, (0.5, -0.9, 0.3)), _Wave(0.03, 0.022, (0.6, -0.7, 0.8)))
_P = _Wave(0.0, 0.020, (0.11, 0.13, -0.02))
_T = (0.35, 0.22, -0.20)


def _twelve(eight: Float64Array) -> Float64Array:
    one, two = eight[0], eight[1]
    return np.vstack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, eight[2:]])


def _ecg(
    r_times_s: Sequence[float],
    *,
    wide: Sequence[bool] | bool = False,
    p_times_s: Sequence[float] = (),
    duration_s: float = 10.0,
    rate_hz: float = 500.0,
    qt_s: float = 0.38,
    spikes_s: Sequence[float] = (),
) -> EcgRecord:
    """Beats at `r_times_s`, P waves centred at `p_times_s`, pacemaker spikes of 2 ms; noise of 5 uV."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    dipole = np.zeros((3, time_s.size))
    kinds = [wide] * len(r_times_s) if isinstance(wide, bool) else list(wide)
    for r_time, is_wide in zip(r_times_s, kinds, strict=True):
        sign = -1.0 if is_wide else 1.0
        repolarisation = _Wave(qt_s - 0.045 - 0.10, 0.05, (sign * _T[0], sign * _T[1], sign * _T[2]))
        for wave in (*(_WIDE if is_wide else _NARROW), repolarisation):
            _add(dipole, time_s - r_time, wave)
    for p_time in p_times_s:
        _add(dipole, time_s - p_time, _P)
    for spike in spikes_s:
        dipole += np.outer((2.0, 2.5, -1.0), np.abs(time_s - spike - 0.001) <= 0.00101)
    rng = np.random.default_rng(5)
    signal = _twelve(_PROJECTION @ dipole + 0.005 * rng.standard_normal((8, time_s.size)))
    return EcgRecord(
        signal.astype(np.float32),
        STANDARD_LEADS,
        rate_hz,
        "made",
        Provenance("made", "synthetic"),
        age=60.0,
        sex="male",
    )


def _add(dipole: Float64Array, distance_s: Float64Array, wave: _Wave) -> None:
    dipole += np.outer(wave.dipole_mv, np.exp(-0.5 * ((distance_s - wave.time_s) / wave.width_s) ** 2))


def _sinus(rate_bpm: float, *, pr_s: float = 0.16, duration_s: float = 10.0, rate_hz: float = 500.0) -> EcgRecord:
    """A regular sinus rhythm; PR from 2.5 widths before the middle of P to 45 ms before R."""
    rr_s = 60.0 / rate_bpm
    beats = np.arange(-1.0 + 0.3, duration_s + 1.0, rr_s)
    p_times = beats - 0.045 - pr_s + 2.5 * _P.width_s
    qt_s = 0.40 * rr_s ** (1 / 3)
    return _ecg(beats.tolist(), p_times_s=p_times.tolist(), duration_s=duration_s, rate_hz=rate_hz, qt_s=qt_s)


def _paced() -> EcgRecord:
    beats = np.arange(0.4, 10.0, 60.0 / 70.0)
    return _ecg(beats.tolist(), wide=True, spikes_s=(beats - 0.09).tolist(), qt_s=0.44)


def _bigeminy() -> EcgRecord:
    pairs = [
        (start + offset, wide) for start in np.arange(0.4, 9.2, 1.6) for offset, wide in ((0.0, False), (0.5, True))
    ]
    sinus = [time for time, wide in pairs if not wide]
    return _ecg(
        [time for time, _ in pairs],
        wide=[wide for _, wide in pairs],
        p_times_s=[time - 0.155 for time in sinus],
    )


def _changed(change: Callable[[npt.NDArray[np.float32]], None], condition: str = "normal") -> EcgRecord:
    record = generate(condition, seed=4)
    signal = record.signal.copy()
    change(signal)
    return replace(record, signal=signal)


def _row(lead: str) -> int:
    return STANDARD_LEADS.index(lead)


def _fill(leads: Sequence[str], value: float, first: int = 0, last: int | None = None) -> EcgRecord:
    def change(signal: npt.NDArray[np.float32]) -> None:
        signal[[_row(lead) for lead in leads], first:last] = value

    return _changed(change)


def _only(*leads: str) -> EcgRecord:
    record = generate("normal", seed=4)
    return replace(record, signal=record.signal[[_row(lead) for lead in leads]], leads=leads)


def _swapped_arms() -> EcgRecord:
    def change(signal: npt.NDArray[np.float32]) -> None:
        # Right and left arm exchanged: I turns over, II and III change places, so do aVR and aVL.
        signal[0] *= -1
        signal[[1, 2]] = signal[[2, 1]]
        signal[[3, 4]] = signal[[4, 3]]

    return _changed(change)


def _noise() -> EcgRecord:
    noise = _twelve(0.2 * np.random.default_rng(9).standard_normal((8, 5000)))
    return replace(generate("normal", seed=4), signal=noise.astype(np.float32))


CASES: dict[str, Callable[[], EcgRecord]] = {
    "flat": lambda: _fill(STANDARD_LEADS, 0.0),
    "all NaN": lambda: _fill(STANDARD_LEADS, float("nan")),
    "noise only": _noise,
    "5 s": lambda: generate("normal", seed=4, duration_s=5.0),
    "2 s": lambda: generate("normal", seed=4, duration_s=2.0),
    "1 s": lambda: generate("normal", seed=4, duration_s=1.0),
    "paced": _paced,
    "bigeminy": _bigeminy,
    "complete block": lambda: generate("third_degree_block", seed=4),
    "atrial fibrillation": lambda: generate("atrial_fibrillation", seed=4),
    "noisy with a lead off": lambda: generate("noise_and_lead_off", seed=4),
    "20 a minute": lambda: _sinus(20.0),
    "40 a minute": lambda: _sinus(40.0),
    "200 a minute": lambda: _sinus(200.0, pr_s=0.11),
    "one lead dead": lambda: _fill(["V3"], 0.0),
    "all but one lead dead": lambda: _fill([lead for lead in STANDARD_LEADS if lead != "V5"], 0.0),
    "swapped arms": _swapped_arms,
    "gap of 100 ms in all leads": lambda: _fill(STANDARD_LEADS, float("nan"), 2000, 2050),
    "gap of 3 s in all leads": lambda: _fill(STANDARD_LEADS, float("nan"), 2000, 3500),
    "gap of 1 s in one lead": lambda: _fill(["V2"], float("nan"), 2000, 2500),
    "gaps at both ends": lambda: _fill(STANDARD_LEADS, float("nan"), 4500),
    "one lead all NaN": lambda: _fill(["II"], float("nan")),
    "infinite samples": lambda: _fill(["V4"], float("inf"), 1000, 1003),
    "80 Hz": lambda: generate("normal", seed=4, sampling_rate_hz=80.0),
    "100 Hz": lambda: generate("normal", seed=4, sampling_rate_hz=100.0),
    "1000 Hz": lambda: generate("normal", seed=4, sampling_rate_hz=1000.0),
    "257 Hz": lambda: generate("normal", seed=4, sampling_rate_hz=257.0),
    "8 leads": lambda: _only("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"),
    "one lead": lambda: _only("II"),
    "one chest lead": lambda: _only("V2"),
    "far from the base line": lambda: _changed(lambda signal: np.add(signal, 40.0, out=signal)),
    "a thousandfold gain": lambda: _changed(lambda signal: np.multiply(signal, 1000.0, out=signal)),
    "one spike of 100 mV": lambda: _fill(["V1"], 100.0, 2500, 2501),
    "steps of half a mV": lambda: _changed(lambda signal: np.round(2 * signal, out=signal)),
}
_NUMBERS = tuple(item.name for item in fields(Measurements) if item.name.endswith(("_bpm", "_ms", "_deg", "_mv")))


@pytest.fixture
def predictor(tiny_folder: Path) -> Grader:
    assert tiny_folder.is_dir()
    return load_predictor()


def _numbers(measurements: Measurements) -> dict[str, float | None]:
    values = {name: getattr(measurements, name) for name in _NUMBERS}
    return {name: value for name, value in values.items() if not isinstance(value, dict)}


def _analysed(record: EcgRecord, predictor: Grader) -> Analysis:
    analysis = analyze(record, predictor)
    json.dumps(analysis_to_dict(analysis), allow_nan=False)
    return analysis


@pytest.mark.parametrize("case", CASES)
def test_every_record_gets_numbers_or_reasons(case: str, predictor: Grader) -> None:
    record = CASES[case]()
    before = record.signal.copy()
    analysis = _analysed(record, predictor)
    measurements = analysis.measurements
    assert measurements is not None
    for name, value in _numbers(measurements).items():
        if value is None:
            assert measurements.not_measurable.get(name), f"{name} is missing without a reason"
        else:
            assert math.isfinite(value)
            assert name not in measurements.not_measurable
    for per_lead in (measurements.st_mv, measurements.r_mv, measurements.s_mv):
        assert all(math.isfinite(value) for value in per_lead.values())
        assert set(per_lead) <= set(record.leads)
    assert {finding.state for finding in analysis.findings} <= {"present", "absent", "not measurable"}
    assert all(finding.reason for finding in analysis.findings)
    if analysis.quality.verdict is not QualityVerdict.ACCEPTABLE:
        assert analysis.quality.reasons
    assert analysis.prediction is not None or analysis.withheld
    np.testing.assert_array_equal(record.signal, before)


@pytest.mark.parametrize("case", ["flat", "all NaN", "noise only", "2 s", "1 s", "all but one lead dead", "one lead"])
def test_what_is_no_twelve_lead_ecg_is_not_analysable(case: str) -> None:
    quality = assess_quality(CASES[case]())
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert quality.reasons


@pytest.mark.parametrize(
    "case", ["5 s", "paced", "bigeminy", "complete block", "40 a minute", "200 a minute", "100 Hz"]
)
def test_what_is_only_unusual_is_analysed(case: str) -> None:
    assert assess_quality(CASES[case]()).verdict is not QualityVerdict.NOT_ANALYSABLE


@pytest.mark.parametrize("case", ["flat", "all NaN", "noise only"])
def test_without_a_heart_beat_there_is_no_number(case: str) -> None:
    record = CASES[case]()
    measurements = measure(record)
    assert {name: value for name, value in _numbers(measurements).items() if value is not None} == {}
    findings = find_findings(record, measurements, assess_quality(record))
    assert {finding.state for finding in findings} == {"not measurable"}


@pytest.mark.parametrize("rate_bpm", [20.0, 40.0, 60.0, 75.0, 100.0, 150.0, 200.0])
def test_heart_rate_is_right_within_two_a_minute(rate_bpm: float) -> None:
    measured = measure(_sinus(rate_bpm, pr_s=0.11 if rate_bpm > 140 else 0.16)).heart_rate_bpm
    assert measured == pytest.approx(rate_bpm, abs=2.0)


@pytest.mark.parametrize("rate_hz", [80.0, 100.0, 257.0, 500.0, 1000.0])
def test_rate_and_intervals_hold_at_every_sampling_rate(rate_hz: float) -> None:
    # 60/min, PR 160 ms, QRS 98 ms (three widths of Q and S), QT 425 ms (2.5 widths of T) by construction.
    measured = measure(_sinus(60.0, rate_hz=rate_hz))
    assert measured.heart_rate_bpm == pytest.approx(60.0, abs=1.0)
    assert measured.pr_ms == pytest.approx(160.0, abs=25.0)
    assert measured.qrs_ms == pytest.approx(98.0, abs=20.0)
    assert measured.qt_ms == pytest.approx(425.0, abs=35.0)
    assert measured.regular is True


def test_without_conduction_there_is_no_pr() -> None:
    for case in ("complete block", "atrial fibrillation"):
        measurements = measure(CASES[case]())
        assert measurements.pr_ms is None, case
        assert measurements.not_measurable["pr_ms"]
    assert measure(CASES["atrial fibrillation"]()).regular is False
    assert measure(CASES["complete block"]()).heart_rate_bpm == pytest.approx(37.0, abs=2.0)


def _states(record: EcgRecord) -> dict[str, str]:
    findings = find_findings(record, measure(record), assess_quality(record))
    return {finding.code: finding.state for finding in findings}


def test_findings_of_the_extremes() -> None:
    slow, fast = _states(_sinus(38.0)), _states(CASES["200 a minute"]())
    assert slow["severe_bradycardia"] == slow["bradycardia"] == "present"
    assert fast["severe_tachycardia"] == fast["tachycardia"] == "present"
    assert slow["tachycardia"] == fast["bradycardia"] == "absent"
    assert _states(_sinus(18.0))["pause"] == "present"
    assert _states(_sinus(60.0, pr_s=0.26))["prolonged_pr"] == "present"


def test_bigeminy_is_irregular_and_every_beat_counts() -> None:
    measurements = measure(CASES["bigeminy"]())
    assert measurements.n_beats == 12
    assert measurements.regular is False
    # Pairs of 0.5 and 1.1 s: eleven intervals, six of 0.5 and five of 1.1 s.
    assert measurements.rr_mean_ms == pytest.approx((6 * 500 + 5 * 1100) / 11, abs=15.0)
    assert measurements.heart_rate_bpm == pytest.approx(60000.0 / ((6 * 500 + 5 * 1100) / 11), abs=2.0)


def test_paced_beats_are_found_and_told(predictor: Grader) -> None:
    record = CASES["paced"]()
    analysis = _analysed(record, predictor)
    states = {finding.code: finding.state for finding in analysis.findings}
    assert states["pacing"] == "present"
    assert states["wide_qrs"] == "present"
    assert any(warning.startswith("Pacemaker spikes were found") for warning in texts(analysis.warnings))
    assert analysis.measurements is not None
    assert analysis.measurements.heart_rate_bpm == pytest.approx(70.0, abs=2.0)
    assert _states(_sinus(60.0))["pacing"] == "absent"


def test_a_dead_lead_costs_its_own_numbers_only() -> None:
    dead, whole = CASES["one lead dead"](), generate("normal", seed=4)
    measured, expected = measure(dead), measure(whole)
    assert measured.heart_rate_bpm == pytest.approx(expected.heart_rate_bpm, abs=0.5)
    assert expected.qrs_ms is not None
    assert measured.qrs_ms == pytest.approx(expected.qrs_ms, abs=12.0)
    assert measured.cornell_mv is None
    assert "V3" in measured.not_measurable["cornell_mv"]
    assert measured.sokolow_lyon_mv == pytest.approx(expected.sokolow_lyon_mv, abs=0.05)
    # A dead chest lead withholds the level as a missing one does; what the other leads say stays.
    assert assess_quality(dead).verdict is QualityVerdict.NOT_ANALYSABLE
    assert _states(dead)["lvh_voltage_cornell"] == "not measurable"


def test_swapped_arms_are_suspected_and_cost_the_axis() -> None:
    quality = assess_quality(CASES["swapped arms"]())
    assert quality.verdict is not QualityVerdict.ACCEPTABLE
    assert any("arm" in reason for reason in texts(quality.reasons))
    states = _states(CASES["swapped arms"]())
    assert {states[code] for code in states if "axis" in code} == {"not measurable"}


def test_gaps_do_not_move_the_rate() -> None:
    expected = measure(generate("normal", seed=4)).heart_rate_bpm
    for case in ("gap of 100 ms in all leads", "gap of 1 s in one lead", "gaps at both ends", "one lead all NaN"):
        assert measure(CASES[case]()).heart_rate_bpm == pytest.approx(expected, abs=2.0), case


def test_too_slow_a_rate_is_withheld_with_the_reason(predictor: Grader) -> None:
    record = generate("normal", seed=4)
    slow = replace(record, signal=record.signal[:, ::10], sampling_rate=50.0)
    analysis = _analysed(slow, predictor)
    assert analysis.prediction is None
    assert "50 Hz" in texts(analysis.withheld)[0]
    assert analysis.measurements is not None
    assert "50 Hz" in analysis.measurements.not_measurable["heart_rate_bpm"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_notch_of_a_bundle_branch_block_is_inside_the_qrs(seed: int) -> None:
    # Three widths of the outer lobes: from 80 ms before to 86 ms after the R peak.
    assert measure(generate("left_bundle_branch_block", seed=seed)).qrs_ms == pytest.approx(166.0, abs=25.0)


def test_a_wave_before_the_windows_of_the_beats_is_no_wave() -> None:
    # A fast rhythm whose P lies farther from R than its beats' windows reach; numpy's warning would be an error here.
    found = measure(varied_record(3054))
    assert found.heart_rate_bpm is not None
