"""Lists of PTB-XL's records on the Performance page, each with a way to open it."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from cardiov_core.datasets import PtbXl
from cardiov_core.errors import CardioVError
from cardiov_core.evaluation import CellCase
from cardiov_core.reporting import whole_percent
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.navigation import ANALYZE_PAGE
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.session import Case, Origin, session

OPEN_KEY, PICK_KEY, TABLE_KEY = "performance_open", "performance_pick", "performance_cases"

_ROW_HEIGHT_PX = 32
_MOST_ROWS = 8
_ABSENT = (
    "PTB-XL is not on this computer, so its records cannot be opened here. CARDIOV_DATA names the folder where it lies."
)


def show_cell(cases: Sequence[CellCase], grader: str) -> None:
    """List the records of a cell; one of them opens on the Analyse page."""
    more = {
        "Label decided by": [_statement(case) for case in cases],
        "Certainty of the grade": [whole_percent(case.certainty) for case in cases],
        "Graded": ["out of fold" if case.out_of_fold else "by the weights" for case in cases],
    }
    show_records([case.ecg_id for case in cases], more, grader)


def show_records(
    ecg_ids: Sequence[int],
    more: Mapping[str, Sequence[str]],
    grader: str,
    *,
    open_key: str = OPEN_KEY,
    pick_key: str = PICK_KEY,
    table_key: str = TABLE_KEY,
) -> None:
    """List records with what is known of each; one of them opens on the Analyse page with a grader in use."""
    dataset = resources.ptbxl()
    there = frozenset(map(int, dataset.table.index)) if dataset is not None else frozenset()
    names = [f"PTB-XL {ecg_id:05d}" for ecg_id in ecg_ids]
    frame = pd.DataFrame({"Record": names, **more})
    button = st.column_config.ButtonColumn(type="tertiary", key=open_key, alignment="left", help="Opens the record.")
    st.dataframe(
        frame,
        column_config={"Record": button} if there else {},
        hide_index=True,
        row_height=_ROW_HEIGHT_PX,
        height=_ROW_HEIGHT_PX * (1 + min(len(names), _MOST_ROWS)) + 3,
        key=table_key,
    )
    if dataset is None:
        st.caption(_ABSENT)
        return
    known = {name: ecg_id for name, ecg_id in zip(names, ecg_ids, strict=True) if ecg_id in there}
    if len(known) < len(names):
        st.caption(f"{len(names) - len(known)} of these records are not in {dataset.root.name}, which lies here.")
    # A canvas table cannot be clicked from the keyboard.
    picked = st.selectbox(
        "Open a record on the Analyse page", list(known), index=None, key=pick_key, placeholder="Type a record"
    )
    clicked = st.session_state.get(open_key)
    chosen = known.get(picked or "") or (ecg_ids[int(clicked["row"])] if clicked is not None else None)
    if chosen is not None and chosen in there:
        _open(dataset, chosen, grader)


def _statement(case: CellCase) -> str:
    return f"{case.statement.code}: {case.statement.description}" if case.statement is not None else "not stated"


def _open(dataset: PtbXl, ecg_id: int, grader: str) -> None:
    try:
        record = dataset.record(ecg_id)
    except CardioVError as error:
        show_error(error)
        return
    current = session()
    current.close()
    current.open(Case(record, Origin.PTB_XL, f"PTB-XL {ecg_id:05d}", dataset.label(ecg_id)))
    current.grader = grader
    st.switch_page(ANALYZE_PAGE)
