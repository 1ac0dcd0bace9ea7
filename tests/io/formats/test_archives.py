"""Archives within limits, folders in order, and what both pass over."""

import stat
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cardiov_core.errors import ArchiveError, NotAnEcgError, RecordNotFoundError, RecordUnsupportedError
from cardiov_core.io import collect, read_record


def pack(path, *files, **named):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
        for name, content in named.items():
            archive.writestr(name, content)
    return path


def pack_info(path, info, content=b"x"):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(info, content)
    return path


def test_a_zip_of_one_record(tmp_path, write_wfdb):
    header = write_wfdb(tmp_path)
    path = pack(tmp_path / "one.zip", header, tmp_path / "rec.dat", notes="hello")
    record = read_record(path)
    assert (record.record_id, record.provenance.path) == ("rec", str(path))
    assert record.provenance.files == ("rec.hea", "rec.dat")


def test_a_zip_of_several_or_no_records(tmp_path, write_wfdb):
    files = [write_wfdb(tmp_path, name) for name in ("a", "b")]
    path = pack(tmp_path / "two.zip", *files, tmp_path / "a.dat", tmp_path / "b.dat")
    with pytest.raises(RecordUnsupportedError, match="2 records"):
        read_record(path)
    with collect([path]) as found:
        assert [source.shown_as for source in found.sources] == [f"{path}/a.hea", f"{path}/b.hea"]
        assert [read_record(source.path).record_id for source in found.sources] == ["a", "b"]
    with pytest.raises(NotAnEcgError, match="holds no ECG"):
        read_record(pack(tmp_path / "none.zip", notes="hello"))


@pytest.mark.parametrize("name", ["../evil.hea", "/evil.hea", "a/../../evil.hea", "a\\..\\evil.hea", "C:/evil.hea"])
def test_members_that_leave_the_folder(tmp_path, name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    with pytest.raises(ArchiveError, match="leaves its folder"):
        read_record(pack_info(tmp_path / "evil.zip", info))
    assert not (tmp_path / "evil.hea").exists()


def test_links_and_encrypted_members(tmp_path):
    link = zipfile.ZipInfo("link.hea")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(ArchiveError, match="link"):
        read_record(pack_info(tmp_path / "link.zip", link, b"/etc/passwd"))
    content = bytearray(pack(tmp_path / "plain.zip", notes="hello").read_bytes())
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + offset] |= 1
    (tmp_path / "secret.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match="encrypted"):
        read_record(tmp_path / "secret.zip")


def test_nested_archives(tmp_path):
    inner = pack(tmp_path / "inner.zip", notes="hello")
    with pytest.raises(ArchiveError, match="another archive"):
        read_record(pack(tmp_path / "outer.zip", inner))


def test_a_bomb_is_measured_not_believed(tmp_path, monkeypatch):
    path = pack(tmp_path / "bomb.zip", zeros=bytes(8 * 1024**2))
    with pytest.raises(ArchiveError, match="200 times"):
        read_record(path)
    monkeypatch.setenv("CARDIOV_MAX_ARCHIVE_RATIO", "1000000000")
    monkeypatch.setenv("CARDIOV_MAX_UNPACKED_MIB", "1")
    with pytest.raises(ArchiveError, match="grows beyond 1 MiB"):
        read_record(path)


def test_too_many_members_and_damage(tmp_path, monkeypatch):
    path = pack(tmp_path / "many.zip", **{f"n{i}": "x" for i in range(5)})
    with monkeypatch.context() as patch:
        patch.setenv("CARDIOV_MAX_ARCHIVE_MEMBERS", "4")
        with pytest.raises(ArchiveError, match="5 members"):
            read_record(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ArchiveError, match="damaged"):
        read_record(path)


def test_a_tar_is_refused_with_a_cure(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b\x08" + bytes(100))
    with pytest.raises(RecordUnsupportedError, match="archive") as caught:
        read_record(tmp_path / "a.tar.gz")
    assert "zip" in caught.value.hint


@pytest.fixture
def folder(tmp_path, write_wfdb):
    root = tmp_path / "folder"
    (root / "sub").mkdir(parents=True)
    write_wfdb(root, "b")
    write_wfdb(root / "sub", "a")
    (root / "b.atr").write_bytes(b"\x00\x70\x05\x04")
    (root / "notes.txt").write_text("nothing here\n")
    (root / "patients.csv").write_text("ID,Age\n1,2\n")
    (root / "ecg.csv").write_text("I,II\n0,0\n")
    (root / ".hidden").write_text("x")
    return root


def test_a_folder_in_order(folder):
    with collect([folder]) as found:
        shown = [Path(source.shown_as).relative_to(folder).as_posix() for source in found.sources]
        assert shown == ["b.hea", "ecg.csv", "sub/a.hea"]
        assert sorted(Path(name).name for name in found.passed_over) == ["b.atr", "notes.txt", "patients.csv"]
        assert found.errors == ()


def test_what_claims_to_be_a_record_and_is_none_is_an_error_row(folder):
    (folder / "orphan.dat").write_bytes(b"\x01\x02" * 100)
    (folder / "b.dat").unlink()
    with collect([folder, folder / "nowhere"]) as found:
        assert [(Path(one.shown_as).name, type(one.error)) for one in found.errors] == [
            ("orphan.dat", RecordNotFoundError),
            ("nowhere", RecordNotFoundError),
        ]
        with pytest.raises(RecordNotFoundError, match=r"b\.dat"):
            read_record(found.sources[0].path)


def test_one_source_a_record_however_it_is_named(folder):
    with collect([folder / "b", folder / "b.dat", folder / "b.hea", folder]) as found:
        assert sum(source.path.stem == "b" for source in found.sources) == 1


def test_a_bad_archive_does_not_stop_the_rest(folder):
    (folder / "bad.zip").write_bytes(b"PK\x03\x04 rubbish")
    with collect([folder]) as found:
        assert [Path(one.shown_as).name for one in found.errors] == ["bad.zip"]
        assert isinstance(found.errors[0].error, ArchiveError)
        assert len(found.sources) == 3


def test_temporary_folders_are_gone_even_after_an_error(tmp_path, write_wfdb, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    path = pack(tmp_path / "one.zip", write_wfdb(tmp_path), tmp_path / "rec.dat")
    with pytest.raises(RuntimeError, match="stop"), collect([path]) as found:  # noqa: PT012 the context is the subject
        assert found.sources[0].path.is_file()
        raise RuntimeError("stop")
    assert list(scratch.iterdir()) == []


def test_arrays_without_a_signal_are_passed_over_in_a_folder(folder):
    np.savez(folder / "scores.npz", labels=np.zeros(3))
    np.savez(folder / "ecg.npz", signal=np.zeros((12, 5000)))
    with collect([folder]) as found:
        assert "ecg.npz" in [source.path.name for source in found.sources]
        assert "scores.npz" in [Path(name).name for name in found.passed_over]
