"""Leads that are not what they are called: contradictory, reversed, copied, silent, low-passed."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from cardiov_core.domain import CHEST_LEADS, LIMB_LEADS, STANDARD_LEADS, EcgRecord, QualityVerdict, ReasonCode
from cardiov_core.domain.reasons import texts
from cardiov_core.signals import assess_quality, find_findings, measure
from tests.signals.beat.hearts import beats_at, record_of

BEATS_S = np.arange(0.5, 10, 0.9)


@pytest.fixture
def record() -> EcgRecord:
    return record_of(np.round(beats_at(BEATS_S) * 1000) / 1000)


def _named(record: EcgRecord, order: tuple[str, ...]) -> EcgRecord:
    """Put the leads into another order, but leave their names where they are."""
    rows = [STANDARD_LEADS.index(lead.removeprefix("-")) for lead in order]
    signs = np.array([[-1.0 if lead.startswith("-") else 1.0] for lead in order], dtype=np.float32)
    return replace(record, signal=record.signal[rows] * signs)


def _exchanged(one: str, other: str) -> tuple[str, ...]:
    names = {one: other, other: one}
    return tuple(names.get(lead, lead) for lead in STANDARD_LEADS)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ((*CHEST_LEADS, *LIMB_LEADS), "V1 to V6 before the limb leads"),
        (("aVL", "I", "-aVR", "II", "aVF", "III", *CHEST_LEADS), "Cabrera"),
        (("aVR", "aVL", "aVF", "I", "II", "III", *CHEST_LEADS), "aVR, aVL, aVF before I, II, III"),
        (_exchanged("II", "III"), "II and III are exchanged"),
        (_exchanged("aVR", "aVL"), "aVL, aVR, aVF"),
        (_exchanged("II", "V2"), "II and V2 are exchanged"),
        (("-I", *STANDARD_LEADS[1:]), "I is upside down"),
    ],
)
def test_contradictory_limb_leads_get_no_level_no_axis_and_a_likely_order(
    record: EcgRecord, order: tuple[str, ...], said: str
) -> None:
    wrong = _named(record, order)
    quality, found = assess_quality(wrong), measure(wrong)
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    (text,) = (reason.text for reason in quality.reasons if reason.code is ReasonCode.LIMB_LEADS_CONTRADICT)
    assert said in text
    assert found.qrs_axis_deg is None
    assert found.not_measurable["qrs_axis_deg"] == found.not_measurable["r_mv"]
    assert "contradict" in found.not_measurable["st_mv"]
    states = {finding.code: finding.state for finding in find_findings(wrong, found, quality)}
    assert states["left_axis_deviation_2_lead"] == states["lvh_voltage_cornell"] == "not measurable"


@pytest.mark.parametrize("kind", ["wander", "noise"])
def test_noise_and_wander_are_no_contradiction(record: EcgRecord, kind: str) -> None:
    rng = np.random.default_rng(2)
    t = np.arange(5000) / 500
    added = {
        "wander": 0.5 * np.sin(2 * np.pi * 0.35 * t + rng.uniform(0, 6, (12, 1))),
        "noise": rng.normal(0, 0.05, (12, 5000)),
    }[kind]
    disturbed = replace(record, signal=(record.signal + added).astype(np.float32))
    codes = {reason.code for reason in assess_quality(disturbed).reasons}
    assert ReasonCode.LIMB_LEADS_CONTRADICT not in codes
    assert measure(disturbed).qrs_axis_deg == pytest.approx(measure(record).qrs_axis_deg, abs=6)


def test_reversed_and_copied_chest_leads_are_not_acceptable(record: EcgRecord) -> None:
    backwards = assess_quality(_named(record, (*LIMB_LEADS, *CHEST_LEADS[::-1])))
    assert backwards.verdict is QualityVerdict.LIMITED
    assert "order were reversed" in " ".join(texts(backwards.reasons))
    signal = record.signal.copy()
    signal[6] = signal[7]
    copied = assess_quality(replace(record, signal=signal))
    assert copied.verdict is QualityVerdict.LIMITED
    assert texts(copied.reasons) == ("V1 and V2 hold the same signal: one of them is a copy.",)


def test_a_lead_of_noise_alone_is_dead(record: EcgRecord) -> None:
    signal = record.signal.copy()
    signal[9] = np.random.default_rng(0).normal(0, 0.003, 5000)
    quality = assess_quality(replace(record, signal=signal))
    assert quality.leads[9].verdict is QualityVerdict.NOT_ANALYSABLE
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE


def test_a_lead_that_is_flat_for_a_second_is_told(record: EcgRecord) -> None:
    signal = record.signal.copy()
    signal[8, 2000:2510] = signal[8, 2000]
    assert texts(assess_quality(replace(record, signal=signal)).reasons) == ("V3 holds one value for 1.0 s.",)


def test_a_low_pass_at_15_hz_is_told(record: EcgRecord) -> None:
    assert assess_quality(record).verdict is QualityVerdict.ACCEPTABLE
    filtered = sosfiltfilt(butter(4, 15.0, fs=500, output="sos"), record.signal, axis=1)
    quality = assess_quality(replace(record, signal=filtered.astype(np.float32)))
    assert quality.verdict is QualityVerdict.LIMITED
    assert quality.reasons[0].code is ReasonCode.LOW_PASSED
