"""The owner's worklist and the blind reader's queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import CaseSource, CaseStatus, Severity
from cardiov_core.errors import CaseNotFoundError, NotAllowedError
from cardiov_core.review import CaseFilter, Store


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database."""
    sent: list[str] = []

    def _note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            sent.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", _note)
    yield sent
    sa.event.remove(store.engine, "before_cursor_execute", _note)


def _names(page: review.CasePage) -> list[str]:
    return [case.record_id for case in page.cases]


def test_far_misses_come_first_then_wide_sets_violations_and_low_quality(store: Store, add: Any) -> None:
    add("right", label=1, level=1)
    add("violated", label=1, level=1, violation=0.02)
    add("wide", label=1, level=1, chosen=(0, 1, 2))
    add("near", label=2, level=1)
    add("far", label=3, level=0)
    add("unlabelled", label=None, level=1, chosen=(1, 2))
    assert _names(review.list_cases(store)) == ["far", "near", "wide", "unlabelled", "violated", "right"]


def test_filters_orders_counts_and_search(store: Store, add: Any) -> None:
    first = add("r_1", label=3, level=0)
    add("r11", label=2, level=1)
    add("R2", label=1, level=1, source=CaseSource.FOLDER)
    withheld = add("r3", label=1, level=None, study="other")
    page = review.list_cases(store)
    assert page.total == 4
    assert page.by_status == {CaseStatus.OPEN: 4}
    assert page.by_error == {0: 1, 1: 1, 3: 1}
    wanted = {
        "r_1 r11": CaseFilter(min_error=1),
        "r_1": CaseFilter(min_error=3),
        "R2": CaseFilter(source=(CaseSource.FOLDER,)),
        "r11 R2": CaseFilter(level=(Severity(1),)),
        "r3": CaseFilter(study="other"),
        "": CaseFilter(status=(CaseStatus.SETTLED,)),
    }
    for names, case_filter in wanted.items():
        assert _names(review.list_cases(store, case_filter)) == names.split()
    assert _names(review.list_cases(store, CaseFilter(search=" r2"))) == ["R2"]
    # A name's own underscore is no wild card.
    assert _names(review.list_cases(store, CaseFilter(search="r_"))) == ["r_1"]
    assert _names(review.list_cases(store, CaseFilter(label=(Severity(3),), level=(Severity(0),)))) == ["r_1"]
    review.commit_read(store, first, "Ada", Severity(0), 1)
    review.commit_read(store, first, "Ben", Severity(2), 1)
    page = review.list_cases(store, CaseFilter(disagree=True), order="disagreement")
    assert _names(page) == ["r_1"]
    assert (page.cases[0].disagreement, page.cases[0].n_reads) == (2, 2)
    assert page.by_status == {CaseStatus.TO_ADJUDICATE: 1}
    assert _names(review.list_cases(store, order="newest"))[0] == "r3"
    case = review.get_case(store, withheld)
    assert (case.level, case.error, case.probabilities) == (None, None, None)
    with pytest.raises(CaseNotFoundError):
        review.get_case(store, "none")


def test_pages_follow_each_other_without_gap_or_repetition(store: Store, add: Any) -> None:
    ids = {add(f"r{number}", label=number % 4, level=1) for number in range(23)}
    for order in ("priority", "error", "disagreement", "level", "record", "newest"):
        pages = [review.list_cases(store, order=order, offset=offset, limit=5) for offset in range(0, 25, 5)]
        seen = [case.id for page in pages for case in page.cases]
        assert len(seen) == 23
        assert set(seen) == ids
        assert {page.total for page in pages} == {23}


def test_a_page_asks_three_questions_however_many_cases_there_are(store: Store, add: Any) -> None:
    for number in range(3):
        add(f"r{number}")
    with counted(store) as few:
        review.list_cases(store)
    for number in range(3, 40):
        add(f"r{number}")
    with counted(store) as many:
        review.list_cases(store)
    assert len(few) == len(many) == 3
    with counted(store) as queue:
        review.blind_queue(store, "Ada")
    # Study, roles, how many to read, how many to mix in, the next, the case.
    assert len(queue) <= 6


def test_given_cases_are_found_by_their_reader_only(store: Store, add: Any) -> None:
    given, other = add("r1"), add("r2")
    review.assign(store, [given], "Ada", "Dan")
    review.assign(store, [given], "Ada", "Dan")
    assert review.get_case(store, given).assigned_to == ("Ada",)
    assert _names(review.list_cases(store, CaseFilter(assigned_to="Ada"))) == ["r1"]
    assert review.progress(store, "Ben").waiting == 1
    assert review.progress(store, "Ada").waiting == 2
    found = review.blind_queue(store, "Ben")
    assert found is not None
    assert found.id == other
    with pytest.raises(CaseNotFoundError):
        review.assign(store, [other, "none"], "Ada", "Dan")
    assert review.get_case(store, other).assigned_to == ()
    review.ensure_reader(store, "Signed", identity="sub")
    with pytest.raises(NotAllowedError):
        review.assign(store, [other], "Ada", "Signed")
