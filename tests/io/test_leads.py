"""Names, units and Einthoven's geometry."""

import itertools

import numpy as np
import pytest

from cardiov_core.domain import LIMB_LEADS, STANDARD_LEADS
from cardiov_core.io.leads import missing_limb_leads, mv_per_unit, standard_lead


@pytest.mark.parametrize(
    ("spelling", "lead"),
    [
        ("avr", "aVR"), ("AVL", "aVL"), ("Lead I", "I"), ("MDC_ECG_LEAD_I", "I"), ("ecg_i", "I"), ("ECG V1", "V1"),
        ("lead-II", "II"), ("MDC_ECG_LEAD_aVF", "aVF"), (" v6 ", "V6"), ("C3", "V3"), ("DIII", "III"), ("aV R", "aVR"),
    ],
)  # fmt: skip
def test_a_lead_is_known_in_every_spelling(spelling, lead):
    assert standard_lead(spelling) == lead


@pytest.mark.parametrize(
    "name", ["-aVR", "vx", "RESP", "", "ecg", "V7", "V3R", "MLII", "lead", "IV", "1", "ecg_id", "ID"]
)
def test_what_is_no_standard_lead_is_not_taken_for_one(name):
    assert standard_lead(name) is None


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("mV", 1),
        ("mv", 1),
        ("uV", 1e-3),
        ("\u00b5V", 1e-3),
        ("\u03bcV", 1e-3),
        ("V", 1000),
        ("nV", 1e-6),
        ("mmHg", None),
    ],
)
def test_units_in_mv(unit, factor):
    assert mv_per_unit(unit) == factor


@pytest.mark.parametrize("pair", list(itertools.combinations(LIMB_LEADS, 2)))
def test_any_two_limb_leads_give_the_other_four(ecg_mv, pair):
    rows = [STANDARD_LEADS.index(lead) for lead in pair]
    computed, names = missing_limb_leads(ecg_mv[rows].astype(np.float32), pair)
    assert set(names) | set(pair) == set(LIMB_LEADS)
    for row, name in zip(computed, names, strict=True):
        np.testing.assert_allclose(row, ecg_mv[STANDARD_LEADS.index(name)], atol=2e-6)


def test_a_lead_without_samples_is_no_source_of_others(ecg_mv):
    signal = ecg_mv[[0, 1]].astype(np.float32)
    signal[1] = np.nan
    assert missing_limb_leads(signal, ("I", "II"))[1] == ()


def test_a_gap_in_one_lead_does_not_spread_to_leads_that_do_not_need_it(ecg_mv):
    signal = ecg_mv[[0, 3]].astype(np.float32)
    signal[0, 10] = np.nan
    computed, names = missing_limb_leads(signal, ("I", "aVR"))
    assert "II" in names
    assert np.isnan(computed[:, 10]).sum() >= 1
    assert np.isnan(computed[:, 11:]).sum() == 0
