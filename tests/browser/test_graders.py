"""Graders in a real browser: another one's level is two clicks away, and what a line means is one."""

import pytest
from playwright.sync_api import Page, expect

from cardiov_core.weights import default_name, list_cards

pytestmark = pytest.mark.browser

WAIT_MS = 60_000


@pytest.fixture
def open_record(page: Page) -> Page:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect(page.get_by_role("img", name="on a scale of 0 to 3")).to_be_visible(timeout=WAIT_MS)
    return page


def test_another_grader_is_behind_the_researchers_switch(open_record: Page) -> None:
    page = open_record
    other = next((card.name for card in list_cards() if card.name != default_name()), None)
    if other is None:
        pytest.skip("only one grader has weights")
    page.get_by_role("button", name="Evidence").click()
    body = page.locator("[data-testid=stPopoverBody]")
    expect(body.get_by_text(f"Grader: {default_name()}")).to_have_count(0)
    body.get_by_text("For researchers").click()
    body.get_by_text(other, exact=True).click(timeout=WAIT_MS)
    expect(body.get_by_text(f"Grader: {other}")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("something went wrong", exact=False)).to_have_count(0)


def test_a_line_opens_to_what_it_means_by_keyboard(open_record: Page) -> None:
    page = open_record
    page.get_by_role("button", name="Evidence").click()
    counts = page.locator("details.cv-more summary", has_text="in cross-validation")
    if not counts.count():
        pytest.skip("this grader has no out-of-fold table")
    meaning = page.get_by_text("Counted among the training records", exact=False)
    expect(meaning).to_be_hidden()
    counts.focus()
    page.keyboard.press("Enter")
    expect(meaning).to_be_visible()
