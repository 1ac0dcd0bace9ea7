"""CSV and its relatives: columns named by lead, an optional time column, units in the names."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import NotAnEcgError, RecordFormatError, RecordUnsupportedError
from cardiov_core.io.assembly import Channels, ReadOptions, missing, scale_to_mv, sha256_of
from cardiov_core.io.formats.sniff import decode_text
from cardiov_core.io.formats.wfdb_header import facts_of
from cardiov_core.io.leads import standard_lead

_MAX_TABLE_BYTES = 128 * 1024**2
_DELIMITERS: tuple[str | None, ...] = (",", ";", "\t", "|", None)
_BRACKETED_UNIT = re.compile(r"^(?P<name>.+?)\s*[(\[]\s*(?P<unit>[^)\]]+?)\s*[)\]]$")
_SUFFIXED_UNIT = re.compile(
    r"^(?P<name>.+?)[\s_/.\-]+(?P<unit>[mun\u00b5\u03bc]?v|(?:milli|micro)?volts?)$", re.IGNORECASE
)
_TIME_NAME = re.compile(
    r"^(?:time(?:[\s_]*stamp)?|t|elapsed(?:[\s_]*time)?)(?:[\s_]*[(\[]?\s*(?P<unit>s|sec|seconds?|ms|msec|milliseconds?)\s*[)\]]?)?$"
    r"|^(?P<bare>seconds|milliseconds|ms|sec)$",
    re.IGNORECASE,
)
_METADATA = re.compile(
    r"^(?P<key>sampling[ _-]?(?:rate|frequency)(?:_hz)?|fs|rate|frequency|units?)\s*[:=]\s*(?P<value>\S+)",
    re.IGNORECASE,
)
_RATE_KEYS = re.compile(r"^(?:sampling[ _-]?(?:rate|frequency)(?:_hz)?|fs)$", re.IGNORECASE)
_PANDAS_ERRORS = (ValueError, TypeError, IndexError, KeyError, OverflowError, MemoryError, csv.Error)


@dataclass(frozen=True)
class _Layout:
    """How the lines of a table are to be read.

    Attributes
    ----------
    delimiter : str or None
        None = white space.
    names : tuple of str
        Column names; empty where the table has none.
    comments : tuple of str
        Leading lines that begin with '#'.
    lines : list of str
        The lines of numbers.
    """

    delimiter: str | None
    names: tuple[str, ...]
    comments: tuple[str, ...]
    lines: list[str]


def _cells(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


def _split_unit(name: str) -> tuple[str, str | None]:
    """Split 'I (uV)' or 'I_mV' into lead and unit; other names stay whole."""
    for pattern in (_BRACKETED_UNIT, _SUFFIXED_UNIT):
        match = pattern.match(name.strip())
        if match and standard_lead(match["name"]) is not None:
            return match["name"], match["unit"]
    return name, None


def _leads_in(names: Sequence[str]) -> set[str]:
    return {lead for name in names if (lead := standard_lead(_split_unit(name)[0])) is not None}


def _is_ecg_header(names: Sequence[str]) -> bool:
    leads = _leads_in(names)
    return len(leads) >= 2 or (len(leads) == 1 and any(_TIME_NAME.match(name.strip()) for name in names))


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _layout(text: str) -> _Layout | None:
    """Find delimiter and column names, or None where the text is no table of an ECG."""
    lines = [line for line in text.splitlines() if line.strip()]
    n_comments = next((index for index, line in enumerate(lines) if not line.lstrip().startswith("#")), len(lines))
    comments = tuple(line.lstrip("# \t").strip() for line in lines[:n_comments])
    lines = lines[n_comments:]
    if not lines:
        return None
    # The delimiter that shows most leads is the right one.
    delimiter = max(_DELIMITERS, key=lambda one: len(_leads_in(_cells(lines[0], one))))
    names = _cells(lines[0], delimiter)
    if _is_ecg_header(names):
        return _Layout(delimiter, tuple(names), comments, lines[1:])
    if (turned := _turned(lines)) is not None:
        return _Layout("\t", turned[0], comments, turned[1])
    for delimiter in _DELIMITERS:
        cells = _cells(lines[0], delimiter)
        if len(cells) > 1 and all(map(_is_number, cells)):
            return _Layout(delimiter, (), comments, lines)
    return None


def _turned(lines: Sequence[str]) -> tuple[tuple[str, ...], list[str]] | None:
    """Turn a table with a lead a line into one with a lead a column."""
    for delimiter in _DELIMITERS:
        firsts = [line.split(delimiter, 1)[0].strip() for line in lines[:64]]
        if len(_leads_in(firsts)) < 2:
            continue
        rows = [cells for line in lines if _leads_in((cells := _cells(line, delimiter))[:1])]
        if len({len(row) for row in rows}) == 1:
            columns = list(zip(*rows, strict=True))
            decimal = "," if delimiter == "," else ", "
            return columns[0], ["\t".join(column).replace(decimal, ",") for column in columns[1:]]
    return None


def claims_to_be_ecg(head: bytes) -> bool:
    """Tell whether a text file claims to be an ECG: at least two columns (or lines) are named by leads.

    Parameters
    ----------
    head : bytes
        The beginning of the file.
    """
    text = decode_text(head[: head.rfind(b"\n") + 1] or head)
    if text is None:
        return False
    layout = _layout(text)
    return layout is not None and _is_ecg_header(layout.names)


def read_table(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a table of samples.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        Its bytes.
    options : ReadOptions
        Rate and units, where the table does not state them.

    Raises
    ------
    NotAnEcgError
        If no columns are named by lead.
    RecordFormatError
        If lines are cut short, cells are no numbers, or the time axis has gaps.
    RecordUnsupportedError
        If a unit is unknown or the file too large.
    MissingMetadataError
        If rate, units or leads are nowhere stated.
    """
    layout = _layout_of(path, content)
    names, warnings = _names_of(path, layout)
    frame = _numbers(path.name, layout, names)
    leads = [index for index, name in enumerate(names) if standard_lead(_split_unit(name)[0]) is not None]
    metadata = _metadata(layout.comments)
    rate = _rate_of(path.name, frame, names, metadata, options)
    column_units = {index: _split_unit(names[index])[1] for index in leads}
    fallback = _column_unit(frame, names) or metadata.get("units") or options.units
    absent = [
        field
        for field, is_absent in (
            ("sampling_rate", rate is None),
            ("units", fallback is None and None in column_units.values()),
        )
        if is_absent
    ]
    if absent or rate is None:
        raise missing(path.name, absent)
    signal = np.stack([_column(path.name, frame, index, names[index]) for index in leads])
    for row, index in enumerate(leads):
        signal[row] *= scale_to_mv(path.name, column_units[index] or fallback or "")
    warnings += _left_out(names, leads)
    facts = facts_of(layout.comments)
    return Channels(
        path=path,
        format="CSV",
        signal_mv=signal,
        names=tuple(_split_unit(names[index])[0] for index in leads),
        sampling_rate=rate,
        files=(path.name,),
        sha256=sha256_of(content),
        age=facts.age,
        sex=facts.sex,
        patient_id=facts.patient_id,
        device=facts.device,
        comments=layout.comments,
        warnings=tuple(warnings),
    )


def _left_out(names: Sequence[str], leads: Sequence[int]) -> list[str]:
    others = [name[:30] for index, name in enumerate(names) if index not in leads and not _is_helper(name)]
    return [f"Columns that are no standard lead were left out: {', '.join(others[:15])}."] if others else []


def _layout_of(path: Path, content: bytes) -> _Layout:
    if len(content) > _MAX_TABLE_BYTES:
        raise RecordUnsupportedError(
            f"{path.name} has {len(content) / 1024**2:.0f} MiB of text.",
            "Save recordings of this length as NPZ or WFDB.",
        )
    text = decode_text(content)
    layout = _layout(text) if text is not None else None
    if layout is None:
        raise NotAnEcgError(
            f"{path.name} has no columns named by lead.",
            f"If it is an ECG, name its columns {', '.join(STANDARD_LEADS)}, and a time column 'time_s'.",
        )
    return layout


def _names_of(path: Path, layout: _Layout) -> tuple[tuple[str, ...], list[str]]:
    if layout.names:
        return layout.names, []
    if len(_cells(layout.lines[0], layout.delimiter)) != len(STANDARD_LEADS):
        raise missing(path.name, ("leads",))
    return STANDARD_LEADS, ["The table names no lead; its 12 columns were taken in the standard order."]


def _is_helper(name: str) -> bool:
    bare = name.strip().casefold()
    return bare in {"", "index", "sample", "samples", "n", "units", "unit"} or bool(
        _TIME_NAME.match(bare) or _RATE_KEYS.match(bare)
    )


def _metadata(comments: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for comment in comments:
        if match := _METADATA.match(comment):
            key = "units" if match["key"].casefold().startswith("unit") else "sampling_rate"
            found.setdefault(key, match["value"].rstrip(",;"))
    return found


def _numbers(name: str, layout: _Layout, names: Sequence[str]) -> pd.DataFrame:
    """Parse the lines; cells that are no number stay text."""
    body = "\n".join(layout.lines)
    if layout.delimiter is not None and '"' not in body:
        wanted = len(names) - 1
        for number, line in enumerate(layout.lines):
            if line.count(layout.delimiter) != wanted:
                raise RecordFormatError(
                    f"{name}: line {number + 2} has {line.count(layout.delimiter) + 1} cells instead of {wanted + 1}.",
                    "The file is cut short or mixed up; export it again.",
                )
    decimal = "," if layout.delimiter != "," and "," in body else "."
    try:
        return pd.read_csv(
            io.StringIO(body),
            sep=r"\s+" if layout.delimiter is None else layout.delimiter,
            header=None,
            names=list(range(len(names))),
            decimal=decimal,
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
        )
    except _PANDAS_ERRORS as error:
        raise RecordFormatError(
            f"{name} could not be read as a table: {str(error).strip()[:120]}.", "Export it again as plain CSV."
        ) from error


def _column(name: str, frame: pd.DataFrame, index: int, title: str) -> npt.NDArray[np.float64]:
    column = frame[index]
    values = pd.to_numeric(column, errors="coerce")
    wrong = np.flatnonzero(values.isna().to_numpy() & column.notna().to_numpy())
    if wrong.size:
        raise RecordFormatError(
            f"{name}: column '{title[:30]}' holds '{str(column.iloc[wrong[0]])[:30]}' in row {wrong[0] + 1}, "
            "which is no number.",
            "Keep numbers only (an empty cell or NaN stands for a missing sample).",
        )
    return values.to_numpy(dtype=np.float64, copy=True)


def _column_unit(frame: pd.DataFrame, names: Sequence[str]) -> str | None:
    for index, name in enumerate(names):
        if name.strip().casefold() in {"units", "unit"} and len(frame):
            return str(frame[index].iloc[0])
    return None


def _rate_of(
    file_name: str, frame: pd.DataFrame, names: Sequence[str], metadata: dict[str, str], options: ReadOptions
) -> float | None:
    for index, name in enumerate(names):
        match = _TIME_NAME.match(name.strip())
        if match:
            unit = (match["unit"] or match["bare"] or "").casefold()
            return _rate_of_times(file_name, _column(file_name, frame, index, name), unit, options)
    stated = metadata.get("sampling_rate")
    for index, name in enumerate(names):
        if _RATE_KEYS.match(name.strip()) and len(frame):
            stated = str(frame[index].iloc[0])
    if stated is None:
        return options.sampling_rate
    try:
        return float(stated)
    except ValueError as error:
        raise RecordFormatError(
            f"{file_name} states a sampling rate of '{stated[:30]}'.", "Write the rate as a number in Hz."
        ) from error


def _rate_of_times(name: str, times: npt.NDArray[np.float64], unit: str, options: ReadOptions) -> float | None:
    if len(times) < 2 or not np.isfinite(times).all():
        raise RecordFormatError(f"{name} has a time column with gaps.", "Fill the time column or leave it out.")
    steps = np.diff(times)
    mean = float(steps.mean())
    if mean <= 0 or steps.min() <= 0 or steps.max() > 1.9 * mean:
        row = int(np.argmax(np.abs(steps - mean))) + 2
        raise RecordFormatError(
            f"{name} has a time column that does not run evenly (row {row}).",
            "Samples are missing or doubled there; export an uninterrupted stretch.",
        )
    if not unit:
        # 80-2000 Hz are steps of 0.5-12.5 ms: read as seconds or as milliseconds, only one of both can be meant.
        unit = "s" if mean <= 0.0125 else "ms" if 0.5 <= mean <= 12.5 else ""
        if not unit:
            return options.sampling_rate
    duration_s = float(times[-1] - times[0]) * (1e-3 if unit.startswith("m") else 1.0)
    rate = (len(times) - 1) / duration_s
    # Times are rounded to some digit: a whole rate that fits them within half a sample is the one that was meant.
    whole = round(rate)
    return float(whole) if abs(whole * duration_s - (len(times) - 1)) < 0.5 else rate
