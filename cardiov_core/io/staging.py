"""Many uploaded files at once: laid out in a temporary folder as the reader's folder was, found, and found again."""

import io
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cardiov_core.errors import ArchiveError, RecordFormatError, RecordNotFoundError
from cardiov_core.io.collection import Collection, SourceError, collect
from cardiov_core.io.formats.archives import MAX_MEMBERS, ZIP_ERRORS
from cardiov_core.io.uploads import safe_name

MAX_DROPPED_BYTES = 1024**3
MAX_DROPPED_FILES = MAX_MEMBERS
# Each archive may grow to half a GiB on disk while it is read.
MAX_DROPPED_ARCHIVES = 8
# A path of this many names of 120 bytes is still one that file systems take (4096 bytes).
_MAX_DEPTH = 16
_ZIP_MAGIC = b"PK"


@dataclass(frozen=True)
class Drop:
    """What a reader dropped on a page: names with their folders, and bytes.

    Attributes
    ----------
    contents : mapping of pathlib.PurePosixPath to bytes
        Relative path that cannot lead out of a folder -> content.
    errors : tuple of SourceError
        Files that were dropped twice with different content.
    """

    contents: Mapping[PurePosixPath, bytes]
    errors: tuple[SourceError, ...] = ()


def take_drop(files: Sequence[tuple[str, bytes]]) -> Drop:
    """Take files from a browser, within limits.

    Parameters
    ----------
    files : sequence of tuple of str and bytes
        Names, with their folders where a folder was dropped, and contents.

    Returns
    -------
    Drop
        One entry a file.

    Raises
    ------
    ArchiveError
        If there are more than 20 000 files, more than 1 GiB or more than 8 zip archives.
    """
    total = sum(len(content) for _, content in files)
    archives = sum(content.startswith(_ZIP_MAGIC) and name.lower().endswith(".zip") for name, content in files)
    for seen, limit, what in (
        (len(files), MAX_DROPPED_FILES, "files"),
        (total // 1024**2, MAX_DROPPED_BYTES // 1024**2, "MiB"),
        (archives, MAX_DROPPED_ARCHIVES, "zip archives"),
    ):
        if seen > limit:
            raise ArchiveError(f"{seen} {what} were dropped; at most {limit} are taken at once.", "Drop fewer records.")
    contents: dict[PurePosixPath, bytes] = {}
    errors: list[SourceError] = []
    for raw_name, content in files:
        place = safe_place(raw_name)
        if contents.setdefault(place, content) != content:
            error = RecordFormatError(
                f"{place.name} was dropped twice with different content.",
                "Drop records of the same name in folders of their own.",
            )
            errors.append(SourceError(f"{place} (second copy)", error))
    return Drop(contents, tuple(errors))


def safe_place(name: str) -> PurePosixPath:
    """Return a relative path that cannot lead out of a folder.

    Parameters
    ----------
    name : str
        What a browser sent: a name, or a path inside the folder that was dropped.
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part.strip(". ")]
    return PurePosixPath(*(safe_name(part) for part in parts[-_MAX_DEPTH:])) if parts else PurePosixPath("upload")


@contextmanager
def staged(drop: Drop) -> Iterator[Collection]:
    """Lay a drop out on disk and find the records in it, archives unpacked.

    Parameters
    ----------
    drop : Drop
        What was dropped.

    Yields
    ------
    Collection
        As of `collect`, with names as the reader knows them. The files are gone when the context ends.
    """
    errors = list(drop.errors)
    with tempfile.TemporaryDirectory(prefix="cardiov-") as temporary:
        root = Path(temporary)
        for place, content in drop.contents.items():
            try:
                (root / place).parent.mkdir(parents=True, exist_ok=True)
                (root / place).write_bytes(content)
            except OSError as error:
                # A name that is a file and a folder at once, or a full disk.
                wrong = RecordFormatError(
                    f"{place} cannot be put beside the other files: {error.strerror or error}.", "Drop it on its own."
                )
                errors.append(SourceError(str(place), wrong))
        with collect([root]) as found:
            yield Collection(
                tuple(replace(source, shown_as=_inside(source.shown_as, root)) for source in found.sources),
                tuple(_inside(name, root) for name in found.passed_over),
                (
                    *errors,
                    *(replace(one, shown_as=_inside(one.shown_as, root)) for one in found.errors),
                ),
            )


def files_of(drop: Drop, name: str, parts: Sequence[str]) -> tuple[tuple[str, bytes], ...]:
    """Return the files of one record of a drop, to read it again without unpacking all of its archive.

    Parameters
    ----------
    drop : Drop
        What was dropped.
    name : str
        The record's name as `staged` gave it.
    parts : sequence of str
        Names of its files, as its provenance has them.

    Returns
    -------
    tuple of tuple of str and bytes
        Bare names and contents, as `read_uploads` takes them.

    Raises
    ------
    RecordNotFoundError
        If the drop does not hold them.
    """
    place = PurePosixPath(name)
    archive = next((folder for folder in place.parents if folder in drop.contents), None)
    try:
        if archive is None:
            return tuple((part, drop.contents[place.parent / part]) for part in parts)
        return _members(drop.contents[archive], place.relative_to(archive).parent, parts)
    except (KeyError, *ZIP_ERRORS) as error:
        raise RecordNotFoundError(f"{name} cannot be found again in what was dropped.", "Drop it again.") from error


def _members(archive: bytes, folder: PurePosixPath, parts: Sequence[str]) -> tuple[tuple[str, bytes], ...]:
    # The archive was unpacked within its limits before: its members are no larger now.
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {PurePosixPath(member.filename): member for member in opened.infolist()}
        return tuple((part, opened.read(members[folder / part])) for part in parts)


def _inside(shown_as: str, root: Path) -> str:
    return shown_as.removeprefix(f"{root}/")
