"""TLS with real certificates: in and out, and what is not believed."""

import gc
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from pydicom import dcmread
from pynetdicom import AE

from cardiov_core import review
from cardiov_core.connections import Outbox, StorageService, outgoing_from_environment
from cardiov_core.connections.encryption import TlsFiles
from cardiov_core.connections.settings import Destination, Outgoing
from cardiov_core.domain import Analysis, EcgRecord
from cardiov_core.errors import ConfigurationError
from cardiov_core.inference import Grader
from cardiov_core.io import write_record
from cardiov_core.review import Store
from tests.connections.conftest import Archive, FhirServer, Hl7Listener, let_be_due

HOST = "127.0.0.1"
_SECURED = {"dicom": "dicoms", "http": "https", "mllp": "mllps"}


def _files(folder: Path, authority: trustme.CA) -> TlsFiles:
    """Write what an installation has: a certificate of its own, and the authority that it believes."""
    folder.mkdir()
    issued = authority.issue_cert(HOST)
    issued.cert_chain_pems[0].write_to_path(folder / "own.pem")
    issued.private_key_pem.write_to_path(folder / "own.key")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return TlsFiles(folder / "own.pem", folder / "own.key", folder / "authority.pem")


@pytest.fixture(autouse=True)
def _no_sockets_left() -> Iterator[None]:
    """Collect what pynetdicom leaves of refused connections, before another test is told of it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return _files(tmp_path_factory.mktemp("hospital") / "tls", trustme.CA())


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return _files(tmp_path_factory.mktemp("stranger") / "tls", trustme.CA())


@pytest.fixture
def secured(hospital: TlsFiles) -> Iterator[Callable[[str], str]]:
    """Put a TLS end before a server of the tests, as a proxy does, that asks who sends; its address."""
    listening: list[socket.socket] = []
    context = hospital.server()
    assert context is not None

    def _pump(source: socket.socket, target: socket.socket) -> None:
        try:
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _serve(listener: socket.socket, behind: tuple[str, int]) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(plain, server_side=True) as near, socket.create_connection(behind) as far:
                    back = threading.Thread(target=_pump, args=(far, near))
                    back.start()
                    _pump(near, far)
                    back.join()
            except OSError:
                plain.close()

    def _before(url: str) -> str:
        parts = urlsplit(url)
        listener = socket.create_server((HOST, 0))
        listening.append(listener)
        threading.Thread(target=_serve, args=(listener, (HOST, parts.port)), daemon=True).start()
        address = parts.netloc.replace(str(parts.port), str(listener.getsockname()[1]))
        return parts._replace(scheme=_SECURED[parts.scheme], netloc=address).geturl()

    yield _before
    for listener in listening:
        listener.close()


@pytest.mark.parametrize("kind", ["dicom", "fhir", "hl7"])
def test_a_result_goes_to_a_receiver_that_is_believed_and_to_no_other(
    kind: Any,
    store: Store,
    case: str,
    analysis: Analysis,
    graders: tuple[Grader, ...],
    fhir_server: FhirServer,
    hl7_listener: Hl7Listener,
    archive: Archive,
    secured: Callable[[str], str],
    hospital: TlsFiles,
    stranger: TlsFiles,
) -> None:
    url = secured({"dicom": archive.url, "fhir": fhir_server.url, "hl7": hl7_listener.url}[kind])
    outgoing = Outgoing((Destination(kind, url),), tls=hospital)
    Outbox(store, outgoing).queue(analysis, graders[0].card, case)
    (fault,) = Outbox(store, replace(outgoing, tls=stranger)).send_due().faults
    assert fault
    assert not archive.objects
    assert not fhir_server.n_asked
    assert not hl7_listener.messages
    let_be_due(store)
    assert Outbox(store, outgoing).send_due().sent == 1
    assert len(archive.objects) + fhir_server.n_asked + len(hl7_listener.messages) == 1
    assert review.waiting_deliveries(store) == ()


@pytest.fixture
def sent(ecg: EcgRecord, tmp_path: Path) -> Any:
    (file,) = write_record(ecg, tmp_path / "cart", "dicom", keep_identity=True)
    return dcmread(file)


def test_a_cart_sends_over_tls_and_shows_who_it_is(
    sent: Any, tmp_path: Path, hospital: TlsFiles, stranger: TlsFiles
) -> None:
    folder = tmp_path / "arrivals"
    folder.mkdir()
    service = StorageService(folder, "CARDIOV", tls=hospital)
    port = service.start(HOST, 0)

    def _status(context: ssl.SSLContext | None) -> int | None:
        entity = AE(ae_title="CART")
        entity.acse_timeout = entity.connection_timeout = entity.network_timeout = 5
        entity.add_requested_context(sent.SOPClassUID)
        tls = None if context is None else (context, HOST)
        association = entity.associate(HOST, port, ae_title="CARDIOV", tls_args=tls)
        if not association.is_established:
            return None
        status = association.send_c_store(sent)
        association.release()
        return int(status.Status)

    try:
        # Without TLS, without a certificate, and with one that another authority signed.
        nameless = replace(hospital, certificate=None, key=None).client()
        foreign = replace(stranger, authorities=hospital.authorities).client()
        for context in (None, nameless, foreign):
            assert _status(context) is None
        assert list(folder.iterdir()) == []
        assert _status(hospital.client()) == 0
        assert len(list(folder.iterdir())) == 1
    finally:
        service.stop()


def test_files_that_are_no_certificates_are_named(tmp_path: Path, hospital: TlsFiles) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    for files in (
        replace(hospital, certificate=wrong),
        replace(hospital, key=tmp_path / "missing.key"),
        replace(hospital, authorities=wrong),
    ):
        with pytest.raises(ConfigurationError, match="CARDIOV_TLS_"):
            files.client()
        with pytest.raises(ConfigurationError, match="CARDIOV_TLS_"):
            files.server()


def test_a_certificate_comes_with_its_key() -> None:
    with pytest.raises(ConfigurationError, match="CARDIOV_TLS_KEY"):
        outgoing_from_environment({"CARDIOV_TLS_CERTIFICATE": "own.pem"})
    with pytest.raises(ConfigurationError, match="CARDIOV_TLS_CERTIFICATE"):
        outgoing_from_environment({"CARDIOV_TLS_KEY": "own.key"})
    named = outgoing_from_environment({"CARDIOV_TLS_CERTIFICATE": "own.pem", "CARDIOV_TLS_KEY": "own.key"}).tls
    assert named == TlsFiles(Path("own.pem"), Path("own.key"))
