"""Who has seen a grade: the owner's table is noted once a person and record."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from cardiov_core import review
from cardiov_core.domain import EventKind, ReadKind, Severity
from cardiov_core.errors import CaseNotFoundError
from cardiov_core.review import Store
from cardiov_core.review.reading.blinding import has_seen_case, log_cases_seen

AddCase = Callable[..., str]


def test_a_page_of_the_table_is_noted_once_and_unblinds_its_reader(store: Store, add: AddCase) -> None:
    case_id = add("r1")
    page = review.list_cases(store).cases
    assert not has_seen_case(store, case_id, "Ben")
    assert log_cases_seen(store, page, "Ben") == 1
    assert log_cases_seen(store, page, "Ben") == 0
    assert has_seen_case(store, case_id, "Ben")
    assert not has_seen_case(store, case_id, "Cyd"), "what one person saw another did not"
    shown = [event for event in review.events_of(store, case_id) if event.kind is EventKind.GRADE_SHOWN]
    assert [(event.who, event.after["in"]) for event in shown] == [("Ben", "worklist")]
    assert review.commit_read(store, case_id, "Ben", Severity.NO_RISK, 2).kind is ReadKind.UNBLINDED
    assert review.commit_read(store, case_id, "Cyd", Severity.NO_RISK, 2).kind is ReadKind.BLIND


def test_cases_of_one_waveform_are_one_sight(store: Store, add: AddCase) -> None:
    first, second = add("r1"), add("r2")
    assert log_cases_seen(store, review.list_cases(store).cases, "Ben") == 1
    assert has_seen_case(store, first, "Ben")
    assert has_seen_case(store, second, "Ben")


def test_nothing_new_writes_nothing(store: Store, add: AddCase) -> None:
    add("r1")
    page = review.list_cases(store).cases
    log_cases_seen(store, page, "Ben")
    statements: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    log_cases_seen(store, page, "Ben")
    assert not [statement for statement in statements if statement.startswith("INSERT")]
    assert log_cases_seen(store, (), "Ben") == 0


def test_an_unknown_case_is_an_error(store: Store) -> None:
    with pytest.raises(CaseNotFoundError):
        has_seen_case(store, "ffffffffff", "Ben")
