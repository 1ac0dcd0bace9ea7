"""SCP-ECG as writers bend it: lead tables that count from 0, fewer samples than announced, Healforce's variant."""

import struct

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import RecordError, RecordFormatError
from cardiov_core.io import collect, read_record
from cardiov_core.io.carts.scp.rhythm import rhythm_of
from cardiov_core.io.carts.scp.sections import ScpError, sections_of
from tests.io.carts import cart_files as make


@pytest.fixture(scope="module")
def record():
    """A synthetic ECG with facts."""
    from dataclasses import replace

    made = generate("normal", seed=3, sampling_rate_hz=500, duration_s=10)
    return replace(made, age=61.0, sex="female", patient_id="P-0042")


def opened(tmp_path, content):
    (tmp_path / "a.bin").write_bytes(content)
    return read_record(tmp_path / "a.bin")


def section_at(content, number):
    """Return where a section's body begins, and how long the section is."""
    for at in range(22, 142, 10):
        found, length, index = struct.unpack_from("<HII", content, at)
        if found == number:
            return index - 1 + 16, length
    raise AssertionError(number)


def with_ranges(content, start, end):
    """Write another range of samples into every row of the lead table, and no checksums."""
    out = bytearray(content)
    at, _ = section_at(content, 3)
    for row in range(12):
        struct.pack_into("<II", out, at + 2 + 9 * row, start, end)
    return bytes(out)


def counts_of(record):
    return np.stack([make.counts(record, lead, 1.0) for lead in record.leads])


@pytest.mark.parametrize("compressed", [False, True])
def test_our_decoder_gives_what_the_library_gives(record, compressed):
    rhythm = rhythm_of(sections_of(make.scp(record, compressed=compressed), base=1))
    assert np.array_equal(np.stack(rhythm.rows), counts_of(record))
    assert (rhythm.nv_per_count, rhythm.interval_us, rhythm.notes) == (1000, 2000, ())


@pytest.mark.parametrize("compressed", [False, True])
def test_a_lead_table_that_counts_from_0_is_read_with_its_facts(tmp_path, record, compressed):
    back = opened(tmp_path, with_ranges(make.scp(record, compressed=compressed), 0, 5000))
    assert back.leads == STANDARD_LEADS
    assert np.abs(1000 * back.signal - counts_of(record)).max() < 0.01
    assert (back.age, back.sex, back.patient_id, back.device) == (61.0, "female", "P-0042", "Maker CART5")
    assert back.machine is not None
    assert back.machine.statements == make.STATEMENTS
    assert back.sampling_rate == 500


@pytest.mark.parametrize("compressed", [False, True])
def test_fewer_samples_than_announced_are_told(tmp_path, record, compressed):
    back = opened(tmp_path, with_ranges(make.scp(record, compressed=compressed), 1, 9000))
    # Where the last differences are zero, they look like the bits that fill up a byte.
    assert 4985 <= back.n_samples <= 5000
    assert np.abs(1000 * back.signal - counts_of(record)[:, : back.n_samples]).max() < 0.01
    assert f"announces 9000 samples per lead and holds {back.n_samples}" in back.warnings[0]


def test_a_section_that_points_elsewhere_is_refused(tmp_path, record):
    content = bytearray(make.scp(record))
    at, _ = section_at(bytes(content), 6)
    struct.pack_into("<H", content, at - 14, 9)
    with pytest.raises(RecordFormatError, match="is damaged or incomplete"):
        opened(tmp_path, bytes(content))


def test_every_cut_ends_in_an_error_or_fewer_samples(tmp_path, record):
    content = make.scp(record)
    for cut in range(0, len(content), 7919):
        with pytest.raises(RecordError):
            opened(tmp_path, content[:cut])


def test_a_reference_beat_is_added_again(record):
    """The residual of section 6 plus the beat of section 5, at each QRS of section 4."""
    rows, n_beat, fiducial = counts_of(record), 200, 80
    beat = np.round(300 * np.hanning(n_beat)).astype(int)
    at_qrs = [500, 1500, 2500, 3500, 4500]
    residual = rows.copy()
    for at in at_qrs:
        residual[:, at - fiducial : at - fiducial + n_beat] -= beat
    leads = bytes([12, 0x01 | 0x04]) + b"".join(struct.pack("<IIB", 1, 5000, code) for code in range(1, 13))

    def block(samples):
        data = [row.astype("<i2").tobytes() for row in samples]
        head = struct.pack("<HHBB", 1000, 2000, 0, 0)
        return head + b"".join(struct.pack("<H", len(one)) for one in data) + b"".join(data)

    zones = struct.pack("<HHH", 2 * n_beat, fiducial, len(at_qrs))
    for at in at_qrs:
        zones += struct.pack("<HIII", 0, at - fiducial + 1, at, at - fiducial + n_beat)
    bodies = {3: leads, 4: zones, 5: block(np.tile(beat, (12, 1))), 6: block(residual)}
    rhythm = rhythm_of({number: bytes(16) + body for number, body in bodies.items()})
    off = np.abs(np.stack(rhythm.rows) - rows)
    assert off.max() == 0


@pytest.mark.parametrize("missing", [3, 6])
def test_a_missing_section_is_named(record, missing):
    sections = sections_of(make.scp(record), base=1)
    del sections[missing]
    with pytest.raises(ScpError, match=f"section {missing} is missing"):
        rhythm_of(sections)


# --- Healforce ------------------------------------------------------------------------------------------------------


def healforce(rows, nv=10_000, rate=150):
    """Three leads of 10 bits, packed as the maker's recorders do."""
    stream = np.ravel(rows.T) + 512
    a, b, c, d = stream[: stream.size // 4 * 4].reshape(-1, 4).T
    words = np.stack([a | (d >> 8) << 10, b | (d >> 4 & 15) << 10, c | (d & 15) << 10], axis=1).astype("<u2")
    data = words.tobytes()
    body = struct.pack("<HHHH", nv, rate, 0, len(data)) + data
    section = b"\x00\x00" + struct.pack("<HI", 6, 16 + len(body)) + bytes([13, 13]) + bytes(6) + body
    pointers = struct.pack("<HII", 0, 36, 6) + struct.pack("<HII", 6, len(section), 42)
    head = b"\x00\x00" + struct.pack("<HI", 0, 36) + bytes([13, 13]) + bytes(6) + pointers
    return b"\x00\x00" + struct.pack("<I", 6 + len(head) + len(section)) + head + section


@pytest.fixture
def three(ecg_mv):
    """Leads I, II and III in counts of 10 uV, 150 to the second."""
    rows = np.round(ecg_mv[:2, :4000] * 100).astype(int)
    return np.stack([rows[0], rows[1], rows[1] - rows[0]])


def test_healforces_variant_is_read_and_said_to_be_one(tmp_path, three):
    back = opened(tmp_path, healforce(three))
    assert back.leads == STANDARD_LEADS[:6]
    assert (back.sampling_rate, back.n_samples, back.device) == (150, 4000, "Healforce")
    assert np.abs(100 * back.signal[:3] - three).max() < 1e-3
    assert "Healforce" in back.warnings[0]
    with collect([tmp_path]) as found:
        assert len(found.sources) == 1


def test_channels_that_are_no_limb_leads_are_not_called_so(tmp_path, three):
    with pytest.raises(RecordFormatError, match=r"Healforce's variant.*not leads I, II and III"):
        opened(tmp_path, healforce(np.stack([three[0], three[1], -three[1]])))


def test_a_cut_file_of_healforce_is_refused(tmp_path, three):
    with pytest.raises(RecordFormatError, match="Healforce"):
        opened(tmp_path, healforce(three)[:-500])
