"""Asking the reading process: started on first use, started again when it died."""

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import CardioVError, RecordFormatError
from cardiov_core.io.apart.wire import unpack
from cardiov_core.io.assembly import ReadOptions
from cardiov_core.io.scratch import scratch_folder
from cardiov_core.limits import limits, mib

_ROOT = Path(__file__).resolve().parents[3]
_ANSWER_CHUNK = 1024**2
# The child ends itself at its limit; this is for a machine that does not get round to it.
_PATIENCE_S = 30.0

_logger = logging.getLogger(__name__)


class Reader:
    """A process that reads files, each in a child of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The process's number; None before the first file."""
        return None if self._server is None else self._server.pid

    def start(self) -> None:
        """Start the process, unless it runs."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            if self._control is not None:
                self._control.close()
            if self._server is not None:
                self._server.wait()
            self._control = self._server = None

    def read(self, path: Path, options: ReadOptions) -> EcgRecord:
        """Open one ECG as `read_record` does."""
        # A child that is ended leaves its own temporary files: they lie in a folder that this process removes.
        with scratch_folder() as scratch:
            asked = _request(path, options, str(scratch))
            # The second time is for a process that was killed from outside.
            answer = self._ask(asked) or self._ask(asked)
        outcome = _outcome(answer, path.name)
        if isinstance(outcome, CardioVError):
            raise outcome
        return outcome

    def _ask(self, asked: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(limits().reader_s + _PATIENCE_S)
            try:
                with self._lock:
                    socket.send_fds(self._running(), [b"r"], [theirs.fileno()])
                theirs.close()
                ours.sendall(asked)
                parts = []
                while part := ours.recv(_ANSWER_CHUNK):
                    parts.append(part)
                return b"".join(parts)
            except (OSError, TimeoutError) as error:
                _logger.warning("the reading process gave no answer: %s", type(error).__name__)
                return b""

    def _running(self) -> socket.socket:
        if self._control is not None and self._server is not None and self._server.poll() is None:
            return self._control
        if self._control is not None:
            self._control.close()
        self._control, theirs = socket.socketpair()
        with theirs:
            path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
            one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            # This very Python and this very package.
            self._server = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "cardiov_core.io.apart.server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **one_thread, "PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
            )
        return self._control


def can_read_apart() -> bool:
    """Tell whether this system has what it takes: processes that fork, and sockets that travel."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds")


@cache
def reader() -> Reader:
    """Return the reading process that all threads of this process share."""
    shared = Reader()
    atexit.register(shared.close)
    return shared


def _request(path: Path, options: ReadOptions, scratch: str) -> bytes:
    allowed = limits()
    asked = {
        "path": str(path.absolute()),
        "scratch": scratch,
        "cpu_s": allowed.reader_cpu_s,
        "seconds": allowed.reader_s,
        "memory_bytes": mib(allowed.reader_mib),
        "reading": {
            "sampling_rate": options.sampling_rate,
            "units": options.units,
            "gain_factor": options.gain_factor,
        },
    }
    return json.dumps(asked).encode()


def _outcome(answer: bytes, name: str) -> EcgRecord | CardioVError:
    length = int.from_bytes(answer[:8], "big")
    if answer and len(answer) == 8 + length:
        try:
            return unpack(answer[8:])
        except (ValueError, KeyError, TypeError):
            return _ended(name, "an answer that made no sense")
    try:
        died = str(json.loads(answer)["died"])
    except (ValueError, KeyError, TypeError):
        died = ""
    if died == "SIGXCPU":
        return _ended(name, f"more than {limits().reader_cpu_s} s of processor time")
    if died == "SIGALRM":
        return _ended(name, f"more than {limits().reader_s} s")
    return _ended(name, f"the end of the process that read it ({died or 'no answer'})")


def _ended(name: str, what: str) -> RecordFormatError:
    return RecordFormatError(
        f"{name} could not be read: it took {what}.",
        "The file is damaged, or too long: export it again, or cut the recording into shorter records.",
    )
