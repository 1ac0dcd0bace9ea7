"""Schiller's XML: written by hand, read back, and each way of damaging it."""

from datetime import datetime

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import MissingMetadataError, RecordFormatError, RecordUnsupportedError
from cardiov_core.io import read_record

ROOT = "com.xiriuz.sema.xml.schillerEDI.SchillerEDI"


def wave(rows, kind="ECG_RHYTHMS", names=STANDARD_LEADS, unit="UV", coding="COMMASEPARATE", announced=None, size="1.0"):
    channels = "".join(
        f"<channel><name>{name.upper()}</name><data>{','.join(map(str, row))}</data><datatype>{coding}</datatype>"
        f"<samplecount>{announced or len(row)}</samplecount></channel>"
        for name, row in zip(names, rows, strict=True)
    )
    return (
        f"<wavedata><type>{kind}</type><resolution><samplerate><exponent>1</exponent><value>500</value></samplerate>"
        f"<yres><unitperbit>{size}</unitperbit><units>{unit}</units></yres></resolution>{channels}</wavedata>"
    )


def document(*waves, born="19580302", measured=""):
    return (
        f"<?xml version='1.0'?><{ROOT}><patdata><id>77</id><birthdate>{born}</birthdate><gender>FEMALE</gender>"
        "</patdata><examdescript><startdatetime><date>20190504</date><time>102030000</time></startdatetime>"
        "<aquiringdevice><hardware><vendor>Schiller</vendor><model>AT-5</model></hardware></aquiringdevice>"
        f"</examdescript><eventdata><event>{''.join(waves)}{measured}<filters_data><filter><name>HIGHPASS_CUTOFF_FREQ"
        "</name><value>0.05</value></filter><filter><name>LOWPASS_CUTOFF_FREQ</name><value>150</value></filter>"
        "</filters_data><textdata><type>INTERPRETATION</type><textdata>SINUS RHYTHM\nNORMAL</textdata></textdata>"
        f"</event></eventdata></{ROOT}>"
    )


@pytest.fixture
def uv(ecg_mv):
    """Whole uV."""
    return np.round(1000 * ecg_mv).astype(int)


def opened(tmp_path, text, **options):
    (tmp_path / "a.bin").write_text(text)
    return read_record(tmp_path / "a.bin", **options)


def test_a_file_is_read_whole(tmp_path, uv):
    measured = "".join(
        f"<annotation_global><name>{name}</name><value>{value}</value></annotation_global>"
        for name, value in (("HR", 75), ("PQ", 160), ("QRS", 0), ("QT", "-"), ("AXIS_QRS", 0), ("AXIS_T", 999))
    )
    record = opened(tmp_path, document(wave(uv[:, :580], "ECG_AVERAGES"), wave(uv), measured=measured))
    assert (record.provenance.format, record.sampling_rate, record.leads) == ("Schiller XML", 500, STANDARD_LEADS)
    assert np.abs(1000 * record.signal - uv).max() < 0.01
    assert (record.age, record.sex, record.patient_id) == (61.0, "female", "77")
    assert (record.recorded_at, record.device) == (datetime(2019, 5, 4, 10, 20, 30), "Schiller AT-5")
    assert record.machine is not None
    assert record.machine.measurements == {"heart_rate_bpm": 75, "pr_ms": 160, "qrs_axis_deg": 0}
    assert record.machine.statements == ("SINUS RHYTHM", "NORMAL")
    assert record.comments == ("Filters stated in the file: 0.05-150 Hz.",)
    assert record.provenance.gains_per_mv == pytest.approx((1000,) * 12)


def test_of_several_rhythms_the_longest_is_taken(tmp_path, uv):
    record = opened(tmp_path, document(wave(uv[:, :2000]), wave(uv)))
    assert record.n_samples == 5000
    assert "longest" in record.warnings[0]


@pytest.mark.parametrize(
    ("waves", "error", "words"),
    [
        (lambda uv: [wave(uv, announced=6000)], RecordFormatError, "announces 6000 samples and holds 5000"),
        (lambda uv: [wave(uv[:, :580], "ECG_AVERAGES")], RecordUnsupportedError, "only a median beat"),
        (lambda uv: [], RecordUnsupportedError, "no rhythm recording"),
        (lambda uv: [wave(uv, coding="BASE64")], RecordUnsupportedError, "BASE64"),
        (lambda uv: [wave(uv, unit="MMHG")], RecordUnsupportedError, "MMHG"),
        (lambda uv: [wave(uv, unit="")], MissingMetadataError, "units"),
        (lambda uv: [wave(uv, size="0")], RecordFormatError, "no size"),
        (lambda uv: [wave([[*row, "x"] for row in uv.tolist()])], RecordFormatError, "something else than numbers"),
        (lambda uv: [wave([*uv[:11].tolist(), uv[11, :4000].tolist()])], RecordFormatError, "different lengths"),
    ],
)
def test_each_fault_has_its_sentence(tmp_path, uv, waves, error, words):
    with pytest.raises(error, match=words):
        opened(tmp_path, document(*waves(uv)))


def test_a_birth_date_of_1900_is_no_age(tmp_path, uv):
    assert opened(tmp_path, document(wave(uv), born="19000101")).age is None


def test_a_cut_file_is_refused(tmp_path, uv):
    with pytest.raises(RecordFormatError, match="not well-formed"):
        opened(tmp_path, document(wave(uv))[:-9000])
