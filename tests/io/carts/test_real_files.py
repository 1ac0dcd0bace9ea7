"""Real ECGs: files as four makers' machines wrote them, and a PTB-XL record in every cart's format."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets.ptbxl import PtbXl
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordFormatError
from cardiov_core.inference import analysis_to_dict, analyze, load_predictor
from cardiov_core.io import collect, read_record, read_uploads
from cardiov_core.lost_signal import gaps_s
from tests.io.carts import cart_files as make

pytestmark = pytest.mark.dataset

# As the files state them: looked up in each file's own measurement section.
STATED = {
    "aecg-liryc-example.xml": (
        "HL7 aECG", 100.0, 1000,
        {"heart_rate_bpm": 57, "pr_ms": 192, "qrs_ms": 88, "qt_ms": 418, "p_axis_deg": 60, "qrs_axis_deg": 64,
         "t_axis_deg": 11, "qtc_hodges_ms": 413},
        "Rythme sinusal avec ESA",
    ),
    "dicom-anonymous.dcm": (
        "DICOM", 1000.0, 10000,
        {"rr_mean_ms": 982, "pr_ms": 161, "qrs_ms": 75, "qt_ms": 368, "p_axis_deg": 74, "qrs_axis_deg": 52,
         "t_axis_deg": 57, "qtc_ms": 370},
        "RITMO SINUSALE",
    ),
    "muse-example1.xml": (
        "GE MUSE XML", 500.0, 5000,
        {"heart_rate_bpm": 48, "rr_mean_ms": 1242, "pr_ms": 138, "qrs_ms": 96, "qt_ms": 452,
         "qtc_fridericia_ms": 419, "qtc_ms": 403, "p_axis_deg": 51, "qrs_axis_deg": 20, "t_axis_deg": 40,
         "atrial_rate_bpm": 48},
        None,
    ),
    "sierra-1.04-3191723.xml": (
        "Philips Sierra XML", 500.0, 5300,
        {"heart_rate_bpm": 84, "rr_mean_ms": 714, "pr_ms": 144, "qrs_ms": 84, "qt_ms": 352, "qtc_bazett_ms": 417,
         "qtc_fridericia_ms": 394, "qtc_ms": 416, "p_ms": 148, "p_axis_deg": 81, "qrs_axis_deg": 78,
         "t_axis_deg": 67, "atrial_rate_bpm": 77},
        "SINUS RHYTHM (normal P axis, V-rate 60-99)",
    ),
}  # fmt: skip
# Files that were passed over or refused, with the leads whose samples they hold.
LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
NEW = {
    "schiller.xml": ("Schiller XML", 500.0, 4998, STANDARD_LEADS),
    "scp-viewer-demo.scp": ("SCP-ECG", 1000.0, 10000, STANDARD_LEADS),
    "contec-0000050.scp": ("SCP-ECG", 800.0, 32767, STANDARD_LEADS),
    "contec-0000050.ECG": ("Contec ECG90A", 800.0, 37855, LIMB),
    "healforce-62.scp": ("SCP-ECG", 150.0, 4500, LIMB),
}
ONE_UV = {
    "dcm": make.dicom, "aecg.xml": make.aecg, "scp": make.scp, "edf": make.edf,
    "sierra.xml": lambda record: make.sierra(record, step_uv=1.0),
}  # fmt: skip

# Labelled no, low, medium and high risk.
IDS = [1, 102, 135, 106]


@pytest.fixture(scope="module")
def samples(data_folder: Path) -> Path:
    """Folder of real files of carts."""
    folder = data_folder / "vendor-samples"
    if not folder.is_dir():
        pytest.skip("no folder vendor-samples among the real records")
    return folder


def test_no_quiet_line_of_a_cart_is_taken_for_a_gap(samples: Path) -> None:
    for name in ("healforce-62.scp", "muse-250hz.xml", "muse-example1.xml"):
        assert gaps_s(read_record(samples / name)) == (), name


@pytest.mark.parametrize("name", STATED)
def test_a_real_file_opens_with_twelve_leads_a_level_and_the_machines_intervals(samples, name):
    format_name, rate_hz, n_samples, measurements, statement = STATED[name]
    record = read_record(samples / name)
    assert record.leads == STANDARD_LEADS
    assert (record.provenance.format, record.sampling_rate, record.n_samples) == (format_name, rate_hz, n_samples)
    assert record.machine is not None
    assert record.machine.measurements == measurements
    assert (record.machine.statements or (None,))[0] == statement
    result = analyze(record, load_predictor())
    # The aECG example is drawn with straight lines: its limb leads contradict, and nothing in it is as long as a QRS.
    drawn = name == "aecg-liryc-example.xml"
    assert (result.prediction is None) == drawn, result.withheld
    document = analysis_to_dict(result)
    assert document["machine"]["measurements"] == measurements
    assert (document["measurements"]["qrs_ms"] is None) == drawn


def test_facts_of_real_files(samples):
    record = read_record(samples / "dicom-anonymous.dcm")
    assert (record.age, record.sex, record.patient_id) == (42.0, "female", "642341")
    assert str(record.recorded_at) == "2013-01-25 10:59:19"
    record = read_record(samples / "sierra-1.04-3191723.xml")
    # Born 1950-01-01, recorded 2010-01-19; 1 mV for 0.2 s, the same in all leads, ends the file.
    assert (record.age, record.sex) == (60.0, "male")
    assert record.warnings == ("The last 0.4 s of the file are a calibration pulse, no ECG, and were left out.",)
    record = read_record(samples / "muse-example1.xml")
    assert record.derived_leads == ("III", "aVR", "aVL", "aVF")
    record = read_record(samples / "aecg-liryc-example.xml")
    assert record.patient_id == "25060897140"


def test_a_folder_and_an_upload_of_carts_files_open_whole(samples):
    with collect([samples]) as found:
        assert {Path(one.shown_as).name for one in found.sources} >= {*STATED, *NEW}
        assert (found.errors, found.passed_over) == ((), ())
    uploads = read_uploads([(f"{name}.dat", (samples / name).read_bytes()) for name in STATED])
    assert all(upload.record is not None for upload in uploads)


@pytest.mark.parametrize("name", NEW)
def test_a_real_file_that_the_library_does_not_read_opens(samples, name):
    format_name, rate_hz, n_samples, leads = NEW[name]
    record = read_record(samples / name)
    assert (record.provenance.format, record.sampling_rate, record.n_samples) == (format_name, rate_hz, n_samples)
    assert tuple(lead for lead in record.leads if np.isfinite(record.lead(lead)).any()) == leads
    # An ECG at its size: no lead of these is smaller or larger.
    assert all(0.2 < np.ptp(record.lead(lead)) < 4.0 or not record.lead(lead).any() for lead in leads)


def test_contecs_own_file_holds_what_its_scp_ecg_holds(samples):
    own, scp = (read_record(samples / f"contec-0000050.{suffix}") for suffix in ("ECG", "scp"))
    assert np.abs(own.signal[:3, :32767] - scp.signal[:3]).max() < 1e-6
    assert "announces 37855 samples per lead and holds 32767" in scp.warnings[0]


def test_leads_that_were_never_recorded_are_named(samples):
    # Placed for a child: V3R, V1, V2, V4, V6, V7. Section 10 measures the same leads, and V3 and V5 are in neither.
    record = read_record(samples / "welch-allyn-2.scp")
    assert set(STANDARD_LEADS) - set(record.leads) == {"V3", "V5"}
    assert any("V3R, V7" in str(warning) for warning in record.warnings)
    assert "V3 and V5" in " ".join(reason.text for reason in analyze(record, load_predictor()).withheld)


def test_a_damaged_file_is_refused_in_a_sentence(samples):
    with pytest.raises(RecordFormatError, match="is damaged or incomplete"):
        read_record(samples / "damaged-section0.scp")


@pytest.mark.parametrize("ecg_id", IDS)
def test_a_real_record_gets_the_same_level_in_every_format(data_folder, tmp_path, ecg_id):
    record = PtbXl(data_folder / "ptb-xl-subset").record(ecg_id)
    predictor = load_predictor()
    early = record.recorded_at is not None and record.recorded_at.year < 1985
    network, shown = predictor.predict(record), analyze(record, predictor).prediction
    assert shown is not None
    for name, maker in ONE_UV.items():
        (tmp_path / f"ecg.{name}").write_bytes(maker(record))
        back = read_record(tmp_path / f"ecg.{name}")
        assert np.abs(back.signal - record.signal).max() <= 0.000501, name
        assert (back.age, back.sex) == (record.age, record.sex) or name == "edf"
        # EDF's two-digit years begin in 1985.
        assert back.recorded_at == (None if name == "edf" and early else record.recorded_at)
        # EDF states neither age nor sex, which the measurements' half of the grader asks for: here the samples count.
        after = predictor.predict(replace(back, age=record.age, sex=record.sex))
        page = analyze(back, predictor).prediction
        assert after.severity == network.severity
        assert np.allclose(after.probabilities, network.probabilities, atol=0.02), name
        assert page is not None
        # The page shows the out-of-fold level of records that trained the network: known again in any format.
        assert (page.severity, page.out_of_fold) == (shown.severity, shown.out_of_fold)
    (tmp_path / "muse.xml").write_bytes(make.muse(record, step_uv=1.0))
    back = read_record(tmp_path / "muse.xml")
    after, page = predictor.predict(back), analyze(back, predictor).prediction
    assert after.severity == network.severity
    assert np.allclose(after.probabilities, network.probabilities, atol=0.02)
    assert page is not None
    assert (page.severity, page.out_of_fold) == (shown.severity, shown.out_of_fold)
