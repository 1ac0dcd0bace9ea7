"""From row to row of a batch while one of them is open on the Analyse page."""

from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

import streamlit as st

from cardiov_core.inference import BatchRow
from cardiov_core.io import files_of
from cardiov_core.ui.batch.job import BatchJob
from cardiov_core.ui.batch.state import batch_state
from cardiov_core.ui.frame import session as state
from cardiov_core.ui.frame.navigation import ANALYZE_PAGE, BATCH_PAGE

NEXT_KEY, PREVIOUS_KEY, BACK_KEY = "batch_row_next", "batch_row_previous", "batch_row_back"


def open_row(name: str, rows: Sequence[BatchRow]) -> None:
    """Open a row on the Analyse page, without analysing it again where its analysis is held.

    `rows`: the list as the reader sees it: what Next and Previous go by.
    """
    batch_state().order = tuple(row.name for row in rows)
    _show(name)
    st.switch_page(ANALYZE_PAGE)


def show_place() -> None:
    """Show where in the batch the open record stands, with the ways on and back; nothing for other records."""
    current = batch_state()
    name = state.session().batch_row
    if name is None or name not in current.order or current.job is None:
        return
    place = current.order.index(name)
    before = current.order[place - 1] if place else None
    after = current.order[place + 1] if place + 1 < len(current.order) else None
    with st.container(key="batch_place", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"Case **{place + 1} of {len(current.order)}**", width="content")
        st.button(
            "Previous", key=PREVIOUS_KEY, shortcut="P", disabled=before is None, on_click=partial(_show, before or name)
        )
        st.button(
            "Next", key=NEXT_KEY, shortcut="N", type="primary", disabled=after is None,
            on_click=partial(_show, after or name),
        )  # fmt: skip
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


def _show(name: str) -> None:
    current = batch_state()
    job, row = current.job, current.row_named(name)
    if job is None or row is None:
        return
    current.opened.add(name)
    _open(job, row)


def _open(job: BatchJob, row: BatchRow) -> None:
    files = files_of(job.drop, row.name, row.files)
    analysis = job.kept_analysis(row.name)
    opened = state.session()
    if analysis is None:
        opened.receive(files)
    else:
        title = PurePosixPath(row.name).name
        opened.open_analysed(state.Case(analysis.record, state.Origin.UPLOAD, title), files, job.predictor, analysis)
    opened.sampling_rate_hz, opened.units = job.reading.sampling_rate, job.reading.units
    opened.batch_row = row.name
