"""The review in a real browser: a blind read by key, the reveal, a second reader, an adjudicator."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    CaseSource,
    CaseStatus,
    Prediction,
    Quality,
    QualityVerdict,
    ReviewStudy,
    Role,
    Severity,
    Window,
)
from cardiov_core.review import Store

pytestmark = pytest.mark.browser

# `benchmarks/reads.py` counts a hundred; these few guard it.
KEY_ROUNDS = int(os.environ.get("CARDIOV_KEY_ROUNDS", "3"))
TRACES = ".cv-paper .cv-trace"
WAIT_MS = 60_000
MODEL, SHA = "grader-of-the-case", "ab12" * 16
SECRETS = (MODEL, SHA, "secret-record", "0.7123", "out-of-fold", "Attention", "Grader's", ">Label<")
"""What a blind reader's browser must never hear of before the reveal."""


@pytest.fixture
def store(review_database: Path) -> Iterator[Store]:
    """The app's own database."""
    opened = review.open_store(f"sqlite:///{review_database}")
    yield opened
    opened.close()


@pytest.fixture
def add_case(store: Store) -> Callable[[str], str]:
    """Add a case with label 0 and model 3 to a study where every case is read twice."""

    def _add(study: str) -> str:
        review.ensure_reader(store, "Owner")
        record = generate("inferior_st_elevation", seed=5, sampling_rate_hz=500, duration_s=10.0)
        review.set_study(store, ReviewStudy(study, 0.0, 2, with_verdict=True), "Owner")
        return review.put_case(
            store,
            review.NewCase(
                replace(record, record_id="secret-record"),
                prediction=Prediction(
                    Severity.HIGH_RISK,
                    (0.1, 0.1, 0.0877, 0.7123),
                    (0.9, 0.8, 0.7123),
                    0.0,
                    MODEL,
                    SHA,
                    Window(0.0, 10.0),
                ),
                quality=Quality(QualityVerdict.ACCEPTABLE, ()),
                source=CaseSource.CASES,
                label=Severity.NO_RISK,
                study=study,
            ),
            "Owner",
        )[0]

    return _add


@pytest.fixture
def sit_down(browser: Browser, server: str) -> Iterator[Callable[..., tuple[Page, list[str]]]]:
    """Begin a session as a reader; return its page and all that the server sends to it."""
    contexts = []

    def _sit_down(name: str, path: str = "worklist") -> tuple[Page, list[str]]:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page, heard = context.new_page(), []

        def _listen(payload: bytes | str) -> None:
            heard.append(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload)

        page.on("websocket", lambda socket: socket.on("framereceived", _listen))
        page.goto(f"{server}/{path}")
        page.get_by_label("Your name").fill(name, timeout=WAIT_MS)
        page.get_by_role("button", name="Start").click()
        return page, heard

    yield _sit_down
    for context in contexts:
        context.close()


def at_rest(page: Page) -> None:
    """Wait until Streamlit has drawn the page: a key may meet a button that is being replaced."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def press(page: Page, key: str, then: str) -> None:
    """Press a key outside of all fields; wait for a button that stands for what follows."""
    at_rest(page)
    page.keyboard.press(key)
    expect(page.get_by_role("button", name=then).first).to_be_visible(timeout=WAIT_MS)


def chosen(page: Page, key: str) -> None:
    """Wait until a button stands out as chosen."""
    expect(page.locator(f".st-key-{key} [data-testid='stBaseButton-primary']")).to_be_visible(timeout=WAIT_MS)


def read_by_key(page: Page, level: int) -> None:
    expect(page.locator(TRACES).nth(12)).to_be_attached(timeout=WAIT_MS)
    at_rest(page)
    page.keyboard.press(str(level))
    chosen(page, f"level_{level}")
    at_rest(page)
    page.keyboard.press("h")
    chosen(page, "confidence_3")
    press(page, "Enter", "Go on to label and grader")


def test_two_read_blind_by_key_and_a_third_decides(
    store: Store, add_case: Callable[[str], str], sit_down: Callable[..., tuple[Page, list[str]]]
) -> None:
    case_id = add_case(review.DEFAULT_STUDY)
    for name in ("Ada", "Ben"):
        # Nothing but a reader: what such a person's browser gets is all that counts.
        review.ensure_reader(store, name)
        review.grant(store, name, [Role.READER], "test", at_the_machine=True)
    page, heard = sit_down("Ada")
    expect(page.get_by_role("button", name="Next case")).to_be_visible(timeout=WAIT_MS)
    press(page, "n", "Save")
    assert re.fullmatch(rf".*/review\?case={case_id}", page.url), "the address names the case and nobody"
    decision = page.locator(".st-key-decision").bounding_box()
    paper = page.locator(".cv-paper").first.bounding_box()
    assert decision is not None
    assert paper is not None
    assert decision["y"] + decision["height"] <= 800, "the whole decision is on the screen"
    assert paper["width"] > 3 * decision["width"], "the ECG is the largest thing"
    read_by_key(page, 1)
    seen = "\n".join(heard) + page.content()
    assert len(heard) > 5
    assert "No risk" in seen, "the ear works: the buttons were heard"
    for secret in SECRETS:
        assert secret not in seen, f"{secret} reached the browser before the reveal"

    press(page, "g", "This one")
    assert MODEL not in page.content()
    press(page, "3", "Keep 1 Low risk")
    expect(page.get_by_text(MODEL)).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(".cv-reveal")).to_contain_text("3 High risk")
    page.get_by_role("button", name="More").click()
    expect(page.get_by_role("combobox", name="Attention")).to_be_visible()
    page.keyboard.press("Escape")
    at_rest(page)
    page.keyboard.press("k")
    expect(page.get_by_text("you kept your level", exact=False)).to_be_visible(timeout=WAIT_MS)

    other, _ = sit_down("Ben", f"review?case={case_id}")
    read_by_key(other, 3)
    assert review.get_case(store, case_id).status is CaseStatus.TO_ADJUDICATE

    review.ensure_reader(store, "Dora")
    review.grant(store, "Dora", [Role.ADJUDICATOR], "test", at_the_machine=True)
    judge, _ = sit_down("Dora", "worklist?view=Adjudicate")
    expect(judge.get_by_role("button", name="Decide the next")).to_be_visible(timeout=WAIT_MS)
    press(judge, "n", "Settle")
    expect(judge.locator(".cv-reveal")).to_contain_text("Read 2")
    at_rest(judge)
    judge.keyboard.press("2")
    chosen(judge, "settle_2")
    judge.get_by_label("Reason").fill("Between the two")
    judge.keyboard.press("Tab")
    judge.get_by_text("I decide this case for good").click()
    settle = judge.get_by_role("button", name="Settle")
    expect(settle).to_be_enabled(timeout=WAIT_MS)
    settle.click()
    expect(judge.get_by_text("Adjudicated by Dora", exact=False)).to_be_visible(timeout=WAIT_MS)
    case = review.get_case(store, case_id)
    assert (case.status, case.decision) == (CaseStatus.SETTLED, Severity.MEDIUM_RISK)


def test_keys_are_letters_in_a_comment_and_a_narrow_screen_holds_the_levels(
    add_case: Callable[[str], str], sit_down: Callable[..., tuple[Page, list[str]]]
) -> None:
    page, _ = sit_down("Cleo", f"review?case={add_case('narrow')}")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(TRACES).nth(12)).to_be_attached(timeout=WAIT_MS)
    page.get_by_label("Comment").press_sequentially("012 snpu")
    expect(page.get_by_label("Comment")).to_have_value("012 snpu")
    expect(page.locator(".st-key-levels [data-testid='stBaseButton-primary']")).to_have_count(0)
    page.evaluate("window.scrollTo(0, 0)")
    for level in range(4):
        expect(page.locator(f".st-key-level_{level}")).to_be_in_viewport()
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


@pytest.mark.parametrize("pause_ms", [60, 150, 300])
def test_three_keys_save_a_read_however_fast_they_come(
    pause_ms: int, store: Store, add_case: Callable[[str], str], sit_down: Callable[..., tuple[Page, list[str]]]
) -> None:
    name, study = f"Reader {pause_ms}", f"keys {pause_ms}"
    case_id = add_case(study)
    page, _ = sit_down(name, f"review?case={case_id}")
    for attempt in range(KEY_ROUNDS):
        expect(page.locator(".st-key-read_save button").first).to_be_visible(timeout=WAIT_MS)
        at_rest(page)
        for key in (str(attempt % 4), "h", "Enter"):
            page.keyboard.press(key)
            page.wait_for_timeout(pause_ms)
        expect(page.get_by_text("Saved, confidence high", exact=False)).to_be_visible(timeout=WAIT_MS)
        read = review.read_by(store, case_id, name)
        assert read is not None
        assert read.level is Severity(attempt % 4), f"attempt {attempt} at {pause_ms} ms"
        press(page, "u", "Save")


def test_enter_too_early_says_what_is_missing(
    add_case: Callable[[str], str], sit_down: Callable[..., tuple[Page, list[str]]]
) -> None:
    page, _ = sit_down("Early", f"review?case={add_case('early')}")
    expect(page.locator(".st-key-read_save button").first).to_be_visible(timeout=WAIT_MS)
    at_rest(page)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved: choose a level first", exact=False)).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("2")
    chosen(page, "level_2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved: say first how sure you are", exact=False)).to_be_visible(timeout=WAIT_MS)


def test_a_reload_and_a_deep_link_keep_the_name_and_the_known_names_are_offered(
    add_case: Callable[[str], str], sit_down: Callable[..., tuple[Page, list[str]]], browser: Browser, server: str
) -> None:
    case_id = add_case("reload")
    page, _ = sit_down("Dr Ada", f"review?case={case_id}")
    expect(page.locator(".cv-banner")).to_contain_text("Reader: Dr Ada", timeout=WAIT_MS)
    page.reload()
    expect(page.locator(".cv-banner")).to_contain_text("Reader: Dr Ada", timeout=WAIT_MS)
    page.goto(f"{server}/worklist")
    expect(page.locator(".cv-banner")).to_contain_text("Reader: Dr Ada", timeout=WAIT_MS)
    cookies = page.context.cookies()
    assert not [cookie for cookie in cookies if "Ada" in cookie["value"]], "the browser holds a token, no name"
    page.get_by_role("button", name="Another reader").click()
    page.reload()
    known = page.get_by_role("radio", name="Dr Ada", exact=True)
    expect(known).to_be_visible(timeout=WAIT_MS)
    known.click()
    expect(page.locator(".cv-banner")).to_contain_text("Reader: Dr Ada", timeout=WAIT_MS)
    stranger = browser.new_context().new_page()
    stranger.goto(f"{server}/worklist")
    expect(stranger.get_by_label("Your name")).to_be_visible(timeout=WAIT_MS)
    expect(stranger.locator(".cv-banner")).not_to_contain_text("Dr Ada")
    stranger.context.close()
