"""From row to row of a batch while one of them is open on the Analyse page."""

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

import streamlit as st

from cardiov_core.inference import BatchRow
from cardiov_core.io import files_of
from cardiov_core.ui.batch.job import BatchJob
from cardiov_core.ui.batch.state import BatchState, batch_state
from cardiov_core.ui.frame import session as state
from cardiov_core.ui.frame.navigation import ANALYZE_PAGE, BATCH_PAGE

NEXT_KEY, PREVIOUS_KEY, BACK_KEY = "batch_row_next", "batch_row_previous", "batch_row_back"


def open_row(name: str, rows: Sequence[BatchRow]) -> None:
    """Open a row on the Analyse page, without analysing it again where its analysis is held.

    `rows`: the list as the reader sees it: what Next and Previous go by.
    """
    current = batch_state()
    current.order = tuple(row.name for row in rows)
    _show(current, state.session(), name)
    st.switch_page(ANALYZE_PAGE)


def show_place() -> None:
    """Show where in the batch the open record stands, with the ways on and back; nothing for other records."""
    current, opened = batch_state(), state.session()
    name = opened.batch_row
    if name is None or name not in current.order or current.job is None:
        return
    place, n = current.order.index(name), len(current.order)
    step = partial(_step, current, opened)
    with st.container(key="batch_place", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"Case **{place + 1} of {n}**", width="content")
        st.button("Previous", key=PREVIOUS_KEY, shortcut="P", disabled=place == 0, on_click=step, args=(-1,))
        st.button("Next", key=NEXT_KEY, shortcut="N", type="primary", disabled=place + 1 == n, on_click=step, args=(1,))
        if st.button("Back to the list", key=BACK_KEY, shortcut="B"):
            st.switch_page(BATCH_PAGE)


def prepare_next_row() -> None:
    """Begin to analyse the row after the open one, so that it is there when it is asked for."""
    current = batch_state()
    name = state.session().batch_row
    if name is None or name not in current.order or current.job is None or current.job.running:
        return
    for following in current.order[current.order.index(name) + 1 :][:1]:
        row = current.row_named(following)
        if row is not None:
            current.job.prepare_row(row)


# Takes both states along: to look for them when the next key comes at the same moment would end a callback. Goes by
# the row that is open then: N twice at once is two steps.
def _step(current: BatchState, opened: state.Session, by: int) -> None:
    if opened.batch_row in current.order:
        place = current.order.index(opened.batch_row) + by
        if 0 <= place < len(current.order):
            _show(current, opened, current.order[place])


def _show(current: BatchState, opened: state.Session, name: str) -> None:
    job, row = current.job, current.row_named(name)
    if job is None or row is None:
        return
    current.opened.add(name)
    _open(opened, job, row)


def _open(opened: state.Session, job: BatchJob, row: BatchRow) -> None:
    files = files_of(job.drop, row.name, row.files)
    analysis = job.kept_analysis(row.name)
    if analysis is None:
        opened.receive(files)
    else:
        title = PurePosixPath(row.name).name
        opened.open_analysed(state.Case(analysis.record, state.Origin.UPLOAD, title), files, job.predictor, analysis)
    opened.sampling_rate_hz, opened.units = job.reading.sampling_rate, job.reading.units
    opened.batch_row = row.name
