"""A folder that is watched: what lies still in it is taken and moved aside; what cannot be read, with the reason.

A file stays where it is until its case stands on the worklist and its results are queued, so a full disk or a database
that is away costs time and no ECG.
"""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path

from cardiov_core.connections.arrivals import Intake, Taken
from cardiov_core.errors import (
    CardioVError,
    ConfigurationError,
    NoRoomError,
    RecordNotFoundError,
    StoreUnavailableError,
    log_unforeseen,
)

TAKEN, REFUSED = "taken", "refused"
"""Folders within the watched one."""

_SETTLE_S = 2.0
_INCOMPLETE_S = 60.0
_UNFINISHED = (".part", ".tmp", ".partial", ".crdownload", ".filepart")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Seen:
    """How a file was at an earlier look: size in bytes, time of change in ns, and since when it is so."""

    size: int
    changed_ns: int
    since_s: float


@dataclass
class WatchedFolder:
    """A folder, and what is known of the files in it.

    Attributes
    ----------
    folder : pathlib.Path
        Where ECGs arrive.
    intake : Intake
        Who takes them.
    delete : bool
        Whether what was taken is deleted; otherwise it is moved to ``taken``.
    settle_s : float
        For how long a file must lie still before it is read, in s: a copy may be under way.
    incomplete_s : float
        For how long a header may wait for its signal file, in s.
    named : bool
        Whether sentences name files; not where they go into a log, since names of files often are patients'.
    """

    folder: Path
    intake: Intake
    delete: bool = False
    settle_s: float = _SETTLE_S
    incomplete_s: float = _INCOMPLETE_S
    named: bool = True
    _seen: dict[Path, _Seen] = field(default_factory=dict)
    # Taken, but not moved yet: they are not analysed again.
    _to_move: dict[Path, Taken] = field(default_factory=dict)
    _left: dict[Path, _Seen] = field(default_factory=dict)

    def look(self) -> tuple[str, ...]:
        """Take what lies still in the folder.

        Returns
        -------
        tuple of str
            A sentence for each file that was taken or refused, and for each that has to wait and why.

        Raises
        ------
        ConfigurationError
            If the folder cannot be read.
        """
        failures: list[str] = []
        done: set[str] = set()
        for path in self._still():
            if path.name in done or not path.is_file() or self._left.get(path) == self._seen[path]:
                continue
            try:
                taken = self._to_move.get(path) or self.intake.take(path)
            except (StoreUnavailableError, NoRoomError) as error:
                # Nothing can be taken now: every file stays where it is.
                failures.append(f"{error.message} What has arrived stays in the folder and is taken later.")
                break
            except OSError as error:
                failures.append(f"A file cannot be taken now: {error.strerror or type(error).__name__}. It stays.")
                continue
            except CardioVError:
                raise
            except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
                # A mistake of ours: this file is left alone until it changes, and the others are taken.
                log_unforeseen(_logger, "Unforeseen error at an arrival.", error)
                self._left[path] = self._seen[path]
                failures.append(
                    "A file could not be taken for a reason that CardioV did not foresee. It stays; see the log."
                )
                continue
            if self._waits_for_its_other_file(path, taken):
                continue
            done |= taken.files
            failures.append(self._put_aside(path, taken))
        return tuple(failures)

    def _still(self) -> list[Path]:
        """Return the files that lay still since an earlier look, in the order of their names."""
        at = time.monotonic()
        seen: dict[Path, _Seen] = {}
        try:
            for path in sorted(self.folder.iterdir()):
                # A link could point at any file of this computer.
                if path.name.startswith(".") or path.suffix.lower() in _UNFINISHED or path.is_symlink():
                    continue
                if not path.is_file():
                    continue
                status = path.stat()
                before = self._seen.get(path)
                same = before is not None and (before.size, before.changed_ns) == (status.st_size, status.st_mtime_ns)
                seen[path] = before if same and before else _Seen(status.st_size, status.st_mtime_ns, at)
        except OSError as error:
            raise ConfigurationError(
                f"The folder {self.folder} cannot be read: {error.strerror}.", "Check that it is there and may be read."
            ) from error
        self._seen = seen
        return [path for path, state in seen.items() if at - state.since_s >= self.settle_s]

    def _waits_for_its_other_file(self, path: Path, taken: Taken) -> bool:
        """Tell whether a record lacks a file that may still be on its way."""
        missing = any(isinstance(error, RecordNotFoundError) for error in taken.errors)
        return missing and time.monotonic() - self._seen[path].since_s < self.incomplete_s

    def _put_aside(self, path: Path, taken: Taken) -> str:
        refused = bool(taken.errors)
        files = [self.folder / name for name in sorted(taken.files) if (self.folder / name).is_file()]
        try:
            for file in files:
                if self.delete and not refused:
                    file.unlink()
                else:
                    self._move(file, REFUSED if refused else TAKEN)
            if refused:
                self._say_why(path, taken.errors)
        except OSError as error:
            self._to_move[path] = taken
            return f"A file that was taken cannot be moved aside: {error.strerror}. It is tried again."
        self._to_move.pop(path, None)
        if refused:
            return (
                f"{path.name} was refused: {taken.errors[0].sentences}"
                if self.named
                else f"A file was refused: {type(taken.errors[0]).__name__}. The reason stands beside it in {REFUSED}/."
            )
        return f"{path.name if self.named else 'A file'} was taken as case {', '.join(taken.cases)}."

    def _move(self, file: Path, place: str) -> None:
        target = self.folder / place
        target.mkdir(mode=0o700, exist_ok=True)
        free, number = target / file.name, 2
        while free.exists():
            free, number = target / f"{file.stem}-{number}{file.suffix}", number + 1
        file.rename(free)

    def _say_why(self, path: Path, errors: tuple[CardioVError, ...]) -> None:
        words = "\n".join(error.sentences for error in errors)
        (self.folder / REFUSED / f"{path.name}.txt").write_text(f"{words}\n", encoding="utf-8")
