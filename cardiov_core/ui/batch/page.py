"""The Batch page: drop many records, watch them go by, work through the list."""

from functools import partial
from typing import Literal

import streamlit as st

from cardiov_core.domain import QualityVerdict, Severity, how_many
from cardiov_core.inference import TRIAGE_RULE, BatchRow, batch_table
from cardiov_core.limits import limits
from cardiov_core.reporting import wording
from cardiov_core.ui.analyze.log import note_grades
from cardiov_core.ui.batch import steps, table
from cardiov_core.ui.batch.job import BatchJob
from cardiov_core.ui.batch.kept_analyses import Reading
from cardiov_core.ui.batch.state import BatchState, Key, batch_state
from cardiov_core.ui.frame import session as state
from cardiov_core.ui.frame.browser import scroll_to_row
from cardiov_core.ui.frame.html import bullet_list
from cardiov_core.ui.frame.page import show_error
from cardiov_core.ui.frame.reading_questions import ask_reading

_POLL_S = 1.0
_ROW_HEIGHT_PX = 32
# Some fourteen rows and the downloads fit below the summary on a screen of 800 px.
_TABLE_HEIGHT_PX = 455


def drop_zones() -> None:
    """Show the two ways in: files or zips, and a folder."""
    current = batch_state()
    n_drops = current.n_drops
    st.html("<p>Drop many ECGs to get one list with the most urgent first.</p>")
    if current.refusal is not None:
        show_error(current.refusal)
    zones: tuple[tuple[Key, str, Literal["directory"] | bool], ...] = (
        (Key.FILES, "Files, or a .zip of records", True),
        (Key.FOLDER, "A folder, with all that is in it", "directory"),
    )
    for column, (name, label, kind) in zip(st.columns(2), zones, strict=True):
        files = column.file_uploader(label, accept_multiple_files=kind, key=f"{name}_{n_drops}")
        if isinstance(files, list) and files:
            # Not as a callback: another click or key at the same moment ends one, and the files would be lost.
            current.begin([(file.name, file.getvalue()) for file in files], n_drops)
            st.rerun()
    allowed = limits()
    st.caption(
        f"Every format that the Analyse page opens. At most {allowed.dropped_files} files, "
        f"{allowed.dropped_mib / 1024:g} GiB and {allowed.dropped_archives} zip archives at once. "
        "Other files are skipped and counted."
    )
    _explain_order()


def show_progress(job: BatchJob) -> None:
    """Show count, rate and time left, kept up to date while the rest of the page can be used."""
    running = job.running
    current = batch_state()
    if current.due():
        current.refresh()
    st.fragment(_progress, run_every=_POLL_S if running else None)(job, drawn_running=running)
    if job.failure is not None:
        show_error(job.failure)


def show_list(job: BatchJob) -> None:
    """Show filters, the list and its downloads."""
    current = batch_state()
    if not current.shown:
        return
    _filters(current)
    rows = current.filtered()
    _table(current, rows)
    _note_shown(current, job)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _openers(current, rows)
        _downloads(current, job)
    _notes(current.shown)
    _explain_order()


def show_bad_files(job: BatchJob) -> None:
    """Show bad files with their reasons, and what was passed over: apart from the list of records."""
    errors = job.errors
    if errors:
        st.subheader(f"{how_many(len(errors), 'file')} could not be read")
        if not job.running:
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
        with st.expander(f"{how_many(len(job.passed_over), 'file')} passed over: no ECG by content or ending"):
            st.html(bullet_list(job.passed_over[: table.MAX_ERRORS_SHOWN]))


def _progress(job: BatchJob, *, drawn_running: bool) -> None:
    current = batch_state()
    if current.job is not job:
        return
    if drawn_running and (current.due() or not job.running):
        # The list has grown or the end is reached: the whole page is to be drawn.
        current.refresh()
        st.rerun()
    progress = job.progress
    bar, buttons = st.columns([6, 5], vertical_alignment="bottom")
    share = progress.done / progress.total if progress.total else float(job.complete)
    bar.progress(min(share, 1.0), text=_progress_words(job))
    with buttons.container(horizontal=True, horizontal_alignment="right"):
        if drawn_running:
            waiting = len(job.rows) - len(current.shown)
            words = f"{how_many(waiting, 'record')} more can be shown."
            if st.button("Update the list", key=Key.REFRESH, disabled=waiting == 0, help=words):
                current.refresh()
                st.rerun()
            st.button("Stop", key=Key.STOP, on_click=job.stop, help="What is done stays.")
        elif not job.complete and job.failure is None:
            st.button("Go on", key=Key.GO_ON, on_click=job.start, type="primary")
        if st.button("Another batch", key=Key.ANOTHER, help="Lets this list and its files go."):
            # Not as a callback: this part would be drawn again alone, and the old list would stay.
            current.forget()
            st.rerun()
    if job.predictor.own is not None:
        st.caption(job.predictor.own.words)
    if progress.done or not job.running:
        # Noughts before the first record would read as a result.
        table.show_summary(job.rows, len(job.errors), len(job.passed_over))


def _progress_words(job: BatchJob) -> str:
    progress = job.progress
    if progress.total is None:
        return "Looking through the files ..." if job.running else "Nothing was read."
    words = f"{progress.done} of {how_many(progress.total, 'record')}"
    if job.complete:
        return f"{words}: done"
    if not job.running:
        return f"Stopped at {words}; what is done stays"
    if not progress.done:
        return f"{words}: the graders are being loaded ..."
    if progress.rate_per_s is None or progress.left_s is None:
        return words
    return f"{words}, {progress.rate_per_s:.1f} a second, about {_duration(progress.left_s)} left"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _filters(current: BatchState) -> None:
    # What the reader chose outlives a visit to another page, where Streamlit forgets widgets.
    st.session_state.setdefault(Key.LEVELS, current.levels)
    st.session_state.setdefault(Key.QUALITIES, current.qualities)
    st.session_state.setdefault(Key.DIFFER, current.differ)
    left, right, last = st.columns([6, 4, 2], vertical_alignment="center")
    current.levels = left.pills(
        "Levels",
        [*reversed(Severity), None],
        selection_mode="multi",
        format_func=table.level_words,
        key=Key.LEVELS,
        label_visibility="collapsed",
    )
    current.qualities = right.pills(
        "Signal quality",
        list(QualityVerdict),
        selection_mode="multi",
        format_func=table.quality_words,
        key=Key.QUALITIES,
        label_visibility="collapsed",
    )
    if any(row.other_levels for row in current.shown):
        current.differ = last.checkbox("Graders disagree", key=Key.DIFFER)


def _table(current: BatchState, rows: list[BatchRow]) -> None:
    if not rows:
        st.info("No record is as you chose.")
        return
    shown = rows[: table.MAX_SHOWN]
    names = table.short_names(current.shown)
    # A table without a choice of rows puts its key nowhere in the page; the scroll to a row needs one.
    with st.container(key=Key.TABLE):
        st.dataframe(
            table.display_table(shown, names, current.opened, state.session().batch_row),
            column_config=table.column_settings(Key.OPEN),
            hide_index=True,
            width="stretch",
            height=min(_TABLE_HEIGHT_PX, _ROW_HEIGHT_PX * (len(shown) + 1) + 3),
            row_height=_ROW_HEIGHT_PX,
        )
    left = state.session().batch_row
    here = next((place for place, row in enumerate(shown) if row.name == left), None)
    scroll_to_row(Key.TABLE, here, _ROW_HEIGHT_PX)
    if len(rows) > len(shown):
        st.caption(f"The {len(shown)} most urgent of {len(rows)}; the downloads hold all.")
    click = st.session_state.get(Key.OPEN)
    if click is not None:
        # By name, not by position: the list may have changed under the reader's hand.
        chosen = next((row for row in current.shown if names[row.name] == click["label"]), None)
        if chosen is not None:
            steps.open_row(chosen.name, rows)


def _note_shown(current: BatchState, job: BatchJob) -> None:
    """Enter in the audit which levels the list shows: who reads such a record later reads it unblinded."""
    new = [row.name for row in current.shown if row.name not in current.noted]
    if new and note_grades(job.grades_of(new), where="batch"):
        current.noted.update(new)


def _openers(current: BatchState, rows: list[BatchRow]) -> None:
    """Offer the next record and any by its name: a canvas table cannot be clicked from the keyboard."""
    unopened = next((row for row in rows if row.name not in current.opened), None)
    wanted = st.button(
        "Open the next",
        key=Key.NEXT,
        type="primary",
        disabled=unopened is None,
        help="The most urgent record of the list that you have not opened yet.",
    )
    if wanted and unopened is not None:
        steps.open_row(unopened.name, rows)
    names = table.names_apart(current.shown)
    by_name = {names[row.name]: row for row in rows}
    chosen = st.selectbox(
        "Open a record by its name",
        list(by_name)[: table.MAX_SHOWN],
        index=None,
        key=Key.PICK,
        placeholder="Open a record by its name",
        label_visibility="collapsed",
        width=260,
    )
    if chosen is not None:
        steps.open_row(by_name[chosen].name, rows)


def _notes(rows: list[BatchRow]) -> None:
    n_out_of_fold = sum(row.out_of_fold for row in rows)
    notes = [
        f"Levels 0 and 1: {wording(Severity.NO_RISK)} Levels 2 and 3: {wording(Severity.HIGH_RISK)}",
        "Click a record's name to open it on the Analyse page; click a column's head to sort.",
    ]
    if n_out_of_fold:
        trained = "1 of these records" if n_out_of_fold == 1 else f"{n_out_of_fold} of these records"
        notes.append(f"{trained} trained the grader: the level is its out-of-fold prediction.")
    st.caption("  \n".join(notes))


def _downloads(current: BatchState, job: BatchJob) -> None:
    rows = current.shown
    st.download_button(
        "Download CSV",
        lambda: table.csv_bytes(batch_table(rows, job.predictor)),
        "cardiov-batch.csv",
        "text/csv",
        key=Key.CSV,
        on_click="ignore",
        help="All rows of the list, filtered or not, with all columns.",
    )
    st.download_button(
        "Download Parquet",
        lambda: table.parquet_bytes(batch_table(rows, job.predictor)),
        "cardiov-batch.parquet",
        "application/vnd.apache.parquet",
        key=Key.PARQUET,
        on_click="ignore",
        help="The same table with types.",
    )


def _ask_metadata(job: BatchJob) -> None:
    lacking = job.lacking
    if not lacking:
        return
    known = job.reading
    with st.container(horizontal=True, vertical_alignment="bottom"):
        rate, units, complete = ask_reading(lacking, rate_key=Key.SAMPLING_RATE, units_key=Key.UNITS)
        st.button(
            "Read these again",
            key=Key.READ_AGAIN,
            type="primary",
            disabled=not complete,
            on_click=partial(job.read_again, Reading(rate or known.sampling_rate, units or known.units)),
            help="For all files that do not state it themselves.",
        )


def _explain_order() -> None:
    with st.expander("How the list is ordered"):
        st.write(TRIAGE_RULE)
