"""The eight synthetic samples, the bad inputs, and ladders of ST: what must be found, and what must be left alone."""

from dataclasses import replace
from time import process_time

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import CONDITIONS, generate
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Finding, RhythmLine
from cardiov_core.signals import assess_quality, find_findings, measure, read_rhythm
from cardiov_core.signals.findings.evidence import region_of


def _all(record: EcgRecord) -> tuple[dict[str, Finding], RhythmLine]:
    measured = measure(record)
    findings = find_findings(record, measured, assess_quality(record))
    return {item.code: item for item in findings}, read_rhythm(record, measured, findings)


@pytest.fixture(scope="module")
def samples() -> dict[str, tuple[dict[str, Finding], RhythmLine]]:
    return {key: _all(generate(key)) for key in CONDITIONS}


@pytest.mark.parametrize(
    ("key", "found", "rhythm"),
    [
        ("normal", set(), "Sinus rhythm"),
        ("atrial_fibrillation", {"atrial_fibrillation"}, "Atrial fibrillation"),
        ("sinus_bradycardia", {"bradycardia"}, "Sinus bradycardia"),
        ("left_bundle_branch_block", {"left_bundle_branch_block"}, "Sinus rhythm"),
        ("inferior_st_elevation", {"st_elevation"}, "Sinus rhythm"),
        ("premature_ventricular_complexes", {"ventricular_premature_beats"}, "Sinus rhythm"),
        ("third_degree_block", {"av_block_3"}, "Third-degree AV block"),
        ("noise_and_lead_off", set(), "Sinus rhythm"),
    ],
)
def test_each_textbook_finding_is_found(
    samples: dict[str, tuple[dict[str, Finding], RhythmLine]], key: str, found: set[str], rhythm: str
) -> None:
    findings, line = samples[key]
    present = {code for code, item in findings.items() if item.state == "present"}
    assert found <= present
    assert line.text.startswith(rhythm)
    assert line.text.endswith("/min")


def test_a_normal_ecg_has_no_finding_on_show(samples: dict[str, tuple[dict[str, Finding], RhythmLine]]) -> None:
    for key in ("normal", "noise_and_lead_off"):
        findings, _ = samples[key]
        assert [item.code for item in findings.values() if item.state == "present" and item.shown] == []


def test_infarct_and_complete_block_are_critical(samples: dict[str, tuple[dict[str, Finding], RhythmLine]]) -> None:
    infarct = samples["inferior_st_elevation"][0]["st_elevation"]
    assert infarct.critical
    assert infarct.title == "ST elevation, inferior"
    assert infarct.leads == ("II", "III", "aVF")
    assert "reciprocal depression in aVL and I" in infarct.reason
    # The sample's ST is 0.37 mV in III by construction.
    assert infarct.j_mv["III"] == pytest.approx(0.37, abs=0.08)
    assert samples["third_degree_block"][0]["av_block_3"].critical
    for key in ("normal", "sinus_bradycardia", "premature_ventricular_complexes"):
        assert not any(item.critical for item in samples[key][0].values())


def test_premature_beats_are_counted_and_named(samples: dict[str, tuple[dict[str, Finding], RhythmLine]]) -> None:
    finding = samples["premature_ventricular_complexes"][0]["ventricular_premature_beats"]
    assert finding.beats
    assert f"{len(finding.beats)} of" in finding.title


def test_a_block_says_its_form_and_where_it_is_seen(samples: dict[str, tuple[dict[str, Finding], RhythmLine]]) -> None:
    reason = samples["left_bundle_branch_block"][0]["left_bundle_branch_block"].reason
    assert "; V1 negative and broad R without q in I, aVL, V5, V6: seen in V1, I, aVL, V5 and V6;" in reason


def test_walls_are_listed_as_one_lists_things() -> None:
    """Three walls were 'inferior and anteroseptal and lateral'."""
    assert region_of(frozenset(STANDARD_LEADS)) == "inferior, anteroseptal and lateral"
    assert region_of(frozenset({"II", "III", "aVF", "V5", "V6"})) == "inferior and lateral"


_WALLS = {
    # Lead -> share of the elevation; limb leads as Einthoven's and Goldberger's equations ask.
    "inferior": {"II": 1.0, "III": 1.0, "aVF": 1.0, "aVR": -0.5, "aVL": -0.5},
    "anterior": {"V2": 1.0, "V3": 1.0, "V4": 1.0},
    "lateral": {"I": 1.0, "II": 0.5, "III": -0.5, "aVR": -0.75, "aVL": 0.75, "V5": 1.0, "V6": 1.0},
}


def _raised(size_mv: float, wall: str) -> EcgRecord:
    """Raise ST of a normal record from the end of QRS into T, in the leads of one wall alone."""
    record = generate("normal", seed=3)
    signal = record.signal.copy()
    beats = [beat for beat in measure(record).beats if beat.qrs is not None]
    time_s = np.arange(record.n_samples) / record.sampling_rate
    for beat in beats:
        assert beat.qrs is not None
        begin, end = beat.qrs.offset_s - 0.012, beat.qrs.offset_s + 0.16
        rise = np.clip((time_s - begin) / 0.01, 0.0, 1.0) * np.clip((end - time_s) / 0.08, 0.0, 1.0)
        for lead, share in _WALLS[wall].items():
            signal[STANDARD_LEADS.index(lead)] += (share * size_mv * rise).astype(np.float32)
    return replace(record, signal=signal, sex="male", age=60.0)


@pytest.mark.parametrize("wall", list(_WALLS))
def test_st_elevation_begins_between_half_and_twice_its_limit(wall: str) -> None:
    states = {size: _all(_raised(size, wall))[0]["st_elevation"] for size in (0.05, 0.3, 0.5)}
    assert states[0.05].state == "absent"
    assert states[0.3].state == states[0.5].state == "present"
    assert states[0.5].critical
    assert set(states[0.5].leads) >= {lead for lead, share in _WALLS[wall].items() if share > 0.5}


def test_children_have_no_limits_of_adults() -> None:
    findings, _ = _all(replace(generate("inferior_st_elevation"), age=8.0))
    for code in ("st_elevation", "bradycardia", "wide_qrs", "lvh_voltage_cornell", "left_axis_deviation"):
        assert findings[code].state == "not measurable"
        assert "8 years old" in findings[code].reason


def test_swapped_arms_silence_axis_st_and_voltage() -> None:
    record = generate("inferior_st_elevation")
    signal = record.signal.copy()
    one, two, three, avr, avl, _ = (record.signal[row].copy() for row in range(6))
    signal[0], signal[1], signal[2], signal[3], signal[4] = -one, three, two, avl, avr
    swapped = replace(record, signal=signal)
    if assess_quality(swapped).limb_swap is None:
        pytest.skip("this swap is not suspected")
    findings, _ = _all(swapped)
    for code in ("st_elevation", "st_depression", "left_axis_deviation", "q_waves", "lvh_voltage_cornell"):
        assert findings[code].state == "not measurable"


def test_a_wrong_gain_silences_voltages() -> None:
    record = generate("inferior_st_elevation")
    findings, _ = _all(replace(record, signal=record.signal * np.float32(1000.0)))
    for code in ("st_elevation", "q_waves", "low_qrs_voltage_limb", "lvh_voltage_sokolow_lyon"):
        assert findings[code].state == "not measurable", code


def test_a_wide_escape_rhythm_tells_nothing_of_bundle_branches(
    samples: dict[str, tuple[dict[str, Finding], RhythmLine]],
) -> None:
    findings, _ = samples["third_degree_block"]
    for code in ("right_bundle_branch_block", "left_bundle_branch_block", "q_waves"):
        assert findings[code].state == "not measurable"
    assert findings["wide_qrs"].state == "present"


@pytest.mark.parametrize(("rate_hz", "duration_s"), [(100.0, 10.0), (500.0, 5.0)])
def test_slow_sampling_and_short_records_show_the_same(rate_hz: float, duration_s: float) -> None:
    for key, code in (
        ("inferior_st_elevation", "st_elevation"),
        ("left_bundle_branch_block", "left_bundle_branch_block"),
        ("atrial_fibrillation", "atrial_fibrillation"),
    ):
        findings, _ = _all(generate(key, sampling_rate_hz=rate_hz, duration_s=duration_s))
        assert findings[code].state == "present", key
    findings, _ = _all(generate("normal", sampling_rate_hz=rate_hz, duration_s=duration_s))
    assert not any(item.state == "present" and item.shown for item in findings.values())


def test_all_findings_of_a_record_take_a_fifth_of_a_second_at_most() -> None:
    record = generate("atrial_fibrillation")
    measured, quality = measure(record), assess_quality(record)
    find_findings(record, measured, quality)
    begun = process_time()
    find_findings(record, measured, quality)
    assert process_time() - begun < 0.2
