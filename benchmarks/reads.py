"""A blind read by three keys, a hundred times: how many are lost, and the seconds from the first key to 'Saved'.

The app runs with a database of its own; after each read the database is asked for the level, and the read is
taken back.

    python benchmarks/reads.py [--reads 100] [--pause 0.15]
"""

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from browser import ROOT, WAIT_MS, served, settled
from playwright.sync_api import Page, expect, sync_playwright

from cardiov_core import review
from cardiov_core.datasets import generate
from cardiov_core.domain import CaseSource, Quality, QualityVerdict, ReviewStudy, Severity

READER, STUDY = "Reader", "keys"
SAVED = "Saved, confidence high"


def case_of(store: review.Store) -> str:
    """Put one case without a level on the worklist."""
    review.ensure_reader(store, "Owner")
    review.set_study(store, ReviewStudy(STUDY, 0.0, 2, with_verdict=False), "Owner")
    case = review.NewCase(
        generate("inferior_st_elevation", seed=5),
        prediction=None,
        quality=Quality(QualityVerdict.ACCEPTABLE, ()),
        source=CaseSource.CASES,
        label=Severity.NO_RISK,
        study=STUDY,
    )
    return review.put_case(store, case, "Owner")[0]


def seconds_of(page: Page, level: int, pause_s: float) -> float:
    """Press level, confidence and Enter; return the seconds from the first key to 'Saved'."""
    expect(page.locator(".st-key-read_save button").first).to_be_visible(timeout=WAIT_MS)
    settled(page)
    start = time.perf_counter()
    for key in (str(level), "h", "Enter"):
        page.keyboard.press(key)
        if key != "Enter":
            time.sleep(pause_s)
    expect(page.get_by_text(SAVED, exact=False)).to_be_visible(timeout=WAIT_MS)
    return time.perf_counter() - start


def take_back(page: Page) -> None:
    """Undo the read."""
    settled(page)
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Save").first).to_be_visible(timeout=WAIT_MS)


def main() -> None:
    """Print how many were saved, and how long that took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reads", type=int, default=100)
    parser.add_argument("--pause", type=float, default=0.15, help="seconds between two keys")
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        store = review.open_store(f"sqlite:///{folder / 'review.db'}")
        case_id = case_of(store)
        with served(ROOT / "app.py", folder) as address:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(f"{address}/review?case={case_id}")
            page.get_by_label("Your name").fill(READER, timeout=WAIT_MS)
            page.get_by_role("button", name="Start").click()
            seconds, lost = [], 0
            for number in range(options.reads):
                seconds.append(seconds_of(page, number % 4, options.pause))
                read = review.read_by(store, case_id, READER)
                lost += read is None or read.level is not Severity(number % 4)
                take_back(page)
            browser.close()
        store.close()
    high = sorted(seconds)[round(0.95 * (len(seconds) - 1))]
    print(f"{len(seconds)} reads, {lost} lost; first key to 'Saved', {options.pause:g} s between keys:")
    print(f"  median {statistics.median(seconds):.2f} s, 95 of 100 within {high:.2f} s, most {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
