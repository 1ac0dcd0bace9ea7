"""Pictures of every page at four widths, light and dark, and the print: made, measured, and kept to be looked at.

CARDIOV_PICTURES=docs/pictures python -m pytest -m slow tests/browser/test_pictures.py
"""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from cardiov_core.datasets import generate
from cardiov_core.io import write_record
from tests.browser.test_layout import CONTRAST, LEAST_CONTRAST, WAIT_MS, WIDTHS, at_rest, ecg, overflow

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# The head is one row from this width on; below it, it wraps.
HEAD_PX, LEAST_HEAD_WIDTH = 120, 1280
# A page of docs is no gallery: what is kept is as wide as a laptop's half screen.
KEPT_WIDTH_PX, QUALITY = 760, 45
LARGEST_BYTES = 120_000


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go: `CARDIOV_PICTURES`, or a folder that nobody keeps."""
    folder = Path(os.environ.get("CARDIOV_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module", params=["light", "dark"])
def seen(request: pytest.FixtureRequest, browser: Browser, server: str) -> Iterator[tuple[Page, str]]:
    """A browser in one scheme, with a demo study on show."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, color_scheme=request.param)
    page = context.new_page()
    page.goto(server)
    page.get_by_role("button", name="Noise and lead off").wait_for(timeout=WAIT_MS)
    at_rest(page)
    page.get_by_role("button", name="Fill a demo study").click()
    expect(page.locator(".st-key-demo")).to_be_visible(timeout=4 * WAIT_MS)
    at_rest(page)
    yield page, request.param
    context.close()


def keep(page: Page, path: Path) -> None:
    """Keep a picture of what is on the screen, small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    if picture.width > KEPT_WIDTH_PX:
        picture = picture.resize((KEPT_WIDTH_PX, round(picture.height * KEPT_WIDTH_PX / picture.width)))
    picture.save(path, quality=QUALITY, method=6)
    assert path.stat().st_size < LARGEST_BYTES


def looked_at(page: Page, kept: Path, name: str, scheme: str, *, head: bool = False) -> list[str]:
    """Keep a page's pictures at every width, and name what is wrong there: width, contrast, height of the head."""
    wrong = []
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("window.scrollTo(0, 0)")
        page.wait_for_timeout(1500)
        keep(page, kept / f"{name}-{width}-{scheme}.webp")
        if overflow(page) > 0:
            wrong.append(f"{width}: wider than the window")
        wrong += [f"{width}: {words}" for words in page.evaluate(CONTRAST.replace("LEAST", str(LEAST_CONTRAST)))]
        if head and width >= LEAST_HEAD_WIDTH:
            box = page.locator(".cv-cart").bounding_box()
            assert box is not None
            if box["height"] > HEAD_PX:
                wrong.append(f"{width}: the head is {box['height']:.0f} px high")
    page.set_viewport_size({"width": 1366, "height": 768})
    return wrong


def drawn(page: Page) -> None:
    """Wait until nothing on the page is stale or still to come."""
    at_rest(page)
    coming = page.locator("[data-stale=true], [data-testid=stSkeleton], [data-testid=stSpinner]")
    expect(coming).to_have_count(0, timeout=WAIT_MS)
    at_rest(page)


def show(page: Page, link: str, sign: str) -> None:
    """Go to a page by the navigation, and wait for what tells that it is there."""
    page.get_by_role("link", name=link).click()
    expect(page.locator(sign).first).to_be_visible(timeout=WAIT_MS)
    drawn(page)


@pytest.mark.parametrize(
    ("name", "link", "sign"),
    [
        ("worklist", "Worklist", ".st-key-worklist_head"),
        ("agreement", "Agreement", ".js-plotly-plot"),
        ("performance", "Performance", ".cv-panels"),
        ("about", "About", "text=About CardioV"),
        ("batch", "Batch", "text=Drop many ECGs"),
    ],
)
def test_a_page_of_the_navigation(seen: tuple[Page, str], kept: Path, name: str, link: str, sign: str) -> None:
    page, scheme = seen
    show(page, link, sign)
    assert looked_at(page, kept, name, scheme) == []


def test_the_first_screen_and_an_open_ecg(seen: tuple[Page, str], kept: Path) -> None:
    page, scheme = seen
    show(page, "Analyse", "[data-testid=stFileUploaderDropzone]")
    assert looked_at(page, kept, "first-screen", scheme) == []
    page.get_by_role("button", name="Inferior ST elevation").click()
    expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
    drawn(page)
    assert looked_at(page, kept, "analyze", scheme, head=True) == []
    page.get_by_role("button", name="Open").first.click()
    page.get_by_role("button", name="Samples and data sets").click()
    drawn(page)


def test_a_case_to_read_and_the_owners_progress(seen: tuple[Page, str], kept: Path) -> None:
    page, scheme = seen
    show(page, "Worklist", ".st-key-worklist_head")
    page.get_by_text("Progress", exact=True).click()
    expect(page.get_by_text("Reads by day")).to_be_visible(timeout=WAIT_MS)
    drawn(page)
    assert looked_at(page, kept, "progress", scheme) == []
    page.get_by_text("Read", exact=True).click()
    page.get_by_role("button", name="Next case").click(timeout=WAIT_MS)
    expect(page.locator(".cv-paper .cv-trace").nth(12)).to_be_attached(timeout=WAIT_MS)
    drawn(page)
    assert looked_at(page, kept, "review", scheme) == []


def test_a_batch_as_a_list(seen: tuple[Page, str], kept: Path, tmp_path: Path) -> None:
    page, scheme = seen
    archive = tmp_path / "ward.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for condition in ("normal", "inferior_st_elevation", "atrial_fibrillation"):
            for path in write_record(generate(condition), tmp_path / condition, "wfdb"):
                packed.write(path, f"{condition}/{path.name}")
    show(page, "Batch", "text=Drop many ECGs")
    page.locator("input[type=file]").first.set_input_files(str(archive))
    expect(page.get_by_text("3 of 3 records: done")).to_be_visible(timeout=4 * WAIT_MS)
    drawn(page)
    assert looked_at(page, kept, "batch-list", scheme) == []
    page.get_by_role("button", name="Another batch").click()
    drawn(page)


def test_the_print_of_an_ecg_is_whole(browser: Browser, server: str, kept: Path, tmp_path: Path) -> None:
    page = ecg(browser, server, "inferior_st_elevation", 1366)
    page.emulate_media(media="print")
    page.wait_for_timeout(800)
    keep(page, kept / "analyze-print.webp")
    sheet = page.locator(".stMainBlockContainer").bounding_box()
    drawn = page.locator(".cv-paper").bounding_box()
    assert sheet is not None
    assert drawn is not None
    assert drawn["x"] + drawn["width"] <= sheet["x"] + sheet["width"] + 1, "the last second is not cut"
    millimetre = page.evaluate("document.querySelector('.cv-paper').getScreenCTM().a")
    assert millimetre == pytest.approx(96 / 25.4, rel=0.01), "true to scale"
    path = tmp_path / "print.pdf"
    page.pdf(path=path, prefer_css_page_size=True)
    first = pypdf.PdfReader(path).pages[0]
    assert float(first.mediabox.width) > float(first.mediabox.height), "landscape"
    words = first.extract_text()
    assert "Level 3" in words
    assert "mm/s" in words, "head and paper are on one sheet"
    page.close()
