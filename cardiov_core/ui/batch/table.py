"""The triage table of a batch, its summary and its list of bad files, as a reader sees them."""

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from cardiov_core.domain import QualityVerdict, Severity, over_89, spreadsheet_text
from cardiov_core.inference import BatchError, BatchRow
from cardiov_core.reporting import LEVEL_STYLES, OVER_89, whole_percent
from cardiov_core.ui.frame.page import hint_words
from cardiov_core.ui.frame.styles import level_shape

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler
    from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

MAX_SHOWN = 2000
"""Rows on the screen; a table of all columns with a style a cell grows heavy beyond. Downloads hold all."""
MAX_ERRORS_SHOWN = 200
WITHHELD = "? Withheld"
# Characters that the column of names holds on a phone, too; of a longer name the beginning and the end are shown.
_LONGEST_NAME, _LAST_LETTERS = 26, 15


def level_words(level: Severity | None) -> str:
    """Return number, shape and word of a level, or 'withheld'."""
    if level is None:
        return WITHHELD
    return f"{int(level)} {LEVEL_STYLES[level].symbol} {level.title}"


def names_apart(rows: Sequence[BatchRow]) -> dict[str, str]:
    """Return for each row's name what tells it apart in the list.

    That is the file's bare name, or where two files share it the path below the folders that all have in common.
    """
    parts = {row.name: PurePosixPath(row.name).parts for row in rows}
    bare = Counter(each[-1] for each in parts.values())
    by_depth = zip(*(each[:-1] for each in parts.values()), strict=False)
    n_shared = sum(1 for _ in takewhile(lambda folders: len(set(folders)) == 1, by_depth))
    return {name: "/".join(each[n_shared:]) if bare[each[-1]] > 1 else each[-1] for name, each in parts.items()}


def short_names(rows: Sequence[BatchRow]) -> dict[str, str]:
    """Return the names for a narrow column: long ones lose their middle, unless two would read alike."""
    names = names_apart(rows)
    cut = {name: _without_middle(words) for name, words in names.items()}
    alike = Counter(cut.values())
    return {name: words if alike[cut[name]] > 1 else cut[name] for name, words in names.items()}


def _without_middle(words: str) -> str:
    if len(words) <= _LONGEST_NAME:
        return words
    return f"{words[: _LONGEST_NAME - _LAST_LETTERS - 1]}\u2026{words[-_LAST_LETTERS:]}"


def display_table(
    rows: Sequence[BatchRow], names: Mapping[str, str], opened: Iterable[str], here: str | None = None
) -> "Styler":
    """Return the table for the screen, all in words: what is copied or spoken of it reads as it looks.

    Streamlit sorts words by their characters, so numbers are padded with spaces to sort as numbers, and what is not
    known sorts to an end. `here` names the row that was opened last.
    """
    seen = set(opened)
    frame = pd.DataFrame(
        {
            "Record": [names[row.name] for row in rows],
            "Level": [level_words(row.level) for row in rows],
            "Set": [" or ".join(str(int(level)) for level in row.prediction_set or ()) for row in rows],
            "Above low": ["" if row.exceedance is None else _probability(row.exceedance[1]) for row in rows],
            "Sure": ["unsure" if row.unsure else "" for row in rows],
            "Graders": [_graders(row) for row in rows],
            "Critical findings": [", ".join(row.critical) for row in rows],
            "Quality": [quality_words(row.quality) for row in rows],
            "HR": [_measured(row.heart_rate_bpm) for row in rows],
            "QTc": [_measured(row.qtc_fridericia_ms) for row in rows],
            "Age": [_age(row.age) for row in rows],
            "Sex": [row.sex or "unknown" for row in rows],
            "Opened": ["last" if row.name == here else "yes" if row.name in seen else "" for row in rows],
        }
    )
    if not any(row.prediction_set for row in rows):
        frame = frame.drop(columns="Set")
    if not any(row.unsure for row in rows):
        frame = frame.drop(columns="Sure")
    if not any(row.other_levels for row in rows):
        frame = frame.drop(columns="Graders")
    return frame.style.map(_level_colours, subset=["Level"])


def column_settings(open_key: str) -> "dict[str, ColumnConfig | ButtonColumnResult]":
    """Return how Streamlit shows the columns of `display_table`: all of them fit on a screen of 1280 px."""
    column = st.column_config
    return {
        "Record": column.ButtonColumn(
            type="tertiary", key=open_key, alignment="left", pinned=True, width=215, help="Click to open it."
        ),
        "Level": column.TextColumn(width=125, help="Critical value: number, shape and word."),
        "Set": column.TextColumn(width=86, help="Prediction set: holds the level in 9 of 10 such ECGs."),
        "Above low": column.TextColumn(
            width=80, alignment="right", help="Probability that the level is above low risk."
        ),
        "Sure": column.TextColumn(
            width=60,
            help="Unsure: with this little certainty levels were often wrong; the ECG's warnings say how often.",
        ),
        "Graders": column.TextColumn(
            width=68, help="Where graders differ by a level or more. Open the ECG to see who says what."
        ),
        "Critical findings": column.TextColumn(
            width=158, help="What the rule set of this installation calls critical."
        ),
        "Quality": column.TextColumn(width=112, help="Verdict on the signal; not analysable withholds the level."),
        "HR": column.TextColumn("HR", width=50, alignment="right", help="Heart rate in bpm."),
        "QTc": column.TextColumn("QTc", width=52, alignment="right", help="QT corrected by Fridericia, in ms."),
        "Age": column.TextColumn(width=74, alignment="right", help="In years, as stated."),
        "Sex": column.TextColumn(width=74),
        "Opened": column.TextColumn(width=64, help="You opened it from this list."),
    }


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV; no cell of it is taken for a formula by a spreadsheet."""
    safe = table.copy()
    for name in list(safe.columns[safe.dtypes == "string"]):
        safe[name] = safe[name].map(spreadsheet_text, na_action="ignore")
    return safe.to_csv(index=False).encode()


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as Parquet."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def error_table(errors: Sequence[BatchError]) -> pd.DataFrame:
    """Return the bad files as a table: file, kind of error, what is wrong, what to do."""
    columns = ["file", "type", "message", "hint"]
    rows = [(one.name, type(one.error).__name__, one.error.message, hint_words(one.error)) for one in errors]
    return pd.DataFrame(rows, columns=columns, dtype="string")


def show_summary(rows: Sequence[BatchRow], n_errors: int, n_passed_over: int) -> None:
    """Show how many records have which level, and what else there is."""
    counts = Counter(row.level for row in rows)
    levels = [
        f'<span class="cv-count">{level_shape(level)}{level.title}&nbsp;<b>{counts[level]}</b></span>'
        for level in reversed(Severity)
    ]
    n_critical = sum(bool(row.critical) for row in rows)
    n_differ = sum(row.disagreement is not None for row in rows)
    others = [
        ("withheld, to be looked at", counts[None]),
        ("with a critical finding", n_critical),
        ("unsure", sum(row.unsure for row in rows)),
        ("graders disagree", n_differ),
        ("could not be read", n_errors),
        ("passed over, no ECG", n_passed_over),
    ]
    levels += [f'<span class="cv-count"><b>{n}</b>&nbsp;{escape(words)}</span>' for words, n in others if n]
    st.html(f'<div class="cv-counts">{"".join(levels)}</div>')


def show_errors(errors: Sequence[BatchError]) -> None:
    """Show each bad file with its reason and what to do about it."""
    rows = "".join(
        f"<dt>{escape(one.name)}</dt><dd>{escape(one.error.message)} {escape(hint_words(one.error))}</dd>"
        for one in errors[:MAX_ERRORS_SHOWN]
    )
    st.html(f'<dl class="cv-facts cv-files">{rows}</dl>')
    if len(errors) > MAX_ERRORS_SHOWN:
        st.caption(f"The first {MAX_ERRORS_SHOWN} of {len(errors)}; the download has all.")


def quality_words(verdict: QualityVerdict) -> str:
    """Return a verdict of the quality gate, sentence case."""
    return verdict.value.capitalize()


def _graders(row: BatchRow) -> str:
    return "" if row.disagreement is None else "differ"


def _measured(number: float | None) -> str:
    return "none" if number is None else f"{number:3.0f}"


def _probability(number: float) -> str:
    words = whole_percent(number)
    # '<1 %' must sort below ' 1 %', and '>99 %' above all.
    return f" {words:>6}" if words.startswith("<") else f"{words:>5}"


def _age(years: float | None) -> str:
    if years is None:
        return "unknown"
    return OVER_89 if over_89(years) else f"{years:2.0f}"


def _level_colours(words: object) -> str:
    style = _STYLES.get(str(words))
    return "font-weight: bold" if style is None else f"background-color: {style.colour}; color: {style.text_colour}"


_STYLES = {level_words(level): style for level, style in LEVEL_STYLES.items()}
