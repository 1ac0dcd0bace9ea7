"""Reads for the statistics, on both databases: all of a study, none that was taken back."""

from typing import Any

from cardiov_core import review
from cardiov_core.domain import Severity
from cardiov_core.review import Store


def test_reads_of_a_study_come_with_the_cases_that_were_read(store: Store, add: Any) -> None:
    first, second, other = add("r1", label=3, level=1), add("r2"), add("r3", study="other")
    add("never read")
    review.commit_read(store, first, "Ada", Severity(3), 3)
    review.commit_read(store, second, "Ada", Severity(1), 3)
    review.commit_read(store, first, "Ben", Severity(3), 2)
    review.commit_read(store, other, "Ben", Severity(0), 2)
    review.undo(store, second, "Ada")
    reads, cases = review.study_reads(store, "review")
    assert [(read.case_id, read.reader) for read in reads] == [(first, "Ada"), (first, "Ben")]
    assert [(case.id, case.label, case.level, case.decision) for case in cases] == [(first, 3, 1, 3)]
    everything, read_cases = review.study_reads(store)
    assert len(everything) == 3
    assert {case.id for case in read_cases} == {first, other}
    assert review.study_reads(store, "none") == ((), ())
