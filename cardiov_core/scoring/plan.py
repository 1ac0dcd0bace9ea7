"""The plan of a run: all records in their order, in a file, before the first one is read.

It says which record belongs to which part, so that a run that was killed goes on where it was, and the same parts come
out on one machine and on many. Records are listed and written a chunk at a time: memory does not grow with them.
"""

import csv
import math
import os
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from cardiov_core import errors
from cardiov_core.errors import DuplicateIdError, ManifestError, OutputError, RecordError
from cardiov_core.io import PassedOver, Place, SourceError, is_local, list_places, open_recording
from cardiov_core.preprocessing import MIN_DURATION_S
from cardiov_core.scoring.entries import Entry

if TYPE_CHECKING:
    import pyarrow as pa

_PATH, _ID, _RATE, _UNITS = "path", "id", "sampling_rate_hz", "units"
_HINT = "Mend the list: columns path, and where wanted id, sampling_rate_hz and units."


@dataclass(frozen=True)
class Plan:
    """All records of a run."""

    path: Path  # its file: Parquet with one row group per part
    n_records: int  # in all
    n_passed_over: int  # files that do not claim to be an ECG
    chunk_size: int  # records of a part, but for the last one

    @property
    def n_parts(self) -> int:
        """Parts that come out."""
        return -(-self.n_records // self.chunk_size)

    def n_in(self, part: int) -> int:
        """Return how many records a part has."""
        return min(self.chunk_size, self.n_records - part * self.chunk_size)

    def entries(self, parts: Iterable[int]) -> Iterator[Entry]:
        """Return the records of some parts, which are counted from 0 on."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            for part in parts:
                yield from map(_entry, file.read_row_group(part).to_pylist())


def list_entries(source: str) -> Iterator[Entry | PassedOver]:
    """List the records of a source.

    Parameters
    ----------
    source : str
        A record, a folder, a zip archive, a URL that fsspec opens, or a manifest: a CSV file with a column ``path``.

    Yields
    ------
    Entry or PassedOver
        In the order of the manifest, or sorted. What is known to be unreadable has its error.

    Raises
    ------
    RecordError
        If there is nothing at `source`.
    ManifestError
        If the manifest is no text or breaks off.
    """
    if is_manifest(source):
        yield from _manifest(Path(source))
        return
    for one in list_places(source):
        if isinstance(one, Place):
            yield Entry(one)
        elif isinstance(one, SourceError):
            yield Entry(Place(one.shown_as, ""), error=one.error)
        else:
            yield one


def is_manifest(source: str) -> bool:
    """Tell whether a source is a list of records: a CSV file whose first line names a column ``path``."""
    if not is_local(source) or not source.lower().endswith(".csv"):
        return False
    try:
        with Path(source).open(encoding="utf-8-sig", errors="replace") as file:
            return _PATH in _cells(file.readline(65536))
    except OSError:
        return False


def windows_of(entry: Entry, window_s: float) -> Iterator[Entry]:
    """Cut a long recording into windows, without reading its samples.

    `window_s`: length of a window. The last one ends with the recording, so it may overlap the one before. Yields the
    windows in their order; the record itself where it is not longer than a window, or lies elsewhere, or its format is
    not one of which stretches can be read.
    """
    recording = None
    if entry.error is None and not entry.place.archive and is_local(entry.place.file):
        try:
            recording = open_recording(Path(entry.place.file))
        except RecordError:
            # Whoever reads it says what is wrong.
            recording = None
    if recording is None or recording.duration_s < window_s + MIN_DURATION_S:
        yield entry
        return
    last_s = recording.duration_s - window_s
    for at in range(math.ceil(recording.duration_s / window_s)):
        yield replace(entry, start_s=min(at * window_s, last_s), length_s=window_s)


def write_plan(source: str, path: Path, chunk_size: int, window_s: float | None = None) -> Plan:
    """List a source and write the plan, in parts of `chunk_size` records; the file is there whole or not at all.

    Recordings longer than `window_s` are cut into such windows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    n_passed_over = 0

    def counted(entries: Iterable[Entry | PassedOver]) -> Iterator[Entry]:
        nonlocal n_passed_over
        for one in entries:
            if isinstance(one, PassedOver):
                n_passed_over += 1
            elif window_s is None:
                yield one
            else:
                yield from windows_of(one, window_s)

    entries = counted(list_entries(source))
    with written_whole(path) as temporary, pq.ParquetWriter(temporary, _schema()) as writer:
        n_records = 0
        while some := list(islice(entries, chunk_size)):
            writer.write_table(pa.Table.from_pylist([_row(entry) for entry in some], schema=_schema()), chunk_size)
            n_records += len(some)
        if not n_records:
            raise RecordError(f"{source} holds no ECG.", "Name a folder, an archive or a list of records.")
        writer.add_key_value_metadata({"passed_over": str(n_passed_over)})
    return Plan(path, n_records, n_passed_over, chunk_size)


def read_plan(path: Path) -> Plan:
    """Open a plan that was written before."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            passed_over = int((file.metadata.metadata or {}).get(b"passed_over", b"0"))
            return Plan(path, file.metadata.num_rows, passed_over, file.metadata.row_group(0).num_rows)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise OutputError(f"{path} cannot be read: {error}.", "Write the results to another place.") from error


def _schema() -> "pa.Schema":
    import pyarrow as pa

    text = pa.string()
    return pa.schema(
        [("shown_as", text), ("file", text), ("archive", text), ("record_id", text), ("sampling_rate_hz", pa.float64())]
        + [(name, text) for name in ("units", "error", "error_message", "error_hint")]
        + [("start_s", pa.float64()), ("length_s", pa.float64())]
    )


def _row(entry: Entry) -> dict[str, object]:
    wrong = entry.error
    return {
        **asdict(entry.place),
        "record_id": entry.record_id,
        "sampling_rate_hz": entry.sampling_rate_hz,
        "units": entry.units,
        "error": None if wrong is None else type(wrong).__name__,
        "error_message": None if wrong is None else wrong.message,
        "error_hint": None if wrong is None else wrong.hint,
        "start_s": entry.start_s,
        "length_s": entry.length_s,
    }


class _PlanRow(TypedDict):
    """A line of the plan, as `_row` writes it."""

    shown_as: str
    file: str
    archive: str
    record_id: str
    sampling_rate_hz: float | None
    units: str | None
    error: str | None
    error_message: str
    error_hint: str
    start_s: float | None
    length_s: float | None


def _entry(row: _PlanRow) -> Entry:
    error = None
    if row["error"] is not None:
        error = getattr(errors, row["error"])(row["error_message"], row["error_hint"])
    place = Place(row["shown_as"], row["file"], row["archive"])
    window = row["start_s"], row["length_s"]
    return Entry(place, row["record_id"], row["sampling_rate_hz"], row["units"], error, *window)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write a file beside its place and move it there when it is whole and on the disk."""
    temporary = path.with_name(f".{path.name}.unfinished")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"{path.name} cannot be written: {os.strerror(error.errno) if error.errno else error}.",
            "Free space on the disk and run the same command again: what is done is kept.",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _manifest(path: Path) -> Iterator[Entry]:
    twice = _given_twice(path)
    first_line: dict[str, int] = {}
    for line, row in _manifest_rows(path):
        name, record_id = row.get(_PATH, ""), row.get(_ID, "")
        place = Place(name or f"{path.name}, line {line}", _resolved(path, name))
        try:
            if not name:
                raise ManifestError(f"Line {line} of {path.name} names no file.", _HINT)
            if None in row:
                raise ManifestError(f"Line {line} of {path.name} has more values than columns.", _HINT)
            key = record_id or name
            if _mark(key) in twice and first_line.setdefault(key, line) != line:
                raise DuplicateIdError(
                    f"Line {line} of {path.name} has the id '{key}' of line {first_line[key]}.", "Give each an id."
                )
            yield Entry(place, record_id, _rate(row.get(_RATE, ""), path, line), row.get(_UNITS) or None)
        except ManifestError as error:
            yield Entry(place, record_id, error=error)


def _manifest_rows(path: Path) -> Iterator[tuple[int, dict[str | None, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            names = _cells(head)
            reader = csv.DictReader(file, names, restval="", delimiter=_delimiter(head))
            for row in reader:
                # The head was read before.
                yield (
                    reader.line_num + 1,
                    {name: value.strip() if isinstance(value, str) else "" for name, value in row.items()},
                )
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"{path.name} is no list of records: {error}.", _HINT) from error
    except OSError as error:
        raise ManifestError(f"{path.name} cannot be read: {error.strerror}.", _HINT) from error


def _cells(head: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([head], delimiter=_delimiter(head)), [])]


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _given_twice(path: Path) -> set[int]:
    """Return marks of ids that stand there twice: eight bytes per record are held, not the ids."""
    marks = np.asarray(array("Q", (_mark(row.get(_ID) or row.get(_PATH, "")) for _, row in _manifest_rows(path))))
    values, counts = np.unique(marks, return_counts=True)
    return {int(value) for value in values[counts > 1]}


def _mark(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest(), "big")


def _resolved(manifest: Path, name: str) -> str:
    return name if not is_local(name) else str(manifest.parent / name)


def _rate(text: str, path: Path, line: int) -> float | None:
    if not text:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise ManifestError(f"Line {line} of {path.name} has the sampling rate '{text[:20]}'.", "Give it in Hz.")
    return rate
