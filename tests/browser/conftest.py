"""A running app and a real browser; the app is this process's own and ends with it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed: pip install playwright")

from playwright.sync_api import Browser, Page, sync_playwright

START_LIMIT_S = 90.0
# A browser, a server and a busy machine keep no fixed order; a test that fails once and passes anew is printed as 'R'.
RERUNS = 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a failed test of the browser again."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=RERUNS))


@pytest.fixture(scope="session")
def review_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app of these tests keeps its review."""
    return tmp_path_factory.mktemp("review") / "review.db"


@pytest.fixture(scope="session")
def start_app(
    repository: Path, weights_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., AbstractContextManager[str]]:
    """Run `streamlit run app.py` on a free port, with a review's database and further options; gives its address."""

    @contextmanager
    def _start(database: Path, *options: str) -> Iterator[str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log_path = tmp_path_factory.mktemp("server") / "log.txt"
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", *options]
        command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
        environment = {**os.environ, "CARDIOV_WEIGHTS": str(weights_folder), "CARDIOV_REVIEW_DB": str(database)}
        environment.pop("CARDIOV_DATABASE_URL", None)
        with log_path.open("w") as log:
            process = subprocess.Popen(command, cwd=repository, stdout=log, stderr=log, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_healthy(address, process, log_path)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)

    return _start


@pytest.fixture(scope="session")
def server(start_app: Callable[..., AbstractContextManager[str]], review_database: Path) -> Iterator[str]:
    """Address of the app that most of these tests share."""
    with start_app(review_database) as address:
        yield address


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]", log_path: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        assert process.poll() is None, log_path.read_text()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310 - own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"the app did not start in {START_LIMIT_S:g} s:\n{log_path.read_text()}")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """The machine's own Chromium."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """The app's first page, loaded."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.goto(server)
    opened.get_by_text("Open a 12-lead ECG").wait_for(timeout=60_000)
    # Streamlit sends a page piece by piece: what is focused earlier may be replaced.
    opened.get_by_role("button", name="Noise and lead off").wait_for(timeout=60_000)
    opened.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=60_000)
    yield opened
    opened.close()
