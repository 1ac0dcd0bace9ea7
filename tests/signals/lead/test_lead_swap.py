"""Swapped electrodes: in real clean records and in median beats made by the test."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.domain import CHEST_LEADS, LIMB_LEADS, EcgRecord, QualityVerdict
from cardiov_core.domain.reasons import texts
from cardiov_core.io import read_record
from cardiov_core.signals import assess_quality
from cardiov_core.signals.lead.lead_swap import find_chest_swap, find_limb_swap, median_beat

CLEAN = (1, 6, 54, 77)


def beat() -> dict[str, np.ndarray]:
    """Make a median beat: P, QRS and T of a heart whose axis points to 50 degrees, with R growing from V1 to V6."""
    t = np.arange(-0.25, 0.4, 0.002)

    def wave(centre: float, width: float) -> np.ndarray:
        return np.exp(-0.5 * ((t - centre) / width) ** 2)

    atria, right, left, after = wave(-0.15, 0.025), wave(-0.01, 0.012), wave(0.015, 0.015), wave(0.25, 0.05)
    leads = {
        "I": 0.1 * atria + 0.8 * left + 0.25 * after - 0.1 * right,
        "II": 0.15 * atria + 1.0 * left + 0.3 * after + 0.1 * right,
    }
    leads["III"] = leads["II"] - leads["I"]
    leads["aVR"] = -0.5 * (leads["I"] + leads["II"])
    leads["aVL"] = leads["I"] - 0.5 * leads["II"]
    leads["aVF"] = leads["II"] - 0.5 * leads["I"]
    for index, lead in enumerate(CHEST_LEADS):
        share = index / 5.0
        leads[lead] = (
            0.05 * atria + (0.6 - 0.5 * share) * right + (-1.0 + 2.2 * share) * left + (-0.1 + 0.5 * share) * after
        )
    return leads


def arms_swapped(leads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        **leads,
        "I": -leads["I"],
        "II": leads["III"],
        "III": leads["II"],
        "aVR": leads["aVL"],
        "aVL": leads["aVR"],
    }


def right_arm_left_leg(leads: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        **leads,
        "I": -leads["III"],
        "II": -leads["II"],
        "III": -leads["I"],
        "aVR": leads["aVF"],
        "aVF": leads["aVR"],
    }


def exchanged(leads: dict[str, np.ndarray], first: str, second: str) -> dict[str, np.ndarray]:
    return {**leads, first: leads[second], second: leads[first]}


def test_limb_swaps_are_told_apart() -> None:
    assert find_limb_swap(beat()) is None
    assert find_limb_swap(arms_swapped(beat())) == "arms"
    assert find_limb_swap(right_arm_left_leg(beat())) == "right arm and left leg"


def test_right_axis_deviation_is_no_swap() -> None:
    leads = beat()
    # Only the QRS complex of lead I points down; P, T and aVR keep their sides.
    t = np.arange(-0.25, 0.4, 0.002)
    leads["I"] = leads["I"] - 1.5 * np.exp(-0.5 * ((t - 0.015) / 0.015) ** 2)
    leads["aVR"] = -0.5 * (leads["I"] + leads["II"])
    assert find_limb_swap(leads) is None


def test_leads_that_are_not_there_are_not_judged() -> None:
    swapped = arms_swapped(beat())
    for lead in ("I", "aVR", "V6"):
        assert find_limb_swap({name: row for name, row in swapped.items() if name != lead}) is None
    assert find_chest_swap({name: row for name, row in beat().items() if name != "V2"}) is None
    assert find_chest_swap({name: np.zeros(325) for name in CHEST_LEADS}) is None


@pytest.mark.parametrize("pair", [("V1", "V3"), ("V2", "V4"), ("V1", "V6"), ("V3", "V5")])
def test_chest_leads_out_of_order_are_named(pair: tuple[str, str]) -> None:
    assert find_chest_swap(beat()) is None
    assert find_chest_swap(exchanged(beat(), *pair)) == pair


def test_a_median_beat_needs_two_whole_beats() -> None:
    row = np.sin(np.arange(2000) / 20.0)
    assert median_beat({"I": row}, np.array([100, 900]), 500.0) == {}
    cut = median_beat({"I": row}, np.array([400, 900, 1400]), 500.0)
    assert cut["I"].shape == (325,)
    assert median_beat({}, np.array([400, 900]), 500.0) == {}


def real(folder: Path, ecg_id: int) -> EcgRecord:
    return read_record(folder / "ptb-xl-subset" / "records500" / "00000" / f"{ecg_id:05d}_hr.hea")


def rebuilt(record: EcgRecord, leads: dict[str, np.ndarray]) -> EcgRecord:
    return dataclasses.replace(record, signal=np.stack([leads[name] for name in record.leads]).astype(np.float32))


@pytest.mark.dataset
@pytest.mark.parametrize("ecg_id", CLEAN)
def test_swaps_of_real_records_are_told_and_limit(data_folder: Path, ecg_id: int) -> None:
    record = real(data_folder, ecg_id)
    leads = {name: record.lead(name) for name in record.leads}
    assert not any("swapped" in reason or "interchanged" in reason for reason in texts(assess_quality(record).reasons))
    quality = assess_quality(rebuilt(record, arms_swapped(leads)))
    assert quality.verdict is QualityVerdict.LIMITED
    assert texts(quality.reasons)[0] == "Leads I and aVR look as if the arm electrodes were swapped."
    limited = {item.lead for item in quality.leads if quality.reasons[0] in item.reasons}
    assert limited == set(LIMB_LEADS) - {"aVF"}
    quality = assess_quality(rebuilt(record, right_arm_left_leg(leads)))
    expected = "Leads II and aVR look as if the electrodes of right arm and left leg were swapped."
    assert texts(quality.reasons)[0] == expected
    quality = assess_quality(rebuilt(record, exchanged(leads, "V1", "V6")))
    assert "V1 and V6 look as if they were interchanged." in texts(quality.reasons)


@pytest.mark.dataset
def test_paced_records_are_not_taken_for_swapped(data_folder: Path) -> None:
    for ecg_id in (143, 190, 385, 498):
        reasons = texts(assess_quality(real(data_folder, ecg_id)).reasons)
        assert not any("swapped" in reason or "interchanged" in reason for reason in reasons), ecg_id
