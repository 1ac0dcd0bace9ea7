"""A DICOM storage service: ECGs that a cart or an archive sends are written into the watched folder, then acknowledged.

Success is said only once the file is on the disk: what cannot be written stays with its sender, who tries again.
"""

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.connections.encryption import TlsFiles
from cardiov_core.errors import ConfigurationError

if TYPE_CHECKING:
    from pynetdicom.events import Event
    from pynetdicom.transport import ThreadedAssociationServer

_UID = re.compile(r"[0-9.]{1,64}")
_SUCCESS, _OUT_OF_RESOURCES, _CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000
_TIMEOUT_S = 30.0
_MAX_ASSOCIATIONS = 10

_logger = logging.getLogger(__name__)


@dataclass
class StorageService:
    """Listens for C-STORE of ECG waveforms, and for C-ECHO.

    Attributes
    ----------
    folder : pathlib.Path
        Where files go, under their SOP instance UID: the same object sent again is the same file.
    ae_title : str
        Own title; a caller must use it.
    callers : tuple of str
        Titles that may call; empty: any.
    tls : TlsFiles
        With a certificate in it, only encrypted connections are taken.
    """

    folder: Path
    ae_title: str
    callers: Sequence[str] = ()
    tls: TlsFiles = field(default_factory=TlsFiles)
    _server: "ThreadedAssociationServer | None" = field(default=None, repr=False)

    def start(self, address: str, port: int) -> int:
        """Listen in a thread of its own.

        Parameters
        ----------
        address : str
            Of this computer; '127.0.0.1' lets in nobody else.
        port : int
            0: a free one.

        Returns
        -------
        int
            The port.

        Raises
        ------
        ConfigurationError
            If pynetdicom is not installed, a certificate cannot be used, or the address cannot be listened at.
        """
        try:
            from pynetdicom import AE, evt, sop_class
        except ModuleNotFoundError as error:
            raise ConfigurationError("pynetdicom is not installed.", 'Say: pip install "cardiov[dicom]".') from error

        # Its own log tells of titles and addresses at every step.
        logging.getLogger("pynetdicom").setLevel(logging.ERROR)
        entity = AE(ae_title=self.ae_title)
        entity.require_called_aet = True
        entity.require_calling_aet = list(self.callers)
        entity.maximum_associations = _MAX_ASSOCIATIONS
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = _TIMEOUT_S
        for kind in (
            sop_class.TwelveLeadECGWaveformStorage,  # type: ignore[attr-defined]
            sop_class.GeneralECGWaveformStorage,  # type: ignore[attr-defined]
            sop_class.AmbulatoryECGWaveformStorage,  # type: ignore[attr-defined]
            sop_class.General32bitECGWaveformStorage,  # type: ignore[attr-defined]
            sop_class.Verification,  # type: ignore[attr-defined]
        ):
            entity.add_supported_context(kind)
        encryption = self.tls.server()
        try:
            server = entity.start_server(
                (address, port),
                block=False,
                evt_handlers=[(evt.EVT_C_STORE, self._stored)],
                ssl_context=encryption,
            )
        except OSError as error:
            raise ConfigurationError(
                f"DICOM cannot be received at {address}:{port}: {error.strerror}.", "Choose another port."
            ) from error
        if server is None or server.socket is None:
            raise ConfigurationError(f"DICOM cannot be received at {address}:{port}.", "Choose another port.")
        self._server = server
        return int(server.socket.getsockname()[1])

    def stop(self) -> None:
        """Listen no more; what was acknowledged is on the disk."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def _stored(self, event: "Event") -> int:
        uid = str(event.request.AffectedSOPInstanceUID or "")  # type: ignore[union-attr]
        if not _UID.fullmatch(uid) or not uid.strip("."):
            return _CANNOT_UNDERSTAND
        target = self.folder / f"{uid}.dcm"
        # Hidden, so that nobody takes it before it is whole.
        partial = target.with_name(f".{uid}.{id(event):x}.part")
        try:
            self._write(partial, event.encoded_dataset())
            partial.rename(target)
            _flush_folder(self.folder)
        except OSError as error:
            partial.unlink(missing_ok=True)
            _logger.warning("an ECG cannot be stored: %s; its sender keeps it", error.strerror)
            return _OUT_OF_RESOURCES
        return _SUCCESS

    @staticmethod
    def _write(path: Path, content: "bytes | memoryview") -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Bring a new name to the disk, where the platform lets folders be opened."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
