"""Ends of a recording: padding and calibration pulses are cut, a count more or less notwithstanding."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.io.carts.ends import without_ends

RATE = 500
STEP = 0.005
STEPS = [STEP] * 12


@pytest.fixture
def ecg(ecg_mv):
    """An ECG in steps of 5 uV with noise, so that no two leads are equal for long."""
    noise = np.random.default_rng(2).normal(0, 0.012, ecg_mv.shape)
    return np.round((ecg_mv + noise) / STEP) * STEP


def pulse(height=1.0, flat=50, high=100):
    one = np.concatenate([np.zeros(flat), np.full(high, height), np.zeros(flat)])
    return np.tile(one, (12, 1))


def cut(signal):
    return without_ends(signal, STANDARD_LEADS, RATE, STEPS)


@pytest.mark.parametrize("at_the_end", [True, False])
@pytest.mark.parametrize("off", ["nothing", "last sample", "one lead", "amid the pulse", "two leads", "first sample"])
def test_a_pulse_is_cut_although_a_lead_is_a_count_off(ecg, at_the_end, off):
    shape = pulse()
    if off == "last sample":
        shape[3, -1] += STEP
    elif off == "first sample":
        shape[3, 0] -= STEP
    elif off == "one lead":
        shape[3] += STEP
    elif off == "two leads":
        shape[3, 40:] += STEP
        shape[5, 60:] -= STEP
    elif off == "amid the pulse":
        shape[8, 75] += STEP
    parts = [ecg, shape] if at_the_end else [shape, ecg]
    back, said = cut(np.concatenate(parts, axis=1))
    assert abs(back.shape[1] - 5000) <= 1
    assert "calibration pulse" in said[0]


def test_an_ecg_stays_whole(ecg):
    back, said = cut(ecg)
    assert back.shape == ecg.shape
    assert said == ()


@pytest.mark.parametrize("height", [0.3, 2.5])
def test_equal_leads_of_another_size_are_no_pulse(ecg, height):
    back, _ = cut(np.concatenate([ecg, pulse(height)], axis=1))
    assert back.shape[1] == 5200


def test_a_step_in_half_of_the_leads_is_no_pulse(ecg):
    shape = pulse()
    shape[:6] *= 0.7
    back, said = cut(np.concatenate([ecg, shape], axis=1))
    assert back.shape[1] == 5200
    assert said == ()


def test_missing_ends_are_cut_and_told(ecg):
    padded = np.concatenate([np.full((12, 30), np.nan), ecg], axis=1)
    back, said = cut(padded)
    assert np.array_equal(back, ecg)
    assert said == ("The first 0.06 s of the file are padding, no ECG, and were left out.",)
