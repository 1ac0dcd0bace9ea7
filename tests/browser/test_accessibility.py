"""axe-core on every page: no serious and no critical finding of WCAG 2.1 A and AA, contrast of 4.5:1 among them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import CaseSource, Quality, QualityVerdict

pytestmark = pytest.mark.browser

WAIT_MS = 90_000
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
}


def serious(page: Page) -> list[str]:
    """The serious and critical findings of a page as it stands, a line each."""
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=WAIT_MS)
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        for node in each["nodes"]
        if each["impact"] in ("serious", "critical")
    ]


def test_what_is_wrong_is_found(page: Page) -> None:
    page.evaluate(
        "document.querySelector('[data-testid=stMain]').insertAdjacentHTML('beforeend',"
        '\'<p style="color:#999;background:#fff">too pale</p><img src="data:,"><input>\')'
    )
    assert {line.partition(":")[0] for line in serious(page)} >= {"color-contrast", "image-alt", "label"}


def test_the_first_screen_and_an_open_ecg(page: Page) -> None:
    assert serious(page) == []
    page.get_by_role("button", name="Normal sinus rhythm").click()
    page.locator(".cv-paper").first.wait_for(timeout=WAIT_MS)
    assert serious(page) == []


@pytest.mark.slow
def test_every_tab_of_an_open_ecg(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    page.locator(".cv-paper").first.wait_for(timeout=WAIT_MS)
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert serious(page) == [], tab.inner_text()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["batch", "worklist", "agreement", "performance", "about"])
def test_the_other_pages(path: str, page: Page, server: str) -> None:
    page.goto(f"{server}/{path}")
    page.locator(".cv-banner").wait_for(timeout=WAIT_MS)
    # A page is whole when nothing is on its way any more.
    expect(page.locator("[data-testid=stSkeleton], [data-testid=stSpinner]")).to_have_count(0, timeout=WAIT_MS)
    assert serious(page) == []


@pytest.mark.slow
def test_a_case_that_is_read(browser: Browser, server: str, review_database: Path) -> None:
    with closing(review.open_store(f"sqlite:///{review_database}")) as store:
        review.ensure_reader(store, "Owner")
        record = generate("inferior_st_elevation", seed=5, sampling_rate_hz=500, duration_s=10.0)
        quality = Quality(QualityVerdict.ACCEPTABLE, ())
        new = review.NewCase(record, None, quality, CaseSource.FOLDER, study="accessible")
        case, _ = review.put_case(store, new, "Owner")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{server}/review?case={case}")
    page.get_by_label("Your name").fill("Zoe", timeout=WAIT_MS)
    assert serious(page) == []
    page.get_by_role("button", name="Start").click()
    page.locator(".cv-paper").first.wait_for(timeout=WAIT_MS)
    assert serious(page) == []
    context.close()
