"""A study to show: synthetic ECGs, graded as they are, and the reads of two readers who do not exist.

It lives in a database of its own, which goes when it is removed: no line of it stands in the audit of the review.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cardiov_core.datasets import CONDITIONS, generate
from cardiov_core.domain import CaseSource, ReviewStudy, Severity
from cardiov_core.inference import Grader, analyze
from cardiov_core.review.database.store import Store, open_store
from cardiov_core.review.intake import NewCase, put_case
from cardiov_core.review.people import ensure_reader, set_study
from cardiov_core.review.reading.read import commit_read, give_verdict, keep_or_change, reveal, study_candidates
from cardiov_core.statements import critical_value_of

DEMO_STUDY = "demo"
"""Name of the study."""

DEMO_READERS = ("Reader A (made up)", "Reader B (made up)")
"""Who read most of it."""

PRESENTER = "Presenter"
"""Who shows it where nobody gave a name; has all roles in it."""

_RECORDS_A_CONDITION = 4
# Left for the presenter to read blind.
_UNREAD = 4
# The statement that each condition stands for: its label follows by the paper's table.
_STATEMENTS = {
    "normal": "NORM",
    "atrial_fibrillation": "AFIB",
    "sinus_bradycardia": "SBRAD",
    "left_bundle_branch_block": "CLBBB",
    "inferior_st_elevation": "IMI",
    "premature_ventricular_complexes": "PVC",
    "third_degree_block": "3AVB",
    "noise_and_lead_off": "NORM",
}
N_DEMO_CASES = _RECORDS_A_CONDITION * len(_STATEMENTS)
"""Cases of the study: enough for a number of agreement."""

_RIGHT, _CHANGES = 0.75, 0.5


class DemoStudy:
    """The database of one demo study; its file goes with this object.

    Parameters
    ----------
    presenter : str
        Who shows it.
    """

    def __init__(self, presenter: str) -> None:
        folder = Path(tempfile.mkdtemp(prefix="cardiov-demo-"))
        self._finalizer = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.presenter = presenter
        self.store: Store = open_store(f"sqlite:///{folder / 'demo.db'}")
        # The first name of a review has all roles: the presenter shows every view.
        ensure_reader(self.store, presenter)

    def fill(self, grader: Grader) -> Iterator[int]:
        """Put the cases and the reads in.

        Parameters
        ----------
        grader : Grader
            Grades the ECGs.

        Yields
        ------
        int
            Cases that are in so far.
        """
        random = np.random.default_rng(0)
        ids: list[tuple[str, Severity]] = []
        for seed in range(_RECORDS_A_CONDITION):
            for condition in CONDITIONS:
                ids.append(self._put(condition, seed + 1, grader))
                yield len(ids)
        set_study(self.store, ReviewStudy(DEMO_STUDY, 0.25, 2, with_verdict=True), self.presenter)
        for reader in DEMO_READERS:
            ensure_reader(self.store, reader)
            for case_id, label in ids[:-_UNREAD]:
                self._read(case_id, label, reader, random)

    def remove(self) -> None:
        """Let the study go, with its database."""
        self.store.close()
        self._finalizer()

    def _put(self, condition: str, seed: int, grader: Grader) -> tuple[str, Severity]:
        analysis = analyze(generate(condition, seed=seed), grader)
        label = critical_value_of(_STATEMENTS[condition])
        new = NewCase(
            analysis.record,
            analysis.prediction,
            analysis.quality,
            CaseSource.CASES,
            label=label,
            reasons=(f"Synthetic: {CONDITIONS[condition].title.lower()}.",),
            study=DEMO_STUDY,
        )
        return put_case(self.store, new, self.presenter)[0], label

    def _read(self, case_id: str, label: Severity, reader: str, random: np.random.Generator) -> None:
        """Read a case as a made-up reader: mostly as labelled, else a level beside it."""
        step = 0 if random.random() < _RIGHT else int(random.choice((-1, 1)))
        level = Severity(min(max(int(label) + step, 0), len(Severity) - 1))
        read = commit_read(self.store, case_id, reader, level, int(random.integers(1, 4)))
        candidates = study_candidates(self.store, case_id, reader)
        if candidates is not None:
            give_verdict(self.store, case_id, reader, min(candidates, key=lambda each: abs(each - level)))
        reveal(self.store, case_id, reader)
        changes = level is not label and random.random() < _CHANGES
        keep_or_change(self.store, read.id, reader, label if changes else None)
