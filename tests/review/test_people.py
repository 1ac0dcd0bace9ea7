"""Names, sign-in and roles."""

from pathlib import Path

import pytest

from cardiov_core import review
from cardiov_core.domain import EventKind, Role
from cardiov_core.errors import CaseNotFoundError, NotAllowedError, ReviewError
from cardiov_core.review import Store


def test_a_typed_name_begins_as_reader_and_is_added_once(store: Store) -> None:
    reader = review.ensure_reader(store, "  Eve   Stone ")
    assert (reader.name, reader.roles) == ("Eve Stone", {Role.READER})
    assert review.ensure_reader(store, "Eve Stone") == reader
    assert review.ensure_reader(store, "eve stone") == reader, "no second person by other capitals"
    assert [event.who for event in review.events_of(store)].count("Eve Stone") == 1
    for name in ("", "  ", "x" * 101):
        with pytest.raises(ReviewError, match="1 to 100"):
            review.ensure_reader(store, name)


def test_the_first_name_of_a_review_owns_it(tmp_path: Path) -> None:
    empty = review.open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    try:
        assert review.ensure_reader(empty, "Ada").roles == frozenset(Role)
        assert review.ensure_reader(empty, "Ben").roles == {Role.READER}
        review.ensure_reader(empty, "Cyd", identity="issuer|1")
        assert review.typed_names(empty) == ("Ada", "Ben")
    finally:
        empty.close()


def test_a_signed_in_person_is_known_by_identity_and_not_by_name(store: Store) -> None:
    first = review.ensure_reader(store, "Eve", identity="issuer|1")
    assert (first.name, first.roles) == ("Eve", {Role.READER})
    assert review.ensure_reader(store, "Eve Stone-Hill", identity="issuer|1").name == "Eve"
    assert review.ensure_reader(store, "Eve", identity="issuer|2").name == "Eve (2)"
    with pytest.raises(NotAllowedError, match="signs in"):
        review.ensure_reader(store, "Eve")
    assert "issuer" not in repr(review.events_of(store)) + repr(review.list_readers(store))


def test_roles_are_given_by_administrators_or_at_the_machine(store: Store) -> None:
    review.ensure_reader(store, "Eve", identity="issuer|1")
    with pytest.raises(NotAllowedError, match="administrator"):
        review.grant(store, "Eve", [Role.ADMINISTRATOR], "Eve")
    review.grant(store, "Eve", [Role.ADMINISTRATOR], "root", at_the_machine=True)
    assert review.roles_of(store, "Eve") == {Role.ADMINISTRATOR}
    review.grant(store, "Ben", [], "Eve")
    assert review.roles_of(store, "Ben") == frozenset()
    event = review.events_of(store)[-1]
    assert event.kind is EventKind.ROLES_CHANGED
    assert (event.before["roles"], event.after["roles"]) == (["adjudicator", "administrator", "reader"], [])
    with pytest.raises(CaseNotFoundError):
        review.grant(store, "Nobody", [], "Eve")
    assert review.roles_of(store, "Nobody") == frozenset()


def test_a_reader_without_roles_is_listed(store: Store) -> None:
    review.grant(store, "Ben", [], "Ada")
    listed = {reader.name: reader.roles for reader in review.list_readers(store)}
    assert listed["Ben"] == frozenset()
    assert listed["Ada"] == frozenset(Role)
