"""Measurements of ECGs made here, whose rhythm, voltages and axes are known, and of all real records."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.domain import EcgRecord, Measurements, MedianBeat, Provenance, WaveBoundaries
from cardiov_core.domain.arrays import Float64Array
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_record
from cardiov_core.signals import find_findings, measure
from cardiov_core.signals.beat.rhythm import corrected_qt, measure_rhythm
from cardiov_core.signals.wave.voltages import (
    cornell_mv,
    frontal_axis,
    on_base_line,
    qrs_deflections,
    sokolow_lyon_mv,
    st_levels,
)

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def bump(t: Float64Array, middle_s: float, width_s: float) -> Float64Array:
    return np.exp(-0.5 * ((t - middle_s) / width_s) ** 2)


def limbs(one: Float64Array, foot: Float64Array) -> list[Float64Array]:
    two = foot + one / 2
    return [one, two, two - one, -(one + two) / 2, one - two / 2, foot]


def ecg(r_s: list[float], *, p: bool = True, axis_deg: float = 40.0, seconds: float = 10.0) -> EcgRecord:
    """P, QRS and T of one frontal direction; V1 negative, V5 positive, 1 mV in the frontal plane."""
    t = np.arange(round(seconds * 500)) / 500
    beat = sum(
        (
            (0.12 * bump(t, r - 0.15, 0.02) if p else 0.0) + bump(t, r, 0.011) + 0.25 * bump(t, r + 0.26, 0.045)
            for r in r_s
        ),
        np.zeros_like(t),
    )
    angle = np.radians(axis_deg)
    signal = [*limbs(np.cos(angle) * beat, np.sin(angle) * np.sqrt(3) / 2 * beat)]
    signal += [size * beat for size in (-1.5, -1.0, -0.5, 0.8, 1.8, 1.4)]
    values = np.array(signal) + np.random.default_rng(4).normal(0.0, 0.005, (12, t.size))
    return EcgRecord(values.astype(np.float32), LEADS, 500.0, "made", Provenance("made", "NPY"))


REGULAR = [0.6 + 0.8 * k for k in range(12)]


def test_a_regular_rhythm() -> None:
    found = measure(ecg(REGULAR))
    assert found.heart_rate_bpm == pytest.approx(75.0, abs=0.3)
    assert found.rr_mean_ms == pytest.approx(800.0, abs=2.0)
    assert found.longest_pause_ms == pytest.approx(800.0, abs=8.0)
    assert found.regular is True
    assert found.n_beats == len(REGULAR) == len(found.beats)
    assert found.not_measurable == {}


@pytest.mark.parametrize("axis_deg", [-150.0, -60.0, 10.0, 40.0, 100.0, 170.0])
def test_axes(axis_deg: float) -> None:
    found = measure(ecg(REGULAR, axis_deg=axis_deg))
    for axis in (found.qrs_axis_deg, found.t_axis_deg, found.p_axis_deg):
        assert axis is not None
        assert (axis - axis_deg + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=6.0)


def test_voltages_are_those_of_the_record() -> None:
    found = measure(ecg(REGULAR))
    assert found.r_mv["V5"] == pytest.approx(1.8, abs=0.05)
    assert found.s_mv["V1"] == pytest.approx(1.5, abs=0.05)
    assert found.s_mv["V5"] == pytest.approx(0.0, abs=0.03)
    assert found.sokolow_lyon_mv == pytest.approx(3.3, abs=0.1)
    one, foot = np.cos(np.radians(40)), np.sin(np.radians(40)) * np.sqrt(3) / 2
    assert found.cornell_mv == pytest.approx(one - (foot + one / 2) / 2 + 0.5, abs=0.06)


def test_beats_lie_on_the_records_time() -> None:
    found = measure(ecg(REGULAR))
    np.testing.assert_allclose([beat.r_s for beat in found.beats], REGULAR, atol=0.01)
    for beat in found.beats:
        assert beat.dominant
        assert beat.p is not None
        assert beat.qrs is not None
        assert beat.t is not None
        assert beat.p.onset_s < beat.p.offset_s <= beat.qrs.onset_s < beat.r_s < beat.qrs.offset_s < beat.t.offset_s


def test_without_p_waves_no_pr_but_everything_else() -> None:
    rng = np.random.default_rng(5)
    irregular = (0.4 + np.cumsum(rng.uniform(0.5, 1.1, 11))).tolist()
    found = measure(ecg(irregular, p=False))
    assert found.regular is False
    assert (found.pr_ms, found.p_ms, found.p_axis_deg) == (None, None, None)
    assert found.not_measurable["pr_ms"].startswith("no P wave found")
    assert "irregular" in found.notes["heart_rate_bpm"]
    assert found.qrs_ms is not None
    assert found.heart_rate_bpm == pytest.approx(60.0 / np.diff(irregular).mean(), abs=1.0)


def test_p_waves_unrelated_to_the_qrs_make_no_pr() -> None:
    record = ecg([0.7 + 1.6 * k for k in range(12)], p=False, seconds=20.0)
    t = np.arange(record.n_samples) / 500
    p = sum((0.12 * bump(t, s, 0.02) for s in np.arange(0.2, 20.0, 0.73)), np.zeros_like(t))
    dissociated = replace(record, signal=(record.signal + 0.8 * p).astype(np.float32))
    found = measure(dissociated)
    assert found.pr_ms is None
    assert found.heart_rate_bpm == pytest.approx(37.5, abs=1.0)


def test_a_wrong_gain_costs_voltages_only() -> None:
    right, record = measure(ecg(REGULAR)), ecg(REGULAR)
    wrong = measure(replace(record, signal=record.signal / np.float32(1000.0)))
    assert wrong.sokolow_lyon_mv is None
    assert wrong.r_mv == {}
    for name in ("sokolow_lyon_mv", "cornell_mv", "r_mv", "s_mv", "st_mv"):
        assert wrong.not_measurable[name] == "the gain is in doubt"
    for name in ("p_ms", "pr_ms", "qrs_ms", "qt_ms"):
        assert getattr(wrong, name) == pytest.approx(getattr(right, name), abs=2.0), name


def test_linear_corrections_of_qt_end_where_they_turn_negative() -> None:
    found = measure(ecg([1.0, 5.5, 10.0], seconds=12.0))
    assert found.heart_rate_bpm == pytest.approx(13.3, abs=0.1)
    assert found.qt_ms is not None
    assert found.qtc_fridericia_ms is not None
    assert found.qtc_framingham_ms is None
    assert found.not_measurable["qtc_framingham_ms"] == "the formula fails at 13/min"


def test_dead_lead_one() -> None:
    record = ecg(REGULAR)
    record.signal[LEADS.index("I")] = 0.0
    record.signal[LEADS.index("V1")] = np.nan
    found = measure(record)
    assert found.qrs_axis_deg is None
    assert "I cannot be used" in found.not_measurable["qrs_axis_deg"]
    assert found.sokolow_lyon_mv is None
    assert {"I", "V1"}.isdisjoint(found.st_mv)
    assert found.qrs_ms is not None


def test_long_records_are_measured_on_their_beginning_and_say_so() -> None:
    found = measure(ecg([0.5 + 0.9 * k for k in range(390)], seconds=352.0))
    assert found.beats[-1].r_s < 300.5
    assert "first 300 s" in found.notes["heart_rate_bpm"]


def test_a_gap_is_no_pause() -> None:
    record = ecg(REGULAR)
    record.signal[:, 2000:3500] = np.nan
    found = measure(record)
    assert found.heart_rate_bpm == pytest.approx(75.0, abs=0.5)
    assert found.longest_pause_ms == pytest.approx(800.0, abs=10.0)
    assert found.regular is True
    assert "no lead has a signal from 4.0 to 7.0 s" in found.notes["heart_rate_bpm"]


def test_a_long_record_has_no_pause_where_it_was_not_measured() -> None:
    ten = ecg(REGULAR)
    record = replace(ten, signal=np.tile(ten.signal[:, :4800], (1, 33)))
    found = measure(record)
    assert found.measured_s == (0.0, 300.0)
    pause = next(finding for finding in find_findings(record, found) if finding.code == "pause")
    assert pause.state == "absent"


def test_no_heart_beat() -> None:
    found = measure(ecg([]))
    assert found.n_beats == 0
    assert found.median_beat is None
    assert found.not_measurable["heart_rate_bpm"] == "no heart beat was found"


def test_a_sine_is_told_from_noise() -> None:
    record = ecg([])
    swings = np.sin(2 * np.pi * 5.0 * np.arange(record.n_samples) / 500.0) * np.linspace(0.5, 1.5, 12)[:, np.newaxis]
    found = measure(replace(record, signal=(record.signal + swings).astype(np.float32)))
    assert found.heart_rate_bpm is None
    assert "without a rest" in found.not_measurable["heart_rate_bpm"]


def test_corrected_qt_by_four_formulas() -> None:
    # At 60 a minute all formulas leave QT alone; at 100 a minute by hand from the formulas.
    assert set(corrected_qt(400.0, 60.0).values()) == {400.0}
    fast = corrected_qt(320.0, 100.0)
    assert fast["bazett"] == pytest.approx(413.1, abs=0.1)
    assert fast["fridericia"] == pytest.approx(379.4, abs=0.1)
    assert fast["framingham"] == pytest.approx(381.6, abs=0.1)
    assert fast["hodges"] == pytest.approx(390.0, abs=0.1)


def test_rhythm_of_few_beats() -> None:
    assert measure_rhythm(np.array([1.0])) is None
    assert measure_rhythm(np.array([1.0, 3.0]), [(1.5, 2.5)]) is None
    two = measure_rhythm(np.array([1.0, 2.0]))
    assert two is not None
    assert two.heart_rate_bpm == pytest.approx(60.0)
    assert two.regular is None


def stair(values: dict[str, tuple[float, float, float]]) -> tuple[MedianBeat, WaveBoundaries]:
    """A beat with a level before, a QRS from -40 to 40 ms and a level after, in mV per lead."""
    t = np.arange(-100, 200) / 500
    rows = [np.where(t < -0.04, a, np.where(t <= 0.04, b, c)) for a, b, c in values.values()]
    names = tuple(values)
    beat = MedianBeat(np.array(rows, dtype=np.float32), names, 500.0, 100, 5, usable_leads=names)
    return beat, WaveBoundaries(-0.04, 0.04)


def test_levels_are_against_the_one_before_the_qrs() -> None:
    beat, qrs = stair({"I": (0.5, 1.5, 0.7), "aVF": (-0.2, -1.0, -0.3), "V1": (0.0, -0.4, 0.0)})
    assert st_levels(beat, qrs) == pytest.approx({"I": 0.2, "aVF": -0.1, "V1": 0.0}, abs=1e-6)
    r_mv, s_mv = qrs_deflections(beat, qrs)
    assert r_mv == pytest.approx({"I": 1.0, "aVF": 0.0, "V1": 0.0}, abs=1e-6)
    assert s_mv == pytest.approx({"I": 0.0, "aVF": 0.8, "V1": 0.4}, abs=1e-6)
    assert frontal_axis(beat, qrs, qrs.onset_s) == pytest.approx(
        np.degrees(np.arctan2(-1.6 / np.sqrt(3), 1.0)), abs=0.5
    )
    np.testing.assert_allclose(on_base_line(beat, qrs, None)[:, :80], 0.0, atol=1e-6)


def test_a_wave_without_direction_has_no_axis() -> None:
    beat, qrs = stair({"I": (0.0, 0.0, 0.0), "aVF": (0.0, 0.0, 0.0)})
    assert frontal_axis(beat, qrs, qrs.onset_s) is None


def test_voltage_sums_need_their_leads() -> None:
    assert sokolow_lyon_mv({"V6": 1.2}, {"V1": 0.9}) == pytest.approx(2.1)
    assert sokolow_lyon_mv({"V5": 1.5, "V6": 1.2}, {"V1": 0.9}) == pytest.approx(2.4)
    assert sokolow_lyon_mv({"V4": 1.2}, {"V1": 0.9}) is None
    assert cornell_mv({"aVL": 0.5}, {"V3": 1.1}) == pytest.approx(1.6)
    assert cornell_mv({"aVL": 0.5}, {}) is None


def complete(found: Measurements) -> bool:
    """Whether every scalar is a number or has its reason."""
    names = ("heart_rate_bpm", "p_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "qrs_axis_deg", "cornell_mv")
    return all((getattr(found, name) is None) == (name in found.not_measurable) for name in names)


@pytest.mark.dataset
@pytest.mark.slow
def test_every_real_record_is_measured(data_folder: Path) -> None:
    headers = [path for path in sorted(data_folder.rglob("*.hea")) if "vendor" not in str(path)]
    assert len(headers) > 100
    n_measured = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in headers:
            try:
                record = read_record(path)
            except CardioVError:
                continue
            found = measure(record)
            assert complete(found), path
            n_measured += found.heart_rate_bpm is not None
    assert n_measured >= 0.98 * len(headers)
