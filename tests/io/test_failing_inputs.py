"""Small files that were read wrong, as the shared data hold them: read as their generator's docstrings say."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordFormatError
from cardiov_core.io import collect, read_record, read_source

pytestmark = pytest.mark.dataset


@pytest.fixture(scope="module")
def inputs(data_folder: Path) -> Path:
    """Their folder."""
    folder = data_folder / "failing-inputs"
    if not folder.is_dir():
        pytest.skip("no folder failing-inputs among the real records")
    return folder


@pytest.fixture(scope="module")
def maker(inputs: Path) -> ModuleType:
    """Their generator, which knows the true signal."""
    spec = importlib.util.spec_from_file_location("make_failing", inputs / "make_failing.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "options", "step_mv"),
    [
        ("f20_order_stated_in_comment.txt", {"units": "mV"}, 0.001),
        ("f23_dicom_12_bits_stored.dcm", {}, 0.005),
        ("f24_dicom_padding_value_zero.dcm", {}, 0.001),
        ("f29_aecg_two_sets_of_one_time.xml", {}, 0.005),
        ("f31_ishne_cut_short.ecg", {}, 0.0025),
        ("f32_wfdb_format_61.hea", {}, 0.001),
        ("f33_csv_with_units_line.csv", {}, 0.001),
        ("f39_age_999.dcm", {}, 0.001),
        ("f43_edf_last_record_padded.edf", {}, 0.001),
    ],
)
def test_the_samples_are_those_that_were_written(inputs, maker, name, options, step_mv):
    record = read_record(inputs / name, **options)
    assert record.leads == STANDARD_LEADS
    assert (record.sampling_rate, record.n_samples) == (500, 3500 if "f31" in name else 5000)
    assert np.abs(record.signal - maker.normal()[:, : record.n_samples]).max() <= 0.5 * step_mv + 1e-6
    assert record.age != 999
    if "f31" in name:
        assert "announces 5000 samples per lead and holds 3500" in record.warnings[0]


def test_thousands_are_no_decimals(inputs, maker):
    record = read_record(inputs / "f15_thousands_in_tab_text.txt", units="uV")
    tall = {lead: (a[0], a[1], a[2] * 2.6, a[3] * 2.6, a[4]) for lead, a in maker.AMP.items()}
    assert np.abs(record.signal - maker.normal(amp=tall)).max() <= 0.00051


def test_no_scale_is_refused(inputs):
    with pytest.raises(RecordFormatError, match="no scale"):
        read_record(inputs / "f17_edf_without_range.edf")


def test_electrodes_of_an_eeg_are_no_chest_leads(inputs):
    record = read_record(inputs / "f18_eeg_electrodes_as_chest_leads.edf")
    assert record.leads == STANDARD_LEADS[:6]
    assert "C1, C2, C3" in record.warnings[0]


def test_a_pulse_a_count_off_is_cut(inputs, maker):
    record = read_record(inputs / "f28_aecg_calibration_pulse_one_count_off.xml")
    assert record.n_samples == 5000
    assert np.abs(record.signal - maker.normal(rate=41)).max() <= 0.00251


def test_two_records_of_one_name_are_told_apart(inputs):
    with collect([inputs / "f35_two_patients_one_name.zip"]) as found:
        assert [read_source(source).record_id for source in found.sources] == ["rec (p1)", "rec (p2)"]
