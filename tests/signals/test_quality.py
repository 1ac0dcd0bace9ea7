"""The quality gate on ECGs made by the test, and on real records: which are withheld, and why."""

import dataclasses
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets import data_root
from cardiov_core.domain import STANDARD_LEADS, EcgRecord, Provenance, Quality, QualityVerdict
from cardiov_core.domain.reasons import texts
from cardiov_core.io import read_record
from cardiov_core.signals import assess_quality

AMPLITUDES_MV = np.array([0.8, 1.2, 0.4, -1.0, 0.2, 0.8, -0.9, -1.1, 0.5, 1.3, 1.4, 1.1])
GAIN_PER_MV = 1000.0


def ecg(
    scale: float = 1.0, rate: float = 500.0, duration_s: float = 10.0, gains_per_mv: tuple[float, ...] | None = None
) -> EcgRecord:
    """Make a regular ECG of 70 beats a minute, in steps of 1 uV times `scale`."""
    t = np.arange(round(duration_s * rate)) / rate
    wave = sum(
        np.exp(-0.5 * ((t - s) / 0.015) ** 2) + 0.2 * np.exp(-0.5 * ((t - s - 0.25) / 0.05) ** 2)
        for s in np.arange(0.5, duration_s, 0.857)
    )
    signal = AMPLITUDES_MV[:, np.newaxis] * wave + np.random.default_rng(0).normal(0, 0.008, (12, t.size))
    signal = np.round(signal * GAIN_PER_MV) / GAIN_PER_MV * scale
    provenance = Provenance("made", "WFDB", gains_per_mv=gains_per_mv)
    return EcgRecord(signal.astype(np.float32), STANDARD_LEADS, rate, "made", provenance)


def with_lead(record: EcgRecord, lead: str, values: np.ndarray | float) -> EcgRecord:
    signal = record.signal.copy()
    signal[record.leads.index(lead)] = values
    return dataclasses.replace(record, signal=signal)


def without(record: EcgRecord, *leads: str) -> EcgRecord:
    keep = [index for index, lead in enumerate(record.leads) if lead not in leads]
    return dataclasses.replace(record, signal=record.signal[keep], leads=tuple(record.leads[i] for i in keep))


def verdict_of(quality: Quality, lead: str) -> QualityVerdict:
    return next(item.verdict for item in quality.leads if item.lead == lead)


def test_a_good_ecg_is_acceptable() -> None:
    quality = assess_quality(ecg())
    assert quality.verdict is QualityVerdict.ACCEPTABLE
    assert texts(quality.reasons) == ()
    assert quality.suggested_gain_factor is None
    assert [item.lead for item in quality.leads] == list(STANDARD_LEADS)
    assert all(item.verdict is QualityVerdict.ACCEPTABLE and not item.reasons for item in quality.leads)


def test_one_dead_lead_limits_and_two_withhold() -> None:
    one = with_lead(ecg(), "aVL", 0.0)
    quality = assess_quality(one)
    assert quality.verdict is QualityVerdict.LIMITED
    assert "aVL is flat." in texts(quality.reasons)
    assert verdict_of(quality, "aVL") is QualityVerdict.NOT_ANALYSABLE
    noise = np.round(np.random.default_rng(2).uniform(-9, 9, 5000)) / GAIN_PER_MV
    quality = assess_quality(with_lead(one, "aVF", noise))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert "aVL and aVF are flat." in texts(quality.reasons)
    assert "2 of 12 leads cannot be used." in texts(quality.reasons)


def test_a_flat_chest_lead_withholds_as_a_missing_one_does() -> None:
    whole = ecg()
    kept = [row for row, lead in enumerate(whole.leads) if lead != "V3"]
    missing = replace(whole, signal=whole.signal[kept], leads=tuple(whole.leads[row] for row in kept))
    for record in (with_lead(whole, "V3", 0.0), missing):
        quality = assess_quality(record)
        assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
        assert "Without V3 no level can be given." in texts(quality.reasons)


def test_the_dead_lead_limit_is_20_microvolts() -> None:
    ramp = np.linspace(0, 1, 5000)
    assert "V6 is flat." in texts(assess_quality(with_lead(ecg(), "V6", 0.019 * ramp)).reasons)
    silent = ("V6 shows none of the beats that the other leads show.",)
    assert set(silent) <= set(texts(assess_quality(with_lead(ecg(), "V6", 0.021 * ramp)).reasons))


@pytest.mark.parametrize("rate", [100.0, 500.0])
def test_two_flat_seconds_make_a_lead_dead_but_one_does_not(rate: float) -> None:
    values = ecg(rate=rate).lead("V2").copy()
    start = round(3.1 * rate)
    values[start : start + round(1.9 * rate)] = 0.25
    held = assess_quality(with_lead(ecg(rate=rate), "V2", values))
    assert texts(held.reasons) == ("V2 holds one value for 1.9 s.",)
    assert held.leads[7].verdict is QualityVerdict.LIMITED
    steps = np.random.default_rng(3).integers(0, 3, round(2.2 * rate)) / GAIN_PER_MV
    values[start : start + steps.size] = 0.25 + steps
    quality = assess_quality(with_lead(ecg(rate=rate), "V2", values))
    assert quality.verdict is QualityVerdict.LIMITED
    assert texts(quality.reasons) == ("V2 is flat from 3.1 to 5.3 s.",)


def test_a_quiet_lead_that_moves_is_not_dead() -> None:
    steps = np.random.default_rng(4).integers(0, 5, 1500) / GAIN_PER_MV
    values = ecg().lead("aVF").copy()
    values[1000:2500] = steps
    assert assess_quality(with_lead(ecg(), "aVF", values)).verdict is QualityVerdict.ACCEPTABLE


def test_missing_leads() -> None:
    quality = assess_quality(without(ecg(), "V4"))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert texts(quality.reasons) == ("Without V4 no level can be given.", "V4 is missing.")
    assert verdict_of(quality, "V4") is QualityVerdict.NOT_ANALYSABLE
    signal = ecg().lead("V1").copy()
    signal[:2600] = np.nan
    assert "V1 is missing." in texts(assess_quality(with_lead(ecg(), "V1", signal)).reasons)
    three = without(ecg(), *STANDARD_LEADS[3:])
    assert assess_quality(three).verdict is QualityVerdict.NOT_ANALYSABLE


def test_a_derived_lead_is_no_better_than_its_sources() -> None:
    record = dataclasses.replace(ecg(), derived_leads=("III", "aVR", "aVL", "aVF"))
    assert assess_quality(record).verdict is QualityVerdict.ACCEPTABLE
    quality = assess_quality(with_lead(record, "I", 0.0))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert "I is flat." in texts(quality.reasons)
    assert "III, aVR, aVL and aVF are derived from I, which cannot be used." in texts(quality.reasons)
    assert "derived" not in " ".join(texts(assess_quality(with_lead(record, "V5", 0.0)).reasons))


def test_long_gaps_limit_and_short_ones_do_not() -> None:
    values = ecg().lead("V5").copy()
    values[1000:1010] = np.nan
    assert assess_quality(with_lead(ecg(), "V5", values)).verdict is QualityVerdict.ACCEPTABLE
    values[1000:1600] = np.nan
    quality = assess_quality(with_lead(ecg(), "V5", values))
    assert quality.verdict is QualityVerdict.LIMITED
    assert texts(quality.reasons) == ("V5 is without a valid sample for 1.2 s.",)


def test_a_short_record_is_withheld() -> None:
    assert assess_quality(ecg(duration_s=5.0)).verdict is QualityVerdict.ACCEPTABLE
    quality = assess_quality(ecg(duration_s=4.5))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert texts(quality.reasons) == ("The record lasts 4.5 s, and a level needs at least 5 s.",)
    assert texts(assess_quality(ecg(duration_s=6.0)).reasons) == (
        "The record lasts 6.0 s: shorter than the usual 10 s.",
    )
    assert assess_quality(ecg(duration_s=1.0)).verdict is QualityVerdict.NOT_ANALYSABLE


@pytest.mark.parametrize("amplitude_mv", [0.002, 0.1, 1.0])
def test_noise_has_no_heart_beat_and_no_gain_is_blamed(amplitude_mv: float) -> None:
    noise = np.random.default_rng(5).normal(0, amplitude_mv, (12, 5000)).astype(np.float32)
    quality = assess_quality(dataclasses.replace(ecg(gains_per_mv=(1000.0,) * 12), signal=noise))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert quality.suggested_gain_factor is None
    assert not any("gain" in reason for reason in texts(quality.reasons))
    if amplitude_mv > 0.01:
        assert any(reason.startswith("No QRS complex was found") for reason in texts(quality.reasons))


def test_a_record_without_any_signal_says_that_its_leads_are_flat() -> None:
    quality = assess_quality(dataclasses.replace(ecg(), signal=np.zeros((12, 5000), dtype=np.float32)))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert texts(quality.reasons)[0] == "12 of 12 leads cannot be used."
    assert texts(quality.reasons)[1].endswith("V5 and V6 are flat.")


@pytest.mark.parametrize(
    ("scale", "gain", "factor", "probable"),
    [(1 / 4.88, 4880.0, 4.88, "4880 per mV is probably 1000"), (1e-3, 2e6, 1000.0, "2000000 per mV is probably 2000")],
)
def test_a_gain_that_makes_the_ecg_too_small_is_withheld(
    scale: float, gain: float, factor: float, probable: str
) -> None:
    quality = assess_quality(ecg(scale, gains_per_mv=(gain,) * 12))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert quality.suggested_gain_factor == pytest.approx(factor)
    assert len(quality.reasons) == 1
    assert f"the header's gain of {probable}." in texts(quality.reasons)[0]
    mended = ecg(scale * factor, gains_per_mv=(gain,) * 12)
    assert assess_quality(mended).verdict is QualityVerdict.ACCEPTABLE


def test_microvolts_taken_for_millivolts() -> None:
    quality = assess_quality(ecg(1000.0))
    assert quality.verdict is QualityVerdict.NOT_ANALYSABLE
    assert quality.suggested_gain_factor == pytest.approx(0.001)
    assert texts(quality.reasons)[0].endswith("the amplitudes are probably in another unit.")
    assert texts(quality.reasons)[0].startswith("This ECG measures 1")


def test_over_10_mv_is_a_warning_with_the_likely_gain() -> None:
    quality = assess_quality(ecg(10.0, gains_per_mv=(200.0,) * 12))
    assert quality.verdict is QualityVerdict.LIMITED
    assert quality.suggested_gain_factor == pytest.approx(0.2)
    assert "1000 instead of the stated 200 per mV" in texts(quality.reasons)[0]
    assert not any("gain" in reason for reason in texts(assess_quality(ecg(6.0, gains_per_mv=(200.0,) * 12)).reasons))


def test_a_tall_lead_at_a_usual_gain_gets_no_factor() -> None:
    record = ecg(gains_per_mv=(1000.0,) * 12)
    quality = assess_quality(with_lead(record, "V4", 12.0 * record.lead("V4")))
    assert quality.verdict is QualityVerdict.LIMITED
    assert quality.suggested_gain_factor is None
    assert any(reason.startswith("V4 measures 16 mV from peak to peak") for reason in texts(quality.reasons))


def test_one_spike_hides_no_wrong_gain_and_makes_none() -> None:
    small = ecg(1 / 4.88, gains_per_mv=(4880.0,) * 12)
    values = small.lead("V2").copy()
    values[2500] = 3.0
    quality = assess_quality(with_lead(small, "V2", values))
    assert quality.suggested_gain_factor == pytest.approx(4.88)
    values = ecg().lead("V2").copy()
    values[2500] = 80.0
    quality = assess_quality(with_lead(ecg(), "V2", values))
    assert quality.verdict is QualityVerdict.LIMITED
    assert texts(quality.reasons) == ("V2 measures 81 mV from peak to peak: the gain or the unit may be wrong.",)


def data_folder(name: str) -> Path:
    """Return a folder of real records, or skip."""
    root = data_root()
    if root is None or not (root / name).is_dir():
        pytest.skip(f"{name} is not on this computer (CARDIOV_DATA)")
    return root / name


@pytest.mark.dataset
def test_of_the_cinc_samples_exactly_the_wrong_gains_are_withheld() -> None:
    qualities = {p.stem: assess_quality(read_record(p)) for p in sorted(data_folder("cinc-samples").glob("*.hea"))}
    withheld = {stem for stem, quality in qualities.items() if quality.verdict is QualityVerdict.NOT_ANALYSABLE}
    assert withheld == {"E00007", "E00010", "S0001", "S0002", "S0007", "S0008"}
    assert texts(qualities["E00007"].reasons) == (
        "This ECG measures 0.4 mV from peak to peak: the header's gain of 4880 per mV is probably 1000.",
    )
    assert qualities["E00007"].suggested_gain_factor == pytest.approx(4.88)
    assert qualities["S0001"].suggested_gain_factor == pytest.approx(1000.0)
    assert texts(qualities["S0001"].reasons)[0].endswith("2000000 per mV is probably 2000.")
    tall = {
        stem for stem, quality in qualities.items() if any("may be wrong" in text for text in texts(quality.reasons))
    }
    assert tall == {"HR00004", "Q0010"}
    assert qualities["HR00004"].suggested_gain_factor == pytest.approx(0.2)
    assert qualities["Q0010"].suggested_gain_factor is None


@pytest.mark.dataset
@pytest.mark.parametrize("stem", ["51", "127", "133"])
def test_quiet_leads_of_good_ludb_records_are_not_dead(stem: str) -> None:
    path = next(data_folder("ludb").rglob(f"{stem}.hea"))
    assert assess_quality(read_record(path)).verdict is QualityVerdict.ACCEPTABLE


@pytest.mark.dataset
@pytest.mark.parametrize("rate", [500, 100])
def test_ptbxl_records_are_not_withheld(rate: int) -> None:
    paths = sorted((data_folder("ptb-xl-subset") / f"records{rate}").rglob("*.hea"))
    hard = [p for p in paths if int(p.stem[:5]) in {17, 20, 191, 385, 477, 498}]
    assert len(hard) == 6
    for path in [*hard, *paths[::20]]:
        assert assess_quality(read_record(path)).verdict is not QualityVerdict.NOT_ANALYSABLE, path.stem
