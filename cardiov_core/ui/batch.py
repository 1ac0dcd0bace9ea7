"""The Batch page: drop many records, watch them go by, work through the list."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from cardiov_core.domain import QualityVerdict, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.inference.batch import TRIAGE_RULE, BatchRow, batch_table, triage_order
from cardiov_core.io.staging import (
    MAX_DROPPED_ARCHIVES,
    MAX_DROPPED_BYTES,
    MAX_DROPPED_FILES,
    files_of,
    take_drop,
)
from cardiov_core.ui import batch_table as table
from cardiov_core.ui import resources, state
from cardiov_core.ui.batch_job import BatchJob, Reading
from cardiov_core.ui.components import bullet_list, show_error, wording

_STATE_KEY = "cardiov_batch"
_POLL_S = 1.0
# The list is drawn anew each time it has grown by so much: it must not move under the reader's hand every second.
_GROWTH = 1.25
_FIRST_ROWS = 10
_ANALYZE_PAGE = "pages/analyze.py"
_UNITS = ("mV", "uV", "nV", "V")
_RATE_LIMITS_HZ = (80.0, 2000.0)


class Key(StrEnum):
    """Keys of the widgets that code or tests address."""

    FILES = "batch_files"
    FOLDER = "batch_folder"
    STOP = "batch_stop"
    GO_ON = "batch_go_on"
    ANOTHER = "batch_another"
    REFRESH = "batch_refresh"
    LEVELS = "batch_levels"
    QUALITIES = "batch_qualities"
    TABLE = "batch_table"
    OPEN = "batch_open"
    CSV = "batch_csv"
    PARQUET = "batch_parquet"
    ERRORS = "batch_errors"
    SAMPLING_RATE = "batch_sampling_rate"
    UNITS = "batch_units"
    READ_AGAIN = "batch_read_again"


class BatchState:
    """What a browser session holds of its batch.

    Attributes
    ----------
    job : BatchJob or None
        The batch at work or done.
    shown : list of BatchRow
        The rows on the screen's list, in triage order: a snapshot that grows in steps.
    opened : set of str
        Names of the rows that the reader opened.
    levels, qualities : list
        Filters; empty shows all. A level of None stands for withheld ones.
    refusal : CardioVError or None
        Why the last drop was not taken.
    n_drops, n_snapshots : int
        Make fresh widgets, so that no click can meet a list that it was not made on.
    """

    def __init__(self) -> None:
        self.job: BatchJob | None = None
        self.shown: list[BatchRow] = []
        self.opened: set[str] = set()
        self.levels: list[Severity | None] = []
        self.qualities: list[QualityVerdict] = []
        self.refusal: CardioVError | None = None
        self.n_drops = 0
        self.n_snapshots = 0

    def begin(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Take a drop and start on it."""
        self.forget()
        try:
            self.job = BatchJob(take_drop(files), resources.predictor())
        except CardioVError as error:
            self.refusal = error
        else:
            self.job.start()

    def forget(self) -> None:
        """Stop and drop the batch with its files."""
        if self.job is not None:
            self.job.stop()
        drops, snapshots = self.n_drops + 1, self.n_snapshots
        self.__init__()  # type: ignore[misc]
        self.n_drops, self.n_snapshots = drops, snapshots + 1

    def due(self) -> bool:
        """Whether enough rows came since the last snapshot, or the last ones did."""
        if self.job is None:
            return False
        n_rows = len(self.job.rows)
        if not self.job.running:
            return n_rows != len(self.shown)
        return n_rows >= max(_FIRST_ROWS, _GROWTH * len(self.shown))

    def refresh(self) -> None:
        """Take all rows that there are into the list."""
        if self.job is not None and len(self.job.rows) != len(self.shown):
            self.shown = triage_order(self.job.rows)
            self.n_snapshots += 1


def batch_state() -> BatchState:
    """Return this browser session's batch, made on first use."""
    if _STATE_KEY not in st.session_state:
        st.session_state[_STATE_KEY] = BatchState()
    found: BatchState = st.session_state[_STATE_KEY]
    return found


def drop_zones() -> None:
    """Show the two ways in: files or zips, and a folder."""
    current = batch_state()
    st.html("<p>Drop many ECGs to get a list with the most urgent first.</p>")
    if current.refusal is not None:
        show_error(current.refusal)
    left, right = st.columns(2)
    for column, key, label, kind in (
        (left, Key.FILES, "Files or a .zip of records", True),
        (right, Key.FOLDER, "A folder with all that is in it", "directory"),
    ):
        widget = f"{key}_{current.n_drops}"
        column.file_uploader(
            label,
            accept_multiple_files=kind,  # type: ignore[arg-type]
            key=widget,
            on_change=partial(_take, current, widget),
        )
    st.caption(
        f"At most {MAX_DROPPED_FILES} files, {MAX_DROPPED_BYTES // 1024**3} GiB and {MAX_DROPPED_ARCHIVES} zip archives "
        "at once. Every format that the Analyze page opens; files that are no ECG are passed over and counted."
    )
    with st.expander("How the list is ordered"):
        st.write(TRIAGE_RULE)


def show_progress(job: BatchJob) -> None:
    """Show count, rate and time left, kept up to date while the rest of the page stays as it is.

    Parameters
    ----------
    job : BatchJob
        The batch.
    """
    st.fragment(_progress, run_every=_POLL_S if job.running else None)(job)


def show_list(job: BatchJob) -> None:
    """Show summary, filters, the table and its downloads.

    Parameters
    ----------
    job : BatchJob
        The batch.
    """
    current = batch_state()
    if not job.running or not current.shown:
        current.refresh()
    table.show_summary(current.shown, len(job.errors), len(job.passed_over))
    if not current.shown:
        return
    rows = _filtered(current)
    _show_table(current, job, rows)
    _downloads(current, job)
    with st.expander("How the list is ordered"):
        st.write(TRIAGE_RULE)


def show_bad_files(job: BatchJob) -> None:
    """Show bad files with their reasons, and what was passed over: apart from the list of records.

    Parameters
    ----------
    job : BatchJob
        The batch.
    """
    errors = job.errors
    if errors:
        st.subheader(f"{_count(len(errors), 'file')} could not be read")
        _ask_metadata(job)
        table.show_errors(errors)
        st.download_button(
            "Download this list as CSV",
            lambda: table.csv_bytes(table.error_table(errors)),
            "cardiov-batch-errors.csv",
            "text/csv",
            key=Key.ERRORS,
            on_click="ignore",
        )
    if job.passed_over:
        with st.expander(f"{_count(len(job.passed_over), 'file')} passed over: they do not claim to be an ECG"):
            st.html(bullet_list(job.passed_over[: table.MAX_ERRORS_SHOWN]))


def _take(current: BatchState, key: str) -> None:
    files = st.session_state[key]
    if files:
        current.begin([(file.name, file.getvalue()) for file in files])


def _progress(job: BatchJob) -> None:
    current = batch_state()
    running = job.running
    # One look at the state: a thread that ends between two looks would leave the page behind.
    if current.due() and current.job is job and _came_by_itself():
        current.refresh()
        st.rerun()
    state_, left, right = st.columns([8, 2, 2], vertical_alignment="bottom")
    progress = job.progress
    with state_:
        if progress.total is None:
            st.progress(0.0, text="Looking through the files ..." if running else "Nothing was read.")
        else:
            st.progress(progress.done / max(progress.total, 1), text=_progress_words(job, running=running))
    if running:
        left.button("Stop", key=Key.STOP, on_click=job.stop, width="stretch", help="What is done stays.")
    elif not job.complete:
        left.button("Go on", key=Key.GO_ON, on_click=job.start, type="primary", width="stretch")
    right.button("Another batch", key=Key.ANOTHER, on_click=current.forget, width="stretch")
