"""CSV and its relatives: columns named by lead, times, and units in the names or in a line of their own."""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, Float64Array
from cardiov_core.errors import NotAnEcgError, RecordFormatError, RecordUnsupportedError
from cardiov_core.io.assembly import Channels, ReadOptions, missing, scale_to_mv, sha256_of
from cardiov_core.io.damage import foreign_decoder
from cardiov_core.io.formats.order import LONGEST_COMMENT
from cardiov_core.io.formats.sniff import decode_text
from cardiov_core.io.formats.table_layout import (
    Layout,
    cells_of,
    find_layout,
    leads_of,
    names_an_ecg,
    split_unit,
    time_name,
)
from cardiov_core.io.formats.wfdb_header import facts_of
from cardiov_core.io.formats.written_numbers import Signs, plain, signs_of

if TYPE_CHECKING:
    import pandas as pd

_MAX_TABLE_BYTES = 128 * 1024**2
_METADATA = re.compile(
    r"^(?P<key>sampl(?:ing|e)[ _-]?(?:rate|freq(?:uency)?)(?:_hz)?|fs|srate|rate|frequency|units?)\s*"
    r"(?:[(\[]\s*(?P<unit>[^)\]]*)[)\]])?\s*(?::=|[:=,;])\s*(?P<value>\S+)",
    re.IGNORECASE,
)
_RATE_KEYS = re.compile(r"^(?:sampl(?:ing|e)[ _-]?(?:rate|frequency)(?:_hz)?|fs)$", re.IGNORECASE)
_TIME_UNIT = re.compile(r"^(?:s|sec|seconds?|ms|msec|milliseconds?)$")
# Beside comma and point alone, one number of another form than 'd.ddd' shows that the point is decimal.
_DECIMAL_POINT = re.compile(r"(?<![\d.])(?:0\d*\.\d|\d{4,}\.|\d+\.(?:\d{1,2}|\d{4,})(?![\d.]))")
_CLOCK = re.compile(r"^(?:(?:(?P<hours>\d{1,3}):)?(?P<minutes>\d{1,3}):)?(?P<seconds>\d{1,6}(?:[.,]\d+)?)$")


def claims_to_be_ecg(head: bytes) -> bool:
    """Tell whether a text file claims to be an ECG: at least two columns (or lines) are named by leads."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = decode_text(head if wide else head[: head.rfind(b"\n") + 1] or head)
    if text is None:
        return False
    layout = find_layout(plain(text))
    return layout is not None and names_an_ecg(layout.names)


def read_table(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a table of samples."""
    layout = _layout_of(path, content)
    names, warnings = _names_of(path, layout)
    leads = [index for index, lead in enumerate(leads_of(names)) if lead is not None]
    frame = _numbers(path.name, layout, names, leads)
    metadata = _metadata(layout.comments)
    rate = _rate_of(path.name, frame, names, layout.units, metadata, options)
    column_units = {index: split_unit(names[index])[1] or _unit_of(layout, index) for index in leads}
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
        names=tuple(split_unit(names[index])[0] for index in leads),
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


def _unit_of(layout: Layout, index: int) -> str | None:
    return layout.units[index].strip("()[]") or None if layout.units else None


def _left_out(names: Sequence[str], leads: Sequence[int]) -> list[str]:
    others = [name[:30] for index, name in enumerate(names) if index not in leads and not _is_helper(name)]
    return [f"Columns that are no standard lead were left out: {', '.join(others[:15])}."] if others else []


def _layout_of(path: Path, content: bytes) -> Layout:
    if len(content) > _MAX_TABLE_BYTES:
        raise RecordUnsupportedError(
            f"{path.name} has {len(content) / 1024**2:.0f} MiB of text.",
            "Save recordings of this length as NPZ or WFDB.",
        )
    text = decode_text(content)
    layout = find_layout(plain(text)) if text is not None else None
    if layout is None:
        raise NotAnEcgError(
            f"{path.name} has no columns named by lead.",
            f"If it is an ECG, name its columns {', '.join(STANDARD_LEADS)}, and a time column 'time_s'.",
        )
    return layout


def _names_of(path: Path, layout: Layout) -> tuple[tuple[str, ...], list[str]]:
    if layout.named_in_comment:
        return layout.names, ["The table names its leads in a comment alone; that order was taken."]
    if layout.names:
        return layout.names, []
    if len(cells_of(layout.lines[0], layout.delimiter)) != len(STANDARD_LEADS):
        raise missing(path.name, ("leads",))
    return STANDARD_LEADS, ["The table names no lead; its 12 columns were taken in the standard order."]


def _is_helper(name: str) -> bool:
    bare = name.strip().strip("'\"").casefold()
    return bare in {"", "index", "sample", "samples", "sample #", "n", "#", "units", "unit"} or bool(
        time_name(bare) or _RATE_KEYS.match(bare)
    )


def _metadata(comments: Sequence[str]) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for comment in comments:
        if match := _METADATA.match(comment[:LONGEST_COMMENT]):
            key = "units" if match["key"].casefold().startswith("unit") else "sampling_rate"
            value = match["value"].rstrip(",;")
            metadata.setdefault(key, value if key == "units" else re.sub(r"\s*hz$", "", value, flags=re.IGNORECASE))
    return metadata


def _numbers(name: str, layout: Layout, names: Sequence[str], leads: Sequence[int]) -> "pd.DataFrame":
    """Parse the lines; cells that are no number stay text."""
    # Loaded for a table alone: other formats need not wait for it.
    import pandas as pd

    body = "\n".join(layout.lines)
    _refuse_ragged(name, layout, len(names), quoted='"' in body)
    signs = _signs(name, layout, body, leads)
    if signs.decimal == layout.delimiter and '"' not in body:
        raise RecordFormatError(
            f"{name} writes its numbers with the sign that parts its columns.", "Export it with a decimal point."
        )
    with foreign_decoder(name, "table", "Export it again as plain CSV."):
        return pd.read_csv(
            io.StringIO(body),
            sep=r"\s+" if layout.delimiter is None else layout.delimiter,
            header=None,
            names=list(range(len(names))),
            decimal=signs.decimal,
            thousands=signs.thousands,
            skipinitialspace=True,
            low_memory=False,
            index_col=False,
        )


def _refuse_ragged(name: str, layout: Layout, n_columns: int, *, quoted: bool) -> None:
    for number, line in enumerate(layout.lines):
        if quoted or layout.delimiter is None:
            count = len(cells_of(line, layout.delimiter))
        else:
            count = line.count(layout.delimiter) + 1
        if count != n_columns:
            raise RecordFormatError(
                f"{name}: line {number + 2} has {count} cells instead of {n_columns}.",
                "The file is cut short or mixed up; export it again. Numbers with a comma need quotes beside commas.",
            )


def _signs(name: str, layout: Layout, body: str, leads: Sequence[int]) -> Signs:
    commas = "," in body and (layout.delimiter != "," or '"' in body)
    blanks = layout.delimiter is not None and re.search(r"\d \d", body) is not None
    if not commas and not blanks and "'" not in body and _DECIMAL_POINT.search(body):
        return Signs()
    lead = set(leads)
    return signs_of(_cells(layout, lead), _cells(layout, None, but=lead), name)


def _cells(layout: Layout, columns: set[int] | None, but: set[int] | None = None) -> Iterator[str]:
    for line in layout.lines:
        for index, cell in enumerate(cells_of(line, layout.delimiter)):
            if index in columns if columns is not None else index not in (but or ()):
                yield cell


def _column(name: str, frame: "pd.DataFrame", index: int, title: str) -> Float64Array:
    import pandas as pd

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


def _column_unit(frame: "pd.DataFrame", names: Sequence[str]) -> str | None:
    for index, name in enumerate(names):
        if name.strip().casefold() in {"units", "unit"} and len(frame):
            return str(frame[index].iloc[0])
    return None


def _rate_of(
    file_name: str,
    frame: "pd.DataFrame",
    names: Sequence[str],
    units: Sequence[str],
    metadata: dict[str, str],
    options: ReadOptions,
) -> float | None:
    for index, name in enumerate(names):
        if match := time_name(name):
            beside = units[index].casefold() if units else ""
            unit = (match["unit"] or match["bare"] or (beside if _TIME_UNIT.match(beside) else "")).casefold()
            return _rate_of_times(file_name, _times(file_name, frame, index, name), unit, options)
    stated = metadata.get("sampling_rate")
    for index, name in enumerate(names):
        if _RATE_KEYS.match(name.strip()) and len(frame):
            stated = str(frame[index].iloc[0])
    if stated is None:
        return options.sampling_rate
    try:
        return float(stated.replace(",", "."))
    except ValueError as error:
        raise RecordFormatError(
            f"{file_name} states a sampling rate of '{stated[:30]}'.", "Write the rate as a number in Hz."
        ) from error


def _times(name: str, frame: "pd.DataFrame", index: int, title: str) -> Float64Array:
    """Return a time column as numbers; times of a clock ('0:00.002', as WFDB's tools write them) become seconds."""
    column = frame[index]
    if len(column) and ":" in str(column.iloc[0]):
        # Text also of an empty cell, which pandas keeps as a number.
        clocks = [_CLOCK.match(str(cell).strip("'\"[] ")) for cell in column]
        if all(clocks):
            return np.array([_seconds(clock) for clock in clocks if clock is not None])
    return _column(name, frame, index, title)


def _seconds(clock: re.Match[str]) -> float:
    minutes = 60 * int(clock["hours"] or 0) + int(clock["minutes"] or 0)
    return 60.0 * minutes + float(clock["seconds"].replace(",", "."))


def _rate_of_times(name: str, times: Float64Array, unit: str, options: ReadOptions) -> float | None:
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
