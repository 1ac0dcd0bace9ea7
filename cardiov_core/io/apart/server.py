"""The process that reads: imports the decoders once, then forks a child for each file, within limits.

Started by `client.py` with one socket; each message on it brings a socket for one file. It ends when that socket
closes, so also when the app dies. A child that takes too long or too much ends alone, and its end is told.
"""

import contextlib
import gc
import json
import logging
import os
import select
import signal
import socket
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TypedDict

from cardiov_core.errors import CardioVError, RecordFormatError, log_unforeseen
from cardiov_core.io.apart.wire import pack_error, pack_record
from cardiov_core.io.records import read_record

_MAX_REQUEST_BYTES = 65536
_RESERVE_BYTES = 64 * 1024**2

_logger = logging.getLogger(__name__)


def serve(control: socket.socket) -> None:
    """Read files until the other end is gone."""
    # What is imported stays: it is not looked through meanwhile, nor by children, who so share its memory.
    gc.disable()
    _import_decoders()
    gc.freeze()
    gc.enable()
    woken, waker = socket.socketpair()
    for end in (woken, waker):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    # Ends of the app's terminal are the app's to act on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    at_work: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
            _tell_ends(at_work)
        if control in ready:
            _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not descriptors:
                return
            request = socket.socket(fileno=descriptors[0])
            pid = os.fork()
            if pid == 0:
                for other in at_work.values():
                    # Open in this child too, they would look unfinished to whoever waits for them.
                    other.close()
                _read_and_end(request)
            at_work[pid] = request


def _import_decoders() -> None:
    """Import what readers import late, so that no child has to."""
    import edfio  # noqa: F401
    import pandas  # noqa: F401
    import pydicom  # noqa: F401
    import scipy.io  # noqa: F401
    import soundfile  # noqa: F401
    from ecgdatakit import FileParser

    FileParser.supported_formats()


def _tell_ends(at_work: dict[int, socket.socket]) -> None:
    while at_work:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        request = at_work.pop(pid)
        # A child that answered ended with 0; the other end waits for the socket to close.
        if os.WIFSIGNALED(status):
            with contextlib.suppress(OSError):
                request.sendall(_death(signal.Signals(os.WTERMSIG(status)).name))
        request.close()


def _death(name: str) -> bytes:
    return json.dumps({"died": name}).encode().ljust(256)


def _read_and_end(request: socket.socket) -> None:
    """Answer one request in a child, and end it whatever happens."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        asked = json.loads(request.recv(_MAX_REQUEST_BYTES))
        tempfile.tempdir = asked["scratch"]
        answer = _answer(asked)
        request.sendall(len(answer).to_bytes(8, "big") + answer)
        code = 0
    except BaseException as error:  # noqa: BLE001 - nothing of this child may go on as a second server
        log_unforeseen(_logger, "A child of the reading process failed.", error)
    finally:
        os._exit(code)


class _Reading(TypedDict):
    sampling_rate: float | None
    units: str | None
    gain_factor: float


class _Asked(TypedDict):
    path: str
    cpu_s: int
    seconds: int
    memory_bytes: int
    reading: _Reading


def _answer(asked: _Asked) -> bytes:
    path = Path(asked["path"])
    _limit(asked["cpu_s"], asked["seconds"], asked["memory_bytes"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pack_record(read_record(path, **asked["reading"]))
    except CardioVError as error:
        return pack_error(error)
    except MemoryError:
        return pack_error(too_much_memory(path.name, asked["memory_bytes"]))
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the app hears of it in words
        log_unforeseen(_logger, "Unforeseen error of a reader.", error)
        return pack_error(unforeseen(path.name, type(error).__name__))


def _limit(cpu_s: int, seconds: int, memory_bytes: int) -> None:
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
        # A file of memory would hold the patient's data.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The default action ends the process, whatever library is at work.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    if sys.platform == "linux":
        # What is mapped already (libraries, mostly never touched) does not count against the file.
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        most = mapped + memory_bytes + _RESERVE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def too_much_memory(name: str, memory_bytes: float) -> RecordFormatError:
    """Build the error of a file whose reading takes more memory than is given to one."""
    return RecordFormatError(
        f"{name} needs more than {memory_bytes / 1024**2:g} MiB of memory to be read.",
        "Cut the recording into shorter records; if it is short, the file is damaged.",
    )


def unforeseen(name: str, kind: str) -> RecordFormatError:
    """Build the error of a file that a reader fails on in a way that nobody foresaw."""
    return RecordFormatError(
        f"{name} could not be read: its reader failed in a way that CardioV did not foresee ({kind}).",
        "The file is likely to be damaged; export it again. Other files are read as before.",
    )


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
