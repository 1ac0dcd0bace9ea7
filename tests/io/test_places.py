"""Records found one after the other, in folders, archives and behind URLs, and brought here alone."""

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cardiov_core.errors import RecordError, RecordNotFoundError
from cardiov_core.io import PassedOver, Place, SourceError, brought, collect, list_places, read_record, read_source

Files = Callable[..., dict[str, bytes]]


def _laid(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def archive_of_records(tmp_path: Path, wfdb_files: Files) -> Path:
    """A folder with records in two places, a zip, a lost signal, a bad header and files that are no ECG."""
    root = tmp_path / "records"
    _laid(root, wfdb_files("b") | wfdb_files("a") | {"notes.txt": b"hello", ".hidden.hea": b"x", "bad.hea": b"junk"})
    _laid(root / "more", wfdb_files("c") | {"lost.dat": b"\x01\x00" * 6000, "empty.hea": b""})
    with zipfile.ZipFile(root / "z.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in (wfdb_files("d") | wfdb_files("deep")).items():
            packed.writestr(f"folder/{name}", content)
        packed.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    return root


def test_the_same_records_are_found_as_when_all_are_collected(archive_of_records: Path) -> None:
    found = list(list_places(str(archive_of_records)))
    with collect([archive_of_records]) as collection:
        wanted = {source.shown_as for source in collection.sources}
        errors = {one.shown_as for one in collection.errors}
        passed_over = {*collection.passed_over}
    archive = f"{archive_of_records}/z.zip"
    # Collecting refuses an archive whole where one member is an archive; here its records come out.
    assert errors >= {archive}
    assert {one.shown_as for one in found if isinstance(one, Place)} == wanted | {
        f"{archive}/folder/d.hea",
        f"{archive}/folder/deep.hea",
    }
    assert {one.shown_as for one in found if isinstance(one, SourceError)} == errors - {archive}
    assert {one.shown_as for one in found if isinstance(one, PassedOver)} == passed_over | {f"{archive}/inner.zip"}


def test_files_come_sorted_and_before_folders(archive_of_records: Path) -> None:
    names = [one.shown_as for one in list_places(str(archive_of_records)) if isinstance(one, Place)]
    inside = [name.removeprefix(f"{archive_of_records}/") for name in names]
    assert inside == [
        "a.hea", "b.hea", "bad.hea", "z.zip/folder/d.hea", "z.zip/folder/deep.hea", "more/c.hea", "more/empty.hea",
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["file://{root}", "{root}/z.zip", "zip://folder::file://{root}/z.zip"])
def test_a_record_elsewhere_is_brought_here_and_gone_afterwards(archive_of_records: Path, how: str) -> None:
    places = [
        one
        for one in list_places(how.format(root=archive_of_records))
        if isinstance(one, Place) and "bad" not in one.file
    ]
    with brought(places[0]) as source:
        record = read_source(source)
        assert source.path.parent != archive_of_records
    assert not source.path.exists()
    assert record.provenance.path == places[0].shown_as
    assert (record.signal == read_record(archive_of_records / "a.hea").signal).all()


def test_a_record_of_this_machine_is_read_where_it_lies(archive_of_records: Path) -> None:
    (place, *_) = list_places(str(archive_of_records))
    assert isinstance(place, Place)
    with brought(place) as source:
        assert source.path == archive_of_records / "a.hea"
    assert source.path.exists()


def test_one_damaged_member_costs_that_record_only(tmp_path: Path, wfdb_files: Files) -> None:
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name in ("a", "b"):
            for member, content in wfdb_files(name).items():
                packed.writestr(member, content)
    content = bytearray(path.read_bytes())
    content[content.index(wfdb_files("a")["a.dat"]) + 5000] ^= 0xFF
    path.write_bytes(content)
    first, second = (one for one in list_places(str(path)) if isinstance(one, Place))
    with pytest.raises(RecordError, match=r"a\.dat is damaged: BadZipFile"), brought(first):
        pass
    with brought(second) as source:
        assert read_source(source).record_id == "b"


def test_a_member_that_grows_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.npy", b"\x93NUMPY" + bytes(8 * 1024**2))
    (place,) = (one for one in list_places(str(path)) if isinstance(one, Place))
    with pytest.raises(RecordError, match="200 times its packed size"), brought(place):
        pass


def test_a_broken_archive_is_an_error_beside_the_others(tmp_path: Path, wfdb_files: Files) -> None:
    _laid(tmp_path, wfdb_files("a") | {"broken.zip": b"PK\x03\x04" + bytes(100)})
    record, wrong = list_places(str(tmp_path))
    assert isinstance(record, Place)
    assert isinstance(wrong, SourceError)
    assert wrong.shown_as == f"{tmp_path}/broken.zip"


def test_a_link_to_where_it_lies_is_not_followed(tmp_path: Path, wfdb_files: Files) -> None:
    _laid(tmp_path / "in", wfdb_files("a"))
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    assert len(list(list_places(str(tmp_path)))) == 1


def test_nothing_there(tmp_path: Path) -> None:
    for root in (str(tmp_path / "absent"), f"file://{tmp_path}/absent", "nosuch://host/folder"):
        with pytest.raises(RecordError, match=r"absent does not exist|nosuch"):
            list(list_places(root))


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed").chmod(0)
    (found,) = list_places(str(tmp_path))
    (tmp_path / "closed").chmod(stat.S_IRWXU)
    assert isinstance(found, SourceError)
    assert isinstance(found.error, RecordNotFoundError)
