"""The windows of long recordings that somebody has to look at first, and their minutes as records of their own."""

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from cardiov_core.domain import Severity
from cardiov_core.io import open_recording, write_record

EXCERPT_S = 60.0
"""What is cut out for a reader: the minute that begins with the window."""


class WorstWindow(TypedDict):
    """The columns of a window's row that a reader goes by."""

    record: str
    record_id: str | None
    start_s: float
    level: int | None
    p_above_low: float | None
    findings: list[str] | None
    critical: list[str] | None
    quality: str | None
    rhythm: str | None


def worst_windows(results: Path, n: int) -> list[WorstWindow]:
    """Return the most urgent windows of a table of results; never more than these are held.

    Parameters
    ----------
    results : Path
        What `score` wrote: a file, or a folder of parts.
    n : int
        How many.

    Returns
    -------
    list of WorstWindow
        The most urgent first: those at level 3 or with a critical result, then by
        level, each by the probability of being above low risk, then in time. Windows without a level come last: of a
        day, hours are unreadable and none of them waits for anybody.
    """
    return heapq.nsmallest(n, _windows(results), key=_urgency)


def _windows(results: Path) -> Iterator[WorstWindow]:
    import pyarrow.parquet as pq

    for part in sorted(results.glob("part-*.parquet")) if results.is_dir() else [results]:
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(columns=list(WorstWindow.__annotations__)):
                yield from (row for row in batch.to_pylist() if row["start_s"] is not None)


def _urgency(row: WorstWindow) -> tuple[bool, int, float, str, float]:
    level = -1 if row["level"] is None else row["level"]
    urgent = level == Severity.HIGH_RISK or bool(row["critical"])
    return not urgent, 0 if urgent else -level, -(row["p_above_low"] or 0.0), row["record"], row["start_s"]


def cut_out(row: WorstWindow, folder: Path) -> tuple[Path, ...]:
    """Write the minute that begins with a window as a record that every page opens.

    Parameters
    ----------
    row : WorstWindow
        Of `worst_windows`; its recording is still where it was.
    folder : Path
        Where to.

    Returns
    -------
    tuple of Path
        The files, de-identified, named by the recording and the time in it.

    Raises
    ------
    CardioVError
        If the recording cannot be read any more, or the folder cannot be written to.
    """
    path = Path(row["record"])
    recording = open_recording(path)
    if recording is None:
        return ()
    excerpt = recording.part(row["start_s"], EXCERPT_S)
    return write_record(excerpt, folder, "wfdb", name=f"{path.stem}_{clock(row['start_s']).replace(':', '-')}")


def clock(seconds: float) -> str:
    """Return a time within a recording: '03:12:40'."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest:02d}"
