"""DICOM as writers fill it in: sign, padding, skew, labels, coding, and files without a preamble or deflated."""

import io
import struct

import numpy as np
import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.io import collect, read_record
from tests.io.carts import cart_files as make


@pytest.fixture(scope="module")
def record():
    """A synthetic ECG."""
    return generate("normal", seed=3, sampling_rate_hz=500, duration_s=10)


def opened(tmp_path, content, name="a.dcm"):
    (tmp_path / name).write_bytes(content)
    return read_record(tmp_path / name)


def group_of(record, step_uv=1.0):
    return make.dicom_group(record, record.leads, step_uv=step_uv)


def counts_of(record, step_uv=1.0):
    return np.stack([make.counts(record, lead, step_uv) for lead in record.leads])


def largest_error_uv(back, record, step_uv=1.0):
    return np.abs(1000 * back.signal.astype(float) - step_uv * counts_of(record, step_uv)).max()


@pytest.mark.parametrize("stored", [12, 14])
@pytest.mark.parametrize("filled", [False, True])
def test_the_highest_stored_bit_is_the_sign(tmp_path, record, stored, filled):
    rows, group = counts_of(record, 5), group_of(record, 5)
    words = rows.T if filled else rows.T & ((1 << stored) - 1)
    group.WaveformData = words.astype("<i2" if filled else "<u2").tobytes()
    for channel in group.ChannelDefinitionSequence:
        channel.WaveformBitsStored = stored
    assert largest_error_uv(opened(tmp_path, make.dicom(record, [group])), record, 5) < 0.01


def test_stated_bits_that_are_too_few_change_nothing_and_are_told(tmp_path, record):
    group = group_of(record)
    group.WaveformData = (counts_of(record).T * 40).clip(-32000, 32000).astype("<i2").tobytes()
    for channel in group.ChannelDefinitionSequence:
        channel.WaveformBitsStored = 12
    back = opened(tmp_path, make.dicom(record, [group]))
    assert np.ptp(back.lead("V4")) > 20
    assert "larger samples than their stated bits allow" in " ".join(back.warnings)


def test_unsigned_samples_of_12_bits(tmp_path, record):
    group = group_of(record, 5)
    group.WaveformSampleInterpretation = "US"
    group.WaveformData = (counts_of(record, 5).T + 2048).astype("<u2").tobytes()
    for channel in group.ChannelDefinitionSequence:
        channel.WaveformBitsStored, channel.ChannelBaseline = 12, str(-2048 * 5)
    assert largest_error_uv(opened(tmp_path, make.dicom(record, [group])), record, 5) < 0.01


@pytest.mark.parametrize(("interpretation", "zero"), [("SB", 0), ("UB", 128)])
def test_plain_samples_of_8_bits(tmp_path, record, interpretation, zero):
    group = group_of(record, 20)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 8, interpretation
    del group[0x5400, 0x1010]
    group.add_new(0x54001010, "OB", (counts_of(record, 20).T + zero).astype("i1" if not zero else "u1").tobytes())
    for channel in group.ChannelDefinitionSequence:
        channel.WaveformBitsStored, channel.ChannelBaseline = 8, str(-20 * zero)
    assert largest_error_uv(opened(tmp_path, make.dicom(record, [group])), record, 20) < 0.01


@pytest.mark.parametrize(("interpretation", "name"), [("MB", "mu-law"), ("AB", "A-law")])
def test_companded_samples_are_refused_by_name(tmp_path, record, interpretation, name):
    group = group_of(record)
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 8, interpretation
    group.WaveformData = bytes(12 * record.n_samples)
    with pytest.raises(RecordUnsupportedError, match=name):
        opened(tmp_path, make.dicom(record, [group]))


def test_a_padding_value_that_samples_have_too_makes_no_gaps(tmp_path, record):
    group = group_of(record)
    group.add_new(0x5400100A, "OW", bytes(2))
    back = opened(tmp_path, make.dicom(record, [group]))
    assert np.isfinite(back.signal).all()
    assert largest_error_uv(back, record) < 0.01
    assert back.warnings == ()


def test_long_runs_of_such_a_padding_value_are_gaps(tmp_path, record):
    rows = counts_of(record)
    rows[:, 4000:] = 0
    rows[7, 500:2000], rows[7, 499], rows[7, 2000] = 0, 1, 1
    group = group_of(record)
    group.WaveformData = rows.T.astype("<i2").tobytes()
    group.add_new(0x5400100A, "OW", bytes(2))
    back = opened(tmp_path, make.dicom(record, [group]))
    assert back.n_samples == 4000
    assert np.flatnonzero(np.isnan(back.signal).any(axis=0)).tolist() == list(range(500, 2000))
    assert "padding" in back.warnings[0]


def test_a_padding_value_beyond_the_samples_is_a_gap_wherever_it_is(tmp_path, record):
    rows = counts_of(record)
    rows[3, 700] = -32768
    group = group_of(record)
    group.WaveformData = rows.T.astype("<i2").tobytes()
    group.add_new(0x5400100A, "OW", struct.pack("<h", -32768))
    back = opened(tmp_path, make.dicom(record, [group]))
    assert np.argwhere(np.isnan(back.signal)).tolist() == [[3, 700]]


@pytest.mark.parametrize("by_time", [False, True])
@pytest.mark.parametrize("skew", [20.0, 7.5])
def test_channels_that_were_sampled_later_are_brought_to_one_time(tmp_path, record, skew, by_time):
    rows = counts_of(record).astype(float)
    at = np.arange(rows.shape[1])
    for channel in (1, 9):
        # The channel's first sample is the signal of that many samples later.
        rows[channel] = np.interp(at + skew, at, rows[channel])
    group = group_of(record)
    group.WaveformData = np.round(rows).T.astype("<i2").tobytes()
    for channel in (1, 9):
        one = group.ChannelDefinitionSequence[channel]
        if by_time:
            del one.ChannelSampleSkew
            one.ChannelTimeSkew = str(skew / 500)
        else:
            one.ChannelSampleSkew = str(skew)
    back = opened(tmp_path, make.dicom(record, [group]))
    inner = slice(30, record.n_samples - 30)
    if skew == 20:
        assert np.abs(1000 * back.signal - counts_of(record))[:, inner].max() < 0.6
    # Halves of a sample are interpolated, here by the test and there by the reader.
    assert np.corrcoef(back.signal[1, inner], record.signal[1, inner])[0, 1] > 0.995
    assert "sampled one after another" in " ".join(back.warnings)


def test_a_channels_label_names_its_lead_where_the_code_names_none(tmp_path, record):
    group = group_of(record)
    for channel, lead in zip(group.ChannelDefinitionSequence, record.leads, strict=True):
        source = channel.ChannelSourceSequence[0]
        source.CodeValue, source.CodeMeaning, channel.ChannelLabel = "2:0", "ECG", lead
    back = opened(tmp_path, make.dicom(record, [group]))
    assert back.leads == STANDARD_LEADS
    assert largest_error_uv(back, record) < 0.01


def test_a_code_that_names_a_lead_is_not_overruled_by_a_label(tmp_path, record):
    group = group_of(record)
    for channel, lead in zip(group.ChannelDefinitionSequence, reversed(record.leads), strict=True):
        channel.ChannelLabel = lead
    assert largest_error_uv(opened(tmp_path, make.dicom(record, [group])), record) < 0.01


def resaved(content, syntax):
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        group = dataset.WaveformSequence[0]
        group.WaveformData = np.frombuffer(group.WaveformData, "<i2").astype(">i2").tobytes()
        group[0x5400, 0x1010].is_undefined_length = False
    stream = io.BytesIO()
    if syntax == ExplicitVRBigEndian:
        pydicom.dcmwrite(stream, dataset, implicit_vr=False, little_endian=False, enforce_file_format=True)
    else:
        pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def test_a_deflated_data_set_is_unpacked_within_a_limit(tmp_path, record, monkeypatch):
    content = resaved(make.dicom(record), DeflatedExplicitVRLittleEndian)
    assert len(content) < len(make.dicom(record))
    assert largest_error_uv(opened(tmp_path, content), record) < 0.01
    monkeypatch.setenv("CARDIOV_MAX_INFLATED_MIB", "0.001")
    with pytest.raises(RecordUnsupportedError, match="grows"):
        opened(tmp_path, content)


def test_a_deflated_data_set_that_is_damaged_is_refused(tmp_path, record):
    content = resaved(make.dicom(record), DeflatedExplicitVRLittleEndian)
    with pytest.raises(RecordFormatError, match="damaged DICOM"):
        opened(tmp_path, content[:600] + b"\x00" * 50 + content[650:])


def test_high_bytes_first(tmp_path, record):
    content = resaved(make.dicom(record), ExplicitVRBigEndian)
    assert largest_error_uv(opened(tmp_path, content), record) < 0.01


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("cut", ["preamble", "all"])
def test_files_without_a_preamble_are_known_and_read(tmp_path, record, implicit, cut):
    if cut == "preamble":
        content = make.dicom(record, implicit=implicit)[128:]
    else:
        content = make.dicom(record, implicit=implicit, preamble=False)
    for name in ("a", "b.bin", "c.dcm"):
        assert largest_error_uv(opened(tmp_path, content, name), record) < 0.01
    with collect([tmp_path]) as found:
        assert len(found.sources) == 3


def test_a_file_with_a_median_beat_alone_says_so(tmp_path, record):
    group = make.dicom_group(record, record.leads, label="MEDIAN BEAT", part=slice(0, 600))
    with pytest.raises(RecordUnsupportedError, match="only a median beat"):
        opened(tmp_path, make.dicom(record, [group]))
