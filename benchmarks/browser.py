"""The app's speed as felt in a browser: times as ratios to an empty Streamlit page in the same run.

Absolute seconds tell of the machine; an empty page of Streamlit that is loaded beside the app, on the same machine at
the same time, tells what of it is CardioV's. Undisturbed, and with one and six busy processes beside it.

    python benchmarks/browser.py [--busy 0 1 6]
"""

import argparse
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from cardiov_core.datasets import generate
from cardiov_core.io import write_record

ROOT = Path(__file__).resolve().parents[1]
WAIT_MS = 600_000
EMPTY = 'import streamlit as st\n\nst.write("An empty page")\n'
TRACE = ".cv-paper .cv-trace"
CLOCK = """() => {
  window.drawn = window.pressed = null;
  document.addEventListener('pointerdown', () => { window.pressed = performance.now(); }, {once: true, capture: true});
  const seen = new MutationObserver(() => {
    if (window.pressed === null) return;
    requestAnimationFrame(() => { window.drawn ??= performance.now(); seen.disconnect(); });
  });
  seen.observe(document.querySelector('.cv-paper'), {childList: true});
}"""


def burn() -> None:
    """Keep one processor busy."""
    while True:
        sum(range(100_000))


@contextmanager
def busy(n: int) -> Iterator[None]:
    """Keep so many processes at work meanwhile."""
    workers = [multiprocessing.Process(target=burn, daemon=True) for _ in range(n)]
    for worker in workers:
        worker.start()
    yield
    for worker in workers:
        worker.terminate()


@contextmanager
def served(script: Path, folder: Path) -> Iterator[str]:
    """Run a Streamlit script on a free port until its server answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    environment = {**os.environ, "CARDIOV_REVIEW_DB": str(folder / "review.db"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(  # noqa: S603 - fixed program
        command, cwd=script.parent, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)  # noqa: S310 - own server
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def timed(action: object, page: Page, selector: str, *, nth: int = 0) -> float:
    """Return the seconds from an action until something is on the page."""
    start = time.perf_counter()
    action()  # type: ignore[operator]
    expect(page.locator(selector).nth(nth)).to_be_visible(timeout=WAIT_MS)
    return time.perf_counter() - start


def empty_page(browser: Browser, folder: Path) -> float:
    """Return the seconds that the first visit of an empty page takes."""
    script = folder / "empty.py"
    script.write_text(EMPTY)
    with served(script, folder) as address:
        page = browser.new_page()
        seconds = timed(lambda: page.goto(address), page, "text=An empty page")
        page.close()
    return seconds


def app_times(browser: Browser, folder: Path) -> Iterator[tuple[str, float]]:
    """Yield the seconds of each step, on a server that was just started."""
    files = [str(path) for path in write_record(generate("normal", seed=5), folder / "one", "wfdb", keep_identity=True)]
    archive = folder / "many.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(3):
            for path in write_record(generate("normal", seed=number), folder / f"case{number}", "wfdb"):
                packed.write(path, f"case{number}/{path.name}")
    with served(ROOT / "app.py", folder) as address:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        yield (
            "cold: words and drop zone",
            timed(lambda: page.goto(address), page, "[data-testid=stFileUploaderDropzone]"),
        )
        expect(page.get_by_role("button", name="Noise and lead off")).to_be_visible(timeout=WAIT_MS)
        settled(page)
        zone = page.locator("input[type=file]").first
        start = time.perf_counter()
        zone.set_input_files(files)
        expect(page.locator(TRACE).nth(12)).to_be_attached(timeout=WAIT_MS)
        yield "upload to trace", time.perf_counter() - start
        expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
        yield "upload to level", time.perf_counter() - start
        settled(page)
        for name, option in (("Gain", "20 mm/mV"), ("Speed", "50 mm/s"), ("Layout", "12x1"), ("Filter", "0.5-40 Hz")):
            yield f"change of {name.lower()}", change(page, name, option)
        settled(page)
        yield (
            "page switch",
            timed(lambda: page.get_by_role("link", name="Batch").click(), page, "text=Drop many ECGs"),
        )
        page.locator("input[type=file]").first.set_input_files(str(archive))
        expect(page.get_by_text("3 of 3 records: done")).to_be_visible(timeout=WAIT_MS)
        page.get_by_role("button", name="Open the next").click()
        expect(page.get_by_text("Case 1 of 3")).to_be_visible(timeout=WAIT_MS)
        settled(page)
        yield (
            "next case",
            timed(lambda: page.locator(".st-key-batch_row_next button").click(), page, "text=Case 2 of 3"),
        )
        page.close()


def change(page: Page, name: str, option: str) -> float:
    """Return the seconds from the press on an option until the paper is drawn anew, measured in the browser."""
    page.get_by_role("combobox", name=name).click()
    choice = page.get_by_role("option", name=option)
    expect(choice).to_be_visible(timeout=WAIT_MS)
    page.evaluate(CLOCK)
    choice.click()
    page.wait_for_function("window.drawn !== null", timeout=WAIT_MS)
    seconds = float(page.evaluate("window.drawn - window.pressed")) / 1000.0
    settled(page)
    return seconds


def settled(page: Page) -> None:
    """Wait until Streamlit has nothing more to draw."""
    page.wait_for_function("document.querySelector('.stApp').dataset.testScriptState !== 'running'", timeout=WAIT_MS)
    page.wait_for_timeout(500)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 6], help="busy processes beside the app")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for n in parser.parse_args().busy:
            with tempfile.TemporaryDirectory() as name, busy(n):
                folder = Path(name)
                empty = empty_page(browser, folder)
                print(f"{n} busy processes; empty page {empty:.2f} s")
                for what, seconds in app_times(browser, folder):
                    print(f"  {what:<28}{seconds:6.2f} s {seconds / empty:6.2f} of the empty page", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
