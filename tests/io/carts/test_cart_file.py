"""Carts' files: each format written by hand from a record and read back, and the surprises that real ones hold."""

import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, EcgRecord
from cardiov_core.errors import MissingMetadataError, NotAnEcgError, RecordFormatError, RecordUnsupportedError
from cardiov_core.io import collect, read_record, read_uploads
from tests.io.carts import cart_files as make

BORN = date(1958, 3, 2)
WHEN = datetime(2019, 5, 4, 10, 20, 30)
FACTS = {"age": 61.0, "sex": "female", "recorded_at": WHEN, "patient_id": "P-0042"}

# Format -> maker, name in the provenance, stored step in uV, whether the file holds measurements.
FORMATS: dict[str, tuple[Callable[..., bytes], str, float, bool]] = {
    "dicom": (make.dicom, "DICOM", 1.0, True),
    "dicom-implicit": (lambda r: make.dicom(r, implicit=True), "DICOM", 1.0, True),
    "dicom-mv": (lambda r: make.dicom(r, [make.dicom_group(r, r.leads, unit="mV")]), "DICOM", 1.0, True),
    "aecg": (make.aecg, "HL7 aECG", 1.0, True),
    "muse": (make.muse, "GE MUSE XML", 4.88, True),
    "sierra": (make.sierra, "Philips Sierra XML", 5.0, True),
    "sierra-1uv": (lambda r: make.sierra(r, step_uv=1.0), "Philips Sierra XML", 1.0, True),
    "sierra-plain": (
        lambda r: make.sierra(r, compressed=False, encoding="utf-8"), "Philips Sierra XML", 5.0, True,
    ),
    "mortara": (make.mortara, "Mortara XML", 2.5, True),
    "scp": (make.scp, "SCP-ECG", 1.0, True),
    "scp-huffman": (lambda r: make.scp(r, step_uv=2.5, compressed=True), "SCP-ECG", 2.5, True),
    "edf": (lambda r: make.edf(r, birth=BORN), "EDF+", 1.0, False),
    "edf-plain": (lambda r: make.edf(r, birth=BORN, plus=False), "EDF", 1.0, False),
    "edf-mv": (lambda r: make.edf(r, birth=BORN, unit="mV"), "EDF+", 1.0, False),
    "ishne": (lambda r: make.ishne(r, birth=BORN), "ISHNE", 2.5, False),
    "mfer": (make.mfer, "MFER", 2.0, False),
}  # fmt: skip


@pytest.fixture(scope="module")
def record() -> EcgRecord:
    """A synthetic ECG with all facts that a cart writes."""
    made = generate("normal", seed=3, sampling_rate_hz=500, duration_s=10)
    return replace(made, **FACTS)


def opened(tmp_path: Path, content: bytes, name: str = "ecg.bin", **options: object) -> EcgRecord:
    path = tmp_path / name
    path.write_bytes(content)
    return read_record(path, **options)


@pytest.mark.parametrize("name", FORMATS)
def test_a_round_trip_is_exact_to_half_a_stored_unit(tmp_path, record, name):
    maker, format_name, step_uv, _ = FORMATS[name]
    back = opened(tmp_path, maker(record))
    assert back.provenance.format == format_name
    assert back.leads == STANDARD_LEADS
    assert (back.sampling_rate, back.n_samples) == (500.0, 5000)
    recorded = [lead for lead in STANDARD_LEADS if lead not in back.derived_leads]
    for lead in recorded:
        error_uv = 1000 * np.abs(back.lead(lead).astype(float) - record.lead(lead).astype(float)).max()
        # float32 holds 0.0005 uV at these amplitudes, edfio writes 32.76701 for a physical maximum of 32.767 mV.
        assert error_uv <= 0.5 * step_uv + 0.006, lead
    assert back.derived_leads == (("III", "aVR", "aVL", "aVF") if name == "muse" else ())
    assert back.provenance.gains_per_mv == pytest.approx((1000 / step_uv,) * len(recorded))


@pytest.mark.parametrize("name", FORMATS)
def test_facts_and_the_machines_measurements_are_read(tmp_path, record, name):
    maker, format_name, _, has_measurements = FORMATS[name]
    back = opened(tmp_path, maker(record))
    assert {key: getattr(back, key) for key in FACTS} == FACTS
    if format_name != "MFER":
        assert back.device
    if has_measurements:
        assert back.machine is not None
        assert {key: back.machine.measurements.get(key) for key in make.MACHINE} == make.MACHINE
        assert back.machine.statements == make.STATEMENTS
    else:
        assert back.machine is None


@pytest.mark.parametrize(
    ("name", "file_name"), [("dicom", "a.dat"), ("aecg", "a.csv"), ("scp", "a.hea"), ("edf", "a"), ("muse", "a.mat")]
)
def test_a_wrong_extension_does_not_matter(tmp_path, record, name, file_name):
    assert opened(tmp_path, FORMATS[name][0](record), file_name).provenance.format == FORMATS[name][1]


# --- leads, units, ends -----------------------------------------------------------------------------------------


def test_leads_may_come_in_any_order(tmp_path, record):
    order = ("V6", "V1", "II", "I", "aVF", "aVL", "III", "aVR", "V2", "V5", "V4", "V3")
    back = opened(tmp_path, make.aecg(record, leads=order))
    assert back.leads == STANDARD_LEADS
    assert np.allclose(back.signal, record.signal, atol=0.00051)


@pytest.mark.parametrize(
    "content",
    [
        lambda r: make.aecg(r, unit=None, step_uv=2.5),
        lambda r: make.muse(r, units="", step_uv=2.5),
        lambda r: make.dicom(r, [make.dicom_group(r, r.leads, unit=None, step_uv=2.5)]),
    ],
)
def test_a_unit_that_nobody_states_is_asked_for_and_never_guessed(tmp_path, record, content):
    with pytest.raises(MissingMetadataError) as caught:
        opened(tmp_path, content(record))
    assert caught.value.fields == ("units",)
    back = opened(tmp_path, content(record), units="uV")
    assert np.abs(back.lead("V2") - record.lead("V2")).max() <= 0.00126


def test_a_unit_that_is_no_voltage_is_refused(tmp_path, record):
    with pytest.raises(RecordUnsupportedError, match="mmHg"):
        opened(tmp_path, make.dicom(record, [make.dicom_group(record, record.leads, unit="mmHg")]))


def test_a_calibration_pulse_is_no_ecg(tmp_path, record):
    back = opened(tmp_path, make.sierra(record, pulse=True))
    assert back.n_samples == 5000
    assert any("calibration pulse" in warning for warning in back.warnings)


def test_padding_at_the_end_is_cut_and_told(tmp_path, record):
    group = make.dicom_group(record, record.leads, padding=-32768, pad_samples=40)
    back = opened(tmp_path, make.dicom(record, [group]))
    assert back.n_samples == 5000
    assert np.isfinite(back.signal).all()
    assert back.warnings == ("The last 0.08 s of the file are padding, no ECG, and were left out.",)


def test_missing_samples_in_the_middle_stay_missing(tmp_path, record):
    signal = record.signal.copy()
    signal[:, 1000:1100] = -32.768
    group = make.dicom_group(replace(record, signal=signal), record.leads, padding=-32768)
    back = opened(tmp_path, make.dicom(record, [group]))
    assert np.isnan(back.signal[:, 1000:1100]).all()
    assert back.n_samples == 5000


def test_leads_that_a_file_stores_twice_are_kept_once(tmp_path, record):
    group = make.dicom_group(record, [*STANDARD_LEADS, "II"])
    back = opened(tmp_path, make.dicom(record, [group]))
    assert back.leads == STANDARD_LEADS
    assert any("II_2" in warning for warning in back.warnings)


def test_100_hz_and_rates_that_are_no_whole_number(tmp_path):
    slow = generate("normal", seed=3, sampling_rate_hz=100, duration_s=10)
    assert opened(tmp_path, make.aecg(slow)).sampling_rate == 100.0
    odd = replace(slow, sampling_rate=127.5)
    assert opened(tmp_path, make.dicom(odd)).sampling_rate == 127.5


def test_stretches_with_gaps_between_them_are_no_rhythm(tmp_path, record):
    plus = bytearray(make.edf(record))
    plus[192:197] = b"EDF+D"
    at = plus.index(b"+5\x14\x14")
    plus[at : at + 2] = b"+9"
    with pytest.raises(RecordUnsupportedError, match="gaps"):
        opened(tmp_path, bytes(plus))


def test_a_scale_of_zero_is_no_scale(tmp_path, record):
    content = make.aecg(record).replace(b'<scale value="1" unit="uV"/>', b'<scale value="0" unit="uV"/>')
    with pytest.raises(RecordFormatError, match="scale of 0"):
        opened(tmp_path, content)


# --- DICOM ------------------------------------------------------------------------------------------------------


def test_the_rhythm_is_chosen_among_groups_whatever_their_labels_say(tmp_path, record):
    beat = make.dicom_group(record, record.leads, label="", part=slice(0, 600))
    rhythm = make.dicom_group(record, record.leads, label="")
    back = opened(tmp_path, make.dicom(record, [beat, rhythm]))
    assert back.n_samples == 5000
    assert any("12 channels of 1.2 s" in warning for warning in back.warnings)


def test_a_labelled_median_beat_is_left_out_without_a_word(tmp_path, record):
    beat = make.dicom_group(record, record.leads, label="MEDIAN BEAT", part=slice(0, 600))
    back = opened(tmp_path, make.dicom(record, [beat, make.dicom_group(record, record.leads)]))
    assert (back.n_samples, back.warnings) == (5000, ())


def test_groups_recorded_at_the_same_time_are_one_ecg(tmp_path, record):
    groups = [make.dicom_group(record, record.leads[:6]), make.dicom_group(record, record.leads[6:])]
    back = opened(tmp_path, make.dicom(record, groups))
    assert (back.leads, back.derived_leads) == (STANDARD_LEADS, ())
    assert np.allclose(back.signal, record.signal, atol=0.00051)


def test_leads_recorded_one_after_another_are_not_put_together(tmp_path, record):
    groups = [
        make.dicom_group(
            record, record.leads[3 * k : 3 * k + 3], part=slice(1250 * k, 1250 * (k + 1)), offset_ms=2500.0 * k
        )
        for k in range(4)
    ]
    back = opened(tmp_path, make.dicom(record, groups))
    assert len(set(back.leads) - set(back.derived_leads)) == 3
    assert any("not recorded at the same time" in warning for warning in back.warnings)


@pytest.mark.parametrize("implicit", [False, True])
def test_dicom_without_preamble_opens(tmp_path, record, implicit):
    content = make.dicom(record, implicit=implicit, preamble=False)
    if implicit:
        # A group length is what tells an implicit data set without preamble from noise.
        content = struct.pack("<HHII", 8, 0, 4, 0) + content
    assert opened(tmp_path, content).n_samples == 5000


def test_invalid_identifiers_are_no_reason_to_refuse_an_ecg(tmp_path, record):
    back = opened(tmp_path, make.dicom(record, uid="1.2a.03"))
    assert back.n_samples == 5000


def test_dicom_without_waveform_is_no_ecg(tmp_path, record):
    import io

    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(make.dicom(record)))
    del dataset.WaveformSequence
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    stream = io.BytesIO()
    dataset.save_as(stream)
    with pytest.raises(NotAnEcgError, match="Encapsulated PDF"):
        opened(tmp_path, stream.getvalue())


# --- XML --------------------------------------------------------------------------------------------------------


def test_a_document_type_is_ignored_but_entities_are_refused(tmp_path, record):
    assert opened(tmp_path, make.muse(record)).n_samples == 5000
    internal = make.muse(record, doctype='<!DOCTYPE RestingECG SYSTEM "x.dtd" [<!ATTLIST RestingECG a CDATA "b">]>')
    assert opened(tmp_path, internal).n_samples == 5000
    bomb = "<!DOCTYPE RestingECG [" + "".join(
        f'<!ENTITY e{k} "{("&e" + str(k - 1) + ";") * 10 if k else "boom"}">' for k in range(9)
    )
    outside = '<!DOCTYPE RestingECG [<!ENTITY e8 SYSTEM "file:///etc/passwd">'
    parameter = '<!DOCTYPE RestingECG [<!ENTITY % e8 SYSTEM "file:///etc/passwd"> %e8;'
    for doctype in (bomb, outside, parameter):
        content = make.muse(record, doctype=doctype + "]>").replace(b"P-0042", b"&e8;")
        with pytest.raises(RecordFormatError, match="entities") as caught:
            opened(tmp_path, content)
        assert "Do not trust" in caught.value.hint


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "GB2312", "Shift_JIS"])
def test_encodings(tmp_path, record, encoding):
    named = replace(record, patient_id="病人" if encoding in {"UTF-8", "UTF-16", "GB2312"} else "P-0042")
    back = opened(tmp_path, make.muse(named, encoding=encoding))
    assert back.patient_id == named.patient_id


def test_a_wrong_declaration_and_bytes_around_the_document_do_not_matter(tmp_path, record):
    labelled = make.muse(record).replace(b"ISO-8859-1", b"UTF-8").replace(b"MAC 5", b"Caf\xe9 5")
    assert opened(tmp_path, labelled).device == "Café 5"
    assert opened(tmp_path, b"\r\n " + make.aecg(record) + b"\x00\x00").n_samples == 5000
    commented = make.aecg(record, head="<!-- " + "made by a long-winded cart > " * 1000 + "-->", prefix="hl7")
    assert opened(tmp_path, commented).n_samples == 5000


def test_xml_that_is_no_ecg_or_no_xml(tmp_path, record):
    with pytest.raises(RecordUnsupportedError, match="XML document"):
        opened(tmp_path, b"<?xml version='1.0'?><CardiologyXML/>")
    with pytest.raises(RecordFormatError, match="not well-formed"):
        opened(tmp_path, make.sierra(record, encoding="utf-8")[:20_000])
    with pytest.raises(RecordFormatError, match="deeper"):
        opened(tmp_path, b"<AnnotatedECG>" + b"<a>" * 500 + b"</a>" * 500 + b"</AnnotatedECG>")


def test_a_sierra_version_that_nobody_knows_is_told(tmp_path, record):
    content = make.sierra(record, encoding="utf-8").replace(b"<documentversion>1.04<", b"<documentversion>9.99<")
    with pytest.raises(RecordUnsupportedError, match=r"9\.99"):
        opened(tmp_path, content)


# --- the machine's measurements ---------------------------------------------------------------------------------


def test_corrected_qt_of_an_unstated_formula_is_called_so(tmp_path, record):
    for content in (make.muse(record), make.scp(record)):
        machine = opened(tmp_path, content).machine
        assert machine is not None
        assert machine.measurements["qtc_ms"] == 437
        assert not {"qtc_bazett_ms", "qtc_fridericia_ms"} & set(machine.measurements)


def test_zero_means_not_measured(tmp_path, record):
    content = make.muse(record).replace(b"<PRInterval>158<", b"<PRInterval>0<")
    machine = opened(tmp_path, content).machine
    assert machine is not None
    assert "pr_ms" not in machine.measurements


def test_statements_of_a_physician_are_kept_apart(tmp_path, record):
    content = make.muse(record).replace(
        b"</TestDemographics>", b"<Status>CONFIRMED</Status></TestDemographics>"
    ).replace(
        b"<Diagnosis>", b"<OriginalDiagnosis><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Atrial "
        b"fibrillation</StmtText></DiagnosisStatement></OriginalDiagnosis><Diagnosis>",
    )  # fmt: skip
    machine = opened(tmp_path, content).machine
    assert machine is not None
    assert machine.statements == ("Atrial fibrillation",)
    assert machine.confirmed_statements == make.STATEMENTS


def test_scp_with_a_wrong_checksum_opens_with_a_warning(tmp_path, record):
    content = bytearray(make.scp(record))
    content[-30] ^= 1
    assert any("CRC" in warning for warning in opened(tmp_path, bytes(content)).warnings)


def test_mfer_without_preamble_is_known_by_its_structure(tmp_path, record):
    assert opened(tmp_path, make.mfer(record, preamble=False)).n_samples == 5000


@pytest.mark.parametrize(
    ("code", "unit", "value", "name", "expected"),
    [
        # A code of nobody's: the meaning says what it is.
        (("99-1", "99LOCAL", "P-R Interval"), "ms", "158", "pr_ms", 158.0),
        (("99-2", "99LOCAL", "QRS duration global"), "s", "0.092", "qrs_ms", 92.0),
        (("99-3", "99LOCAL", "Q-T interval corrected"), "ms", "437", "qtc_ms", 437.0),
        (("99-4", "99LOCAL", "QT Interval"), "mmHg", "402", "qt_ms", None),
        (("99-5", "99LOCAL", "T wave axis"), "deg", "0", "t_axis_deg", 0.0),
        (("99-6", "99LOCAL", "Ventricular rate"), "/min", "29999", "heart_rate_bpm", None),
    ],
)
def test_measurements_are_known_by_their_names_and_units(tmp_path, record, code, unit, value, name, expected):
    content = make.dicom(record, measured=[(code, unit, value)])
    machine = opened(tmp_path, content).machine
    assert machine is not None
    assert machine.measurements.get(name) == (pytest.approx(expected) if expected is not None else None)


# --- archives, folders, uploads ---------------------------------------------------------------------------------


def test_a_zip_and_a_folder_of_carts_files_are_a_batch(tmp_path, record):
    folder = tmp_path / "carts"
    folder.mkdir()
    names = {"a.dcm": make.dicom, "b.xml": make.aecg, "c.scp": make.scp, "d.dat": make.edf, "e": make.muse}
    for name, maker in names.items():
        (folder / name).write_bytes(maker(record))
    (folder / "note.xml").write_text("<note>no ECG</note>")
    with zipfile.ZipFile(tmp_path / "carts.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    for source in (folder, tmp_path / "carts.zip"):
        with collect([source]) as found:
            assert sorted(Path(one.shown_as).name for one in found.sources) == sorted(names)
            assert found.errors == ()
            assert [Path(name).name for name in found.passed_over] == ["note.xml"]
            assert all(read_record(one.path).leads == STANDARD_LEADS for one in found.sources)
    uploads = read_uploads([("carts.zip", (tmp_path / "carts.zip").read_bytes())])
    assert [upload.error for upload in uploads] == [None] * len(names)


def test_a_six_lead_kardia_recording_opens_with_what_it_has(tmp_path, record):
    samples = {f"lead{lead}": make.counts(record, lead, 0.5).tolist() for lead in STANDARD_LEADS[:6]}
    raw = {"frequency": 500, "amplitudeResolution": 500, "mainsFrequency": 50, "samples": samples}
    content = json.dumps({"recordedAt": "2019-05-04T10:20:30Z", "duration": 10000, "data": {"raw": raw}}).encode()
    back = opened(tmp_path, content)
    assert (back.provenance.format, back.leads) == ("Kardia JSON", STANDARD_LEADS[:6])
    assert np.abs(back.signal - record.signal[:6]).max() <= 0.00026


def test_scp_leads_that_begin_at_different_samples_keep_their_time(tmp_path, record):
    content = bytearray(make.scp(record))
    # Section 3 lists I (code 1) first: samples 1-5000.
    at = content.index(struct.pack("<IIB", 1, 5000, 1))
    content[at : at + 8] = struct.pack("<II", 251, 5250)
    back = opened(tmp_path, bytes(content))
    assert back.n_samples == 5250
    assert np.isnan(back.lead("I")[:250]).all()
    assert np.isnan(back.lead("V1")[5000:]).all()
    content[at : at + 8] = struct.pack("<II", 2**31, 2**31 + 4999)
    with pytest.raises(RecordFormatError, match="apart"):
        opened(tmp_path, bytes(content))
