"""An administrator makes a decision the installation's own, in a real browser, and the Analyse page says so."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cardiov_core.inference.uncertainty.decision import OwnDecision
from cardiov_core.review import ensure_reader, open_store, own_decision_of

pytestmark = pytest.mark.browser


def test_a_decision_is_made_with_the_slider_and_said_openly(
    start_app: Callable[..., AbstractContextManager[str]], browser: Browser, tmp_path: Path, repository: Path
) -> None:
    if not (repository / "weights" / "evaluations").is_dir():
        pytest.skip("no shipped evaluation")
    database = tmp_path / "review.db"
    store = open_store(f"sqlite:///{database}")
    ensure_reader(store, "Ada")
    with start_app(database) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/performance")
        slider = page.get_by_role("slider", name="A miss costs as much as so many false alarms")
        slider.wait_for(timeout=90_000)
        before = page.get_by_role("row", name="are medium or high (missed)").inner_text()
        slider.focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        expect(page.get_by_text("4 times", exact=True).first).to_be_visible(timeout=30_000)
        expect(page.get_by_role("row", name="are medium or high (missed)")).not_to_have_text(before, timeout=30_000)
        page.get_by_text("Decide so in this installation").click()
        page.get_by_text("Ada", exact=True).click()
        page.get_by_role("button", name="A miss counts 4 times: decide so from now on").click()
        said = "This installation's decision: a miss counts 4 times"
        expect(page.get_by_text(said).first).to_be_visible(timeout=30_000)
        page.get_by_role("link", name="Analyse").click()
        page.get_by_role("button", name="Normal sinus rhythm").click(timeout=60_000)
        expect(page.get_by_role("note").get_by_text(said)).to_be_visible(timeout=60_000)
        page.close()
    assert own_decision_of(store) == OwnDecision(4.0)
    store.close()
