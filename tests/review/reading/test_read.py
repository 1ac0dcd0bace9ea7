"""From the blind read to the signature, on both databases."""

from datetime import UTC
from typing import Any

import pytest

from cardiov_core import review
from cardiov_core.domain import (
    CaseSource,
    CaseStatus,
    Draft,
    EventKind,
    ReadKind,
    ReviewStudy,
    Role,
    Severity,
    Verdict,
)
from cardiov_core.errors import CaseNotFoundError, NotAllowedError, ReviewError
from cardiov_core.review import Store
from cardiov_core.review.reading.blinding import log_cases_seen


def _kinds(store: Store, case_id: str) -> list[EventKind]:
    return [event.kind for event in review.events_of(store, case_id)]


def test_a_read_is_there_with_its_event_and_its_draft_is_gone(store: Store, add: Any) -> None:
    case_id = add("r1")
    review.save_draft(store, case_id, "Ada", Draft(Severity(2), None, ("ST",), "first \x00 thoughts"))
    assert review.load_draft(store, case_id, "Ada") == Draft(Severity(2), None, ("ST",), "first  thoughts")
    assert review.load_draft(store, case_id, "Ben") is None
    read = review.commit_read(store, case_id, "Ada", Severity(2), 3, ["ST depression"], "V4 to V6")
    assert (read.level, read.confidence, read.reasons, read.text) == (2, 3, ("ST depression",), "V4 to V6")
    assert read.kind is ReadKind.BLIND
    assert read.committed_at.tzinfo is UTC
    assert review.load_draft(store, case_id, "Ada") is None
    event = review.events_of(store, case_id)[-1]
    assert (event.kind, event.who, event.after["level"]) == (EventKind.READ_COMMITTED, "Ada", 2)
    assert event.model_sha256 == "a" * 64
    assert event.app_version
    assert review.get_case(store, case_id).status is CaseStatus.IN_REVIEW


def test_a_reader_reads_a_case_once_and_only_as_a_reader(store: Store, add: Any) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(2), 3)
    with pytest.raises(NotAllowedError, match="read this case already"):
        review.commit_read(store, case_id, "Ada", Severity(1), 3)
    with pytest.raises(NotAllowedError, match="role of a reader"):
        review.commit_read(store, case_id, "nobody", Severity(1), 3)
    with pytest.raises(CaseNotFoundError):
        review.commit_read(store, "none", "Ada", Severity(1), 3)
    with pytest.raises(ReviewError, match="confidence 4"):
        review.commit_read(store, case_id, "Ben", Severity(1), 4)
    assert len(review.reads_of(store, case_id)) == 1


def test_nothing_is_revealed_before_commit_and_verdict(store: Store, add: Any) -> None:
    case_id = add("r1", label=3, level=1)
    with pytest.raises(NotAllowedError, match="after the commit"):
        review.reveal(store, case_id, "Ada")
    with pytest.raises(CaseNotFoundError):
        review.study_candidates(store, case_id, "Ada")
    read = review.commit_read(store, case_id, "Ada", Severity(2), 2)
    with pytest.raises(NotAllowedError, match="verdict comes before"):
        review.reveal(store, case_id, "Ada")
    with pytest.raises(NotAllowedError, match="Nothing was revealed"):
        review.keep_or_change(store, read.id, "Ada")
    candidates = review.study_candidates(store, case_id, "Ada")
    assert candidates is not None
    assert set(candidates) == {1, 3}
    assert review.study_candidates(store, case_id, "Ada") == candidates
    told = review.give_verdict(store, case_id, "Ada", Severity(3))
    assert (told.verdict, told.verdict_level) == (Verdict.LABEL, 3)
    with pytest.raises(NotAllowedError, match="was given"):
        review.give_verdict(store, case_id, "Ada", Severity(1))
    revealed = review.reveal(store, case_id, "Ada")
    assert (revealed.case.label, revealed.case.level) == (3, 1)
    changed = review.keep_or_change(store, read.id, "Ada", Severity(3))
    assert (changed.level, changed.revised_level, changed.switched) == (2, 3, True)
    with pytest.raises(NotAllowedError, match="answered"):
        review.keep_or_change(store, read.id, "Ada")
    with pytest.raises(CaseNotFoundError):
        review.keep_or_change(store, read.id, "Ben")
    assert _kinds(store, case_id)[1:] == [
        EventKind.READ_COMMITTED,
        EventKind.CANDIDATES_SHOWN,
        EventKind.VERDICT_GIVEN,
        EventKind.GRADE_REVEALED,
        EventKind.LEVEL_CHANGED,
    ]


def test_neither_needs_an_own_level(store: Store, add: Any) -> None:
    case_id = add("r1", label=3, level=1)
    review.commit_read(store, case_id, "Ada", Severity(2), 2)
    with pytest.raises(NotAllowedError):
        review.give_verdict(store, case_id, "Ada", Severity(3))
    review.study_candidates(store, case_id, "Ada")
    for chosen, own in ((None, None), (None, Severity(1)), (Severity(0), None)):
        with pytest.raises(ReviewError):
            review.give_verdict(store, case_id, "Ada", chosen, own)
    told = review.give_verdict(store, case_id, "Ada", None, Severity(2))
    assert (told.verdict, told.verdict_level) == (Verdict.NEITHER, 2)


def test_candidates_come_in_both_orders(store: Store, add: Any) -> None:
    orders = set()
    for number in range(12):
        case_id = add(f"r{number}", label=3, level=1)
        review.commit_read(store, case_id, "Ada", Severity(2), 2)
        orders.add(review.study_candidates(store, case_id, "Ada"))
    assert orders == {(3, 1), (1, 3)}


def test_without_two_levels_there_is_no_verdict(store: Store, add: Any) -> None:
    for name, label, level in (("a", 1, 1), ("b", None, 1), ("c", 1, None)):
        case_id = add(name, label=label, level=level)
        review.commit_read(store, case_id, "Ada", Severity(2), 2)
        assert review.study_candidates(store, case_id, "Ada") is None
        assert review.reveal(store, case_id, "Ada").case.label == label


def test_a_read_can_be_taken_back_only_before_the_reveal(store: Store, add: Any) -> None:
    case_id = add("r1", label=1, level=1)
    review.commit_read(store, case_id, "Ada", Severity(2), 2, ["x"], "y")
    assert review.undo(store, case_id, "Ada") == Draft(Severity(2), 2, ("x",), "y")
    assert review.get_case(store, case_id).status is CaseStatus.OPEN
    assert review.reads_of(store, case_id) == ()
    assert review.load_draft(store, case_id, "Ada") is not None
    review.commit_read(store, case_id, "Ada", Severity(1), 2)
    review.reveal(store, case_id, "Ada")
    with pytest.raises(NotAllowedError, match="stays as it is"):
        review.undo(store, case_id, "Ada")
    assert _kinds(store, case_id).count(EventKind.READ_COMMITTED) == 2
    assert _kinds(store, case_id).count(EventKind.READ_UNDONE) == 1


def test_equal_blind_reads_settle_for_good(store: Store, add: Any) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(2), 2)
    review.commit_read(store, case_id, "Ben", Severity(2), 1)
    case = review.get_case(store, case_id)
    assert (case.status, case.decision, case.disagreement) == (CaseStatus.SETTLED, 2, 0)
    with pytest.raises(NotAllowedError, match="settled"):
        review.undo(store, case_id, "Ada")
    # One who was reading at that time loses nothing, and unsettles nothing.
    review.commit_read(store, case_id, "Cyd", Severity(0), 1)
    case = review.get_case(store, case_id)
    assert (case.status, case.decision, case.n_reads, case.disagreement) == (CaseStatus.SETTLED, 2, 3, 2)
    with pytest.raises(NotAllowedError, match="settled"):
        review.adjudicate(store, case_id, "Dan", Severity(1), "no")


def test_adjudication_is_for_one_who_has_not_read(store: Store, add: Any) -> None:
    narrow, wide = add("r1"), add("r2")
    for case_id, other in ((narrow, 1), (wide, 3)):
        review.commit_read(store, case_id, "Ada", Severity(0), 2)
        review.commit_read(store, case_id, "Ben", Severity(other), 2)
    assert [case.id for case in review.adjudication_queue(store, "Dan")] == [wide, narrow]
    assert review.adjudication_queue(store, "Ada") == ()
    with pytest.raises(NotAllowedError, match="read this case yourself"):
        review.adjudicate(store, wide, "Ada", Severity(1), "reason")
    with pytest.raises(ReviewError, match="reason"):
        review.adjudicate(store, wide, "Dan", Severity(1), "  ")
    review.adjudicate(store, wide, "Dan", None, "artefact")
    case = review.get_case(store, wide)
    assert (case.status, case.decision, case.indeterminate) == (CaseStatus.SETTLED, None, True)
    decided = review.adjudicate(store, narrow, "Dan", Severity(1), "PR 220 ms")
    assert review.adjudication_of(store, narrow) == decided
    with pytest.raises(NotAllowedError, match="settled"):
        review.adjudicate(store, narrow, "Cyd", Severity(0), "other")
    assert review.adjudication_queue(store, "Dan") == ()


def test_an_adjudicator_needs_the_role(store: Store, add: Any) -> None:
    case_id = add("r1")
    review.commit_read(store, case_id, "Ada", Severity(0), 2)
    review.commit_read(store, case_id, "Ben", Severity(1), 2)
    signed_in = review.ensure_reader(store, "Dr Signed", identity="sub-1")
    assert signed_in.roles == {Role.READER}
    with pytest.raises(NotAllowedError, match="role of an adjudicator"):
        review.adjudicate(store, case_id, "Dr Signed", Severity(1), "why")
    with pytest.raises(NotAllowedError, match="administrator"):
        review.grant(store, "Dr Signed", [Role.ADJUDICATOR], "Dr Signed")
    review.grant(store, "Dr Signed", [Role.ADJUDICATOR], "Ada")
    assert review.adjudicate(store, case_id, "Dr Signed", Severity(1), "why").level == 1


def test_a_signature_is_amended_by_another_one(store: Store, add: Any) -> None:
    case_id = add("r1")
    with pytest.raises(NotAllowedError, match="open, not settled"):
        review.sign_off(store, case_id, "Ada", Severity(2))
    review.commit_read(store, case_id, "Ada", Severity(2), 2)
    review.commit_read(store, case_id, "Ben", Severity(2), 2)
    review.sign_off(store, case_id, "Dan", Severity(2), "agreed")
    with pytest.raises(NotAllowedError):
        review.sign_off(store, case_id, "Dan", Severity(1))
    with pytest.raises(ReviewError, match="comment"):
        review.amend(store, case_id, "Dan", Severity(3), "")
    review.amend(store, case_id, "Cyd", Severity(3), "prior ECG seen")
    assert [(item.by, item.level, item.amends) for item in review.sign_offs_of(store, case_id)] == [
        ("Dan", 2, False),
        ("Cyd", 3, True),
    ]
    case = review.get_case(store, case_id)
    assert (case.status, case.decision) == (CaseStatus.SIGNED_OFF, 3)


def test_who_sent_a_case_reads_it_unblinded_and_does_not_settle_it(store: Store, add: Any) -> None:
    case_id = add("r1", by="Ada", source=CaseSource.ANALYZE)
    assert review.commit_read(store, case_id, "Ada", Severity(2), 2).kind is ReadKind.UNBLINDED
    assert review.commit_read(store, case_id, "Ben", Severity(2), 2).kind is ReadKind.BLIND
    assert review.get_case(store, case_id).status is CaseStatus.IN_REVIEW
    review.commit_read(store, case_id, "Cyd", Severity(2), 2)
    assert review.get_case(store, case_id).status is CaseStatus.SETTLED


def test_what_was_revealed_in_one_study_is_not_blind_in_another(store: Store, add: Any) -> None:
    first, second = add("r1", study="one", label=1, level=1), add("other name", study="two")
    review.commit_read(store, first, "Ada", Severity(2), 2)
    review.reveal(store, first, "Ada")
    assert review.commit_read(store, second, "Ada", Severity(2), 2).kind is ReadKind.UNBLINDED
    assert review.commit_read(store, second, "Ben", Severity(2), 2).kind is ReadKind.BLIND


def test_the_owner_who_opened_a_case_reads_it_unblinded(store: Store, add: Any) -> None:
    case_id = add("r1")
    log_cases_seen(store, [review.get_case(store, case_id)], "Ada", where="case")
    assert review.commit_read(store, case_id, "Ada", Severity(2), 2).kind is ReadKind.UNBLINDED


def test_a_study_of_one_read_settles_with_it(store: Store, add: Any) -> None:
    review.set_study(store, ReviewStudy("quick", 0.0, 1, with_verdict=False), "Ada")
    case_id = add("r1", study="quick")
    review.commit_read(store, case_id, "Ada", Severity(2), 2)
    assert review.get_case(store, case_id).decision == 2
    assert review.study_candidates(store, case_id, "Ada") is None
    with pytest.raises(ReviewError, match="share"):
        review.set_study(store, ReviewStudy("quick", 1.0, 1, with_verdict=False), "Ada")
