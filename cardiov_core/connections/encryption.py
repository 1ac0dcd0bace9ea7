"""TLS of all connections: who we are, and whom we believe."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cardiov_core.errors import ConfigurationError

CERTIFICATE, KEY, AUTHORITIES = "CARDIOV_TLS_CERTIFICATE", "CARDIOV_TLS_KEY", "CARDIOV_TLS_AUTHORITIES"
"""Environment variables: paths of PEM files."""


@dataclass(frozen=True)
class TlsFiles:
    """PEM files of an installation."""

    # Our own, with which we answer as a DICOM service, and which a receiver sees that asks who sends. Both
    # or none.
    certificate: Path | None = None
    key: Path | None = None
    # Who signs the certificates of others. Receivers are then believed by these alone, and senders to the
    # DICOM service must show a certificate of theirs; None: the system's authorities, and any sender.
    authorities: Path | None = None

    def client(self) -> ssl.SSLContext:
        """Return how we connect to a receiver."""
        return self._context(ssl.Purpose.SERVER_AUTH)

    def server(self) -> ssl.SSLContext | None:
        """Return how others connect to us; None where there is no certificate: without TLS."""
        if self.certificate is None:
            return None
        context = self._context(ssl.Purpose.CLIENT_AUTH)
        if self.authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _context(self, purpose: ssl.Purpose) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(purpose, cafile=self.authorities)
        except OSError as error:
            raise _unusable(AUTHORITIES, self.authorities, error) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            try:
                # Never asked for on a terminal: a service has none.
                context.load_cert_chain(self.certificate, self.key, password=lambda: b"")
            except OSError as error:
                raise _unusable(CERTIFICATE, self.certificate, error) from error
        return context


def tls_from_environment(variables: Mapping[str, str]) -> TlsFiles:
    """Return which files the environment names; a certificate without its key is refused, as a key without its own."""
    certificate, key, authorities = (
        Path(value) if (value := variables.get(name, "").strip()) else None for name in (CERTIFICATE, KEY, AUTHORITIES)
    )
    if (certificate is None) != (key is None):
        raise ConfigurationError(
            f"{KEY if key is None else CERTIFICATE} is not set, but its other half is.",
            f"Set both {CERTIFICATE} and {KEY}, or neither.",
        )
    return TlsFiles(certificate, key, authorities)


def _unusable(name: str, path: Path | None, error: OSError) -> ConfigurationError:
    # OpenSSL's own words for a wrong file are codes.
    what = "is no certificate in PEM, or its key is another's" if isinstance(error, ssl.SSLError) else error.strerror
    return ConfigurationError(f"{name} ({path}) cannot be used: {what}.", "Check the file and who may read it.")
