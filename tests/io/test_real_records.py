"""All real records of three collections open (992 headers: 868 PTB-XL, 24 CinC, 100 LUDB)."""

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.io import collect, read_record

pytestmark = pytest.mark.dataset
N_HEADERS = {"ptb-xl-subset": 868, "cinc-samples": 24, "ludb": 100}


@pytest.mark.parametrize("source", N_HEADERS)
def test_every_record_opens_with_twelve_leads(data_folder, source):
    with collect([data_folder / source]) as found:
        assert len(found.sources) == N_HEADERS[source]
        assert found.errors == ()
        for one in found.sources:
            record = read_record(one.path)
            assert record.leads == STANDARD_LEADS, one.shown_as
            assert record.warnings == (), one.shown_as
            assert np.isfinite(record.signal).all(), one.shown_as
            # Duration as the collections document it: 10 s, CinC's CPSC and PTB longer.
            assert record.duration_s >= 10 - 1e-9, one.shown_as


def test_annotations_and_tables_are_passed_over(data_folder):
    with collect([data_folder / "ludb"]) as found:
        assert sum(name.endswith(".avr") for name in found.passed_over) == 100
        assert any(name.endswith("ludb.csv") for name in found.passed_over)


def test_facts_of_a_georgia_record(data_folder):
    record = read_record(data_folder / "cinc-samples" / "E00007.mat")
    # Header: 'E00007.mat 12 500 5000 05-May-2020 14:50:55', 4880 per mV, first samples -48 and 39 (aVR).
    assert (record.record_id, record.age, record.sex) == ("E00007", 65.0, "male")
    assert record.lead("I")[0] == pytest.approx(-48 / 4880)
    assert record.lead("aVR")[0] == pytest.approx(39 / 4880)
    assert record.provenance.gains_per_mv == (4880.0,) * 12
    assert record.recorded_at is not None
    assert record.recorded_at.isoformat() == "2020-05-05T14:50:55"


def test_ptb_is_sampled_at_1000_hz_and_lasts_longer(data_folder):
    record = read_record(data_folder / "cinc-samples" / "S0001")
    assert (record.sampling_rate, record.duration_s) == (1000.0, 38.4)


def test_two_rates_of_one_recording_agree(data_folder):
    root = data_folder / "ptb-xl-subset"
    high = read_record(root / "records500" / "00000" / "00005_hr")
    low = read_record(root / "records100" / "00000" / "00005_lr")
    assert (high.n_samples, low.n_samples) == (5000, 1000)
    assert np.corrcoef(high.lead("II")[::5], low.lead("II"))[0, 1] > 0.95
