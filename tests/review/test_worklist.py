"""The owner's worklist and the blind reader's queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import BlindCase, CaseSource, CaseStatus, ReviewStudy, Severity
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
    # Study, how many to read, how many to mix in, the next, the case.
    assert len(queue) <= 5


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


def _read_all(store: Store, reader: str, study: str) -> list[str]:
    order = []
    while (case := review.blind_queue(store, reader, study)) is not None:
        again = review.blind_queue(store, reader, study)
        assert again == case
        order.append(case.id)
        review.commit_read(store, case.id, reader, Severity(1), 2)
    return order


def test_a_blind_reader_gets_every_wrong_case_in_an_order_of_their_own(store: Store, add: Any) -> None:
    review.set_study(store, ReviewStudy("plain", 0.0, 9, with_verdict=False), "Dan")
    wrong = [add(f"w{number:02d}", label=3, level=number % 3, study="plain") for number in range(12)]
    for number in range(12):
        add(f"c{number:02d}", label=1, level=1, study="plain")
    orders = [_read_all(store, reader, "plain") for reader in ("Ada", "Ben", "Cyd")]
    assert all(sorted(order) == sorted(wrong) for order in orders)
    assert len({tuple(order) for order in [*orders, wrong]}) == 4


def test_correct_cases_are_mixed_in_at_the_owners_share(store: Store, add: Any) -> None:
    review.set_study(store, ReviewStudy("mixed", 0.5, 9, with_verdict=False), "Dan")
    wrong = {add(f"w{number:02d}", label=3, level=0, study="mixed") for number in range(30)}
    for number in range(60):
        add(f"c{number:02d}", label=1, level=1, study="mixed")
    orders = [_read_all(store, reader, "mixed") for reader in ("Ada", "Ben")]
    # Half of the queue, the same cases for everybody, in an order of their own, and from its beginning on.
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    assert wrong < set(orders[0])
    assert len(orders[0]) == 60
    assert all(0 < sum(case_id in wrong for case_id in order[:20]) < 20 for order in orders)


def test_a_share_that_the_study_has_not_takes_what_there_is(store: Store, add: Any) -> None:
    review.set_study(store, ReviewStudy("mixed", 0.8, 9, with_verdict=False), "Dan")
    for number in range(3):
        add(f"w{number}", label=3, level=0, study="mixed")
        add(f"c{number}", label=1, level=1, study="mixed")
    assert review.progress(store, "Ada", "mixed").waiting == 6
    assert len(_read_all(store, "Ada", "mixed")) == 6


def test_what_was_read_or_skipped_does_not_come_again(store: Store, add: Any) -> None:
    add("r1")
    add("r2")
    first = review.blind_queue(store, "Ada")
    assert first is not None
    review.skip(store, first.id, "Ada")
    second = review.blind_queue(store, "Ada")
    assert second is not None
    assert second.id != first.id
    review.commit_read(store, second.id, "Ada", Severity(1), 1)
    assert review.blind_queue(store, "Ada") is None
    assert review.progress(store, "Ada") == review.Progress(read=1, skipped=1, drafts=0, waiting=0)
    with pytest.raises(NotAllowedError):
        review.skip(store, second.id, "Ada")
    review.undo(store, second.id, "Ada")
    assert review.blind_queue(store, "Ada") == second
    # A skipped case can still be opened and read.
    review.commit_read(store, first.id, "Ada", Severity(1), 1)
    assert review.progress(store, "Ada").skipped == 0


def test_settled_cases_leave_the_queue(store: Store, add: Any) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(1), 1)
    review.commit_read(store, case_id, "Ben", Severity(1), 1)
    assert review.blind_queue(store, "Cyd") is None
    assert review.study_progress(store) == {"Ada": 1, "Ben": 1}
    with pytest.raises(CaseNotFoundError):
        review.blind_queue(store, "Cyd", "no study")


def test_a_blind_case_tells_nothing_of_label_grade_or_source(store: Store, add: Any) -> None:
    case_id = add("r1", label=3, level=0)
    case = review.blind_queue(store, "Ada")
    assert {item.name for item in fields(BlindCase)} == {"id", "age", "sex"}
    assert case == review.get_blind_case(store, case_id)
    trace = review.waveform_of(store, case_id)
    assert "r1" not in repr((case, trace.record_id, trace.provenance, trace.comments, trace.warnings))
    # Ids are random: cases that came one after the other do not follow each other.
    ids = [add(f"s{number}") for number in range(10)]
    assert ids != sorted(ids)
