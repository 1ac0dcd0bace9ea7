"""ECGs by DICOM, from a real second entity: acknowledged once they are on the disk, and on the worklist then."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.sop_class import EncapsulatedPDFStorage, TwelveLeadECGWaveformStorage, Verification

from cardiov_core import review
from cardiov_core.connections import Intake, StorageService, WatchedFolder
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import ConfigurationError
from cardiov_core.io import write_record
from cardiov_core.review import Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "arrivals"
    made.mkdir()
    return made


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., int]]:
    started: list[StorageService] = []

    def _start(**settings: Any) -> int:
        service = StorageService(folder, "CARDIOV", **settings)
        started.append(service)
        return service.start("127.0.0.1", 0)

    yield _start
    for service in started:
        service.stop()


@pytest.fixture
def dataset(ecg: EcgRecord, tmp_path: Path) -> Any:
    (file,) = write_record(ecg, tmp_path / "cart", "dicom", keep_identity=True)
    return dcmread(file)


def _send(port: int, dataset: Any, *, called: str = "CARDIOV", calling: str = "CART") -> int | None:
    """Send as a cart does; the status, or None without an association."""
    entity = AE(ae_title=calling)
    entity.add_requested_context(dataset.SOPClassUID)
    association = entity.associate("127.0.0.1", port, ae_title=called)
    if not association.is_established:
        return None
    status = association.send_c_store(dataset)
    association.release()
    return int(status.Status)


def test_what_a_cart_sends_stands_on_the_worklist(
    start: Callable[..., int], dataset: Any, folder: Path, store: Store, make_intake: Callable[..., Intake]
) -> None:
    port = start()
    assert _send(port, dataset) == 0
    (file,) = folder.iterdir()
    assert file.name == f"{dataset.SOPInstanceUID}.dcm"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert dcmread(file).WaveformSequence[0].WaveformData == dataset.WaveformSequence[0].WaveformData
    # Sent again before it was taken: the same file.
    assert _send(port, dataset) == 0
    WatchedFolder(folder, make_intake(), settle_s=0.0).look()
    assert review.list_cases(store).total == 1
    # And again afterwards: the same case.
    assert _send(port, dataset) == 0
    WatchedFolder(folder, make_intake(), settle_s=0.0).look()
    assert review.list_cases(store).total == 1


def test_what_cannot_be_written_stays_with_its_sender(
    start: Callable[..., int], dataset: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    port = start()
    with monkeypatch.context() as patch:
        patch.setattr("cardiov_core.connections.storage_service.os.fsync", _full)
        assert _send(port, dataset) == 0xA700
    assert list(folder.iterdir()) == []
    assert _send(port, dataset) == 0


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_a_uid_that_is_a_path_writes_nothing(
    start: Callable[..., int], dataset: Any, folder: Path, tmp_path: Path
) -> None:
    port = start()
    before = sorted(tmp_path.rglob("*"))
    for uid in ("../../escaped", "..", "1.2/3"):
        dataset.SOPInstanceUID = UID(uid, validation_mode=0)
        try:
            assert _send(port, dataset) != 0
        except ValueError:
            # The sender's own library refuses it.
            continue
    assert sorted(tmp_path.rglob("*")) == before


def test_strangers_and_other_kinds_are_not_let_in(start: Callable[..., int], dataset: Any) -> None:
    port = start(callers=("CART",))
    assert _send(port, dataset) == 0
    assert _send(port, dataset, calling="STRANGER") is None
    assert _send(port, dataset, called="ANOTHER") is None
    entity = AE(ae_title="CART")
    entity.add_requested_context(EncapsulatedPDFStorage)
    assert not entity.associate("127.0.0.1", port, ae_title="CARDIOV").is_established


def test_it_answers_an_echo(start: Callable[..., int]) -> None:
    entity = AE(ae_title="CART")
    entity.add_requested_context(Verification)
    entity.add_requested_context(TwelveLeadECGWaveformStorage)
    association = entity.associate("127.0.0.1", start(), ae_title="CARDIOV")
    assert association.send_c_echo().Status == 0
    association.release()


def test_a_port_that_is_taken_is_said_to_be(start: Callable[..., int], folder: Path) -> None:
    port = start()
    with pytest.raises(ConfigurationError, match=str(port)):
        StorageService(folder, "CARDIOV").start("127.0.0.1", port)
