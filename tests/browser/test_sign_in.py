"""Sign-in with OpenID Connect in a real browser: Streamlit's own client against a provider on this computer."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Browser, expect

from cardiov_core import review
from cardiov_core.domain import EventKind, Role
from cardiov_core.ui.sign_in.idle_clock import IDLE_VARIABLE
from tests.browser.oidc_provider import OidcProvider

pytestmark = pytest.mark.browser

NAME, EMAIL = "Dr Grace Example", "grace@example.org"
WAIT_MS = 60_000


@pytest.fixture
def signing_in(
    start_app: Callable[..., AbstractContextManager[str]], tmp_path: Path
) -> Iterator[tuple[OidcProvider, str, Path]]:
    """A provider, the address of an app where people sign in, and its database."""
    database, secrets_file = tmp_path / "review.db", tmp_path / "secrets.toml"
    with OidcProvider({"sub": "248289761001", "name": NAME, "email": EMAIL}).serving() as provider:
        secrets_file.write_text(
            "[auth]\n"
            'redirect_uri = "http://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_hex(32)}"\n'
            f'client_id = "{provider.client_id}"\n'
            f'client_secret = "{provider.client_secret}"\n'
            f'server_metadata_url = "{provider.metadata_url}"\n'
        )
        with start_app(database, f"--secrets.files={secrets_file}") as address:
            # The cookie of the sign-in belongs to the host of `redirect_uri`.
            yield provider, address.replace("127.0.0.1", "localhost"), database


def _told(database: Path, *kinds: EventKind) -> list[EventKind]:
    with closing(review.open_store(f"sqlite:///{database}")) as store:
        return [event.kind for event in review.events_of(store) if event.kind in kinds]


def test_who_signs_in_is_the_reader_and_may_sign_out_anywhere(
    browser: Browser, signing_in: tuple[OidcProvider, str, Path]
) -> None:
    provider, address, database = signing_in
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, visited = context.new_page(), []
    page.on("request", lambda request: visited.append(unquote_plus(request.url)))
    page.goto(address)
    page.get_by_role("button", name="Sign in").wait_for(timeout=WAIT_MS)
    expect(page.locator("[data-testid=stFileUploader]")).to_have_count(0)
    page.goto(f"{address}/worklist")
    sign_in = page.get_by_role("button", name="Sign in")
    sign_in.wait_for(timeout=WAIT_MS)
    expect(page.get_by_label("Your name")).to_have_count(0)
    with page.expect_request(f"{address}/oauth2callback?**", timeout=WAIT_MS):
        sign_in.click()
    # Back on the page that asked, and not on the first one.
    sign_out = page.get_by_role("button", name="Sign out")
    sign_out.wait_for(timeout=WAIT_MS)
    expect(page.locator(".cv-banner")).to_contain_text(f"Reader: {NAME}", timeout=WAIT_MS)
    visited.append(unquote_plus(page.url))
    page.goto(f"{address}/about")
    expect(page.get_by_role("heading", name="About CardioV")).to_be_visible(timeout=WAIT_MS)
    assert _told(database, EventKind.SIGNED_IN, EventKind.SIGNED_OUT) == [EventKind.SIGNED_IN]
    # Within the bar of the navigation, on no link of it.
    box = sign_out.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 60
    sign_out.click()
    page.get_by_role("button", name="Sign in").wait_for(timeout=WAIT_MS)
    page.goto(f"{address}/worklist")
    page.get_by_role("button", name="Sign in").wait_for(timeout=WAIT_MS)
    context.close()
    assert provider.tokens_given == 1
    assert not [url for url in visited if NAME in url or EMAIL in url]
    assert _told(database, EventKind.SIGNED_IN, EventKind.SIGNED_OUT) == [EventKind.SIGNED_IN, EventKind.SIGNED_OUT]
    with closing(review.open_store(f"sqlite:///{database}")) as store:
        assert review.roles_of(store, NAME) == frozenset({Role.READER})


@pytest.mark.slow
def test_a_screen_that_is_left_alone_shows_nothing_any_more(
    browser: Browser, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(IDLE_VARIABLE, "0.2")
    _, address, database = request.getfixturevalue("signing_in")
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Sign in").click(timeout=WAIT_MS)
    page.locator("[data-testid=stFileUploader]").wait_for(timeout=WAIT_MS)
    # Nobody touches it.
    page.get_by_role("button", name="Sign in").wait_for(timeout=WAIT_MS)
    expect(page.locator("[data-testid=stFileUploader]")).to_have_count(0)
    context.close()
    assert _told(database, EventKind.SIGNED_IN, EventKind.SIGNED_OUT)[-1] is EventKind.SIGNED_OUT
