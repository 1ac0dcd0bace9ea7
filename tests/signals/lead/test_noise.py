"""Noise, drift, hum, clipping and limb leads that contradict one another: known amounts on an ECG made by the test."""

import dataclasses

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS, EcgRecord, LeadQuality, Provenance, QualityVerdict, Reason, ReasonCode
from cardiov_core.domain.reasons import texts
from cardiov_core.signals import assess_quality, distortions
from cardiov_core.signals.lead.lead_faults import LeadFault, fault_reasons

AMPLITUDES_MV = np.array([0.8, 1.2, 0.4, -1.0, 0.2, 0.8, -0.9, -1.1, 0.5, 1.3, 1.4, 1.1])
LIMBS = range(6)


def ecg(rate: float = 500.0, duration_s: float = 10.0) -> EcgRecord:
    t = np.arange(round(duration_s * rate)) / rate
    wave = sum(
        np.exp(-0.5 * ((t - s) / 0.015) ** 2) + 0.2 * np.exp(-0.5 * ((t - s - 0.25) / 0.05) ** 2)
        for s in np.arange(0.5, duration_s, 0.857)
    )
    signal = AMPLITUDES_MV[:, np.newaxis] * wave + np.random.default_rng(0).normal(0, 0.002, (12, t.size))
    return EcgRecord(signal.astype(np.float32), STANDARD_LEADS, rate, "made", Provenance("made", "WFDB"))


def plus(record: EcgRecord, added: np.ndarray, *leads: str) -> EcgRecord:
    signal = record.signal.copy()
    for lead in leads or record.leads:
        signal[record.leads.index(lead)] += added.astype(np.float32)
    return dataclasses.replace(record, signal=signal)


def seconds(record: EcgRecord) -> np.ndarray:
    return np.arange(record.n_samples) / record.sampling_rate


def lead(record: EcgRecord, name: str) -> LeadQuality:
    return next(item for item in assess_quality(record).leads if item.lead == name)


def test_drift_is_measured_over_a_column_of_the_paper() -> None:
    record = ecg()
    swaying = plus(record, 0.4 * np.sin(2 * np.pi * 0.2 * seconds(record)), "V1", "V2", "V3")
    quality = assess_quality(swaying)
    assert quality.verdict is QualityVerdict.LIMITED
    assert texts(quality.reasons) == ("V1, V2 and V3 drift by up to 0.8 mV.",)
    assert distortions(quality) == ("drift_mv",)
    # A median over one second takes the tops off a sine of five seconds: 6 %.
    assert lead(swaying, "V2").measured["drift_mv"] == pytest.approx(0.8, rel=0.1)
    slow = plus(record, 0.08 * seconds(record))
    assert assess_quality(slow).verdict is QualityVerdict.ACCEPTABLE
    assert lead(slow, "I").measured["drift_mv"] == pytest.approx(0.2, abs=0.03)


def test_one_drifting_lead_is_that_leads_matter_unless_it_drifts_far_more() -> None:
    record = ecg()
    a_little = plus(record, 0.35 * np.sin(2 * np.pi * 0.2 * seconds(record)), "V3")
    quality = assess_quality(a_little)
    assert quality.verdict is QualityVerdict.ACCEPTABLE
    assert texts(quality.reasons) == ()
    assert lead(a_little, "V3").verdict is QualityVerdict.LIMITED
    assert texts(lead(a_little, "V3").reasons) == ("V3 drifts by 0.7 mV.",)
    assert distortions(quality) == ()
    much = plus(record, 0.9 * np.sin(2 * np.pi * 0.2 * seconds(record)), "V3")
    assert assess_quality(much).verdict is QualityVerdict.LIMITED
    assert texts(assess_quality(much).reasons) == ("V3 drifts by 1.7 mV.",)
    assert distortions(assess_quality(much)) == ("drift_mv",)


@pytest.mark.parametrize("hz", [50, 60])
def test_hum_is_named_with_its_frequency_and_not_called_muscle_noise(hz: int) -> None:
    record = ecg()
    barely = assess_quality(plus(record, 0.025 * np.sin(2 * np.pi * hz * seconds(record) + 1.0)))
    assert barely.verdict is QualityVerdict.ACCEPTABLE
    assert barely.leads[8].verdict is QualityVerdict.LIMITED
    humming = plus(record, 0.06 * np.sin(2 * np.pi * hz * seconds(record) + 1.0))
    quality = assess_quality(humming)
    assert quality.verdict is QualityVerdict.LIMITED
    assert len(quality.reasons) == 1
    assert texts(quality.reasons)[0].endswith(f"carry mains hum of up to 0.1 mV at {hz} Hz.")
    assert distortions(quality) == ("hum_mv",)
    assert lead(humming, "V5").measured["hum_mv"] == pytest.approx(0.12, rel=0.12)


def test_muscle_noise_limits_and_never_more() -> None:
    record = ecg()
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.03, (12, record.n_samples)).astype(np.float32)
    quality = assess_quality(dataclasses.replace(record, signal=record.signal + noise))
    assert quality.verdict is QualityVerdict.LIMITED
    assert any("of muscle noise" in reason for reason in texts(quality.reasons))
    # White noise loses the 14 % of its power below 35 Hz.
    assert quality.leads[6].measured["noise_mv"] == pytest.approx(0.03 * np.sqrt(1 - 35 / 250), rel=0.1)
    assert quality.leads[6].verdict is QualityVerdict.LIMITED


def test_a_burst_is_found_where_the_typical_noise_is_small() -> None:
    record = ecg()
    burst = np.zeros(record.n_samples)
    burst[1300:1400] = np.random.default_rng(2).normal(0, 0.2, 100)
    noisy = plus(record, burst, "V1", "V2", "V3")
    quality = assess_quality(noisy)
    assert quality.verdict is QualityVerdict.LIMITED
    assert len(quality.reasons) == 1
    assert texts(quality.reasons)[0].startswith("V1, V2 and V3 have bursts of noise of up to 0.")
    assert distortions(quality) == ("burst_mv",)
    assert lead(noisy, "V1").measured["burst_mv"] == pytest.approx(0.19, abs=0.06)
    assert lead(noisy, "V1").measured["noise_mv"] < 0.004


def test_clipping_needs_repeated_runs_at_a_rail() -> None:
    record = ecg()
    signal = record.signal.copy()
    row = STANDARD_LEADS.index("V5")
    signal[row] = np.minimum(signal[row], 0.9)
    quality = assess_quality(dataclasses.replace(record, signal=signal))
    assert quality.verdict is QualityVerdict.LIMITED
    assert texts(quality.reasons) == ("V5 is clipped at 0.9 mV.",)
    once = record.signal.copy()
    once[row, 250:260] = once[row].max() + 0.1
    assert assess_quality(dataclasses.replace(record, signal=once)).verdict is QualityVerdict.ACCEPTABLE


def test_a_lead_held_at_its_limit_for_long_is_clipped_and_a_quiet_base_line_is_not() -> None:
    record = ecg()
    row = STANDARD_LEADS.index("V5")
    stuck = record.signal.copy()
    stuck[row, 2600:2800] = 3.0
    assert texts(assess_quality(dataclasses.replace(record, signal=stuck)).reasons) == ("V5 is clipped at 3.0 mV.",)
    coarse = record.signal.copy()
    coarse[row] = np.maximum(np.round(coarse[row] / 0.01) * 0.01, 0.0)
    assert texts(assess_quality(dataclasses.replace(record, signal=coarse)).reasons) == ()


def test_a_limb_lead_that_contradicts_the_others_is_told() -> None:
    record = ecg()
    signal = record.signal.copy()
    signal[STANDARD_LEADS.index("III")] *= -1.0
    quality = assess_quality(dataclasses.replace(record, signal=signal))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert len(quality.reasons) == 1
    assert texts(quality.reasons)[0].startswith("The limb leads contradict one another by ")
    assert texts(quality.reasons)[0].endswith("They agree if III is upside down.")
    assert all(quality.leads[index].verdict is QualityVerdict.LIMITED for index in LIMBS)
    assert all(item.verdict is QualityVerdict.ACCEPTABLE for item in quality.leads[6:])


def test_a_gain_for_each_lead_is_told_and_does_not_limit() -> None:
    record = ecg()
    # Two sources, so that no lead is a multiple of another one.
    second = (
        np.roll(record.lead("I"), 40)[np.newaxis] * np.array([0.3, -0.2, -0.5, -0.05, 0.4, -0.35] + [0.0] * 6)[:, None]
    )
    signal = record.signal + second.astype(np.float32)
    consistent = dataclasses.replace(record, signal=signal)
    assert texts(assess_quality(consistent).reasons) == ()
    each = signal / np.ptp(signal, axis=1, keepdims=True)
    quality = assess_quality(dataclasses.replace(record, signal=each))
    assert quality.verdict is QualityVerdict.ACCEPTABLE
    assert texts(quality.reasons) == (
        "The limb leads agree only if each has a gain of its own: "
        "do not compare amplitudes between leads, nor trust axes and voltages.",
    )


def test_faults_are_told_in_one_sentence_for_all_leads_of_which_they_are_true() -> None:
    faults = [
        LeadFault(ReasonCode.DRIFT, "V1", QualityVerdict.LIMITED, "drifts by {}", "drift by up to {}", 0.71),
        LeadFault(ReasonCode.DRIFT, "V2", QualityVerdict.LIMITED, "drifts by {}", "drift by up to {}", 1.26),
        LeadFault(ReasonCode.LEAD_FLAT, "V3", QualityVerdict.NOT_ANALYSABLE, "is flat", "are flat"),
        LeadFault(
            ReasonCode.MUSCLE_NOISE, "V4", QualityVerdict.LIMITED, "trembles by {}", "tremble by up to {}", 0.0123
        ),
    ]
    assert fault_reasons(faults) == (
        Reason(ReasonCode.DRIFT, "V1 and V2 drift by up to 1.3 mV.", ("V1", "V2")),
        Reason(ReasonCode.LEAD_FLAT, "V3 is flat.", ("V3",)),
        Reason(ReasonCode.MUSCLE_NOISE, "V4 trembles by 0.01 mV.", ("V4",)),
    )


def _bad_inputs() -> dict[str, EcgRecord]:
    record = ecg()
    holes = record.signal.copy()
    holes[2] = np.nan
    holes[5, 100:900] = np.nan
    holes[7, ::7] = np.inf
    constant = np.full_like(record.signal, 1.5)
    return {
        "gaps": dataclasses.replace(record, signal=holes),
        "all missing": dataclasses.replace(record, signal=np.full_like(record.signal, np.nan)),
        "constant": dataclasses.replace(record, signal=constant),
        "one lead": dataclasses.replace(record, signal=record.signal[1:2], leads=("II",)),
        "no lead": dataclasses.replace(record, signal=record.signal[:0], leads=()),
        "two seconds": ecg(duration_s=2.0),
        "half a second": ecg(duration_s=0.5),
        "three samples": dataclasses.replace(record, signal=record.signal[:, :3]),
        "no sample": dataclasses.replace(record, signal=record.signal[:, :0]),
        "huge": dataclasses.replace(record, signal=record.signal * np.float32(1e30)),
        "80 Hz": ecg(rate=80.0),
        "2000 Hz": ecg(rate=2000.0),
        "65 s": ecg(rate=100.0, duration_s=65.0),
    }


@pytest.mark.parametrize("name", list(_bad_inputs()))
def test_every_input_gets_a_verdict_with_reasons(name: str) -> None:
    quality = assess_quality(_bad_inputs()[name])
    assert [item.lead for item in quality.leads] == list(STANDARD_LEADS)
    assert quality.reasons or quality.verdict is QualityVerdict.ACCEPTABLE
    assert all(item.reasons or item.verdict is QualityVerdict.ACCEPTABLE for item in quality.leads)
    numbers = [number for item in quality.leads for number in item.measured.values()]
    assert np.isfinite(numbers).all()
    if name in {"80 Hz", "2000 Hz", "65 s"}:
        assert quality.verdict is QualityVerdict.ACCEPTABLE
    else:
        assert quality.verdict is QualityVerdict.NOT_ANALYSABLE or name == "gaps"
