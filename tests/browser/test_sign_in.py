"""Sign-in with OpenID Connect in a real browser: Streamlit's own client against a provider on this computer."""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import Browser, expect

from cardiov_core import review
from cardiov_core.domain import Role
from tests.browser.oidc_provider import OidcProvider

pytestmark = pytest.mark.browser

NAME, EMAIL = "Dr Grace Example", "grace@example.org"
WAIT_MS = 60_000


def test_who_signs_in_is_the_reader_and_begins_as_one(
    browser: Browser, start_app: Callable[..., AbstractContextManager[str]], tmp_path: Path
) -> None:
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
            address = address.replace("127.0.0.1", "localhost")
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            page, visited = context.new_page(), []
            page.on("request", lambda request: visited.append(unquote_plus(request.url)))
            page.goto(f"{address}/worklist")
            sign_in = page.get_by_role("button", name="Sign in")
            sign_in.wait_for(timeout=WAIT_MS)
            expect(page.get_by_label("Your name")).to_have_count(0)
            with page.expect_request(f"{address}/oauth2callback?**", timeout=WAIT_MS):
                sign_in.click()
            # Back on the page that asked, and not on the first one.
            page.get_by_role("button", name="Sign out").wait_for(timeout=WAIT_MS)
            expect(page.locator(".cv-banner")).to_contain_text(f"Reader: {NAME}")
            visited.append(unquote_plus(page.url))
            context.close()
    assert provider.tokens_given == 1
    assert not [url for url in visited if NAME in url or EMAIL in url]
    store = review.open_store(f"sqlite:///{database}")
    try:
        assert review.roles_of(store, NAME) == frozenset({Role.READER})
    finally:
        store.close()
