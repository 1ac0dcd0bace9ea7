"""Synthetic ECGs of random hearts: repeatable, lawful, varied, and measurable like any other record."""

import numpy as np

from cardiov_core.datasets.varied import varied_record
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.signals import measure

N = 12


def test_the_same_seed_gives_the_same_record_and_another_seed_another_heart() -> None:
    first, again, other = varied_record(5), varied_record(5), varied_record(6)
    np.testing.assert_array_equal(first.signal, again.signal)
    assert (first.age, first.sex) == (again.age, again.sex)
    assert np.corrcoef(first.lead("V2"), other.lead("V2"))[0, 1] < 0.9


def test_the_laws_of_einthoven_and_goldberger_hold() -> None:
    for seed in range(N):
        record = varied_record(seed)
        assert record.leads == STANDARD_LEADS
        assert record.signal.shape == (12, 5000)
        np.testing.assert_allclose(record.lead("III"), record.lead("II") - record.lead("I"), atol=1e-4)
        np.testing.assert_allclose(record.lead("aVR") + record.lead("aVL") + record.lead("aVF"), 0, atol=1e-4)


def test_sizes_are_those_of_a_body() -> None:
    heights = [np.ptp(varied_record(seed).signal, axis=1).max() for seed in range(N)]
    assert min(heights) > 0.5
    assert max(heights) < 12.0


def test_nearly_all_can_be_measured_and_the_measurements_differ_widely() -> None:
    found = [measure(varied_record(seed)) for seed in range(N)]
    rates = [item.heart_rate_bpm for item in found if item.heart_rate_bpm is not None]
    widths = [item.qrs_ms for item in found if item.qrs_ms is not None]
    assert len(rates) >= N - 1
    assert len(widths) >= N - 3
    assert max(rates) - min(rates) > 30
    assert max(widths) - min(widths) > 40


def test_every_record_says_that_it_is_no_patient() -> None:
    assert any("means nothing" in warning for warning in varied_record(0).warnings)
