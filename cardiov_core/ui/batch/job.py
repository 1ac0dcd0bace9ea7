"""A batch that runs beside the page: a thread without Streamlit in it, and what the page asks it."""

import logging
import threading
import time
import weakref
from collections.abc import Collection as Sized
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from cardiov_core.domain import Analysis
from cardiov_core.errors import CardioVError, MissingMetadataError, log_unforeseen
from cardiov_core.inference import BatchError, BatchRow, Grader, run_batch
from cardiov_core.io import Drop, Source, staged
from cardiov_core.review import ShownGrade, installation_rules
from cardiov_core.scoring import default_processes, run_batch_in_processes
from cardiov_core.ui.batch.kept_analyses import KeptAnalyses, Reading

PROCESSES_PAY = 50
"""Records from which on worker processes are started: each takes as long to begin as some ten records do."""

_logger = logging.getLogger(__name__)
_processes_taken = threading.Lock()


@dataclass(frozen=True)
class Progress:
    """How far a batch is."""

    done: int  # records that are done with, bad ones included
    total: int | None  # records in all; None until the files were looked through
    rate_per_s: float | None = None  # records a second of this run; None before the first one
    left_s: float | None = None  # seconds that the rest takes at this rate


@dataclass
class _Outcome:
    """What the thread writes and the page reads: lists only grow, one writer."""

    rows: list[BatchRow] = field(default_factory=list)
    errors: list[BatchError] = field(default_factory=list)
    passed_over: tuple[str, ...] = ()
    total: int | None = None
    failure: CardioVError | None = None
    run_started_s: float = 0.0
    n_this_run: int = 0
    kept: KeptAnalyses = field(default_factory=KeptAnalyses)
    stop: threading.Event = field(default_factory=threading.Event)


class BatchJob:
    """The records of one drop, analysed in the background; can be stopped and continued.

    What is done stays. The thread ends with the browser session that holds this object.

    `drop`: what the reader dropped; its bytes stay in memory, so that a record can be opened again.
    """

    def __init__(self, drop: Drop, predictor: Grader, others: Sequence[Grader] = ()) -> None:
        self.drop = drop
        self.predictor = predictor
        self.others = tuple(others)
        self.reading = Reading()
        self._outcome = _Outcome()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._outcome.stop.set)

    def kept_analysis(self, name: str) -> Analysis | None:
        """Return the analysis of a row where it is still held."""
        return self._outcome.kept.analysis_of(name)

    def grades_of(self, names: Iterable[str]) -> list[ShownGrade]:
        """Return what the audit notes of rows that are shown."""
        return self._outcome.kept.grades_of(names)

    def prepare_row(self, row: BatchRow) -> None:
        """Read and analyse a row in a thread, unless its analysis is held; it is likely to be opened next."""
        self._outcome.kept.prepare(row, self.drop, self.predictor, self.others, self.reading)

    @property
    def running(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def complete(self) -> bool:
        """Whether every record is done with."""
        return self._outcome.total is not None and not self.running and self.progress.done >= self._outcome.total

    @property
    def rows(self) -> tuple[BatchRow, ...]:
        """The rows so far, as they came."""
        return tuple(self._outcome.rows)

    @property
    def errors(self) -> tuple[BatchError, ...]:
        """The bad files so far."""
        return tuple(self._outcome.errors)

    @property
    def passed_over(self) -> tuple[str, ...]:
        """Files that do not claim to be an ECG."""
        return self._outcome.passed_over

    @property
    def failure(self) -> CardioVError | None:
        """Why the run ended before its time."""
        return self._outcome.failure

    @property
    def progress(self) -> Progress:
        """Count, rate and time left, now."""
        outcome = self._outcome
        done = len(outcome.rows) + len(outcome.errors)
        seconds = time.monotonic() - outcome.run_started_s
        if outcome.total is None or not outcome.n_this_run or seconds <= 0:
            return Progress(done, outcome.total)
        rate = outcome.n_this_run / seconds
        return Progress(done, outcome.total, rate, max(outcome.total - done, 0) / rate)

    @property
    def lacking(self) -> frozenset[str]:
        """What bad files do not state and the reader may: 'sampling_rate', 'units'."""
        wanted = (error.error.fields for error in self._outcome.errors if isinstance(error.error, MissingMetadataError))
        return frozenset(name for fields in wanted for name in fields) & {"sampling_rate", "units"}

    def start(self) -> None:
        """Begin, or go on with what is not done yet; nothing happens while it runs."""
        if self.running:
            return
        self._outcome.stop.clear()
        self._outcome.failure = None
        # The thread must not hold this object, or it would never be collected with its session.
        work = (self._outcome, self.drop, self.predictor, self.others, self.reading)
        self._thread = threading.Thread(target=_work, args=work, name="cardiov-batch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the record at hand."""
        self._outcome.stop.set()

    def read_again(self, reading: Reading) -> None:
        """Read the files once more that lacked what the reader now states."""
        if self.running:
            return
        self.reading = reading
        self._outcome.errors = [one for one in self._outcome.errors if not isinstance(one.error, MissingMetadataError)]
        self.start()

    def wait(self, timeout_s: float) -> None:
        """Wait for the thread, at most so many seconds."""
        if self._thread is not None:
            self._thread.join(timeout_s)


def _work(outcome: _Outcome, drop: Drop, predictor: Grader, others: Sequence[Grader], reading: Reading) -> None:
    try:
        with staged(drop) as collection:
            outcome.passed_over = collection.passed_over
            known: Sized[str] = {row.name for row in outcome.rows} | {error.name for error in outcome.errors}
            outcome.errors += [
                BatchError(one.shown_as, one.error) for one in collection.errors if one.shown_as not in known
            ]
            todo = [source for source in collection.sources if source.shown_as not in known]
            outcome.total = len(outcome.rows) + len(outcome.errors) + len(todo)
            outcome.n_this_run, outcome.run_started_s = 0, time.monotonic()
            for result in _results(todo, predictor, others, reading, outcome.kept):
                if isinstance(result, BatchRow):
                    outcome.rows.append(result)
                else:
                    outcome.errors.append(result)
                outcome.n_this_run += 1
                if outcome.stop.is_set():
                    return
    except CardioVError as error:
        outcome.failure = error
    except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
        log_unforeseen(_logger, "Unforeseen error in a batch.", error)
        outcome.failure = CardioVError(
            "The batch ended early: something went wrong that CardioV did not foresee.",
            "What is done is kept; the details are in the server's log.",
        )


def _results(
    todo: Sequence[Source], predictor: Grader, others: Sequence[Grader], reading: Reading, kept: KeptAnalyses
) -> Iterator[BatchRow | BatchError]:
    """Analyse by processes of their own where that pays; one batch of this server at a time has them."""
    rules, n = installation_rules(), default_processes()
    several = len(todo) >= PROCESSES_PAY and n > 1 and _processes_taken.acquire(blocking=False)
    run = partial(run_batch_in_processes, n_processes=n) if several else partial(run_batch, apart=True)
    try:
        yield from run(
            todo,
            predictor,
            others=others,
            sampling_rate=reading.sampling_rate,
            units=reading.units,
            rule_set=rules,
            keep=kept.keep,
        )
    finally:
        if several:
            _processes_taken.release()
