"""Contec's own format: written by hand as its ECG90A does."""

import struct
from datetime import datetime

import numpy as np
import pytest

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordFormatError
from cardiov_core.io import collect, read_record

EIGHT = ("II", "III", "V1", "V2", "V3", "V4", "V5", "V6")


@pytest.fixture
def counts(ecg_mv):
    """Counts of 5 uV of the eight stored channels."""
    return np.round(200 * ecg_mv[[STANDARD_LEADS.index(lead) for lead in EIGHT]]).astype(int)


def contec(counts, sex=1, age=54):
    head = b"0000050\x00" + b"\x00\x00" + b"2020-11-16 21:44:39\x00" + bytes(2) + b"Jane\x00".ljust(8, b"\x00")
    head += struct.pack("<3B", sex, age, 70)
    return head + (counts + 2048).T.astype("<u2").tobytes() + bytes(31) + b"\x16" + bytes(5)


def opened(tmp_path, content):
    (tmp_path / "a.ECG").write_bytes(content)
    return read_record(tmp_path / "a.ECG")


def test_a_file_is_read_whole(tmp_path, counts, ecg_mv):
    record = opened(tmp_path, contec(counts))
    assert record.leads == STANDARD_LEADS
    assert set(record.derived_leads) == {"I", "aVR", "aVL", "aVF"}
    assert record.sampling_rate == 800
    assert np.abs(record.signal - ecg_mv).max() < 0.0076
    assert (record.age, record.sex, record.recorded_at) == (54.0, "male", datetime(2020, 11, 16, 21, 44, 39))
    assert "800 Hz, 200 per mV" in record.warnings[0]
    with collect([tmp_path]) as found:
        assert len(found.sources) == 1


def test_leads_without_electrodes_are_missing_and_named(tmp_path, counts):
    counts[2:] = 0x6800 - 2048
    record = opened(tmp_path, contec(counts, sex=255, age=0))
    assert np.isnan(record.signal[6:]).all()
    assert np.isfinite(record.signal[:6]).all()
    assert (record.age, record.sex) == (None, None)
    assert "not connected: V1, V2, V3, V4, V5, V6" in record.warnings[1]


def test_a_cut_file_is_refused(tmp_path, counts):
    with pytest.raises(RecordFormatError, match="Contec"):
        opened(tmp_path, contec(counts)[:-7])
