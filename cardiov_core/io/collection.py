"""Which records lie in the paths that a user named: records, archives and folders."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from cardiov_core.errors import CardioVError, RecordError, RecordNotFoundError
from cardiov_core.io.formats.archives import is_npz, unpack
from cardiov_core.io.formats.registry import HEAD_BYTES, claims_to_be
from cardiov_core.io.formats.sniff import is_text, is_zip, read_bytes
from cardiov_core.io.formats.wfdb_header import is_header, signal_file_names
from cardiov_core.io.formats.wfdb_reader import find_header
from cardiov_core.io.scratch import scratch_folder


@dataclass(frozen=True)
class Source:
    """One record to read.

    Attributes
    ----------
    path : Path
        What `read_record` is to be given.
    shown_as : str
        Its name for people: the path they gave, with the place inside an archive.
    mark : str
        What tells it apart from other records of the same name in one collection, such as its folder; empty where
        there are none.
    """

    path: Path
    shown_as: str
    mark: str = ""


@dataclass(frozen=True)
class SourceError:
    """Something that was named or claims to be an ECG and cannot be read.

    Attributes
    ----------
    shown_as : str
        Its name for people.
    error : CardioVError
        What is wrong with it.
    """

    shown_as: str
    error: CardioVError


@dataclass(frozen=True)
class Collection:
    """What was found.

    Attributes
    ----------
    sources : tuple of Source
        One per record, in the order of the paths, sorted inside a folder. Reading one may still fail.
    passed_over : tuple of str
        Files of folders and archives that do not claim to be an ECG.
    errors : tuple of SourceError
        What is known to be unreadable: a path that does not exist, a signal file without header, a bad archive.
    """

    sources: tuple[Source, ...]
    passed_over: tuple[str, ...]
    errors: tuple[SourceError, ...]


@dataclass
class _Findings:
    stack: ExitStack
    sources: dict[Path, Source] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    errors: list[SourceError] = field(default_factory=list)

    def add(self, path: Path, shown_as: str) -> None:
        # The same record may be named by its header, its signal file and its folder.
        key = (find_header(path) or path).resolve()
        self.sources.setdefault(key, Source(path, shown_as))

    def unpacked(self, archive: Path) -> Path:
        folder = self.stack.enter_context(scratch_folder())
        unpack(archive, folder)
        return folder


@contextmanager
def collect(paths: Sequence[Path | str]) -> Iterator[Collection]:
    """Find the records in files, archives and folders.

    Archives are unpacked into temporary folders that are gone when the context ends, whatever happens in it.

    Parameters
    ----------
    paths : sequence of Path or str
        Records with or without extension, zip archives, folders.

    Yields
    ------
    Collection
        Sources to be read inside the context, what was passed over, and what cannot be read.
    """
    with ExitStack() as stack:
        findings = _Findings(stack)
        for path in map(Path, paths):
            try:
                _collect_path(path, findings)
            except RecordError as error:
                findings.errors.append(SourceError(str(path), error))
        yield Collection(
            marked_apart(tuple(findings.sources.values())), tuple(findings.passed_over), tuple(findings.errors)
        )


def marked_apart(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Mark records of one name, so that they can be distinguished wherever they are listed by their name."""
    alike: dict[str, list[str]] = {}
    for source in sources:
        alike.setdefault(PurePosixPath(source.shown_as).stem, []).append(source.shown_as)
    marks = {name: mark for names in alike.values() for name, mark in zip(names, _marks(names), strict=True)}
    return tuple(replace(source, mark=marks[source.shown_as]) for source in sources)


def _marks(names: Sequence[str]) -> list[str]:
    """Return what tells paths apart: the nearest folders that do, or the file's own name within one folder."""
    if len(names) < 2:
        return [""] * len(names)
    parents = [PurePosixPath(name).parent.parts for name in names]
    for depth in range(1, max(map(len, parents)) + 1):
        marks = ["/".join(parts[-depth:]) for parts in parents]
        if len(set(marks)) == len(marks):
            return marks
    folders = ["/".join(parts[-1:]) for parts in parents]
    if len(set(folders)) == 1:
        return [PurePosixPath(name).name for name in names]
    return list(names)


def _collect_path(path: Path, findings: _Findings) -> None:
    if path.is_dir() and find_header(path) is None:
        _collect_folder(path, str(path), findings, inside_archive=False)
    elif path.is_file() and _is_archive(path):
        _collect_folder(findings.unpacked(path), str(path), findings, inside_archive=True)
    elif path.is_file() or find_header(path) is not None:
        findings.add(path, str(path))
    elif any(path.parent.joinpath(path.name + suffix).is_file() for suffix in (".dat", ".mat")):
        raise RecordNotFoundError(
            f"{path.name} has no header: {path.name}.hea is not beside its signal file.",
            "Put the header (.hea) into the same folder.",
        )
    else:
        raise RecordNotFoundError(f"{path} does not exist.", "Check the path.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise RecordNotFoundError(
            f"{path.name} cannot be opened: {error.strerror or error}.", "Check that it may be read."
        ) from error


def _is_archive(path: Path) -> bool:
    return is_zip(_head(path)) and not is_npz(path)


def _collect_folder(folder: Path, shown_folder: str, findings: _Findings, *, inside_archive: bool) -> None:
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.parts)
    files = [path for path in files if not _is_hidden(path.relative_to(folder))]
    named = {header.parent / name for header in files if header.suffix.lower() == ".hea" for name in _named_in(header)}
    for path in files:
        shown_as = str(Path(shown_folder) / path.relative_to(folder))
        # A damaged header may name itself.
        if path in named and path.suffix.lower() != ".hea":
            continue
        try:
            _collect_member(path, shown_as, findings, inside_archive=inside_archive)
        except RecordError as error:
            findings.errors.append(SourceError(shown_as, error))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _named_in(header: Path) -> tuple[str, ...]:
    try:
        return signal_file_names(read_bytes(header), header.stem)
    except RecordError:
        return (f"{header.stem}.dat", f"{header.stem}.mat")


def _collect_member(path: Path, shown_as: str, findings: _Findings, *, inside_archive: bool) -> None:
    suffix = path.suffix.lower()
    head = _head(path)
    if suffix == ".dat" and is_lost_signal(path, head):
        raise RecordNotFoundError(
            f"{path.name} has no header: no .hea file beside it names it.",
            "Put the header (.hea) into the same folder.",
        )
    if is_zip(head) and suffix != ".npz" and not is_npz(path):
        if inside_archive or suffix != ".zip":
            findings.passed_over.append(shown_as)
        else:
            _collect_folder(findings.unpacked(path), shown_as, findings, inside_archive=True)
    elif claims_to_be(path, head):
        findings.add(path, shown_as)
    else:
        findings.passed_over.append(shown_as)


def is_lost_signal(path: Path, head: bytes) -> bool:
    """Whether a .dat file is no cart's file under a wrong name, and so wants a header."""
    return is_zip(head) or is_text(head) or not claims_to_be(path, head) or is_header(path, head)
