"""Where results go, and what of the patient goes with them; off until the environment says so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from cardiov_core.connections.encryption import TlsFiles, tls_from_environment
from cardiov_core.errors import ConfigurationError

Kind = Literal["dicom", "fhir", "hl7"]

KEEP = "keep"
"""What ``CARDIOV_SEND_IDENTITY`` must hold for patient id, times and names to leave with results."""

_DEFAULT_AE_TITLE = "CARDIOV"
_MAX_AE_TITLE = 16
_SCHEMES: Mapping[Kind, tuple[str, ...]] = {
    "dicom": ("dicom", "dicoms"),
    "fhir": ("http", "https"),
    "hl7": ("mllp", "mllps"),
}
_EXAMPLES: Mapping[Kind, str] = {
    "dicom": "dicom://TITLE@host:104",
    "fhir": "https://host/fhir",
    "hl7": "mllp://host:2575",
}


@dataclass(frozen=True)
class Destination:
    """A system that takes results."""

    kind: Kind  # what it understands
    url: str  # its address: ``dicom(s)://TITLE@host:port``, ``http(s)://host/base``, ``mllp(s)://host:port``

    @property
    def name(self) -> str:
        """Kind, host and path: what may stand in logs and in the database."""
        parts = urlsplit(self.url)
        port = "" if parts.port is None else f":{parts.port}"
        return f"{self.kind} {parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"


@dataclass(frozen=True)
class Outgoing:
    """All that an installation sets about results."""

    destinations: tuple[Destination, ...] = ()  # at most one of each kind; empty where nothing is sent
    identity_kept: bool = False  # whether patient id, times and the record's own name go with the result
    ae_title: str = _DEFAULT_AE_TITLE  # by which title CardioV calls and is called (DICOM)
    fhir_token: str = ""  # bearer token; empty where the server asks for none
    fhir_release: Literal["R4", "R5"] = "R5"  # by which release sampled data are written
    tls: TlsFiles = field(default_factory=TlsFiles)  # certificates, where a connection is encrypted


def outgoing_from_environment(environment: Mapping[str, str] | None = None) -> Outgoing:
    """Return what the environment turns on.

    Parameters
    ----------
    environment : mapping of str to str, optional
        The process's own by default. ``CARDIOV_SEND_DICOM``, ``CARDIOV_SEND_FHIR`` (with ``CARDIOV_SEND_FHIR_TOKEN``
        and ``CARDIOV_SEND_FHIR_RELEASE``) and ``CARDIOV_SEND_HL7`` hold addresses, ``CARDIOV_SEND_IDENTITY`` is
        ``keep`` or not set, ``CARDIOV_AE_TITLE`` is CardioV's own DICOM title, ``CARDIOV_TLS_...`` name certificates.

    Raises
    ------
    ConfigurationError
        If one holds something else.
    """
    variables = os.environ if environment is None else environment

    def _of(name: str) -> str:
        return variables.get(f"CARDIOV_{name}", "").strip()

    kinds: tuple[Kind, ...] = ("dicom", "fhir", "hl7")
    destinations = tuple(
        _destination(kind, _of(f"SEND_{kind.upper()}")) for kind in kinds if _of(f"SEND_{kind.upper()}")
    )
    identity, title, release = _of("SEND_IDENTITY"), _of("AE_TITLE") or _DEFAULT_AE_TITLE, _of("SEND_FHIR_RELEASE")
    if identity not in ("", KEEP):
        raise ConfigurationError(
            f"CARDIOV_SEND_IDENTITY is {identity!r}.", f"Set it to {KEEP!r}, or leave it out to send no identity."
        )
    if len(title) > _MAX_AE_TITLE or not title.isascii() or not title.isprintable() or "\\" in title:
        raise ConfigurationError(
            f"CARDIOV_AE_TITLE is {title!r}, which is no DICOM title.", "Use 1 to 16 letters, digits and '_'."
        )
    if release not in ("", "R4", "R5"):
        raise ConfigurationError(f"CARDIOV_SEND_FHIR_RELEASE is {release!r}.", "Set it to R4 or R5.")
    return Outgoing(
        destinations,
        identity_kept=identity == KEEP,
        ae_title=title,
        fhir_token=_of("SEND_FHIR_TOKEN"),
        fhir_release="R4" if release == "R4" else "R5",
        tls=tls_from_environment(variables),
    )


def _destination(kind: Kind, url: str) -> Destination:
    try:
        parts = urlsplit(url)
        complete = parts.scheme in _SCHEMES[kind] and bool(parts.hostname)
        complete = complete and (kind == "fhir" or parts.port is not None) and (kind != "dicom" or bool(parts.username))
    except ValueError:
        complete = False
    if not complete:
        # The address itself may hold a password.
        raise ConfigurationError(
            f"The address in CARDIOV_SEND_{kind.upper()} is not complete.", f"Write it like {_EXAMPLES[kind]}."
        )
    return Destination(kind, url)
