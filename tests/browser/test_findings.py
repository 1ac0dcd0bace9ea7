"""A click on a finding lights it up on the trace."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WAIT_MS = 60_000
PAPER = ".cv-paper"
LIT = "[...document.querySelectorAll('.cv-paper .cv-lit')].map(box => `lit ${box.dataset.lead}`)"


def test_a_click_on_a_finding_lights_its_leads(page: Page) -> None:
    page.get_by_role("button", name="Inferior ST elevation").click()
    expect(page.get_by_text("Sinus rhythm", exact=False).first).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(f"{PAPER} .cv-trace").nth(12)).to_be_attached(timeout=WAIT_MS)
    assert page.evaluate(LIT) == []
    page.get_by_role("tab", name="Findings").click()
    finding = page.get_by_test_id("stButtonGroup").get_by_role("button", name="ST elevation")
    finding.or_(page.get_by_test_id("stButtonGroup").get_by_role("radio", name="ST elevation")).first.click(
        timeout=WAIT_MS
    )
    # II stands in its column and in the rhythm strip.
    page.wait_for_function(f"{LIT}.length > 0", timeout=WAIT_MS)
    assert sorted(page.evaluate(LIT)) == ["lit II", "lit II", "lit III", "lit aVF"]
    expect(page.get_by_text("Lit: ST elevation", exact=False)).to_be_visible()
    page.get_by_role("tab", name="Measurements").click()
    median = page.locator(".st-key-paper_median .js-plotly-plot")
    expect(median.locator("path.js-line").nth(12)).to_be_attached(timeout=WAIT_MS)
    names = "document.querySelector('.st-key-paper_median .js-plotly-plot').data.map(trace => trace.name)"
    assert "level of J" in page.evaluate(names)
