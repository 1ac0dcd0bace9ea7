"""The confusion matrix of the Agreement page: a cell, by click or from the list, opens its cases."""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from cardiov_core.domain import Case, Reader, Severity
from cardiov_core.evaluation.agreement_report import Comparison, ConditionReport
from cardiov_core.reporting.agreement_figures import comparison_name, confusion_figure
from cardiov_core.review import Store
from cardiov_core.review.seen import log_cases_seen
from cardiov_core.ui.components import dark_theme
from cardiov_core.ui.review_case import CASE_PARAMETER, REVIEW_PAGE

COMPARISON_KEY, CELL_KEY, CHART_KEY = "agreement_comparison", "agreement_cell", "agreement_confusion"
SHOW_KEY, PICK_KEY, OPEN_KEY = "agreement_show", "agreement_pick", "agreement_open"

_SHOWN_KEY = "agreement_shown"
_ROW_HEIGHT_PX = 32
_MOST_ROWS = 8
_CHART_CONFIG = {"displaylogo": False, "displayModeBar": False}


def show_confusion(store: Store, owner: Reader | None, cases: Mapping[str, Case], found: ConditionReport) -> None:
    """Show one confusion matrix, and the cases behind a cell to who may see labels and levels.

    Parameters
    ----------
    store : Store
        Of the review.
    owner : Reader or None
        An administrator, or nobody: labels and levels would unblind anybody else.
    cases : mapping of str to Case
        Those that were read.
    found : ConditionReport
        One kind of reads.
    """
    st.subheader("Level against level")
    comparisons = {comparison_name(entry): entry for entry in (*found.model, *found.label, *found.pairs)}
    comparison = comparisons[st.selectbox("Readings", list(comparisons), key=COMPARISON_KEY, width=320)]
    said = (
        f"How often each level of '{comparison.first}' (rows) met each level of '{comparison.second}' (columns); on "
        "the framed diagonal both say the same."
    )
    st.plotly_chart(
        confusion_figure(comparison, dark=dark_theme()),
        key=CHART_KEY,
        theme=None,
        config=_CHART_CONFIG,
        alt=said,
        on_select=_take_cell,
        selection_mode="points",
    )
    if owner is None:
        st.caption(f"{said} The cases behind a cell are open to administrators; give your name on the Worklist.")
        return
    st.caption(f"{said} A click on a cell, or the list below, leads to its cases.")
    cell = _chosen_cell(comparison)
    if cell is not None:
        row, column = divmod(cell, len(Severity))
        _cell_cases(store, owner, [cases[one] for one in comparison.cells[row][column].case_ids])


def _take_cell() -> None:
    """Take over the cell that was clicked; the list below the figure does the same by keyboard."""
    points = st.session_state[CHART_KEY]["selection"]["points"]
    if points:
        st.session_state[CELL_KEY] = int(points[0]["customdata"])


def _chosen_cell(comparison: Comparison) -> int | None:
    """Return the cell, four times its row and its column; None where none is chosen."""
    filled = [
        int(row) * len(Severity) + int(column)
        for row in Severity
        for column in Severity
        if comparison.cells[row][column].count
    ]
    if st.session_state.get(CELL_KEY) not in filled:
        st.session_state[CELL_KEY] = None
    chosen: int | None = st.selectbox(
        "Cell",
        filled,
        index=None,
        key=CELL_KEY,
        format_func=partial(_cell_words, comparison),
        placeholder="A cell",
        label_visibility="collapsed",
    )
    return chosen


def _cell_words(comparison: Comparison, cell: int) -> str:
    row, column = (Severity(level) for level in divmod(cell, len(Severity)))
    count = comparison.cells[row][column].count
    return f"{comparison.first} {int(row)}, {comparison.second} {int(column)}: {count}"


def _cell_cases(store: Store, owner: Reader, chosen: Sequence[Case]) -> None:
    """Show the cases of a cell once the owner has asked for them, which is noted."""
    ids = tuple(case.id for case in chosen)
    if st.session_state.get(_SHOWN_KEY) != ids:
        words = "1 case" if len(ids) == 1 else f"{len(ids)} cases"
        place = st.empty()
        if not place.button(f"Show {words}", key=SHOW_KEY):
            st.caption("Their labels and levels come with them: a read of yours would be unblinded from then on.")
            return
        log_cases_seen(store, chosen, owner.name)
        st.session_state[_SHOWN_KEY] = ids
        place.empty()
    frame = pd.DataFrame(
        {
            "Record": [case.record_id for case in chosen],
            "Label": [_words(case.label) for case in chosen],
            "Model": [_words(case.level) for case in chosen],
            "Decision": ["indeterminate" if case.indeterminate else _words(case.decision) for case in chosen],
            "Reads": [case.n_reads for case in chosen],
        }
    )
    button = st.column_config.ButtonColumn(type="tertiary", key=OPEN_KEY, alignment="left", help="Opens the case.")
    st.dataframe(
        frame,
        column_config={"Record": button},
        hide_index=True,
        row_height=_ROW_HEIGHT_PX,
        height=_ROW_HEIGHT_PX * (1 + min(len(ids), _MOST_ROWS)) + 3,
        key="agreement_cases",
    )
    by_name = {f"{case.record_id} ({case.id})": case.id for case in chosen}
    # A canvas table cannot be clicked from the keyboard.
    picked = st.selectbox(
        "Open a case", list(by_name), index=None, key=PICK_KEY, placeholder="Type a record", width=320
    )
    clicked = st.session_state.get(OPEN_KEY)
    opened = by_name.get(picked or "") or (ids[int(clicked["row"])] if clicked is not None else None)
    if opened is not None:
        st.switch_page(REVIEW_PAGE, query_params={CASE_PARAMETER: opened})


def _words(level: Severity | None) -> str:
    return "none" if level is None else f"{int(level)} {level.title}"
