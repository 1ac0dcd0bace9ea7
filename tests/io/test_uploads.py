"""Uploads: pairs by name, exactly one result a record or unusable file, nothing left on disk."""

import io
import tempfile
import zipfile

import pytest

from cardiov_core.errors import (
    ArchiveError,
    MissingMetadataError,
    NotAnEcgError,
    RecordFormatError,
    RecordNotFoundError,
)
from cardiov_core.io import read_uploads
from cardiov_core.io.staging import safe_name


@pytest.fixture
def pair(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path, "100")
    return [("100.hea", header.read_bytes()), ("100.dat", (tmp_path / "100.dat").read_bytes())]


@pytest.mark.parametrize("turned", [False, True])
def test_header_and_signal_file_find_each_other(pair, turned):
    (upload,) = read_uploads(pair[::-1] if turned else pair)
    assert upload.name == "100.hea"
    assert upload.error is None
    assert upload.record is not None
    assert (upload.record.record_id, upload.record.provenance.path) == ("100", "100.hea")


def test_each_file_without_its_partner_says_what_to_add(pair):
    (upload,) = read_uploads(pair[:1])
    assert isinstance(upload.error, RecordNotFoundError)
    assert upload.error.message == "100.hea names 100.dat, which was not uploaded."
    assert "100.dat" in upload.error.hint
    (upload,) = read_uploads(pair[1:])
    assert isinstance(upload.error, RecordNotFoundError)
    assert "without its header" in upload.error.message
    assert "100.hea" in upload.error.hint


def test_a_mixed_upload_gives_one_result_each(pair):
    files = [
        ("notes.txt", b"hello\n"),
        *pair,
        ("void.csv", b""),
        ("x.npz", b"PK\x03\x04"),
        ("noise.bin", bytes(range(256))),
    ]
    uploads = read_uploads(files)
    assert [upload.name for upload in uploads] == ["notes.txt", "100.hea", "void.csv", "x.npz", "noise.bin"]
    kinds = [type(upload.error) for upload in uploads]
    assert kinds == [NotAnEcgError, type(None), RecordFormatError, ArchiveError, RecordFormatError]


def test_a_damaged_header_and_its_signal_file_are_one_result(pair):
    (upload,) = read_uploads([("100.hea", b"\xff\x00 rubbish"), pair[1]])
    assert upload.name == "100.hea"
    assert isinstance(upload.error, RecordFormatError)


def test_a_header_that_names_itself_ends_as_an_error():
    header = b"100 1 500 5000\n100.hea 16 1000/mV 16 0 0 0 0 I\n"
    (upload,) = read_uploads([("100.hea", header)])
    assert isinstance(upload.error, RecordFormatError)


def test_an_uploaded_archive_gives_all_its_records(pair):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in pair:
            archive.writestr(f"inner/{name}", content)
        archive.writestr("orphan.dat", bytes(100))
    uploads = read_uploads([("all.zip", stream.getvalue())])
    assert [(upload.name, upload.error is None) for upload in uploads] == [
        ("all.zip/inner/100.hea", True),
        ("all.zip/orphan.dat", False),
    ]


def test_the_same_name_twice(pair):
    assert len(read_uploads([*pair, *pair])) == 1
    uploads = read_uploads([*pair, ("100.dat", b"something else")])
    assert sorted(upload.error is None for upload in uploads) == [False, True]


def test_what_the_reader_said_is_used(ecg_mv):
    content = "I,II\n" + "\n".join(f"{a:.3f},{b:.3f}" for a, b in ecg_mv[:2].T)
    (upload,) = read_uploads([("e.csv", content.encode())])
    assert isinstance(upload.error, MissingMetadataError)
    (upload,) = read_uploads([("e.csv", content.encode())], sampling_rate=500, units="mV")
    assert upload.record is not None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\ecg\\100.hea", "100.hea"), ("a\x00b\n.dat", "ab.dat"), ("..", "upload"),
        ("", "upload"), ("/", "upload"), ("\u00e4rzte 1.hea", "\u00e4rzte 1.hea"),
    ],
)  # fmt: skip
def test_names_are_never_paths(name, safe):
    assert safe_name(name) == safe


def test_long_names_keep_their_ending():
    name = safe_name("\u00e4" * 500 + ".hea")
    assert len(name.encode()) <= 120
    assert name.endswith(".hea")


def test_nothing_stays_on_disk(tmp_path, pair, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    read_uploads([*pair, ("../../escape.csv", b"I,II\n"), ("bad.zip", b"PK\x03\x04")])
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "escape.csv").exists()
