"""Findings on hand-made measurements: which side of a limit is 'present', what is said, what is not measurable."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    STANDARD_LEADS,
    BeatBoundaries,
    EcgRecord,
    Finding,
    LeadQuality,
    Measurements,
    MedianBeat,
    Quality,
    QualityVerdict,
    Reason,
    Sex,
    WaveBoundaries,
)
from cardiov_core.signals.findings import ROWS, find_findings

RATE_HZ = 500.0


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    return generate("normal", seed=1)


def _finding(record: EcgRecord, code: str, quality: Quality | None = None, **fields: Any) -> Finding:
    fields = {"measured_s": (0.0, record.duration_s), **fields}
    return {item.code: item for item in find_findings(record, Measurements(**fields), quality)}[code]


def _beat(heights_mv: Mapping[str, float], *, depths_mv: Mapping[str, float] | None = None) -> MedianBeat:
    """A beat of two rectangles: 40 ms at the stated height, then 40 ms at minus the stated depth."""
    depths = depths_mv or {}
    signal = np.zeros((len(heights_mv), 400), dtype=np.float32)
    for row, (lead, height) in enumerate(heights_mv.items()):
        signal[row, 190:210] = height
        signal[row, 210:230] = -depths.get(lead, 0.0)
    qrs = WaveBoundaries(-0.020, 0.062)
    return MedianBeat(signal, tuple(heights_mv), RATE_HZ, r_index=200, n_beats=8, qrs=qrs)


def _quality(
    verdict: QualityVerdict = QualityVerdict.ACCEPTABLE,
    *,
    bad: tuple[str, ...] = (),
    reasons: tuple[Reason, ...] = (),
    factor: float | None = None,
) -> Quality:
    states = {True: QualityVerdict.NOT_ANALYSABLE, False: QualityVerdict.ACCEPTABLE}
    leads = tuple(LeadQuality(lead, states[lead in bad]) for lead in STANDARD_LEADS)
    return Quality(verdict, leads, reasons, factor)


def test_every_rule_answers_once_and_gives_a_reason(record: EcgRecord) -> None:
    findings = find_findings(record, Measurements())
    assert tuple(item.code for item in findings) == tuple(ROWS)
    assert all(item.reason.endswith(".") and item.title[0].isupper() for item in findings)
    assert not any(item.critical for item in findings)
    numbers = [item for item in findings if not item.code.startswith(("low_qrs", "pacing", "failure", "sgarbossa"))]
    assert {item.state for item in numbers} == {"not measurable"}


@pytest.mark.parametrize(
    ("code", "field", "present", "absent"),
    [
        ("bradycardia", "heart_rate_bpm", 53.4, 54.0),
        ("tachycardia", "heart_rate_bpm", 101.0, 100.4),
        ("severe_bradycardia", "heart_rate_bpm", 39.0, 40.0),
        ("severe_tachycardia", "heart_rate_bpm", 151.0, 150.0),
        ("prolonged_pr", "pr_ms", 215.0, 214.0),
        ("wide_qrs", "qrs_ms", 119.6, 119.4),
        ("long_qtc", "qtc_fridericia_ms", 475.0, 474.0),
        ("critical_qtc", "qtc_fridericia_ms", 500.0, 499.0),
        ("lvh_voltage_sokolow_lyon", "sokolow_lyon_mv", 3.50, 3.49),
        ("lvh_voltage_cornell", "cornell_mv", 2.01, 2.00),
    ],
)
def test_limits_of_a_woman(record: EcgRecord, code: str, field: str, present: float, absent: float) -> None:
    woman = replace(record, sex="female")
    for value, state in ((present, "present"), (absent, "absent")):
        finding = _finding(woman, code, **{field: value})
        assert finding.state == state
        assert finding.measured == {field: value}
        assert finding.confidence is not None
        assert finding.confidence >= 0.3  # what is printed decides, and is rounded
        shown = f"{value:.2f} mV" if field.endswith("_mv") else f"{value:.0f}"
        assert shown in finding.reason
    critical = code.startswith(("severe", "critical"))
    assert _finding(woman, code, **{field: present}).critical is critical
    assert not _finding(woman, code, **{field: absent}).critical
    missing = _finding(woman, code, not_measurable={field: "the record is too short"})
    assert (missing.state, missing.reason) == ("not measurable", "Not measurable: the record is too short.")


@pytest.mark.parametrize(
    ("sex", "qtc_ms", "cornell_mv", "states", "said"),
    [
        ("male", 465.0, 2.80, ("present", "absent"), "465 ms for men"),
        ("female", 465.0, 2.80, ("absent", "present"), "475 ms for women"),
        (None, 474.0, 2.80, ("absent", "absent"), "the sex is not stated (465 ms for men)"),
        (None, 475.0, 2.81, ("present", "present"), "475 ms, the limit of either sex"),
    ],
)
def test_limits_by_sex_are_said_and_an_unknown_sex_gets_the_one_that_holds_for_both(
    record: EcgRecord, sex: Sex | None, qtc_ms: float, cornell_mv: float, states: tuple[str, str], said: str
) -> None:
    patient = replace(record, sex=sex)
    qtc = _finding(patient, "long_qtc", qtc_fridericia_ms=qtc_ms)
    cornell = _finding(patient, "lvh_voltage_cornell", cornell_mv=cornell_mv)
    assert (qtc.state, cornell.state) == states
    assert said in qtc.reason


def test_a_wide_qrs_speaks_against_a_finding(record: EcgRecord) -> None:
    fields = {"qtc_fridericia_ms": 510.0, "sokolow_lyon_mv": 4.0}
    (said,) = _finding(record, "long_qtc", qrs_ms=150.0, **fields).against
    assert said == "QRS is wide (150 ms), which lengthens QT by itself."
    (said,) = _finding(record, "lvh_voltage_sokolow_lyon", qrs_ms=150.0, **fields).against
    assert "meant for a narrow one" in said
    assert _finding(record, "critical_qtc", qrs_ms=100.0, **fields).against == ()


def _beats(*times_s: float) -> tuple[BeatBoundaries, ...]:
    return tuple(BeatBoundaries(time, None, None, None) for time in times_s)


@pytest.mark.parametrize(
    ("times_s", "longest_ms", "expected_ms", "said"),
    [
        ((0.5, 1.5, 2.5, 5.6, 6.6, 7.6, 8.6, 9.6), 3100.0, 3100.0, "between two beats"),
        ((0.5, 1.5, 2.5, 5.5, 6.5, 7.5, 8.5, 9.5), 3000.0, 3000.0, "between two beats"),
        ((3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5), 1000.0, 3500.0, "before the first beat, at least"),
        ((0.5, 1.5, 2.5), 1000.0, 7500.0, "after the last beat, at least"),
        ((2.0,), None, 8000.0, "after the last beat, at least"),
    ],
)
def test_a_pause_counts_between_beats_and_at_both_ends(
    record: EcgRecord, times_s: tuple[float, ...], longest_ms: float | None, expected_ms: float, said: str
) -> None:
    finding = _finding(record, "pause", beats=_beats(*times_s), longest_pause_ms=longest_ms)
    assert finding.state == ("present" if expected_ms > 3000.0 else "absent")
    assert finding.critical is (finding.state == "present")
    assert finding.measured["longest_pause_ms"] == pytest.approx(expected_ms)
    assert said in finding.reason


def test_irregularity_is_said_with_its_size(record: EcgRecord) -> None:
    fields = {"rr_mean_ms": 800.0, "rr_sd_ms": 90.0, "rr_min_ms": 620.0, "longest_pause_ms": 981.0}
    finding = _finding(record, "irregular_rhythm", regular=False, **fields)
    assert finding.state == "present"
    assert finding.reason == (
        "RR intervals (620 to 981 ms) vary with a standard deviation of 90 ms, 11.2 % of their mean; present over 7 %."
    )
    assert finding.measured == {"rr_mean_ms": 800.0, "rr_sd_ms": 90.0, "rr_min_ms": 620.0, "rr_max_ms": 981.0}
    assert _finding(record, "irregular_rhythm", regular=True, **fields).state == "absent"


@pytest.mark.parametrize(
    ("one", "two", "avf", "present"),
    [
        (1.0, 1.0, 1.0, set()),
        (1.0, 1.0, -1.0, {"left_2"}),
        (1.0, -1.0, -1.0, {"left_2", "left_3"}),
        (-1.0, 1.0, 1.0, {"right_2", "right_3"}),
        (-1.0, -1.0, 1.0, {"right_2"}),
        (-1.0, -1.0, -1.0, set()),
    ],
)
def test_axis_by_the_signs_of_two_and_three_leads(
    record: EcgRecord, one: float, two: float, avf: float, present: set[str]
) -> None:
    # Table of section 5 of the paper: left = I up, aVF down (and II down); right = I down, aVF up (and II up).
    beat = _beat({"I": one, "II": two, "aVF": avf})
    found = {
        f"{side}_{count}"
        for side in ("left", "right")
        for count in (2, 3)
        if _finding(record, f"{side}_axis_deviation_{count}_lead", median_beat=beat).state == "present"
    }
    assert found == present


def test_axis_says_area_and_r_minus_s_and_follows_the_heights(record: EcgRecord) -> None:
    # R 1.0 mV for 40 ms and S 1.2 mV for 20 ms: S is deeper, though the net area is 40 * 1.0 - 20 * 1.2 = 16 mV ms.
    beat = _beat({"I": 1.0, "II": 1.0, "aVF": 1.0}, depths_mv={"aVF": 1.2})
    beat.signal[2, 220:] = 0.0
    finding = _finding(record, "left_axis_deviation_2_lead", median_beat=beat, qrs_axis_deg=-12.0)
    assert finding.state == "present"
    assert finding.measured["aVF_qrs_area_mv_ms"] == pytest.approx(16.0, abs=0.1)
    assert finding.measured["aVF_r_minus_s_mv"] == pytest.approx(-0.2, abs=1e-6)
    assert finding.measured["qrs_axis_deg"] == -12.0
    assert "aVF negative (R - S -0.20 mV, area +16.0 mV ms)" in finding.reason
    assert "axis -12 degrees" in finding.reason


def test_axis_needs_its_leads_on_their_arms(record: EcgRecord) -> None:
    beat = _beat({"I": 1.0, "II": 1.0, "aVF": -1.0})
    dead = _finding(record, "left_axis_deviation_3_lead", _quality(bad=("II",)), median_beat=beat)
    assert (dead.state, dead.reason) == ("not measurable", "Not measurable: no QRS in II.")
    assert _finding(record, "left_axis_deviation_2_lead", _quality(bad=("II",)), median_beat=beat).state == "present"


def _all_leads(limb_mv: float, chest_mv: float) -> dict[str, float]:
    return {lead: limb_mv if index < 6 else chest_mv for index, lead in enumerate(STANDARD_LEADS)}


@pytest.mark.parametrize(
    ("limb_mv", "chest_mv", "states"),
    [
        (0.49, 0.99, ("present", "present")),
        (0.50, 1.00, ("absent", "absent")),
        (0.40, 1.50, ("present", "absent")),
        (0.80, 0.90, ("absent", "present")),
    ],
)
def test_low_voltage_of_the_median_qrs(
    record: EcgRecord, limb_mv: float, chest_mv: float, states: tuple[str, str]
) -> None:
    beat = _beat(_all_leads(limb_mv, chest_mv))
    limb = _finding(record, "low_qrs_voltage_limb", median_beat=beat)
    chest = _finding(record, "low_qrs_voltage_precordial", median_beat=beat)
    assert (limb.state, chest.state) == states
    assert limb.measured["largest_peak_to_peak_mv"] == pytest.approx(limb_mv, abs=1e-6)
    assert f"QRS {chest_mv:.2f} mV from peak to peak" in chest.reason


def test_low_voltage_needs_all_leads_and_its_absence_only_one(record: EcgRecord) -> None:
    bad = _quality(bad=("III", "V2"))
    low = _finding(record, "low_qrs_voltage_limb", bad, median_beat=_beat(_all_leads(0.4, 0.8)))
    assert low.state == "not measurable"
    assert "but III cannot be used" in low.reason
    tall = _finding(record, "low_qrs_voltage_precordial", bad, median_beat=_beat(_all_leads(0.4, 1.8)))
    assert tall.state == "absent"
    none = _finding(record, "low_qrs_voltage_limb", _quality(bad=STANDARD_LEADS), median_beat=_beat(_all_leads(1, 1)))
    assert none.state == "not measurable"


def test_low_voltage_takes_windows_where_no_qrs_was_found(record: EcgRecord) -> None:
    # A slow sine of 0.4 mV, 2 s a turn: within 0.12 s it rises by 0.2 * 2 * sin(pi * 0.12 / 2) = 0.075 mV at most.
    time_s = np.arange(5000) / RATE_HZ
    quiet = np.tile(0.2 * np.sin(np.pi * time_s), (12, 1)).astype(np.float32)
    quiet[:, 100:105] = np.nan
    finding = _finding(replace(record, signal=quiet), "low_qrs_voltage_limb")
    assert finding.state == "present"
    assert "0.12 s of signal, since no QRS was found" in finding.reason
    assert finding.measured["largest_peak_to_peak_mv"] == pytest.approx(0.0750, abs=0.001)
    quiet[:, 2000:2010] += 1.2
    tall = _finding(replace(record, signal=quiet), "low_qrs_voltage_precordial")
    assert tall.state == "not measurable"
    assert "which may be noise" in tall.reason
    nothing = replace(record, signal=np.full((12, 5000), np.nan, dtype=np.float32))
    assert _finding(nothing, "low_qrs_voltage_limb").state == "not measurable"


def test_voltages_are_not_judged_under_a_gain_that_is_probably_wrong(record: EcgRecord) -> None:
    wrong = _quality(QualityVerdict.NOT_ANALYSABLE, factor=5.0)
    fields = {"sokolow_lyon_mv": 0.5, "cornell_mv": 0.3, "qrs_ms": 90.0, "median_beat": _beat(_all_leads(0.1, 0.2))}
    for code in ROWS:
        if code.startswith(("lvh", "low_qrs", "st_", "q_waves")):
            finding = _finding(record, code, wrong, **fields)
            assert finding.state == "not measurable"
            assert "gain is probably wrong by a factor of 5" in finding.reason
    assert _finding(record, "wide_qrs", wrong, **fields).state == "absent"
    scaled = {"r_mv": "each lead has a gain of its own"}
    own = _finding(record, "low_qrs_voltage_limb", median_beat=_beat(_all_leads(0.4, 0.4)), not_measurable=scaled)
    assert (own.state, own.reason) == ("not measurable", "Not measurable: each lead has a gain of its own.")
    warned = _quality(QualityVerdict.LIMITED, factor=5.0)
    assert _finding(record, "lvh_voltage_cornell", warned, **fields).state == "absent"


def test_pacing_by_its_spikes(record: EcgRecord) -> None:
    paced = _finding(record, "pacing", pacing_spikes_s=(0.42, 1.42))
    assert paced.state == "present"
    assert paced.reason == "2 spikes, the first at 0.42 s."
    assert _finding(record, "pacing").state == "absent"
    slow = _finding(record, "pacing", not_measurable={"pacing_spikes_s": "100 Hz are too few samples for a spike"})
    assert slow.state == "not measurable"
