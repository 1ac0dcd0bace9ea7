"""WFDB: what is read, and what each fault of header or signal file is called."""

import hashlib
from datetime import datetime

import numpy as np
import pytest
import wfdb

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import (
    ConfigurationError,
    MissingMetadataError,
    NotAnEcgError,
    RecordFormatError,
    RecordNotFoundError,
    RecordUnsupportedError,
)
from cardiov_core.io import read_record


def edit(header, old, new, count=-1):
    header.write_text(header.read_text().replace(old, new, count))
    return header


def test_samples_come_back_in_mv(tmp_path, write_wfdb, ecg_mv):
    record = read_record(write_wfdb(tmp_path))
    assert record.leads == STANDARD_LEADS
    assert record.signal.dtype == np.float32
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert (record.sampling_rate, record.record_id, record.warnings) == (500.0, "rec", ())
    assert record.provenance.gains_per_mv == (1000.0,) * 12
    content = (tmp_path / "rec.hea").read_bytes() + (tmp_path / "rec.dat").read_bytes()
    assert record.provenance.sha256 == hashlib.sha256(content).hexdigest()
    assert record.provenance.files == ("rec.hea", "rec.dat")


@pytest.mark.parametrize("given", ["rec", "rec.hea", "rec.dat"])
def test_a_record_may_be_given_by_any_of_its_names(tmp_path, write_wfdb, given):
    write_wfdb(tmp_path)
    assert read_record(str(tmp_path / given)).record_id == "rec"


# wfdb 4.3 writes headers with a pandas call that pandas 3.1 deprecates.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("storage", ["16", "24", "32", "80", "212"])
def test_reads_what_wfdb_wrote_in_each_storage_format_it_writes(tmp_path, storage):
    digital = np.random.default_rng(1).integers(-100, 100, size=(1001, 12))
    wfdb.wrsamp("w", 250, ["mV"] * 12, list(STANDARD_LEADS), d_signal=digital, fmt=[storage] * 12,
                adc_gain=[50.0] * 12, baseline=[3] * 12, write_dir=str(tmp_path))  # fmt: skip
    record = read_record(tmp_path / "w")
    np.testing.assert_allclose(record.signal, (digital.T - 3) / 50, atol=1e-6)
    assert record.warnings == ()


def test_the_quirks_of_real_headers(tmp_path, write_wfdb):
    header = write_wfdb(
        tmp_path,
        leads=[lead.lower() for lead in STANDARD_LEADS],
        gain="1000/mv",
        first_line="rec.mat 12 500 5000 05-May-2020 14:50:55",
        comments="#Age: 65\n#Sex: Male\n#Dx: 426783006\n",
    )
    record = read_record(header)
    assert record.leads == STANDARD_LEADS
    assert record.recorded_at == datetime(2020, 5, 5, 14, 50, 55)
    assert (record.age, record.sex) == (65.0, "male")
    assert "Dx: 426783006" in record.comments


@pytest.mark.parametrize(
    ("comments", "age", "sex"),
    [
        ("#<age>: 51\n#<sex>: F\n", 51.0, "female"),
        ("#<age>: 51  <sex>: M  <diagnoses> x\n", 51.0, "male"),
        ("#Age: NaN\n#Sex: Unknown\n", None, None),
        ("# Age: 77\n# Sex: female\n", 77.0, "female"),
    ],
)
def test_age_and_sex_of_comments(tmp_path, write_wfdb, comments, age, sex):
    record = read_record(write_wfdb(tmp_path, comments=comments))
    assert (record.age, record.sex) == (age, sex)


def test_recording_time_in_the_order_of_the_format(tmp_path, write_wfdb):
    record = read_record(write_wfdb(tmp_path, first_line="rec 12 500 5000 10:20:30.500 23/03/2021"))
    assert record.recorded_at == datetime(2021, 3, 23, 10, 20, 30, 500000)


def test_invalid_samples_are_nan_and_baseline_is_zero_mv(tmp_path, write_wfdb):
    digital = np.full((12, 5000), 100)
    digital[2, 7] = -32768
    record = read_record(write_wfdb(tmp_path, digital=digital, gain="200(-100)/mV"))
    assert np.isnan(record.lead("III")[7])
    assert np.isnan(record.signal).sum() == 1
    assert record.lead("I")[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("gain", "per_mv"), [("1/uV", 1000.0), ("1000000/V", 1000.0)])
def test_units_become_mv(tmp_path, write_wfdb, ecg_mv, gain, per_mv):
    record = read_record(write_wfdb(tmp_path, gain=gain))
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)
    assert record.provenance.gains_per_mv == (per_mv,) * 12


def test_missing_units_are_not_taken_silently(tmp_path, write_wfdb, ecg_mv):
    header = write_wfdb(tmp_path, gain="1000")
    assert "no unit" in read_record(header).warnings[0]
    record = read_record(header, units="uV")
    np.testing.assert_allclose(record.signal, ecg_mv / 1000, atol=1e-6)


def test_limb_leads_are_derived_and_marked(tmp_path, write_wfdb, ecg_mv):
    kept = [0, 1, 6, 7, 8, 9, 10, 11]
    header = write_wfdb(tmp_path, leads=[STANDARD_LEADS[i] for i in kept], signal_mv=ecg_mv[kept])
    record = read_record(header)
    assert record.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert record.leads == STANDARD_LEADS
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-5)


def test_leads_in_any_order_come_out_in_the_standard_order(tmp_path, write_wfdb, ecg_mv):
    header = write_wfdb(tmp_path, leads=STANDARD_LEADS[::-1], signal_mv=ecg_mv[::-1])
    record = read_record(header)
    assert record.leads == STANDARD_LEADS
    np.testing.assert_allclose(record.signal, ecg_mv, atol=1e-6)


def test_other_channels_are_left_out_with_a_warning(tmp_path, write_wfdb, ecg_mv):
    header = write_wfdb(tmp_path, leads=(*STANDARD_LEADS, "vx", "RESP"), signal_mv=np.vstack([ecg_mv, ecg_mv[:2]]))
    edit(header, "1000/mV 16 0 0 0 0 RESP", "0/bpm 16 0 0 0 0 RESP")
    record = read_record(header)
    assert record.leads == STANDARD_LEADS
    assert any("vx, RESP" in warning for warning in record.warnings)


def test_three_leads_open_and_say_what_is_missing(tmp_path, write_wfdb):
    record = read_record(write_wfdb(tmp_path, leads=("V1", "V2", "V3")))
    assert record.leads == ("V1", "V2", "V3")
    assert "I" in record.missing_leads


def test_a_confirmed_gain_factor_is_applied_and_told(tmp_path, write_wfdb, ecg_mv):
    record = read_record(write_wfdb(tmp_path), gain_factor=4.88)
    np.testing.assert_allclose(record.signal, ecg_mv * 4.88, atol=1e-5)
    assert record.provenance.gain_factor == 4.88
    assert any("4.88" in warning for warning in record.warnings)


def test_a_changed_signal_file_is_told_by_its_checksum(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path)
    content = bytearray((tmp_path / "rec.dat").read_bytes())
    content[2 * 12 * 100] ^= 0x40
    (tmp_path / "rec.dat").write_bytes(content)
    assert any("checksums" in warning and "(leads I)" in warning for warning in read_record(header).warnings)


def test_the_rate_of_the_file_is_never_overruled(tmp_path, write_wfdb):
    record = read_record(write_wfdb(tmp_path), sampling_rate=250)
    assert record.sampling_rate == 500
    assert any("250" in warning for warning in record.warnings)


def test_a_missing_rate_is_asked_for(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path, first_line="rec 12")
    with pytest.raises(MissingMetadataError, match=r"rec\.hea.*sampling rate") as caught:
        read_record(header)
    assert caught.value.fields == ("sampling_rate",)
    assert read_record(header, sampling_rate=500).n_samples == 5000


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("rec 12 500 5000", "rec 12 0 5000", RecordFormatError, "0 Hz"),
        ("rec 12 500 5000", "rec 12 -500 5000", RecordFormatError, "-500 Hz"),
        ("rec 12 500 5000", "rec 12 5 5000", RecordUnsupportedError, "5 Hz"),
        ("rec 12 500 5000", "rec 12 5000 5000", RecordUnsupportedError, "5000 Hz"),
        ("rec 12 500 5000", "rec 11 500 5000", RecordFormatError, "announces 11 signals but describes 12"),
        ("rec 12 500 5000", "rec 12 500 999999999999", RecordFormatError, "cut short"),
        ("rec 12 500 5000", "rec 12 500 4999", RecordFormatError, "longer"),
        ("rec 12 500 5000", "rec/2 12 500 5000", RecordUnsupportedError, "segments"),
        ("1000/mV", "0/mV", RecordFormatError, "gain of 0"),
        ("1000/mV", "-5/mV", RecordFormatError, "gain of -5"),
        ("1000/mV", "x/mV", RecordFormatError, "gain reads"),
        ("1000/mV", "1000/mmHg", RecordUnsupportedError, "mmHg"),
        # Digits before the first value make it one of twenty and more.
        ("1000/mV 16 0 ", "1000/mV 16 99999999999999999999 ", RecordFormatError, "digital value '9999"),
        ("1000/mV 16 0 ", "1000/mV 16 0 99999999999999999999", RecordFormatError, "digital value '9999"),
        ("1000/mV 16 0 ", "1000/mV 16 0 -9999999999", RecordFormatError, "digital value '-9999"),
        ("rec.dat 16", "rec.dat 999", RecordUnsupportedError, "999"),
        ("rec.dat 16", "../rec.dat 16", RecordFormatError, r"\.\./rec"),
        ("rec.dat 16", "/etc/passwd 16", RecordFormatError, "passwd"),
        ("rec.dat 16", "..\\rec.dat 16", RecordFormatError, "plain file name"),
        ("rec.dat 16", f"{'x' * 300}.dat 16", RecordFormatError, "plain file name"),
        ("rec.dat 16", "gone.dat 16", RecordNotFoundError, r"gone\.dat"),
        (" V6", " V5", RecordFormatError, "V5 twice"),
    ],
)
def test_each_fault_of_a_header_has_its_sentence(tmp_path, write_wfdb, old, new, error, said):
    header = edit(write_wfdb(tmp_path), old, new)
    with pytest.raises(error, match=said) as caught:
        read_record(header)
    assert "rec" in caught.value.message
    assert caught.value.hint.endswith(".")


def test_a_header_without_gain_is_not_given_wfdbs_default(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path)
    lines = header.read_text().splitlines()
    header.write_text("\n".join([lines[0], *("rec.dat 16" for _ in lines[1:])]))
    with pytest.raises(RecordFormatError, match="no gain") as caught:
        read_record(header)
    assert "200" in caught.value.hint


def test_lead_names_that_make_no_sense_are_quoted(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path, leads=("foo", "bar", "baz"))
    with pytest.raises(RecordUnsupportedError, match="'foo', 'bar', 'baz'"):
        read_record(header)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"\x01" * 1000, "cut short"), (b"This is a letter to the editor. " * 4000, "text file")],
)
def test_each_fault_of_a_signal_file_has_its_sentence(tmp_path, write_wfdb, content, said):
    header = write_wfdb(tmp_path)
    (tmp_path / "rec.dat").write_bytes(content)
    with pytest.raises(RecordFormatError, match=rf"rec\.dat.*{said}"):
        read_record(header)


def test_files_that_lack_their_partner(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path)
    (tmp_path / "alone.dat").write_bytes(b"\x00\x01" * 500)
    with pytest.raises(RecordNotFoundError, match=r"alone\.dat has no header"):
        read_record(tmp_path / "alone.dat")
    with pytest.raises(RecordNotFoundError, match=r"alone\.dat has no header"):
        read_record(tmp_path / "alone")
    (tmp_path / "rec.dat").unlink()
    with pytest.raises(RecordNotFoundError, match=r"rec\.hea names the signal file rec\.dat"):
        read_record(header)
    with pytest.raises(RecordNotFoundError, match="does not exist"):
        read_record(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"\x00\xff\x00\xfe garbage", b"hello\n", b"rec twelve 500\n"])
def test_a_rubbish_header(tmp_path, write_wfdb, content):
    header = write_wfdb(tmp_path)
    header.write_bytes(content)
    with pytest.raises(RecordFormatError, match=r"rec\.hea"):
        read_record(tmp_path / "rec.dat")


def test_too_short_and_without_any_valid_sample(tmp_path, write_wfdb, ecg_mv):
    with pytest.raises(RecordUnsupportedError, match=r"1\.00 s"):
        read_record(write_wfdb(tmp_path, "short", signal_mv=ecg_mv[:, :500]))
    with pytest.raises(RecordFormatError, match="no valid sample"):
        read_record(write_wfdb(tmp_path, "void", digital=np.full((12, 5000), -32768)))


def test_a_link_that_leaves_the_folder_is_not_followed(tmp_path, write_wfdb):
    (tmp_path / "inside").mkdir()
    header = write_wfdb(tmp_path / "inside")
    (tmp_path / "inside" / "rec.dat").rename(tmp_path / "outside.dat")
    (tmp_path / "inside" / "rec.dat").symlink_to(tmp_path / "outside.dat")
    with pytest.raises(RecordNotFoundError, match=r"rec\.dat"):
        read_record(header)


@pytest.mark.parametrize(
    "arguments", [{"sampling_rate": 0}, {"units": "bpm"}, {"gain_factor": -1}, {"gain_factor": np.nan}]
)
def test_arguments_that_make_no_sense(tmp_path, write_wfdb, arguments):
    with pytest.raises(ConfigurationError):
        read_record(write_wfdb(tmp_path), **arguments)


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"%PDF-1.7 " + bytes(300), RecordUnsupportedError, "PDF"),
        (b"<?xml version='1.0'?><Invoice/>", RecordUnsupportedError, "XML"),
        (b"<?xml version='1.0'?><AnnotatedECG/>", RecordFormatError, "HL7 aECG"),
        (bytes(128) + b"DICM" + bytes(100), NotAnEcgError, "DICOM file without a waveform"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), RecordUnsupportedError, "HDF5"),
        (b"\x1f\x8b\x08" + bytes(100), RecordUnsupportedError, "archive"),
        (b"dear colleague,\nplease find enclosed\n", NotAnEcgError, "lead"),
        (bytes(range(256)) * 4, RecordFormatError, "no known format"),
    ],
)
def test_other_files_are_called_what_they_are(tmp_path, content, error, said):
    (tmp_path / "file.bin").write_bytes(content)
    with pytest.raises(error, match=said):
        read_record(tmp_path / "file.bin")
