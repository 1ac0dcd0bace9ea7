"""The door where people sign in: roles, sign-out, the idle clock, and what the audit holds of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.domain import EventKind, Role
from cardiov_core.review import Store, open_store
from cardiov_core.ui.review.reader import CHANGE_KEY, FIRST_ROLE_VARIABLE
from cardiov_core.ui.sign_in.idle_clock import IDLE_VARIABLE

NAME = "Dr Grace Example"
# All pages have one frame (tests/test_house.py); these three begin in different ways.
PAGES = ("analyze", "worklist", "about")


class _User(dict[str, Any]):
    """Who is signed in, as `st.user` says it."""

    @property
    def is_logged_in(self) -> bool:
        return bool(self)


@pytest.fixture
def user(monkeypatch: pytest.MonkeyPatch) -> Iterator[_User]:
    """Somebody who signed in now; `st.logout` takes that away."""
    who = _User(iss="https://id.example.org", sub=f"{time.time_ns()}", name=NAME, iat=int(time.time()))
    monkeypatch.setattr(st, "user", who)
    monkeypatch.setattr(st, "logout", who.clear)
    yield who
    st.cache_resource.clear()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    st.cache_resource.clear()
    monkeypatch.delenv("CARDIOV_DATABASE_URL", raising=False)
    monkeypatch.setenv("CARDIOV_REVIEW_DB", str(tmp_path / "review.db"))
    with closing(open_store()) as opened:
        yield opened


@pytest.fixture
def app(repository: Path, user: _User, store: Store) -> Callable[[], AppTest]:
    del user, store

    def _open() -> AppTest:
        opened = AppTest.from_file(str(repository / "app.py"), default_timeout=90).run()
        assert not opened.exception
        return opened

    return _open


def _labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def _told(store: Store, kind: EventKind) -> list[Any]:
    return [event for event in review.events_of(store) if event.kind is kind]


def test_who_signs_in_is_let_in_and_may_leave_from_every_page(app: Callable[[], AppTest], store: Store) -> None:
    opened = app()
    for page in PAGES:
        opened.switch_page(f"pages/{page}.py").run()
        assert not opened.exception
        assert _labels(opened).count("Sign out") == 1, page
    # Another tab and every page are the same sign-in.
    app()
    assert [event.who for event in _told(store, EventKind.SIGNED_IN)] == [NAME]
    opened.button(key=CHANGE_KEY).click().run()
    assert _labels(opened) == ["Sign in"]
    assert [event.after for event in _told(store, EventKind.SIGNED_OUT)] == [{"idle": False}]


def test_a_sign_out_ends_the_other_tabs_too(app: Callable[[], AppTest], user: _User) -> None:
    first, second = app(), app()
    before = dict(user)
    first.button(key=CHANGE_KEY).click().run()
    # Streamlit keeps what it read from the cookie at the beginning of the other tab's session.
    user.update(before)
    second.run()
    assert _labels(second) == ["Sign in"]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_shown_without_a_role(page: str, app: Callable[[], AppTest], store: Store) -> None:
    app()
    review.grant(store, NAME, (), "test", at_the_machine=True)
    opened = app()
    opened.switch_page(f"pages/{page}.py").run()
    assert "has no role here yet" in opened.error[0].value
    assert _labels(opened) == ["Sign out"]
    assert not opened.file_uploader


def test_an_installation_may_give_no_role_at_first(
    app: Callable[[], AppTest], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FIRST_ROLE_VARIABLE, "none")
    assert "no role" in app().error[0].value
    review.grant(store, NAME, (Role.READER,), "test", at_the_machine=True)
    assert app().file_uploader
    monkeypatch.setenv(FIRST_ROLE_VARIABLE, "administrator")
    assert not app().file_uploader


@pytest.mark.parametrize(
    ("first_role", "told"), [("reader", "is a reader"), ("none", "has no role until you give one")]
)
def test_an_administrator_gives_roles_before_any_case_has_come_in(
    first_role: str, told: str, app: Callable[[], AppTest], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FIRST_ROLE_VARIABLE, first_role)
    app()
    review.grant(store, NAME, (Role.READER, Role.ADMINISTRATOR), "test", at_the_machine=True)
    review.ensure_reader(store, "Dr Ada Second", "https://id.example.org|2", first_roles=())
    opened = app()
    opened.switch_page("pages/worklist.py").run()
    assert not opened.exception
    assert f"Who signs in for the first time {told}." in [caption.value for caption in opened.caption]
    opened.button_group(key="roles_Dr Ada Second").set_value([Role.READER]).run()
    assert not opened.exception
    assert review.roles_of(store, "Dr Ada Second") == {Role.READER}
    review.grant(store, NAME, (Role.READER,), "test", at_the_machine=True)
    opened = app()
    opened.switch_page("pages/worklist.py").run()
    assert not opened.button_group


def test_who_does_nothing_is_signed_out(
    app: Callable[[], AppTest], store: Store, user: _User, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = app()
    before = dict(user)
    monkeypatch.setenv(IDLE_VARIABLE, "0.0001")
    time.sleep(0.02)
    opened.run()
    assert _labels(opened) == ["Sign in"]
    assert [event.after for event in _told(store, EventKind.SIGNED_OUT)] == [{"idle": True}]
    # The cookie of that sign-in opens nothing any more; a new sign-in does.
    monkeypatch.delenv(IDLE_VARIABLE)
    user.update(before)
    assert _labels(app()) == ["Sign in"]
    user.update(before, iat=int(time.time()) + 1)
    assert app().file_uploader


def test_an_old_cookie_opens_nothing_after_the_server_was_started_anew(app: Callable[[], AppTest], user: _User) -> None:
    user["iat"] = int(time.time()) - 3600
    assert _labels(app()) == ["Sign in"]


@pytest.mark.parametrize("minutes", ["soon", "0", "-1", "inf", "nan"])
def test_a_limit_that_is_none_lets_nobody_in(
    minutes: str, app: Callable[[], AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IDLE_VARIABLE, minutes)
    opened = app()
    assert "Set it to a number of minutes" in opened.error[0].value
    assert not opened.file_uploader
