"""Uploaded files: laid out in a temporary folder as the reader's folder was, found, read, and found again."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import (
    ArchiveError,
    CardioVError,
    NotAnEcgError,
    RecordError,
    RecordFormatError,
    RecordNotFoundError,
)
from cardiov_core.io.assembly import ReadOptions
from cardiov_core.io.collection import Collection, Source, SourceError, collect, marked_apart
from cardiov_core.io.damage import foreign_decoder
from cardiov_core.io.formats.sniff import is_zip
from cardiov_core.io.formats.wfdb_header import is_header, signal_file_names
from cardiov_core.io.records import checked_options, read_source
from cardiov_core.io.scratch import scratch_folder
from cardiov_core.limits import limits

# A path of this many names of 120 bytes is still one that file systems take (4096 bytes).
_MAX_DEPTH = 16
_MAX_NAME = 120
_SECOND_COPY = " (second copy)"
_ZIP_MAGIC = b"PK"


@dataclass(frozen=True)
class Upload:
    """What became of an upload: a record or the reason why there is none.

    Attributes
    ----------
    name : str
        The file's name; for a record of an archive, with its place in there.
    record : EcgRecord or None
        The record.
    error : CardioVError or None
        Why there is no record.
    """

    name: str
    record: EcgRecord | None
    error: CardioVError | None


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
        One entry per file.

    Raises
    ------
    ArchiveError
        If there are more files, MiB or zip archives than are taken at once.
    """
    allowed = limits()
    total = sum(len(content) for _, content in files)
    archives = sum(content.startswith(_ZIP_MAGIC) and name.lower().endswith(".zip") for name, content in files)
    for amount, limit, what in (
        (len(files), allowed.dropped_files, "files"),
        (total // 1024**2, int(allowed.dropped_mib), "MiB"),
        (archives, allowed.dropped_archives, "zip archives"),
    ):
        if amount > limit:
            raise ArchiveError(
                f"{amount} {what} were dropped; at most {limit} are taken at once.", "Drop fewer records."
            )
    return _drop_of(files)


def _drop_of(files: Sequence[tuple[str, bytes]]) -> Drop:
    contents: dict[PurePosixPath, bytes] = {}
    errors: list[SourceError] = []
    for raw_name, content in files:
        place = safe_place(raw_name)
        if contents.setdefault(place, content) != content:
            error = RecordFormatError(
                f"{place.name} was dropped twice with different content.",
                "Drop records of the same name in folders of their own.",
            )
            errors.append(SourceError(f"{place}{_SECOND_COPY}", error))
    return Drop(contents, tuple(errors))


def safe_name(name: str) -> str:
    """Return a bare file name that cannot lead out of a folder."""
    bare = name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    bare = "".join(letter for letter in bare if letter.isprintable() and letter not in ':*?"<>|').strip()
    path = Path(bare if bare.strip(".") else "upload")
    # Cut by bytes, as file systems count; the ending must stay, it pairs header and signal file.
    stem = path.stem.encode()[: _MAX_NAME - len(path.suffix.encode()[:16])].decode(errors="ignore")
    return stem + path.suffix[:16]


def safe_place(name: str) -> PurePosixPath:
    """Return a relative path that cannot lead out of a folder."""
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
    with _laid_out(drop) as (root, errors), collect([root]) as collection:
        yield Collection(
            marked_apart([replace(source, shown_as=_inside(source.shown_as, root)) for source in collection.sources]),
            tuple(_inside(name, root) for name in collection.passed_over),
            (*errors, *(replace(one, shown_as=_inside(one.shown_as, root)) for one in collection.errors)),
        )


@contextmanager
def _laid_out(drop: Drop) -> Iterator[tuple[Path, list[SourceError]]]:
    """Write a drop into a folder, which is gone when the context ends."""
    errors = list(drop.errors)
    with scratch_folder() as root:
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
        yield root, errors


def read_uploads(
    files: Sequence[tuple[str, bytes]],
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
    gain_factor: float = 1.0,
    apart: bool = False,
) -> tuple[Upload, ...]:
    """Read uploaded files; headers find their signal files among them, archives are unpacked.

    Parameters
    ----------
    files : sequence of tuple of str and bytes
        Names and contents, in any order.
    sampling_rate, units, gain_factor
        As in `read_record`, for all files.
    apart : bool
        As in `read_source`.

    Returns
    -------
    tuple of Upload
        One per record, and exactly one per file that cannot be used, in the order of the upload. Nothing stays on disk.

    Raises
    ------
    ConfigurationError
        If an argument makes no sense.
    """
    options = checked_options(sampling_rate, units, gain_factor)
    drop = _drop_of(files)
    with staged(drop) as opened:
        uploads = [_read(source, drop, options, apart=apart) for source in opened.sources]
        uploads += [
            Upload(one.shown_as, None, _as_upload_error(one.error, one.shown_as, drop)) for one in opened.errors
        ]
    uploads += _unused(drop, uploads, options, apart=apart)
    turns = {place: turn for turn, place in enumerate(drop.contents)}
    return tuple(sorted(uploads, key=lambda one: min((turns[p] for p in _places(one.name) if p in turns), default=0)))


def _read(source: Source, drop: Drop, options: ReadOptions, *, apart: bool) -> Upload:
    try:
        record = read_source(
            source,
            sampling_rate=options.sampling_rate,
            units=options.units,
            gain_factor=options.gain_factor,
            apart=apart,
        )
    except RecordError as error:
        return Upload(source.shown_as, None, _as_upload_error(error, source.shown_as, drop))
    return Upload(source.shown_as, record, None)


def _as_upload_error(error: CardioVError, name: str, drop: Drop) -> CardioVError:
    """Say which file is to be uploaded as well, where header or signal file came alone."""
    place = PurePosixPath(name)
    content = drop.contents.get(place)
    if content is None or not isinstance(error, RecordNotFoundError):
        return error
    if is_header(Path(name), content):
        absent = [part for part in signal_file_names(content, place.stem) if place.parent / part not in drop.contents]
        if plain := [part[:80] for part in absent if not {"/", "\\"} & set(part)]:
            return RecordNotFoundError(
                f"{place.name} names {plain[0]}, which was not uploaded.",
                f"Add {plain[0]} and try again: header and signal file go together.",
            )
    elif place.suffix.lower() == ".dat":
        return RecordNotFoundError(
            f"{place.name} was uploaded without its header.",
            f"Add {place.stem}.hea and try again: header and signal file go together.",
        )
    return error


def _unused(drop: Drop, uploads: Sequence[Upload], options: ReadOptions, *, apart: bool) -> list[Upload]:
    """Return an upload for each file of which nothing became: it is asked for itself what it is."""
    places = {place for upload in uploads for place in _places(upload.name)}
    owned = {
        place.parent / name
        for place, content in drop.contents.items()
        if place.suffix.lower() == ".hea" or is_header(Path(place), content)
        for name in signal_file_names(content, place.stem)
    }
    left = Drop({place: content for place, content in drop.contents.items() if place not in places | owned})
    with _laid_out(left) as (root, _):
        return [
            Upload(str(place), None, _no_ecg(place))
            if is_zip(content)
            else _read(Source(root / place, str(place)), drop, options, apart=apart)
            for place, content in left.contents.items()
        ]


def _no_ecg(archive: PurePosixPath) -> NotAnEcgError:
    return NotAnEcgError(f"{archive.name} holds no ECG.", "Pack each header together with its signal file.")


def _places(name: str) -> tuple[PurePosixPath, ...]:
    """Return a file's place and those of the archive and folders that it lies in."""
    place = PurePosixPath(name.removesuffix(_SECOND_COPY))
    return place, *place.parents


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
    except (KeyError, RecordFormatError) as error:
        raise RecordNotFoundError(f"{name} cannot be found again in what was dropped.", "Drop it again.") from error


def _members(archive: bytes, folder: PurePosixPath, parts: Sequence[str]) -> tuple[tuple[str, bytes], ...]:
    # The archive was unpacked within its limits before: its members are no larger now.
    with foreign_decoder("archive"), zipfile.ZipFile(io.BytesIO(archive)) as opened:
        members = {PurePosixPath(member.filename.replace("\\", "/")): member for member in opened.infolist()}
        return tuple((part, opened.read(members[folder / part])) for part in parts)


def _inside(shown_as: str, root: Path) -> str:
    return shown_as.removeprefix(f"{root}/")
