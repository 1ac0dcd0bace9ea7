"""Uploaded files: names from a browser, bytes in memory, any mix; one result a record."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import CardioVError, NotAnEcgError, RecordError, RecordFormatError, RecordNotFoundError
from cardiov_core.io.assembly import ReadOptions
from cardiov_core.io.collection import collect
from cardiov_core.io.formats.archives import is_npz
from cardiov_core.io.formats.sniff import Kind, kind_of
from cardiov_core.io.formats.wfdb_reader import signal_file_names
from cardiov_core.io.reader import checked_options, read_record

_MAX_NAME = 120


@dataclass(frozen=True)
class Upload:
    """What became of an upload: a record or the reason why there is none.

    Attributes
    ----------
    name : str
        The file's bare name; for a record of an archive, with its place in there.
    record : EcgRecord or None
        The record.
    error : CardioVError or None
        Why there is no record.
    """

    name: str
    record: EcgRecord | None
    error: CardioVError | None


def safe_name(name: str) -> str:
    """Return a bare file name that cannot lead out of a folder.

    Parameters
    ----------
    name : str
        What a browser sent: may be a path of any system and hold control characters.
    """
    bare = name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    bare = "".join(letter for letter in bare if letter.isprintable() and letter not in ':*?"<>|').strip()
    path = Path(bare if bare.strip(".") else "upload")
    # Cut by bytes, as file systems count; the ending must stay, it pairs header and signal file.
    stem = path.stem.encode()[: _MAX_NAME - len(path.suffix.encode()[:16])].decode(errors="ignore")
    return stem + path.suffix[:16]


def read_uploads(
    files: Sequence[tuple[str, bytes]],
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
    gain_factor: float = 1.0,
) -> tuple[Upload, ...]:
    """Read uploaded files; headers find their signal files among them, archives are unpacked.

    Parameters
    ----------
    files : sequence of tuple of str and bytes
        Names and contents, in any order.
    sampling_rate, units, gain_factor
        As in `read_record`, for all files.

    Returns
    -------
    tuple of Upload
        One a record, and exactly one a file that cannot be used, in the order of the upload. Nothing stays on disk.

    Raises
    ------
    ConfigurationError
        If an argument makes no sense.
    """
    options = checked_options(sampling_rate, units, gain_factor)
    uploads: list[Upload] = []
    contents: dict[str, bytes] = {}
    for raw_name, content in files:
        name = safe_name(raw_name)
        if name not in contents:
            contents[name] = content
        elif contents[name] != content:
            error = RecordFormatError(
                f"{name} was uploaded twice with different content.", "Upload records of the same name one at a time."
            )
            uploads.append(Upload(name, None, error))
    with tempfile.TemporaryDirectory(prefix="cardiov-") as temporary:
        folder = Path(temporary)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        owners = _owners(contents)
        for name in contents:
            if name not in owners:
                uploads += _read_one(folder / name, contents, options)
    return tuple(uploads)


def _owners(contents: dict[str, bytes]) -> dict[str, str]:
    """Map each signal file to the header that names it."""
    return {
        signal: name
        for name, content in contents.items()
        if _is_header(name, content)
        for signal in signal_file_names(content, Path(name).stem)
        if signal in contents and signal != name
    }


def _is_header(name: str, content: bytes) -> bool:
    kind = kind_of(content)
    return kind is Kind.WFDB_HEADER or (Path(name).suffix.lower() == ".hea" and kind is not Kind.VENDOR)


def _read_one(path: Path, contents: dict[str, bytes], options: ReadOptions) -> list[Upload]:
    content = contents[path.name]
    if kind_of(content) is Kind.ZIP and not is_npz(path):
        return _read_archive(path, options)
    if (error := _lacks_partner(path, contents)) is not None:
        return [Upload(path.name, None, error)]
    return [_read(path, path.name, options)]


def _lacks_partner(path: Path, contents: dict[str, bytes]) -> RecordNotFoundError | None:
    content = contents[path.name]
    kind = kind_of(content)
    if _is_header(path.name, content) and kind is Kind.WFDB_HEADER:
        absent = [name for name in signal_file_names(content, path.stem) if name not in contents]
        plain = [name for name in absent if "/" not in name and "\\" not in name]
        if plain:
            return RecordNotFoundError(
                f"{path.name} names {plain[0][:80]}, which was not uploaded.",
                f"Add {plain[0][:80]} and try again: header and signal file go together.",
            )
    elif path.suffix.lower() == ".dat" and kind is not Kind.VENDOR:
        return RecordNotFoundError(
            f"{path.name} was uploaded without its header.",
            f"Add {path.stem}.hea and try again: header and signal file go together.",
        )
    return None


def _read(path: Path, name: str, options: ReadOptions) -> Upload:
    try:
        record = read_record(
            path, sampling_rate=options.sampling_rate, units=options.units, gain_factor=options.gain_factor
        )
    except RecordError as error:
        return Upload(name, None, error)
    return Upload(name, replace(record, provenance=replace(record.provenance, path=name)), None)


def _read_archive(path: Path, options: ReadOptions) -> list[Upload]:
    with collect([path]) as found:
        uploads = [_read(source.path, _inside(source.shown_as, path), options) for source in found.sources]
        uploads += [Upload(_inside(one.shown_as, path), None, one.error) for one in found.errors]
    if not uploads:
        error = NotAnEcgError(f"{path.name} holds no ECG.", "Pack each header together with its signal file.")
        uploads.append(Upload(path.name, None, error))
    return uploads


def _inside(shown_as: str, archive: Path) -> str:
    return shown_as.removeprefix(f"{archive.parent}/")
