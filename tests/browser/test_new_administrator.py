"""What docs/use/ promises somebody who installs CardioV: install.md, administrators.md and connections.md, in order.

PostgreSQL, the app, a provider of sign-ins, a browser, `cardiov watch` as a service, back-up and restore; each is told
nothing but what the pages say.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from tests.browser.oidc_provider import OidcProvider

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NAME = "Dr Grace Example"
WAIT_S = 120.0
CARDIOV = [sys.executable, "-m", "cardiov_core"]


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(30) in (0, 128 + 15, -15)


def _wait(what: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.5)


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 - own server
            return bool(answer.read() == b"ok")
    except (urllib.error.URLError, OSError):
        return False


def test_from_nothing_to_a_restored_back_up(
    browser: Browser,
    postgresql_url: str,
    wfdb_files: Callable[..., dict[str, bytes]],
    weights_folder: Path,
    tmp_path: Path,
) -> None:
    base = sa.make_url(postgresql_url)
    admin = sa.create_engine(base.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    databases = [f"administrator_{secrets.token_hex(4)}" for _ in range(2)]
    with admin.connect() as connection:
        for name in databases:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    first, second = (base.set(database=name).render_as_string(hide_password=False) for name in databases)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home, arrivals = tmp_path / "home", tmp_path / "arrivals"
    (home / ".streamlit").mkdir(parents=True)
    arrivals.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CARDIOV_", "STREAMLIT_"))},
        "HOME": str(home),
        "CARDIOV_DATABASE_URL": first,
        "CARDIOV_WEIGHTS": str(weights_folder),
        "CARDIOV_LOG": "json",
    }

    def _cardiov(*arguments: str, database: str = first) -> str:
        done = subprocess.run(
            [*CARDIOV, *arguments],
            env={**environment, "CARDIOV_DATABASE_URL": database},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Sign-in: the section [auth] in ~/.streamlit/secrets.toml.
    provider_of = OidcProvider({"sub": "1", "name": NAME, "email": "grace@example.org"})
    app_log, watch_log = tmp_path / "app.txt", tmp_path / "watch.txt"
    app = [*CARDIOV, "app", "--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true"]
    watch = [*CARDIOV, "watch", str(arrivals), "--every", "0.5"]
    with provider_of.serving() as provider:
        (home / ".streamlit" / "secrets.toml").write_text(
            f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\n'
            f'cookie_secret = "{secrets.token_hex(32)}"\nclient_id = "{provider.client_id}"\n'
            f'client_secret = "{provider.client_secret}"\nserver_metadata_url = "{provider.metadata_url}"\n'
        )
        with _running(app, environment, app_log), _running(watch, environment, watch_log):
            address = f"http://localhost:{port}"
            _wait(lambda: _healthy(address), app_log)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(1000 * WAIT_S)
            page.goto(f"{address}/worklist")
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Sign out").wait_for()
            assert f"{NAME}: adjudicator, administrator, reader" in _cardiov(
                "review", "grant", NAME, "reader", "adjudicator", "administrator"
            )
            for name, content in wfdb_files("ward").items():
                (arrivals / name).write_bytes(content)
            _wait(lambda: (arrivals / "taken" / "ward.hea").is_file(), watch_log)
            page.goto(f"{address}/worklist")
            page.get_by_role("button", name="Next case").click()
            page.locator(".cv-paper").first.wait_for()
            page.close()
    status = _cardiov("review", "status")
    assert "arrivals: 1 case" in status
    assert 'cardiov_cases{status="open"} 1' in _cardiov("metrics")
    taken = [json.loads(line) for line in watch_log.read_text().splitlines() if line.startswith("{")]
    assert any("taken as case" in entry["message"] for entry in taken)
    # Back up, restore into a new database, compare.
    _cardiov("review", "back-up", str(tmp_path / "saved.db"))
    _cardiov("review", "restore", str(tmp_path / "saved.db"), database=second)
    restored = _cardiov("review", "status", database=second)
    assert restored.splitlines()[1:] == status.splitlines()[1:]
    for name, database in (("before", first), ("after", second)):
        _cardiov("review", "export", "audit", "--out", str(tmp_path / f"{name}.json"), database=database)
    assert (tmp_path / "before.json").read_bytes() == (tmp_path / "after.json").read_bytes()
    with admin.connect() as connection:
        for name in databases:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
