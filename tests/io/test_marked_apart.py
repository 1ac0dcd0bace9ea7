"""Two records of one name: told apart wherever they are listed; the same file reads the same by every way in."""

import io
import zipfile

import numpy as np
import pytest

from cardiov_core.cli.output import error_row
from cardiov_core.errors import RecordFormatError
from cardiov_core.io import collect, read_record, read_source, read_uploads
from cardiov_core.io.collection import Source, marked_apart
from cardiov_core.io.staging import staged, take_drop


@pytest.mark.parametrize(
    ("names", "marks"),
    [
        (["a/p1/rec.hea", "a/p2/rec.hea"], ["p1", "p2"]),
        (["z.zip/p1/rec.hea", "z.zip/p2/rec.hea", "z.zip/p2/other.hea"], ["p1", "p2", ""]),
        (["x/p/rec.csv", "y/p/rec.csv"], ["x/p", "y/p"]),
        (["p/rec.csv", "p/rec.edf"], ["rec.csv", "rec.edf"]),
        (["rec.csv", "p/rec.csv"], ["", "p"]),
        (["p/rec.csv", "p/rec.edf", "q/rec.csv"], ["p/rec.csv", "p/rec.edf", "q/rec.csv"]),
        (["one.hea", "two.hea"], ["", ""]),
    ],
)
def test_marks_are_the_nearest_folders_that_tell_apart(names, marks):
    from pathlib import Path

    assert [source.mark for source in marked_apart([Source(Path(name), name) for name in names])] == marks


@pytest.fixture
def packed(tmp_path, write_wfdb, ecg_mv):
    """A zip with p1/rec and p2/rec, whose ECGs differ."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, folder in enumerate(("p1", "p2"), 1):
            (tmp_path / folder).mkdir()
            write_wfdb(tmp_path / folder, "rec", signal_mv=ecg_mv * number)
            for name in ("rec.hea", "rec.dat"):
                archive.write(tmp_path / folder / name, f"{folder}/{name}")
    return buffer.getvalue()


def test_every_way_in_tells_them_apart_and_reads_the_same(tmp_path, packed):
    (tmp_path / "two.zip").write_bytes(packed)
    with collect([tmp_path / "two.zip"]) as found:
        by_line = [read_source(source) for source in found.sources]
    by_page = [upload.record for upload in read_uploads([("two.zip", packed)])]
    with staged(take_drop([("two.zip", packed)])) as found:
        by_batch = [read_source(source) for source in found.sources]
    alone = [read_record(tmp_path / folder / "rec") for folder in ("p1", "p2")]
    for records in (by_line, by_page, by_batch):
        assert [record.record_id for record in records] == ["rec (p1)", "rec (p2)"]
        assert all(record.provenance.path.endswith(f"two.zip/p{k}/rec.hea") for k, record in enumerate(records, 1))
        for record, other in zip(records, alone, strict=True):
            assert np.array_equal(record.signal, other.signal)
            assert record.provenance.sha256 == other.provenance.sha256


def test_error_rows_of_the_command_line_name_them_apart():
    row = error_row("two.zip/p1/rec.hea", RecordFormatError("No ECG.", "Open another."), "p1")
    assert row["record"] == {"id": "rec (p1)", "path": "two.zip/p1/rec.hea"}
    assert error_row("one/rec.hea", RecordFormatError("No ECG.", "Open another."))["record"]["id"] == "rec"


def test_a_zip_with_backslashes_between_folders_is_unpacked(tmp_path, write_wfdb):
    write_wfdb(tmp_path, "rec")
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for name in ("rec.hea", "rec.dat"):
            info = zipfile.ZipInfo("x")
            info.filename = f"p1\\{name}"
            archive.writestr(info, (tmp_path / name).read_bytes())
    with collect([tmp_path / "w.zip"]) as found:
        assert [source.shown_as for source in found.sources] == [str(tmp_path / "w.zip" / "p1" / "rec.hea")]
        assert read_source(found.sources[0]).n_samples == 5000
