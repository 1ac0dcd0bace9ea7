"""Storage formats of WFDB: packed here by hand, decoded, and held against the wfdb library where that reads them."""

import io

import numpy as np
import pytest
import soundfile
import wfdb

from cardiov_core.errors import RecordFormatError
from cardiov_core.io import read_record
from cardiov_core.io.formats.wfdb_samples import BYTES_PER_SAMPLE, FLAC_BITS

N = 2001
BITS = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10, "311": 10}
NAMES = ("I", "II", "V1")


def samples_of(storage, n=N):
    """Three leads within a format's range; format 8 holds steps."""
    bits = BITS.get(storage) or FLAC_BITS[storage]
    t = np.arange(n) / 500
    reach = min(2 ** (bits - 1) - 2, 3000)
    rows = np.stack([np.round(reach * 0.9 * np.sin(2 * np.pi * (1 + k) * t) ** 3) for k in range(3)]).astype(int)
    if storage == "8":
        steps = np.diff(rows, axis=1, prepend=0).clip(-127, 127)
        steps[:, 0] = 0
        rows = np.cumsum(steps, axis=1)
    return rows


def packed(rows, storage):
    stream = rows.T.ravel()
    if storage == "8":
        return np.diff(rows, axis=1, prepend=0).T.ravel().astype("i1").tobytes()
    if storage in {"16", "32", "61"}:
        return stream.astype({"16": "<i2", "32": "<i4", "61": ">i2"}[storage]).tobytes()
    if storage == "24":
        return stream.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    if storage in {"80", "160"}:
        return (stream + {"80": 128, "160": 32768}[storage]).astype({"80": "u1", "160": "<u2"}[storage]).tobytes()
    if storage in FLAC_BITS:
        buffer = io.BytesIO()
        subtype = {"508": "PCM_S8", "516": "PCM_16", "524": "PCM_24"}[storage]
        scaled = (rows.T << (32 - FLAC_BITS[storage])).astype(np.int32)
        soundfile.write(buffer, scaled, 500, format="FLAC", subtype=subtype)
        return buffer.getvalue()
    block = 2 if storage == "212" else 3
    words = np.pad(stream, (0, -stream.size % block)).reshape(-1, block).astype(np.int64)
    if storage == "212":
        a, b = (words & 0xFFF).T
        return np.stack([a & 0xFF, a >> 8 | (b >> 8) << 4, b & 0xFF], axis=1).astype(np.uint8).tobytes()
    a, b, c = (words & 0x3FF).T
    if storage == "311":
        return (a | b << 10 | c << 20).astype("<u4").tobytes()
    return np.stack([a << 1 | (c & 31) << 11, b << 1 | (c >> 5) << 11], axis=1).astype("<u2").tobytes()


def written(folder, storage, rows, *, offset=0, skew=0, prologue=b""):
    # Checksums are of the samples as they lie in the file.
    lines = [f"rec 3 500 {rows.shape[1]}"]
    for index, (row, name) in enumerate(zip(rows, NAMES, strict=True)):
        layout = storage + (f":{skew}" if skew and index == 1 else "") + (f"+{offset}" if offset else "")
        lines.append(f"rec.dat {layout} 100(0)/mV 16 0 {row[0]} {int(row.sum()) % 65536} 0 {name}")
    (folder / "rec.hea").write_text("\n".join(lines) + "\n")
    (folder / "rec.dat").write_bytes(prologue + packed(rows, storage))
    return folder / "rec"


@pytest.mark.parametrize("storage", [*BYTES_PER_SAMPLE, *FLAC_BITS])
def test_every_format_that_is_called_understood_is(tmp_path, storage):
    rows = samples_of(storage)
    record = read_record(written(tmp_path, storage, rows))
    assert record.n_samples == N
    assert record.warnings == ()
    for lead, row in zip(NAMES, rows, strict=True):
        assert np.array_equal(np.round(record.lead(lead) * 100), row), lead


# wfdb 4.3 does not read 61 and 8 in several signals.
@pytest.mark.parametrize("storage", ["16", "24", "32", "80", "160", "212", "310", "311", "516"])
def test_samples_are_those_of_the_wfdb_library(tmp_path, storage):
    rows = samples_of(storage)
    path = written(tmp_path, storage, rows)
    theirs = wfdb.rdrecord(str(path), physical=False).d_signal.T
    assert np.array_equal(theirs, rows)
    ours = read_record(path)
    assert all(np.array_equal(np.round(ours.lead(lead) * 100), row) for lead, row in zip(NAMES, theirs, strict=True))


def test_bytes_before_the_first_sample_are_passed_over(tmp_path):
    rows = samples_of("16")
    record = read_record(written(tmp_path, "16", rows, offset=100, prologue=b"\xff" * 100))
    assert np.array_equal(np.round(record.lead("V1") * 100), rows[2])


def test_a_skewed_lead_is_brought_to_the_others_time(tmp_path):
    rows = samples_of("16")
    # Lead II was written 25 samples late.
    late = rows.copy()
    late[1] = np.concatenate([np.zeros(25, int), rows[1, :-25]])
    path = written(tmp_path, "16", late, skew=25)
    record = read_record(path)
    assert np.array_equal(np.round(record.lead("II")[:-25] * 100), rows[1, :-25])
    assert np.isnan(record.lead("II")[-25:]).all()
    theirs = wfdb.rdrecord(str(path)).p_signal[:-25, 1]
    assert np.allclose(theirs, record.lead("II")[:-25])


def test_invalid_samples_are_missing_and_no_signal(tmp_path):
    rows = samples_of("16")
    rows[0, 100:150] = -32768
    record = read_record(written(tmp_path, "16", rows))
    assert np.flatnonzero(np.isnan(record.lead("I"))).tolist() == list(range(100, 150))


@pytest.mark.parametrize("storage", list(FLAC_BITS))
def test_a_cut_or_foreign_flac_file_is_refused(tmp_path, storage):
    path = written(tmp_path, storage, samples_of(storage))
    whole = (tmp_path / "rec.dat").read_bytes()
    (tmp_path / "rec.dat").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordFormatError, match=r"rec\.dat"):
        read_record(path)
    (tmp_path / "rec.dat").write_bytes(bytes(5000))
    with pytest.raises(RecordFormatError, match="no FLAC file"):
        read_record(path)
