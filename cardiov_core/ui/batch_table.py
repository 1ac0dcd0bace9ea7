"""The triage table of a batch, its summary and its list of bad files, as a reader sees them."""

import io
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from cardiov_core.domain import QualityVerdict, Severity
from cardiov_core.inference.batch import BatchError, BatchRow
from cardiov_core.reporting import LEVEL_STYLES, percent
from cardiov_core.ui.styles import level_shape

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler
    from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

MAX_SHOWN = 2000
"""Rows on the screen; a table of all columns with a style a cell grows heavy beyond. Downloads hold all."""
MAX_ERRORS_SHOWN = 200
WITHHELD = "withheld"
_NOT_MEASURABLE = "not measurable"
# PTB-XL writes 300 for every age over 89.
_OLDEST_STATED_AGE = 89
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def level_words(level: Severity | None) -> str:
    """Return shape, number and word of a level, or 'withheld'.

    Parameters
    ----------
    level : Severity or None
        The level.
    """
    if level is None:
        return WITHHELD
    return f"{LEVEL_STYLES[level].symbol} {int(level)} {level.title}"


def short_names(rows: Sequence[BatchRow]) -> dict[str, str]:
    """Return for each row's name the file's bare name, or the whole path where two files share it.

    Parameters
    ----------
    rows : sequence of BatchRow
        All rows of the list.
    """
    bare = {row.name: PurePosixPath(row.name).name for row in rows}
    taken = Counter(bare.values())
    return {name: name if taken[last] > 1 else last for name, last in bare.items()}


def display_table(rows: Sequence[BatchRow], names: Mapping[str, str], opened: Iterable[str]) -> "Styler":
    """Return the table for the screen: numbers that sort as numbers and read as words.

    Parameters
    ----------
    rows : sequence of BatchRow
        In their order on the screen.
    names : mapping of str to str
        As `short_names` gives them for all rows of the list.
    opened : iterable of str
        Names of the rows that were opened already.

    Returns
    -------
    pandas.io.formats.style.Styler
        One row a record; the column 'Prediction set' only where the grader has one.
    """
    seen = set(opened)
    frame = pd.DataFrame(
        {
            "Record": [names[row.name] for row in rows],
            "Level": [None if row.level is None else float(row.level) for row in rows],
            "Prediction set": [" or ".join(level.title for level in row.prediction_set or ()) for row in rows],
            "Above low": [None if row.exceedance is None else row.exceedance[1] for row in rows],
            "Critical findings": [", ".join(row.critical) for row in rows],
            "Quality": [row.quality.value for row in rows],
            "HR": [row.heart_rate_bpm for row in rows],
            "QTc": [row.qtc_fridericia_ms for row in rows],
            "Age": [row.age for row in rows],
            "Sex": [row.sex or "unknown" for row in rows],
            "Warnings": [len(row.warnings) for row in rows],
            "Opened": ["yes" if row.name in seen else "" for row in rows],
        }
    ).astype({"Level": "float64", "Above low": "float64", "HR": "float64", "QTc": "float64", "Age": "float64"})
    if not any(row.prediction_set for row in rows):
        frame = frame.drop(columns="Prediction set")
    return frame.style.format(_FORMATS).map(_level_colours, subset=["Level"])


def column_settings(open_key: str) -> "dict[str, ColumnConfig | ButtonColumnResult]":
    """Return how Streamlit shows the columns of `display_table`.

    Parameters
    ----------
    open_key : str
        Key under which a click on a record's name arrives.
    """
    column = st.column_config
    return {
        "Record": column.ButtonColumn(
            type="tertiary", key=open_key, alignment="left", pinned=True, help="Click to open it on the Analyze page."
        ),
        "Level": column.NumberColumn(help="Number, word and shape of the critical value."),
        "Above low": column.NumberColumn(help="Probability that the level is above low risk."),
        "Critical findings": column.TextColumn(
            help="QTc from 500 ms, heart rate under 40 or over 150 bpm, long pauses."
        ),
        "HR": column.NumberColumn(help="Heart rate in bpm."),
        "QTc": column.NumberColumn(help="QT corrected by Fridericia, in ms."),
        "Warnings": column.NumberColumn(help="How many; opening the record shows them."),
    }


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV; no cell of it is taken for a formula by a spreadsheet.

    Parameters
    ----------
    table : pandas.DataFrame
        As `cardiov_core.inference.batch.batch_table` makes it.
    """
    safe = table.copy()
    for name in list(safe.columns[safe.dtypes == "string"]):
        risky = safe[name].str.startswith(_FORMULA_STARTS).fillna(value=False).astype(bool)
        safe.loc[risky, name] = "'" + safe.loc[risky, name]
    return safe.to_csv(index=False).encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as Parquet.

    Parameters
    ----------
    table : pandas.DataFrame
        As `cardiov_core.inference.batch.batch_table` makes it.
    """
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def error_table(errors: Sequence[BatchError]) -> pd.DataFrame:
    """Return the bad files as a table: file, kind of error, what is wrong, what to do.

    Parameters
    ----------
    errors : sequence of BatchError
        As they came.
    """
    columns = ["file", "type", "message", "hint"]
    rows = [(one.name, type(one.error).__name__, one.error.message, one.error.hint) for one in errors]
    return pd.DataFrame(rows, columns=columns, dtype="string")


def show_summary(rows: Sequence[BatchRow], n_errors: int, n_passed_over: int) -> None:
    """Show how many records have which level, and what else there is.

    Parameters
    ----------
    rows : sequence of BatchRow
        All rows, filtered or not.
    n_errors, n_passed_over : int
        Bad files, and files that are no ECG.
    """
    counts = Counter(row.level for row in rows)
    levels = [
        f'<span class="cv-count">{level_shape(level)}{level.title}&nbsp;<b>{counts[level]}</b></span>'
        for level in reversed(Severity)
    ]
    n_critical = sum(bool(row.critical) for row in rows)
    others = [
        ("withheld, needs a look", counts[None]),
        ("with a critical finding", n_critical),
        ("could not be read", n_errors),
        ("passed over, no ECG", n_passed_over),
    ]
    levels += [f'<span class="cv-count"><b>{n}</b>&nbsp;{escape(words)}</span>' for words, n in others if n]
    st.html(f'<div class="cv-counts">{"".join(levels)}</div>')


def show_errors(errors: Sequence[BatchError]) -> None:
    """Show each bad file with its reason and what to do about it.

    Parameters
    ----------
    errors : sequence of BatchError
        As they came.
    """
    rows = "".join(
        f"<dt>{escape(one.name)}</dt><dd>{escape(one.error.message)} {escape(one.error.hint)}</dd>"
        for one in errors[:MAX_ERRORS_SHOWN]
    )
    st.html(f'<dl class="cv-facts cv-files">{rows}</dl>')
    if len(errors) > MAX_ERRORS_SHOWN:
        st.caption(f"The first {MAX_ERRORS_SHOWN} of {len(errors)}; the download has all.")


def quality_words(verdict: QualityVerdict) -> str:
    """Return a verdict of the quality gate, sentence case."""
    return verdict.value.capitalize()


def _measured(number: Any) -> str:
    return _NOT_MEASURABLE if math.isnan(number) else f"{number:.0f}"


def _level(number: Any) -> str:
    return WITHHELD if math.isnan(number) else level_words(Severity(int(number)))


def _probability(number: Any) -> str:
    return "" if math.isnan(number) else percent(number)


def _age(years: Any) -> str:
    if math.isnan(years):
        return "unknown"
    return "90 or over" if years > _OLDEST_STATED_AGE else f"{years:.0f}"


def _level_colours(number: Any) -> str:
    if math.isnan(number):
        return "font-weight: bold"
    style = LEVEL_STYLES[Severity(int(number))]
    return f"background-color: {style.colour}; color: {style.text_colour}"


_FORMATS: dict[Any, str | Callable[[object], str] | None] = {
    "Level": _level,
    "Above low": _probability,
    "HR": _measured,
    "QTc": _measured,
    "Age": _age,
}
