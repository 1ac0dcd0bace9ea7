"""Temporary folders: for their owner alone, gone when they were used, and swept where a crash left them.

A folder's name holds the number and the start of the process that made it, and nothing of the file it is for.
"""

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cardiov_core.errors import NoRoomError

_NAME = re.compile(r"cardiov-(?P<pid>\d+)-(?P<started>\d+)-")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder, into which nobody but this user may look, and which is gone when the context ends."""
    pid = os.getpid()
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"cardiov-{pid}-{_started(pid)}-"))
    except OSError as error:
        raise _unusable(error) from error
    try:
        yield folder
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise _unusable(error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> int:
    """Remove the temporary folders of processes that ended without removing them.

    Returns
    -------
    int
        How many were removed. Those of running processes, and of other users, stay.
    """
    n_removed = 0
    for folder in Path(tempfile.gettempdir()).glob("cardiov-*"):
        match = _NAME.match(folder.name)
        with contextlib.suppress(OSError):
            if match is None or folder.is_symlink() or not folder.is_dir() or not _is_ours(folder):
                continue
            if not _runs(int(match["pid"]), int(match["started"])):
                shutil.rmtree(folder)
                n_removed += 1
    return n_removed


def _unusable(error: OSError) -> NoRoomError:
    return NoRoomError(
        f"No file can be read now: the server's temporary folder cannot be used ({error.strerror or 'not there'}).",
        "Try again later; if it stays so, tell who looks after the server.",
    )


def _is_ours(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _runs(pid: int, started: int) -> bool:
    """Tell whether the very process is there: after a restart another one may have its number."""
    if os.name == "nt":
        # Nothing tells here without asking the system's own interface; the folder stays.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(pid) in {started, 0}


def _started(pid: int) -> int:
    """Return when a process started, in ticks since the system's start; 0 where the system does not tell."""
    try:
        # The name of the program, in brackets, may hold blanks; the 22nd field is the 20th behind it.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0
