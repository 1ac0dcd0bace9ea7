"""Tables of cases for the study's owner and the adjudicator, in words and shapes."""

from collections.abc import Mapping, Sequence
from html import escape

import pandas as pd
import streamlit as st

from cardiov_core.domain import Case, CaseStatus, Severity
from cardiov_core.reporting import LEVEL_STYLES
from cardiov_core.review import CasePage

TABLE_KEY = "worklist_table"
ROW_HEIGHT_PX = 32
"""Height of a row of any table here."""

# Some twelve rows fit below filters and counts on a screen of 800 px.
_TABLE_HEIGHT_PX = 420
_NO_LEVEL = "none"
_SOMETIMES = ("Set", "Graders", "Given to")
"""Columns that are shown where some case has anything in them."""


def show_counts(page: CasePage, by_reader: Mapping[str, int]) -> None:
    """Show how many cases are how far and how wrong, and how many each reader has read."""
    counts = [("cases", page.total)]
    counts += [(status.value, page.by_status.get(status, 0)) for status in CaseStatus]
    counts += [(f"off by {error}", n) for error, n in sorted(page.by_error.items(), reverse=True) if error]
    parts = [f'<span class="cv-count"><b>{n}</b>&nbsp;{words}</span>' for words, n in counts]
    parts += [f'<span class="cv-count">{escape(name)} read&nbsp;<b>{n}</b></span>' for name, n in by_reader.items()]
    st.html(f'<div class="cv-counts">{"".join(parts)}</div>')


def case_table(cases: Sequence[Case], open_key: str) -> list[int]:
    """Show a page of cases with label and level; return the rows that are ticked."""
    frame = pd.DataFrame(
        {
            "Record": [case.record_id for case in cases],
            "Error": ["" if case.error is None else str(case.error) for case in cases],
            "Label": [_level(case.label) for case in cases],
            "Level": [_level(case.level) for case in cases],
            "Set": [" or ".join(str(int(level)) for level in case.prediction_set or ()) for case in cases],
            "Graders": ["differ" if case.graders_disagree else "" for case in cases],
            "Quality": [case.quality_verdict.value.capitalize() for case in cases],
            "Status": [case.status.value.capitalize() for case in cases],
            "Reads": [case.n_reads for case in cases],
            "Readers differ by": ["" if case.disagreement is None else str(case.disagreement) for case in cases],
            "Decision": ["indeterminate" if case.indeterminate else _decided(case) for case in cases],
            "Source": [case.source.value for case in cases],
            "Given to": [", ".join(case.assigned_to) for case in cases],
            "Came in": [f"{case.created_at:%Y-%m-%d %H:%M}" for case in cases],
        }
    )
    # What no case has would push the time that it came in over the edge of a laptop's screen.
    frame = frame.drop(columns=[name for name in _SOMETIMES if not frame[name].any()])
    column = st.column_config
    event = st.dataframe(
        frame.style.map(_colours, subset=["Label", "Level", "Decision"]),
        column_config={
            "Record": column.ButtonColumn(
                type="tertiary", key=open_key, alignment="left", pinned=True, width=190, help="Click to open the case."
            ),
            "Error": column.TextColumn(width=60, alignment="right", help="Levels between label and grade."),
            "Label": column.TextColumn(width=120),
            "Level": column.TextColumn(width=120, help="The grader's."),
            "Set": column.TextColumn(width=95, help="Prediction set: holds the level in 9 of 10 such ECGs."),
            "Graders": column.TextColumn(width=70, help="They differ by a level or more; the case says who says what."),
            "Quality": column.TextColumn(width=95),
            "Status": column.TextColumn(width=105),
            "Reads": column.NumberColumn(width=60),
            "Readers differ by": column.TextColumn("Gap", width=55, alignment="right", help="Between blind reads."),
            "Decision": column.TextColumn(width=120, help="Where readers agree, or as adjudicated or signed."),
            "Source": column.TextColumn(width=75),
            "Given to": column.TextColumn(width=110, help="Empty: anybody."),
            "Came in": column.TextColumn("Came in (UTC)", width=135),
        },
        hide_index=True,
        width="stretch",
        height=_height(len(cases)),
        row_height=ROW_HEIGHT_PX,
        on_select="rerun",
        selection_mode="multi-row",
        key=TABLE_KEY,
    )
    return [row for row in event["selection"]["rows"] if row < len(cases)]


def clicked(cases: Sequence[Case], row: int, record: str) -> str:
    """Return the id of the case whose name was clicked, also where the list moved under the reader's hand."""
    at_place = cases[row] if row < len(cases) else cases[0]
    return next((case.id for case in (at_place, *cases) if case.record_id == record), at_place.id)


def queue_table(cases: Sequence[Case], open_key: str) -> None:
    """Show the adjudicator's queue: nothing of label or model, only how far the readers lie apart."""
    column = st.column_config
    st.dataframe(
        pd.DataFrame(
            {
                "Case": [case.id for case in cases],
                "Gap": [str(case.disagreement) for case in cases],
                "Reads": [str(case.n_reads) for case in cases],
                "Came in": [f"{case.created_at:%Y-%m-%d %H:%M}" for case in cases],
            }
        ),
        column_config={
            "Case": column.ButtonColumn(
                type="tertiary", key=open_key, alignment="left", width=130, help="Click to decide it."
            ),
            "Gap": column.TextColumn("Readers differ by (levels)", width=180),
            "Reads": column.TextColumn(width=70),
            "Came in": column.TextColumn("Came in (UTC)", width=150),
        },
        hide_index=True,
        width="content",
        height=_height(len(cases)),
        row_height=ROW_HEIGHT_PX,
    )


def _height(rows: int) -> int:
    return min(_TABLE_HEIGHT_PX, ROW_HEIGHT_PX * (rows + 1) + 3)


def _decided(case: Case) -> str:
    return "" if case.decision is None else _level(case.decision)


def _level(level: Severity | None) -> str:
    return _NO_LEVEL if level is None else f"{int(level)} {LEVEL_STYLES[level].symbol} {level.title}"


def _colours(words: object) -> str:
    style = _STYLES.get(str(words))
    return "" if style is None else f"background-color: {style.colour}; color: {style.text_colour}"


_STYLES = {_level(level): style for level, style in LEVEL_STYLES.items()}
