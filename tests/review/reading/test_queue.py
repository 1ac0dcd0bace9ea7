"""The blind reader's queue: who gets which case in which order, and why a queue is empty."""

from dataclasses import fields
from typing import Any

import pytest

from cardiov_core import review
from cardiov_core.domain import BlindCase, CaseStatus, ReviewStudy, Role, Severity
from cardiov_core.errors import CaseNotFoundError, NotAllowedError
from cardiov_core.review import Store
from cardiov_core.review.worklist.listing import get_blind_case


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


def test_right_ones_are_spoken_of_only_where_a_reader_gets_some(store: Store, add: Any) -> None:
    """A share alone says nothing: a list of errors brings none that could be mixed in."""
    review.set_study(store, ReviewStudy("errors", 0.5, 9, with_verdict=False), "Dan")
    add("w1", label=3, level=0, study="errors")
    assert not review.has_right_ones(store, "errors")
    add("c1", label=1, level=1, study="errors")
    assert review.has_right_ones(store, "errors")
    review.set_study(store, ReviewStudy("errors", 0.0, 9, with_verdict=False), "Dan")
    assert not review.has_right_ones(store, "errors")
    with pytest.raises(CaseNotFoundError):
        review.has_right_ones(store, "nowhere")


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
    assert case == get_blind_case(store, case_id)
    trace = review.waveform_of(store, case_id)
    assert "r1" not in repr((case, trace.record_id, trace.provenance, trace.comments, trace.warnings))
    # Ids are random: cases that came one after the other do not follow each other.
    ids = [add(f"s{number}") for number in range(10)]
    assert ids != sorted(ids)


def test_a_third_reader_gets_settled_cases_after_the_owner_raised_the_reads(store: Store, add: Any) -> None:
    agreed, differing = add("r1"), add("r2")
    for reader, level in (("Ada", 1), ("Ben", 1)):
        review.commit_read(store, agreed, reader, Severity(level), 1)
        review.commit_read(store, differing, reader, Severity(level + 2 * (reader == "Ben")), 1)
    review.grant(store, "Cyd", [Role.READER], "Ada")
    assert review.blind_queue(store, "Cyd") is None
    assert review.not_waiting(store, "Cyd") == review.NotWaiting(0, 0, 0, read_enough=2)
    review.set_study(store, ReviewStudy("review", 0.0, 3, with_verdict=False), "Ada")
    assert sorted(_read_all(store, "Cyd", "review")) == sorted([agreed, differing])
    case = review.get_case(store, agreed)
    assert (case.status, case.decision, case.n_reads) == (CaseStatus.SETTLED, Severity(1), 3), "settled stays settled"
    assert review.get_case(store, differing).status is CaseStatus.TO_ADJUDICATE
    assert review.blind_queue(store, "Dan") is None, "who adjudicates decides such a case"


def test_an_empty_queue_knows_where_its_cases_are(store: Store, add: Any) -> None:
    first, second, third = add("r1"), add("r2"), add("r3")
    review.commit_read(store, first, "Cyd", Severity(1), 1)
    review.skip(store, second, "Cyd")
    review.assign(store, [third], "Ben", "Ada")
    assert review.blind_queue(store, "Cyd") is None
    assert review.not_waiting(store, "Cyd") == review.NotWaiting(1, 1, 1, 0)
    assert review.not_waiting(store, "Cyd", "no study") == review.NotWaiting(0, 0, 0, 0)
