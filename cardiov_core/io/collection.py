"""Which records lie in the paths that a user named: records, archives and folders."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cardiov_core.errors import CardioVError, RecordError, RecordNotFoundError
from cardiov_core.io.formats.archives import is_npz, npz_names, unpack
from cardiov_core.io.formats.arrays import SIGNAL_KEYS
from cardiov_core.io.formats.sniff import Kind, kind_of, read_bytes
from cardiov_core.io.formats.tables import claims_to_be_ecg
from cardiov_core.io.formats.wfdb_reader import find_header, signal_file_names

# XML may begin with long comments before the element that says what it is.
_HEAD_BYTES = 65536
_ARRAY_KINDS = frozenset({Kind.NPY, Kind.MAT4, Kind.MAT5})


@dataclass(frozen=True)
class Source:
    """One record to read.

    Attributes
    ----------
    path : Path
        What `read_record` is to be given.
    shown_as : str
        Its name for people: the path they gave, with the place inside an archive.
    """

    path: Path
    shown_as: str


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
        One a record, in the order of the paths, sorted inside a folder. Reading one may still fail.
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
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="cardiov-")))
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
        yield Collection(tuple(findings.sources.values()), tuple(findings.passed_over), tuple(findings.errors))


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
            return file.read(_HEAD_BYTES)
    except OSError as error:
        raise RecordNotFoundError(
            f"{path.name} cannot be opened: {error.strerror or error}.", "Check that it may be read."
        ) from error


def _is_archive(path: Path) -> bool:
    return kind_of(_head(path)) is Kind.ZIP and not is_npz(path)


def _collect_folder(folder: Path, shown_folder: str, findings: _Findings, *, inside_archive: bool) -> None:
    files = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.parts)
    files = [path for path in files if not _is_hidden(path.relative_to(folder))]
    named = {header.parent / name for header in files if header.suffix.lower() == ".hea" for name in _named_in(header)}
    for path in files:
        shown_as = str(Path(shown_folder) / path.relative_to(folder))
        if path in named:
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
    if suffix == ".hea":
        findings.add(path, shown_as)
        return
    head = _head(path)
    kind = kind_of(head)
    if suffix == ".dat" and kind is not Kind.VENDOR:
        raise RecordNotFoundError(
            f"{path.name} has no header: no .hea file beside it names it.",
            "Put the header (.hea) into the same folder.",
        )
    if kind is Kind.ZIP and suffix != ".npz" and not is_npz(path):
        if inside_archive or suffix != ".zip":
            findings.passed_over.append(shown_as)
        else:
            _collect_folder(findings.unpacked(path), shown_as, findings, inside_archive=True)
    elif _claims_ecg(path, kind, head):
        findings.add(path, shown_as)
    else:
        findings.passed_over.append(shown_as)


def _claims_ecg(path: Path, kind: Kind, head: bytes) -> bool:
    suffix = path.suffix.lower()
    if kind is Kind.ZIP:
        names = npz_names(path)
        # One that is too damaged to list its arrays may be an ECG: it must not vanish among the files passed over.
        return not names or any(name.casefold() in SIGNAL_KEYS for name in names)
    if kind in _ARRAY_KINDS or kind is Kind.VENDOR:
        return True
    if suffix in {".mat", ".npy", ".npz"}:
        return True
    return kind is Kind.TEXT and claims_to_be_ecg(head)
