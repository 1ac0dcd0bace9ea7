"""Analyses of a batch that are held, so that an opened record is not analysed again: the most urgent ones."""

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cardiov_core.domain import Analysis
from cardiov_core.errors import log_unforeseen
from cardiov_core.inference import BatchRow, Grader, analyze, triage_order
from cardiov_core.io import Drop, files_of, read_uploads
from cardiov_core.review import ShownGrade, installation_rules

MAX_KEPT = 60
"""Analyses that are held; a ten-second ECG takes half a megabyte, and a reader opens the urgent ones."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """What the reader stated for files that do not say it: rate in Hz and units, as in `read_record`."""

    sampling_rate: float | None = None
    units: str | None = None


class KeptAnalyses:
    """Holds the analyses of the most urgent rows, and those that were prepared by name."""

    def __init__(self) -> None:
        self._rows: dict[str, BatchRow] = {}
        self._analyses: dict[str, Analysis] = {}
        self._grades: dict[str, ShownGrade] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def keep(self, row: BatchRow, analysis: Analysis) -> None:
        """Hold an analysis; the least urgent one goes where there are too many."""
        grade = ShownGrade.of(analysis)
        with self._lock:
            if grade is not None:
                self._grades[row.name] = grade
            self._rows[row.name], self._analyses[row.name] = row, analysis
            if len(self._rows) > MAX_KEPT:
                last = triage_order(self._rows.values())[-1].name
                del self._rows[last], self._analyses[last]

    def grades_of(self, names: Iterable[str]) -> list[ShownGrade]:
        """Return what the audit notes of rows that are shown; rows without a level are left out."""
        with self._lock:
            return [self._grades[name] for name in names if name in self._grades]

    def analysis_of(self, name: str) -> Analysis | None:
        """Return the analysis of a row; None where it is not held."""
        thread = self._thread
        if thread is not None and thread.name == _thread_name(name):
            # It is being prepared: a second analysis would only take longer.
            thread.join()
        with self._lock:
            return self._analyses.get(name)

    def prepare(self, row: BatchRow, drop: Drop, predictor: Grader, others: Sequence[Grader], reading: Reading) -> None:
        """Read and analyse a row in a thread of its own, one at a time."""
        if row.name in self._analyses or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(
            target=self._prepare, args=(row, drop, predictor, others, reading), name=_thread_name(row.name), daemon=True
        )
        self._thread.start()

    def _prepare(
        self, row: BatchRow, drop: Drop, predictor: Grader, others: Sequence[Grader], reading: Reading
    ) -> None:
        try:
            files = files_of(drop, row.name, row.files)
            uploads = read_uploads(files, sampling_rate=reading.sampling_rate, units=reading.units, apart=True)
            records = [upload.record for upload in uploads if upload.record is not None]
            if len(records) != 1:
                return
            analysis = analyze(records[0], predictor, others=others, rule_set=installation_rules())
        except Exception as error:  # noqa: BLE001 - logged, but for what it may quote
            # Nobody waits for it: opening the row says what is wrong.
            log_unforeseen(_logger, "A row of a batch could not be prepared.", error)
            return
        with self._lock:
            self._rows[row.name], self._analyses[row.name] = row, analysis


def _thread_name(name: str) -> str:
    # The name of a file may be a patient's.
    return f"cardiov-prepare {hash(name)}"
