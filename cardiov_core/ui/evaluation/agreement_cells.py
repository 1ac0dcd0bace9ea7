"""The confusion matrix of the Agreement page: a cell, by click or from the list, opens its cases."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cardiov_core.domain import Case, Reader, Severity, how_many
from cardiov_core.evaluation import ConditionReport
from cardiov_core.reporting import LEVEL_HEADS, comparison_name, level_rows
from cardiov_core.review import Store, log_cases_seen
from cardiov_core.ui.evaluation.confusion_cells import choose_cell, confusion_chart
from cardiov_core.ui.frame.html import html_table
from cardiov_core.ui.frame.navigation import CASE_PARAMETER, REVIEW_PAGE

COMPARISON_KEY, CELL_KEY, CHART_KEY = "agreement_comparison", "agreement_cell", "agreement_confusion"
SHOW_KEY, PICK_KEY, OPEN_KEY = "agreement_show", "agreement_pick", "agreement_open"

_SHOWN_KEY = "agreement_shown"
_ROW_HEIGHT_PX = 32
_MOST_ROWS = 8


def show_confusion(store: Store, owner: Reader | None, cases: Mapping[str, Case], condition: ConditionReport) -> None:
    """Show one confusion matrix, and the cases behind a cell to who may see labels and levels."""
    st.subheader("Level against level")
    comparisons = {comparison_name(entry): entry for entry in (*condition.model, *condition.label, *condition.pairs)}
    comparison = comparisons[st.selectbox("Readings", list(comparisons), key=COMPARISON_KEY, width=320)]
    alternative = (
        f"How often each level of '{comparison.first}' (rows) met each level of '{comparison.second}' (columns); on "
        "the framed diagonal both say the same."
    )
    confusion_chart(comparison, alternative, chart_key=CHART_KEY, cell_key=CELL_KEY)
    st.html(html_table(LEVEL_HEADS, level_rows(comparison), columns="tnnnn"))
    if owner is None:
        st.caption(f"{alternative} The cases behind a cell are open to administrators; give your name on the Worklist.")
        return
    st.caption(f"{alternative} A click on a cell, or the list below, leads to its cases.")
    cell = choose_cell(comparison, cell_key=CELL_KEY, names=(comparison.first, comparison.second))
    if cell is not None:
        row, column = cell
        _cell_cases(store, owner, [cases[one] for one in comparison.cells[row][column].case_ids])


def _cell_cases(store: Store, owner: Reader, chosen: Sequence[Case]) -> None:
    """Show the cases of a cell once the owner has asked for them, which is noted."""
    ids = tuple(case.id for case in chosen)
    if st.session_state.get(_SHOWN_KEY) != ids:
        words = how_many(len(ids), "case")
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
            "Grader": [_words(case.level) for case in chosen],
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
