"""The state of a browser session's batch, typed, under a single key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock

import streamlit as st

from cardiov_core.domain import QualityVerdict, Severity
from cardiov_core.errors import CardioVError
from cardiov_core.inference import BatchRow, triage_order
from cardiov_core.io import take_drop
from cardiov_core.ui.analyze.grader import grader
from cardiov_core.ui.batch.job import BatchJob
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.remembered import recalled, remember

_STATE_KEY = "cardiov_batch"
# The list is drawn anew each time it has grown by so much: it must not move under the reader's hand every second.
_GROWTH = 1.25
_FIRST_ROWS = 10


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
    DIFFER = "batch_graders_differ"
    TABLE = "batch_table"
    OPEN = "batch_open"
    NEXT = "batch_next"
    PICK = "batch_pick"
    CSV = "batch_csv"
    PARQUET = "batch_parquet"
    ERRORS = "batch_errors"
    SAMPLING_RATE = "batch_sampling_rate"
    UNITS = "batch_units"
    READ_AGAIN = "batch_read_again"


@dataclass
class BatchState:
    """What a browser session holds of its batch."""

    job: BatchJob | None = None  # the batch at work or done
    # The rows of the list on the screen, in triage order: a snapshot that grows in steps.
    shown: list[BatchRow] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)  # names of the rows that the reader opened
    noted: set[str] = field(default_factory=set)  # names of the rows whose grade stands in the audit
    # Names of the rows of the list, as filtered, when one of them was opened: what Next and Previous go by.
    order: tuple[str, ...] = ()
    # Filters; empty shows all. A level of None stands for withheld ones.
    levels: list[Severity | None] = field(default_factory=list)
    qualities: list[QualityVerdict] = field(default_factory=list)
    differ: bool = False  # filter: only records about which graders disagree
    refusal: CardioVError | None = None  # why the last drop was not taken
    n_drops: int = 0  # makes fresh drop zones after each drop
    taking: Lock = field(default_factory=Lock)  # held while a drop is taken

    def begin(self, files: Sequence[tuple[str, bytes]], n_drops: int) -> None:
        """Take a drop and start on it, once.

        `n_drops`: when its zone was drawn. Where something else is clicked at the same moment the page is run twice at
        once: the second run waits here for the first, and sees what it took.
        """
        with self.taking:
            if n_drops != self.n_drops:
                return
            job, refusal = None, None
            try:
                job = BatchJob(take_drop(files), grader(), tuple(resources.graders().values()))
            except CardioVError as error:
                refusal = error
            self.forget()
            self.job, self.refusal = job, refusal
            if job is not None:
                job.start()

    def forget(self) -> None:
        """Stop the batch and let its files go."""
        if self.job is not None:
            self.job.stop()
        self.job, self.refusal = None, None
        self.shown, self.opened, self.noted, self.order = [], set(), set(), ()
        self.levels, self.qualities, self.differ = [], [], False
        self.n_drops += 1

    def filtered(self) -> list[BatchRow]:
        """Return the rows of the list that the filters leave."""
        return [
            row
            for row in self.shown
            if (not self.levels or row.level in self.levels)
            and (not self.qualities or row.quality in self.qualities)
            and (not self.differ or row.disagreement is not None)
        ]

    def row_named(self, name: str) -> BatchRow | None:
        """Return a row of the list by its name."""
        return next((row for row in self.shown if row.name == name), None)

    def due(self) -> bool:
        """Tell whether enough rows came since the last snapshot, or the last ones did."""
        if self.job is None:
            return False
        running, n_rows = self.job.running, len(self.job.rows)
        return n_rows >= max(_FIRST_ROWS, _GROWTH * len(self.shown)) if running else n_rows != len(self.shown)

    def refresh(self) -> None:
        """Take all rows that there are into the list."""
        if self.job is not None:
            self.shown = triage_order(self.job.rows)


def batch_state() -> BatchState:
    """Return this browser session's batch, made on first use."""
    if _STATE_KEY not in st.session_state:
        st.session_state[_STATE_KEY] = recalled(_STATE_KEY, BatchState) or BatchState()
        remember(_STATE_KEY, st.session_state[_STATE_KEY])
    state: BatchState = st.session_state[_STATE_KEY]
    return state
