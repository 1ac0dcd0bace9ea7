"""A watched folder: what arrives stands on the worklist once, and stays in the folder while it cannot be taken."""

import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cardiov_core import review
from cardiov_core.connections import Intake, WatchedFolder
from cardiov_core.connections.settings import Destination
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import AlertSettings, CaseSource, EcgRecord, Role
from cardiov_core.errors import ConfigurationError, StoreUnavailableError
from cardiov_core.io import Source, write_record
from cardiov_core.review import Store
from tests.connections.conftest import PATIENT, FhirServer

MakeIntake = Callable[..., Intake]
MakeFiles = Callable[..., dict[str, bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "arrivals"
    made.mkdir()
    return made


def _at_once(folder: Path, intake: Intake, **settings: bool) -> WatchedFolder:
    return WatchedFolder(folder, intake, settle_s=0.0, incomplete_s=0.0, **settings)


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_arrives_stands_on_the_worklist_without_its_name(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord
) -> None:
    (file,) = write_record(ecg, folder, "dicom", name="Roe_Jane", keep_identity=True)
    watched = _at_once(folder, make_intake())
    (said,) = watched.look()
    page = review.list_cases(store)
    (case,) = page.cases
    assert case.id in said
    assert case.source is CaseSource.FOLDER
    assert case.study == "arrivals"
    assert case.level is not None
    assert case.record_id.startswith("ecg-")
    assert "Roe" not in f"{case}"
    assert PATIENT not in f"{case}"
    assert _names(folder) == {f"taken/{file.name}"}
    assert watched.look() == ()
    # The patient's earlier ECGs are found all the same.
    assert len(review.ecgs_of_patient(store, ecg)) == 1


def test_a_file_is_read_when_it_lies_still(folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord) -> None:
    (file,) = write_record(ecg, folder, "csv")
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    watched = _at_once(folder, make_intake())
    watched.settle_s = 1000.0
    assert watched.look() == ()
    file.write_bytes(content)
    assert watched.look() == ()
    watched.settle_s = 0.0
    assert len(watched.look()) == 1
    assert review.list_cases(store).total == 1


def test_unfinished_hidden_and_linked_files_are_left_alone(
    folder: Path, make_intake: MakeIntake, ecg: EcgRecord, tmp_path: Path
) -> None:
    (file,) = write_record(ecg, tmp_path / "elsewhere", "csv")
    for name in (".hidden.csv", "copy.csv.part", "copy.csv.tmp"):
        shutil.copy(file, folder / name)
    (folder / "link.csv").symlink_to(file)
    before = _names(folder)
    assert _at_once(folder, make_intake()).look() == ()
    assert _names(folder) == before


def test_a_header_waits_for_its_signal_file(
    folder: Path, store: Store, make_intake: MakeIntake, wfdb_files: MakeFiles
) -> None:
    files = wfdb_files("ward")
    (folder / "ward.hea").write_bytes(files["ward.hea"])
    watched = _at_once(folder, make_intake())
    watched.incomplete_s = 1000.0
    assert watched.look() == ()
    assert _names(folder) == {"ward.hea"}
    (folder / "ward.dat").write_bytes(files["ward.dat"])
    assert len(watched.look()) == 1
    assert review.list_cases(store).total == 1
    assert _names(folder) == {"taken/ward.hea", "taken/ward.dat"}


def test_what_cannot_be_read_is_moved_with_the_reason(folder: Path, store: Store, make_intake: MakeIntake) -> None:
    (folder / "notes.txt").write_text("seen on Monday", encoding="utf-8")
    (folder / "lost.dat").write_bytes(b"\x01\x02" * 500)
    said = _at_once(folder, make_intake()).look()
    assert len(said) == 2
    assert all("was refused" in sentence for sentence in said)
    assert _names(folder) == {f"refused/{name}{end}" for name in ("notes.txt", "lost.dat") for end in ("", ".txt")}
    assert (folder / "refused" / "lost.dat.txt").read_text(encoding="utf-8").strip()
    assert review.list_cases(store).total == 0


def test_header_and_damaged_signal_are_refused_together(
    folder: Path, make_intake: MakeIntake, wfdb_files: MakeFiles
) -> None:
    files = wfdb_files("ward")
    (folder / "ward.hea").write_bytes(files["ward.hea"])
    (folder / "ward.dat").write_bytes(files["ward.dat"][:500])
    (said,) = _at_once(folder, make_intake()).look()
    assert "cut short" in said
    assert _names(folder) == {"refused/ward.hea", "refused/ward.dat", "refused/ward.dat.txt"}


def test_a_log_is_not_told_the_names_of_files(
    folder: Path, make_intake: MakeIntake, ecg: EcgRecord, caplog: pytest.LogCaptureFixture
) -> None:
    write_record(ecg, folder, "dicom", name="Roe_Jane")
    (folder / "Roe_Jane_2.dcm").write_bytes(b"DICM" * 50)
    with caplog.at_level("DEBUG"):
        said = _at_once(folder, make_intake(), named=False).look()
    assert said[0].startswith("A file was taken as case ")
    assert said[1].startswith("A file was refused: ")
    assert "Roe" not in "".join(said) + caplog.text


def test_an_archive_with_one_bad_record_gives_the_good_one(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    (file,) = write_record(ecg, inside, "dicom")
    file.with_name("cut.dcm").write_bytes(file.read_bytes()[:900])
    shutil.make_archive(str(folder / "both"), "zip", inside)
    _at_once(folder, make_intake()).look()
    assert review.list_cases(store).total == 1
    assert _names(folder) == {"refused/both.zip", "refused/both.zip.txt"}


def test_a_database_that_is_away_costs_no_ecg(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(ecg, folder, "csv")
    watched = _at_once(folder, make_intake())

    def _away(*_: object) -> None:
        raise StoreUnavailableError("The review's database cannot be used: the disk is full.", "Try again.")

    with monkeypatch.context() as patch:
        patch.setattr("cardiov_core.connections.arrivals.put_case", _away)
        (said,) = watched.look()
    assert "disk is full" in said
    assert "stays in the folder" in said
    assert len(_names(folder)) == 1
    assert len(watched.look()) == 1
    assert review.list_cases(store).total == 1


def test_a_file_that_takes_all_memory_keeps_no_other_out(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARDIOV_MAX_READER_MIB", "50")
    with (folder / "a.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (12, 2_000_000)})
        file.truncate(file.tell() + 12 * 2_000_000 * 8)
    write_record(ecg, folder, "dicom", name="b")
    refused, taken = _at_once(folder, make_intake()).look()
    assert "more than 50 MiB of memory" in refused
    assert "b.dcm was taken" in taken
    assert review.list_cases(store).total == 1


def test_without_room_for_temporary_files_everything_stays(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = write_record(ecg, folder, "dicom", name="a")
    shutil.make_archive(str(folder / "b"), "zip", folder, file.name)
    watched = _at_once(folder, make_intake())
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder / "gone"))
        for name in ("a.dcm", "b.zip"):
            (said,) = watched.look()
            assert "temporary folder cannot be used" in said
            assert "taken later" in said
            assert _names(folder) == {"a.dcm", "b.zip"} - ({"a.dcm"} if name == "b.zip" else set())
            if name == "a.dcm":
                file.unlink()
    assert len(watched.look()) == 1
    assert _names(folder) == {"taken/b.zip"}
    assert review.list_cases(store).total == 1


def test_a_file_that_cannot_be_moved_is_taken_once(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord
) -> None:
    write_record(ecg, folder, "csv")
    # In the way of the folder that files are moved to.
    (folder / "taken").symlink_to(folder / "nowhere" / "deep")
    watched = _at_once(folder, make_intake())
    (said,) = watched.look()
    assert "cannot be moved aside" in said
    assert review.list_cases(store).total == 1
    (folder / "taken").unlink()
    watched.look()
    # And a service that was started anew in between does not take it twice either.
    assert review.list_cases(store).total == 1
    assert len([name for name in _names(folder) if name.startswith("taken/")]) == 1


def test_the_same_ecg_again_is_no_second_case_and_no_second_result(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord, fhir_server: FhirServer
) -> None:
    intake = make_intake(Destination("fhir", fhir_server.url))
    (file,) = write_record(ecg, folder, "dicom", name="same", keep_identity=True)
    content = file.read_bytes()
    for _ in range(2):
        file.write_bytes(content)
        _at_once(folder, intake).look()
        intake.outbox.send_due()
    assert review.list_cases(store).total == 1
    assert fhir_server.n_asked == 1
    assert PATIENT not in json.dumps(fhir_server.resources)
    assert _names(folder) == {"taken/same.dcm", "taken/same-2.dcm"}


def test_what_was_taken_can_be_deleted(folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord) -> None:
    write_record(ecg, folder, "wfdb")
    _at_once(folder, make_intake(), delete=True).look()
    assert review.list_cases(store).total == 1
    assert _names(folder) == set()


def test_a_critical_arrival_opens_an_alert_where_alerts_are_on(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord
) -> None:
    review.ensure_reader(store, "Ada")
    review.grant(store, "Ada", tuple(Role), "test", at_the_machine=True)
    review.set_alert_settings(store, AlertSettings(open_alerts=True), "Ada")
    write_record(generate("third_degree_block", seed=3, sampling_rate_hz=500, duration_s=10.0), folder, "csv")
    _at_once(folder, make_intake()).look()
    (alert,) = review.waiting_alerts(store)
    assert alert.rule_set


def test_taken_files_are_their_owners_alone(folder: Path, make_intake: MakeIntake, ecg: EcgRecord) -> None:
    write_record(ecg, folder, "csv")
    _at_once(folder, make_intake()).look()
    if os.name != "nt":
        assert stat.S_IMODE((folder / "taken").stat().st_mode) == 0o700


def test_a_mistake_of_ours_at_one_file_does_not_keep_the_others_out(
    folder: Path, store: Store, make_intake: MakeIntake, ecg: EcgRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cardiov_core.connections import arrivals

    write_record(ecg, folder, "csv", name="a")
    write_record(ecg, folder, "csv", name="b")
    real = arrivals.read_source

    def _fails_at_a(source: Source, *, apart: bool) -> EcgRecord:
        if "a.csv" in str(source):
            raise ZeroDivisionError
        return real(source, apart=apart)

    monkeypatch.setattr(arrivals, "read_source", _fails_at_a)
    watched = _at_once(folder, make_intake())
    said = watched.look()
    assert len(said) == 2
    assert _names(folder) == {"a.csv", "taken/b.csv"}
    # It is not tried over and over.
    assert watched.look() == ()
    assert review.list_cases(store).total == 1


def test_a_folder_that_is_gone_is_said_to_be(folder: Path, make_intake: MakeIntake) -> None:
    folder.rmdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        _at_once(folder, make_intake()).look()
