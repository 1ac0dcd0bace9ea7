"""Who may reach the app: an address of other computers is refused without sign-in."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from cardiov_core.ui.frame.access import OPEN_VARIABLE, OPEN_WORDS, is_loopback


@pytest.fixture
def listening_at() -> Iterator[Callable[[str | None], None]]:
    before = st.get_option("server.address")

    def listen(address: str | None) -> None:
        config.set_option("server.address", address)

    yield listen
    config.set_option("server.address", before)


def _context(headers: dict[str, str]) -> SimpleNamespace:
    return SimpleNamespace(headers=headers, url=None, cookies={}, theme=SimpleNamespace(type="light"))


def _open(repository: Path) -> AppTest:
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
    assert not app.exception
    return app


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.7", "ecg.example.org", "", None])  # noqa: S104
def test_an_open_address_shows_no_page_without_sign_in(
    address: str | None, repository: Path, listening_at: Callable[[str | None], None]
) -> None:
    listening_at(address)
    app = _open(repository)
    assert len(app.error) == 1
    assert "nobody has to sign in" in app.error[0].value
    assert not app.file_uploader
    assert not app.button


def test_only_the_whole_sentence_opens_it(
    repository: Path, listening_at: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening_at("192.168.1.7")
    for words in ("1", "yes", OPEN_WORDS.upper()):
        monkeypatch.setenv(OPEN_VARIABLE, words)
        assert not _open(repository).file_uploader
    monkeypatch.setenv(OPEN_VARIABLE, OPEN_WORDS)
    assert _open(repository).file_uploader


def test_where_people_sign_in_nothing_is_open_to_who_did_not(
    repository: Path, listening_at: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    listening_at("192.168.1.7")
    monkeypatch.setattr("cardiov_core.ui.frame.access.st.user", SimpleNamespace(is_logged_in=False))
    for page in ("analyze", "batch", "worklist", "about"):
        app = AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception
        assert [button.label for button in app.button] == ["Sign in"]
        assert not app.file_uploader
        assert not app.title


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "192.168.1.7"},
        {"Forwarded": "for=192.168.1.7"},
        # A proxy that does not say for whom it asks, but passes the name on; or a foreign page under a name that was
        # made to stand for this computer (DNS rebinding).
        {"Host": "ecg.example.org", "Origin": "https://ecg.example.org"},
        {"Host": "127.0.0.1:8501", "Origin": "https://ecg.example.org"},
    ],
)
def test_a_proxy_is_no_way_around_it(
    headers: dict[str, str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cardiov_core.ui.frame.access.st.context", _context(headers))
    app = _open(repository)
    assert "a proxy brings other computers here" in app.error[0].value
    assert not app.file_uploader


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", ""])
def test_this_computers_own_names_are_let_in(host: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    monkeypatch.setattr("cardiov_core.ui.frame.access.st.context", _context(headers))
    assert _open(repository).file_uploader


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]", "unix:/run/cardiov.sock"])
def test_this_computer_is_let_in(address: str) -> None:
    assert is_loopback(address)


def test_the_installation_comes_with_this_computer_alone() -> None:
    assert is_loopback(st.get_option("server.address"))
