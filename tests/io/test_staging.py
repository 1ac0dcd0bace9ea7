"""Many files at once: limits, names that lead nowhere, records found and found again."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from cardiov_core.errors import ArchiveError, RecordNotFoundError
from cardiov_core.io import read_record, read_uploads
from cardiov_core.io.staging import files_of, safe_place, staged, take_drop


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("a.hea", "a.hea"),
        ("ward/monday/a.hea", "ward/monday/a.hea"),
        ("ward\\monday\\a.hea", "ward/monday/a.hea"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a/./b//c", "a/b/c"),
        ("a/.. /b", "a/b"),
        ("..", "upload"),
        ("", "upload"),
        ("ward/a\x00b\n.hea", "ward/ab.hea"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, place: str) -> None:
    assert safe_place(name) == PurePosixPath(place)


def test_a_path_of_a_thousand_folders_is_cut_to_one_that_file_systems_take() -> None:
    place = safe_place("/".join(["long" * 100] * 1000) + "/a.hea")
    assert place.name == "a.hea"
    assert len(str(place).encode()) < 4096


def test_folders_keep_records_of_the_same_name_apart(wfdb_files: Callable[..., dict[str, bytes]]) -> None:
    files = wfdb_files("same")
    dropped = [(f"{ward}/{name}", content) for ward in ("east", "west") for name, content in files.items()]
    with staged(take_drop([*dropped, ("east/notes.txt", b"nothing to see here, only words")])) as found:
        assert [source.shown_as for source in found.sources] == ["east/same.hea", "west/same.hea"]
        assert [read_record(source.path).record_id for source in found.sources] == ["same", "same"]
        assert found.passed_over == ("east/notes.txt",)
        assert found.errors == ()
        folder = found.sources[0].path.parents[1]
    assert not folder.exists()


def test_what_cannot_be_read_is_named_as_the_reader_knows_it(wfdb_files: Callable[..., dict[str, bytes]]) -> None:
    files = wfdb_files("lonely")
    drop = take_drop([("ward/lonely.dat", files["lonely.dat"]), ("broken.zip", b"PK\x03\x04 not an archive")])
    with staged(drop) as found:
        assert not found.sources
        assert {fault.shown_as for fault in found.errors} == {"ward/lonely.dat", "broken.zip"}
        assert "cardiov-" not in " ".join(fault.error.message for fault in found.errors)


def test_the_same_name_twice_is_an_error_only_where_the_contents_differ() -> None:
    assert take_drop([("a.npy", b"1"), ("a.npy", b"1")]).errors == ()
    drop = take_drop([("a.npy", b"1"), ("a.npy", b"2")])
    assert drop.contents == {PurePosixPath("a.npy"): b"1"}
    assert "twice with different content" in drop.errors[0].error.message


def test_a_name_that_is_both_file_and_folder_is_an_error_of_one_file(
    wfdb_files: Callable[..., dict[str, bytes]],
) -> None:
    files = wfdb_files("good")
    with staged(take_drop([("x", b"a file"), ("x/y.npy", b"below it"), *files.items()])) as found:
        assert [source.shown_as for source in found.sources] == ["good.hea"]
        assert [fault.shown_as for fault in found.errors] == ["x/y.npy"]


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("DROPPED_FILES", "2", "3 files were dropped; at most 2"),
        ("DROPPED_ARCHIVES", "1", "2 zip archives were dropped; at most 1"),
        ("DROPPED_MIB", "1", "2 MiB were dropped; at most 1"),
    ],
)
def test_a_drop_has_limits(monkeypatch: pytest.MonkeyPatch, limit: str, value: str, message: str) -> None:
    monkeypatch.setenv(f"CARDIOV_MAX_{limit}", value)
    files = [("a.zip", zipped({})), ("b.zip", zipped({})), ("c.dat", bytes(2 * 1024**2))]
    with pytest.raises(ArchiveError, match=message):
        take_drop(files)


@pytest.mark.parametrize("packed", [False, True])
def test_a_record_is_found_again_from_the_bytes(wfdb_files: Callable[..., dict[str, bytes]], packed: bool) -> None:
    files = {f"ward/{name}": content for name, content in (wfdb_files("one") | wfdb_files("two", seconds=12)).items()}
    drop = take_drop([("all.zip", zipped(files))] if packed else list(files.items()))
    with staged(drop) as found:
        name = next(source.shown_as for source in found.sources if "two" in source.shown_as)
        record = read_record(next(source.path for source in found.sources if "two" in source.shown_as))
    again = read_uploads(files_of(drop, name, record.provenance.files))
    assert name == ("all.zip/ward/two.hea" if packed else "ward/two.hea")
    assert [upload.name for upload in again] == ["two.hea"]
    assert again[0].record is not None
    assert again[0].record.duration_s == 12
    assert (again[0].record.signal == record.signal).all()


@pytest.mark.parametrize("name", ["gone.hea", "all.zip/gone.hea"])
def test_a_record_that_is_not_there_is_an_error(name: str) -> None:
    drop = take_drop([("all.zip", zipped({"a.txt": b""}))])
    with pytest.raises(RecordNotFoundError, match=r"gone\.hea cannot be found again"):
        files_of(drop, name, ["gone.hea"])


def test_nothing_stays_on_disk_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def _fail() -> None:
        with staged(take_drop([("a.zip", zipped({"b.txt": b"x"}))])):
            assert list(tmp_path.iterdir())
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        _fail()
    assert not list(tmp_path.iterdir())
