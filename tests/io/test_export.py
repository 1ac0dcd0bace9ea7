"""Records out: exact to half a count, and without what says whose they are."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner

from cardiov_core.cli import main
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import EcgRecord, MachineReading, Provenance
from cardiov_core.errors import ConfigurationError, RecordUnsupportedError
from cardiov_core.io import read_record, write_record
from cardiov_core.io.export import FORMATS, deidentified, pseudonym
from tests.io.carts import cart_files as make

SECRETS = ("Mueller", "P-0042", "2019-05-04", "20190504", "04/05/2019", "Ward 7", "Cart 77")


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    """A synthetic ECG with an identity."""
    made = generate("normal", seed=5, sampling_rate_hz=500, duration_s=10)
    return replace(
        made,
        record_id="Mueller_Hans",
        age=61.0,
        sex="male",
        patient_id="P-0042",
        recorded_at=datetime(2019, 5, 4, 10, 20, 30),
        device="Cart 77",
        comments=("Seen on Ward 7",),
        machine=MachineReading("Cart 77", {"pr_ms": 158.0}, ("Dr Mueller confirms",)),
        provenance=Provenance("/archive/Mueller_Hans.xml", "GE MUSE XML", ("Mueller_Hans.xml",), "ab" * 32),
    )


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("rate_hz", [100.0, 500.0, 1000.0])
def test_written_and_read_back_is_the_same_ecg(tmp_path, record, to, rate_hz):
    made = replace(record, sampling_rate=rate_hz)
    back = read_record(write_record(made, tmp_path, to)[0])
    assert (back.leads, back.sampling_rate, back.n_samples) == (made.leads, rate_hz, made.n_samples)
    assert (back.age, back.sex) == (61.0, "male")
    assert np.abs(back.signal - made.signal).max() <= 0.000501
    assert back.warnings == ()


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_says_whose_it_is(tmp_path, record, to):
    paths = write_record(record, tmp_path, to)
    for path in paths:
        assert path.stem == pseudonym(record) == "ecg-abababababab"
        content = path.read_bytes()
        assert not [secret for secret in SECRETS if secret.encode() in content]
    back = read_record(paths[0])
    assert (back.patient_id, back.recorded_at) == (None, None)


@pytest.mark.parametrize("to", FORMATS)
def test_the_identity_is_kept_on_demand(tmp_path, record, to):
    paths = write_record(record, tmp_path, to, keep_identity=True)
    assert paths[0].stem == "Mueller_Hans"
    back = read_record(paths[0])
    assert (back.patient_id, back.device) == ("P-0042", "Cart 77")
    if to != "csv":
        assert back.recorded_at == record.recorded_at


def test_ages_from_90_are_one():
    very_old = replace(generate("normal", seed=1), age=300.0)
    assert deidentified(very_old).age == 90.0


def test_dicom_says_that_it_was_de_identified_and_how(tmp_path, record):
    dataset = pydicom.dcmread(write_record(record, tmp_path, "dicom")[0])
    # PS3.15 table E.1-1: empty patient name and id, no birth date, dummy for the mandatory time, new UIDs.
    assert (dataset.PatientIdentityRemoved, dataset.LongitudinalTemporalInformationModified) == ("YES", "REMOVED")
    assert [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence] == ["113100", "113108"]
    assert all("PS3.15" in method for method in dataset.DeidentificationMethod)
    assert (dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate) == ("", "", "")
    assert (dataset.StudyDate, dataset.AcquisitionDateTime) == ("", "19000101000000")
    assert dataset.SOPClassUID.name == "12-lead ECG Waveform Storage"
    again = pydicom.dcmread(write_record(record, tmp_path, "dicom")[0])
    assert again.SOPInstanceUID != dataset.SOPInstanceUID
    # An independent decoder: pydicom's own, in microvolts.
    assert np.abs(dataset.waveform_array(0).T / 1000 - record.signal).max() <= 0.000501


@pytest.mark.parametrize(
    ("rate_hz", "seconds", "kind"),
    [(100.0, 10, "Ambulatory ECG"), (500.0, 40, "General ECG"), (500.0, 10, "12-lead ECG")],
)
def test_dicom_kinds_have_limits(tmp_path, record, rate_hz, seconds, kind):
    made = replace(record, sampling_rate=rate_hz, signal=np.resize(record.signal, (12, int(rate_hz * seconds))))
    dataset = pydicom.dcmread(write_record(made, tmp_path, "dicom")[0])
    assert dataset.SOPClassUID.name == f"{kind} Waveform Storage"
    with pytest.raises(RecordUnsupportedError, match="2000 Hz"):
        write_record(replace(record, sampling_rate=2000.0), tmp_path, "dicom")


def test_time_zones_survive(tmp_path, record):
    made = replace(record, recorded_at=datetime(2019, 5, 4, 10, 20, 30, tzinfo=UTC))
    back = read_record(write_record(made, tmp_path, "dicom", keep_identity=True)[0])
    assert back.recorded_at == made.recorded_at


@pytest.mark.parametrize("to", FORMATS)
def test_missing_samples_and_derived_leads_stay_what_they_are(tmp_path, record, to):
    signal = record.signal.copy()
    signal[3, 1000:1100] = np.nan
    made = replace(record, signal=signal, derived_leads=("III", "aVR", "aVL", "aVF"))
    back = read_record(write_record(made, tmp_path, to)[0])
    assert np.array_equal(np.isnan(back.signal), np.isnan(signal))
    assert back.derived_leads == made.derived_leads


@pytest.mark.parametrize("to", ["wfdb", "dicom"])
def test_the_files_own_gain_is_kept_where_that_loses_nothing(tmp_path, record, to):
    (tmp_path / "muse.xml").write_bytes(make.muse(record))
    opened = read_record(tmp_path / "muse.xml")
    back = read_record(write_record(opened, tmp_path / "out", to)[0])
    # Four derived leads are halves of 4.88 uV.
    assert back.provenance.gains_per_mv == pytest.approx((2000 / 4.88,) * 12)
    assert np.abs(back.signal - opened.signal).max() <= 1e-6


def test_large_amplitudes_still_fit(tmp_path, record):
    made = replace(record, signal=record.signal * np.float32(100.0 / np.abs(record.signal).max()))
    back = read_record(write_record(made, tmp_path, "wfdb")[0])
    assert np.abs(back.signal - made.signal).max() <= 0.5 / 200 + 1e-4
    with pytest.raises(RecordUnsupportedError, match="16 bits"):
        write_record(replace(made, signal=made.signal * np.float32(10)), tmp_path, "wfdb")


def test_nothing_is_overwritten_and_wrong_targets_are_told(tmp_path, record):
    first, second = (write_record(record, tmp_path, "wfdb") for _ in range(2))
    assert not set(first) & set(second)
    with pytest.raises(ConfigurationError, match="no format"):
        write_record(record, tmp_path, "pdf")  # type: ignore[arg-type]
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_record(record, tmp_path / "file" / "folder", "csv")


def test_convert_on_the_command_line(tmp_path, record, wfdb_files):
    source = tmp_path / "in"
    source.mkdir()
    (source / "ecg.dcm").write_bytes(make.dicom(record))
    (source / "broken.scp").write_bytes(make.scp(record)[:500])
    (source / "notes.txt").write_text("no ECG")
    for name, content in wfdb_files("100").items():
        (source / name).write_bytes(content)
    result = CliRunner().invoke(main, ["convert", str(source), "--to", "csv", "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        name, _, written = line.partition(" -> ")
        assert name.startswith(str(source))
        assert read_record(Path(written)).n_samples == 5000
    assert "broken.scp" in result.stderr
    assert "1 record of 3" in result.stderr


def test_a_converted_record_gets_the_same_level(tmp_path, record, weights_folder, monkeypatch):
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(weights_folder))
    (tmp_path / "ecg.dcm").write_bytes(make.dicom(record))
    assert CliRunner().invoke(
        main, ["convert", str(tmp_path / "ecg.dcm"), "--to", "wfdb", "--out", str(tmp_path / "out")]
    ).exit_code == 0  # fmt: skip
    rows = CliRunner().invoke(main, ["analyze", "--json", str(tmp_path / "ecg.dcm"), str(tmp_path / "out")]).stdout
    before, after = (json.loads(line)["risk"] for line in rows.splitlines())
    assert before == after
