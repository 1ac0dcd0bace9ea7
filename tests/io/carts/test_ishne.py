"""ISHNE: fewer samples than announced are told, and other ways of counting them are none of the reader's business."""

import struct

import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.io import read_record
from tests.io.carts import cart_files as make


@pytest.fixture(scope="module")
def content():
    """A file of 5000 samples per lead."""
    return make.ishne(generate("normal", seed=3, sampling_rate_hz=500, duration_s=10))


def opened(tmp_path, content):
    (tmp_path / "a.ecg").write_bytes(content)
    return read_record(tmp_path / "a.ecg")


def announcing(content, count):
    # Without a checksum, which a changed header would break.
    return content[:8] + b"\x00\x00" + content[10:14] + struct.pack("<i", count) + content[18:]


def test_a_cut_file_is_told(tmp_path, content):
    record = opened(tmp_path, content[: 522 + 3500 * 24])
    assert record.n_samples == 3500
    assert "announces 5000 samples per lead and holds 3500 (7 s)" in record.warnings[0]


@pytest.mark.parametrize("count", [5000, 60_000, 10_000, 120_000])
def test_ways_of_counting_are_known(tmp_path, content, count):
    assert opened(tmp_path, announcing(content, count)).warnings == ()


@pytest.mark.parametrize(("count", "why"), [(9000, "cut short"), (100, "header is wrong"), (2_000_000, "cut short")])
def test_another_number_is_told(tmp_path, content, count, why):
    assert why in opened(tmp_path, announcing(content, count)).warnings[0]
