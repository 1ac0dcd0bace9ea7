"""Where records lie, one after the other and without unpacking or copying all: folders, zip archives, URLs.

`collect` holds a list of all records and unpacks archives whole, which is right for what a reader opens. Here a record
is found, and later brought to this machine by whoever reads it, alone: an archive may hold more than the disk.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from fsspec import AbstractFileSystem, filesystem
from fsspec.core import url_to_fs

from cardiov_core.errors import ArchiveError, CardioVError, OutputError, RecordError, RecordNotFoundError
from cardiov_core.io.collection import Source, SourceError, is_lost_signal
from cardiov_core.io.damage import foreign_decoder
from cardiov_core.io.formats.archives import RATIO_FREE_BYTES
from cardiov_core.io.formats.registry import HEAD_BYTES, claims_to_be
from cardiov_core.io.formats.sniff import is_zip
from cardiov_core.io.formats.wfdb_header import is_header, signal_file_names
from cardiov_core.io.scratch import scratch_folder
from cardiov_core.io.staging import safe_name
from cardiov_core.limits import limits, mib

_CHUNK = 1024**2
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_OPEN_ARCHIVES = 4


@dataclass(frozen=True)
class Place:
    """Where one record lies.

    Attributes
    ----------
    shown_as : str
        Its name for people: path or URL, with the place inside an archive.
    file : str
        Path or URL of the file to open, header or record; in an archive the member's name.
    archive : str
        Path or URL of the zip archive that holds it; empty where there is none.
    """

    shown_as: str
    file: str
    archive: str = ""


@dataclass(frozen=True)
class PassedOver:
    """A file that does not claim to be an ECG.

    Attributes
    ----------
    shown_as : str
        Its name for people.
    """

    shown_as: str


def list_places(root: str) -> Iterator[Place | SourceError | PassedOver]:
    """Find the records in a folder, a zip archive or behind a URL, one folder at a time.

    Parameters
    ----------
    root : str
        Path of a record, an archive or a folder, or a URL that fsspec opens.

    Yields
    ------
    Place, SourceError or PassedOver
        Sorted inside each folder, the files of a folder before its folders. Reading a record may still fail.

    Raises
    ------
    RecordError
        If there is nothing at `root`, or it cannot be reached.
    """
    with _reached(root):
        tree, top = url_to_fs(root)
        local = is_local(root)
        there = tree.exists(top)
        folder = there and tree.isdir(top)
    if not there:
        if local and Path(f"{root}.hea").is_file():
            # A WFDB record by its name without ending.
            yield Place(root, root)
            return
        raise RecordNotFoundError(f"{root} does not exist.", "Check the path.")
    if folder:
        yield from _listed(_Tree(tree, root, top, local), top)
    elif root.lower().endswith(".zip"):
        yield from _archived(root, root)
    else:
        yield Place(root, root)


@contextmanager
def brought(place: Place) -> Iterator[Source]:
    """Bring one record's files to this machine, unless they are here.

    Parameters
    ----------
    place : Place
        Where it lies.

    Yields
    ------
    Source
        To be read inside the context; copies are gone when it ends.

    Raises
    ------
    RecordError
        If a file cannot be reached, is damaged in its archive, or is larger than is opened.
    OutputError
        If the disk for copies is full.
    """
    if not place.archive and is_local(place.file):
        yield Source(Path(place.file), place.shown_as)
        return
    with _reached(place.shown_as):
        if place.archive:
            tree, top = _archive(place.archive, _version(place.archive)), place.file
        else:
            tree, top = url_to_fs(place.file)
    try:
        with scratch_folder() as folder:
            path = _copied(tree, top, folder)
            content = path.read_bytes() if path.suffix.lower() == ".hea" else b""
            if is_header(path, content):
                parent = top.rpartition("/")[0]
                for name in signal_file_names(content, path.stem):
                    if safe_name(name) == name:
                        _copied(tree, f"{parent}/{name}" if parent else name, folder)
            yield Source(path, place.shown_as)
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(
                f"The disk for temporary files is full: {error.strerror}.", "Free space, or set TMPDIR to another disk."
            ) from error
        raise


def is_local(path: str) -> bool:
    """Tell whether a path is one of this machine, and no URL."""
    return "://" not in path and "::" not in path


@dataclass(frozen=True)
class _Tree:
    """A file system of fsspec from `top` on, which people know as `root`."""

    files: AbstractFileSystem
    root: str
    top: str
    local: bool
    archive: str = ""

    def shown(self, path: str) -> str:
        if self.archive:
            return f"{self.root}/{path}".rstrip("/")
        if self.local:
            return self.root.rstrip("/") + path.removeprefix(self.top.rstrip("/"))
        if "::" in self.root:
            # A file system inside another one: 'zip://a.hea::https://host/z.zip'.
            scheme, _, inside = self.root.partition("://")
            return f"{scheme}://{path}::{inside.partition('::')[2]}"
        return str(self.files.unstrip_protocol(path))

    def head(self, path: str) -> bytes:
        try:
            with foreign_decoder(PurePosixPath(path).name), self.files.open(path, "rb") as file:
                return bytes(file.read(HEAD_BYTES))
        except OSError as error:
            raise RecordNotFoundError(
                f"{path} cannot be opened: {error.strerror or error}.", "Check that it may be read."
            ) from error

    def head_or_none(self, path: str) -> bytes | None:
        try:
            return self.head(path)
        except RecordError:
            return None


def _listed(tree: _Tree, folder: str) -> Iterator[Place | SourceError | PassedOver]:
    try:
        with _reached(tree.shown(folder)):
            entries = sorted(tree.files.ls(folder, detail=True), key=lambda entry: str(entry["name"]))
    except RecordError as error:
        yield SourceError(tree.shown(folder), error)
        return
    seen = [(str(entry["name"]).rstrip("/"), entry) for entry in entries]
    seen = [(path, entry) for path, entry in seen if path != folder.rstrip("/") and not _is_hidden(path)]
    files = [path for path, entry in seen if entry["type"] == "file"]
    heads = {path: tree.head_or_none(path) for path in files if path.lower().endswith(".hea")}
    named = {
        f"{path.rpartition('/')[0]}/{name}".lstrip("/" if tree.archive else "")
        for path, head in heads.items()
        for name in signal_file_names(head or b"", PurePosixPath(path).stem)
    }
    for path in files:
        if path not in named or path.lower().endswith(".hea"):
            yield from _judged(tree, path, heads.get(path))
    for path, entry in seen:
        # A link may lead back to where it lies.
        if entry["type"] == "directory" and not entry.get("islink"):
            yield from _listed(tree, path)


def _judged(tree: _Tree, path: str, head: bytes | None) -> Iterator[Place | SourceError | PassedOver]:
    shown, suffix = tree.shown(path), PurePosixPath(path).suffix.lower()
    try:
        head = tree.head(path) if head is None else head
    except RecordError as error:
        yield SourceError(shown, error)
        return
    # Arrays of NumPy are zip files, too.
    if suffix == ".zip" and is_zip(head) and not tree.archive:
        yield from _archived(path if tree.local else shown, shown)
    elif suffix == ".dat" and is_lost_signal(Path(path), head):
        yield SourceError(shown, lost_signal(PurePosixPath(path).name))
    elif claims_to_be(Path(path), head) and not (is_zip(head) and suffix != ".npz"):
        yield Place(shown, path if tree.local or tree.archive else shown, tree.archive)
    else:
        yield PassedOver(shown)


def _archived(archive: str, shown: str) -> Iterator[Place | SourceError | PassedOver]:
    try:
        with _reached(shown):
            tree = _archive(archive, _version(archive))
    except RecordError as error:
        yield SourceError(shown, ArchiveError(error.message, "Pack or download it again."))
        return
    yield from _listed(_Tree(tree, shown, "", local=False, archive=archive), "")


def lost_signal(name: str) -> RecordNotFoundError:
    """Return the error of a signal file without its header."""
    return RecordNotFoundError(
        f"{name} has no header: no .hea file beside it names it.", "Put the header (.hea) into the same folder."
    )


@lru_cache(maxsize=_OPEN_ARCHIVES)
def _archive(path: str, version: str) -> AbstractFileSystem:
    """Open an archive once for all records of it: its list of members may be long."""
    del version
    return filesystem("zip", fo=path, skip_instance_cache=True)


def _version(archive: str) -> str:
    """Tell one state of an archive from the next."""
    if not is_local(archive):
        return ""
    state = Path(archive).stat()
    return f"{state.st_mtime_ns}-{state.st_size}"


def _copied(tree: AbstractFileSystem, path: str, folder: Path) -> Path:
    """Copy one file, within limits that are counted while it is copied."""
    target, total, allowed = folder / safe_name(path), 0, limits()
    name = PurePosixPath(path).name
    with _reached(name):
        packed: int | None = tree.info(path).get("compress_size")
        with tree.open(path, "rb") as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                total += len(chunk)
                if total > mib(allowed.file_mib):
                    raise ArchiveError(
                        f"{name} has more than {allowed.file_mib:g} MiB.", "Cut the recording into shorter ones."
                    )
                if packed is not None and total > max(RATIO_FREE_BYTES, allowed.archive_ratio * packed):
                    raise ArchiveError(
                        f"{name} grows to more than {allowed.archive_ratio} times its packed size, as no ECG does.",
                        "Do not trust this archive; pack the records again.",
                    )
                sink.write(chunk)
    return target


@contextmanager
def _reached(name: str) -> Iterator[None]:
    """Turn what file systems of others raise into an error in words; a full disk is not the record's fault."""
    try:
        yield
    except CardioVError:
        raise
    except FileNotFoundError as error:
        raise RecordNotFoundError(f"{name} does not exist.", "Check the path.") from error
    except OSError as error:
        if error.errno in _FULL:
            raise
        raise RecordNotFoundError(
            f"{name} cannot be reached: {error.strerror or type(error).__name__}.", "Check path, rights and network."
        ) from error
    except Exception as error:
        with foreign_decoder(name, hint="Pack, copy or download it again."):
            raise error


def _is_hidden(path: str) -> bool:
    name = PurePosixPath(path).name
    return name.startswith(".") or name == "__MACOSX"
