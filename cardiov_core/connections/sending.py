"""One attempt to hand a document to a destination: it says what went wrong, in words that name nobody."""

import io
import json
import logging
import socket
from urllib.parse import urlsplit

from cardiov_core.connections.encryption import TlsFiles
from cardiov_core.connections.settings import Destination, Outgoing
from cardiov_core.errors import ConfigurationError

_TIMEOUT_S = 15.0
_START, _END = b"\x0b", b"\x1c\r"
_LARGEST_ANSWER = 1_000_000
_ACCEPTED = (b"AA", b"CA")


def send(destination: Destination, content: bytes, outgoing: Outgoing) -> str:
    """Send a document, and wait until it was taken.

    `content`: what `documents` made for that kind of destination. Returns what went wrong; empty where the other side
    said that it has the document.
    """
    if destination.kind == "fhir":
        return _post(destination.url, content, outgoing)
    if destination.kind == "hl7":
        return _mllp(destination.url, content, outgoing.tls)
    return _store(destination.url, content, outgoing)


def _post(url: str, content: bytes, outgoing: Outgoing) -> str:
    import httpx

    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
    if outgoing.fhir_token:
        headers["Authorization"] = f"Bearer {outgoing.fhir_token}"
    verify = outgoing.tls.client() if url.startswith("https:") else True
    try:
        answer = httpx.post(url, content=content, headers=headers, timeout=_TIMEOUT_S, verify=verify)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    if not answer.is_success:
        return f"HTTP {answer.status_code}"
    # A transaction is all or nothing, but a proxy may answer for a server that is away.
    try:
        kind = json.loads(answer.content).get("type")
    except (ValueError, AttributeError):
        kind = None
    return "" if kind == "transaction-response" else "no FHIR transaction-response"


def _mllp(url: str, content: bytes, tls: TlsFiles) -> str:
    """Send a message in its block and read the acknowledgement (MLLP release 1; HL7 2.5.1, 2.9.2)."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 0)
    context = tls.client() if parts.scheme == "mllps" else None
    try:
        with socket.create_connection(address, timeout=_TIMEOUT_S) as plain:
            if context is not None:
                with context.wrap_socket(plain, server_hostname=address[0]) as secured:
                    return _exchange(secured, content)
            return _exchange(plain, content)
    except OSError as error:
        return type(error).__name__


def _exchange(connection: socket.socket, content: bytes) -> str:
    connection.settimeout(_TIMEOUT_S)
    connection.sendall(_START + content + _END)
    answer = b""
    while not answer.endswith(_END):
        part = connection.recv(65536)
        if not part or len(answer) > _LARGEST_ANSWER:
            return "no complete acknowledgement"
        answer += part
    asked = content.split(b"\r", 1)[0].split(b"|")[9]
    for segment in answer.strip(_START + _END).split(b"\r"):
        fields = segment.split(b"|")
        if fields[0] == b"MSA" and len(fields) > 2:
            if fields[2] != asked:
                return "acknowledgement of another message"
            return "" if fields[1] in _ACCEPTED else f"not accepted: {fields[1].decode('ascii', 'replace')}"
    return "no acknowledgement in the answer"


def _store(url: str, content: bytes, outgoing: Outgoing) -> str:
    try:
        from pydicom import dcmread
        from pynetdicom import AE
    except ModuleNotFoundError as error:
        raise ConfigurationError("pynetdicom is not installed.", 'Say: pip install "cardiov[dicom]".') from error

    # What goes wrong stands in the answer; the library's own log would name titles and addresses at every attempt.
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
    parts = urlsplit(url)
    dataset = dcmread(io.BytesIO(content))
    entity = AE(ae_title=outgoing.ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = _TIMEOUT_S
    entity.add_requested_context(dataset.SOPClassUID)
    host = parts.hostname or ""
    tls = (outgoing.tls.client(), host) if parts.scheme == "dicoms" else None
    association = entity.associate(host, parts.port or 0, ae_title=parts.username or "", tls_args=tls)
    if not association.is_established:
        return "association rejected" if association.is_rejected else "no association"
    try:
        status = association.send_c_store(dataset)
    except (ValueError, RuntimeError) as error:
        return type(error).__name__
    finally:
        association.release()
    if "Status" not in status:
        return "no answer"
    # 0xB000 and the like: stored, with a remark (PS3.4 B.2.3).
    return "" if status.Status == 0 or status.Status >> 12 == 0xB else f"not stored: status 0x{status.Status:04X}"
