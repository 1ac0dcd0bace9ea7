"""What fits on which screen: the head, the rhythm strip, and nothing wider than the window; the contrast of words."""

import pytest
from playwright.sync_api import Browser, Page, expect

from cardiov_core.reporting.head.head_words import MOST_LINES
from cardiov_core.ui.opening.tour import STEPS

pytestmark = pytest.mark.browser

WAIT_MS = 120_000
WIDTHS = {390: 844, 820: 1180, 1366: 768, 1920: 1080}
# The worst heads: a critical finding, a withheld level, graders that disagree.
SAMPLES = ("inferior_st_elevation", "noise_and_lead_off", "atrial_fibrillation", "third_degree_block")
LEAST_CONTRAST = 4.5

CONTRAST = """
() => {
  const channel = c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const over = (top, ground) => [0, 1, 2].map(i => top[i] * top[3] + ground[i] * (1 - top[3]));
  const ground = element => {
    const chain = []; for (let e = element; e; e = e.parentElement) chain.push(e);
    let colour = [255, 255, 255];
    for (const e of chain.reverse()) colour = over(rgba(getComputedStyle(e).backgroundColor), colour);
    return colour;
  };
  const opacity = element => {
    let all = 1; for (let e = element; e; e = e.parentElement) all *= Number(getComputedStyle(e).opacity); return all;
  };
  const poor = [];
  const scope = '.cv-banner *, .cv-cart *, .stMarkdown p, [data-testid=stCaptionContainer] p, button p, label p';
  for (const e of document.querySelectorAll(scope)) {
    const words = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join('');
    const box = e.getBoundingClientRect();
    if (!words || !box.width || e.closest('[disabled], [aria-disabled=true]') || opacity(e) < 0.5) continue;
    const below = ground(e), ink = rgba(getComputedStyle(e).color);
    const seen = over([ink[0], ink[1], ink[2], ink[3] * opacity(e)], below);
    const [a, b] = [luminance(seen), luminance(below)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < LEAST) poor.push(`${words.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}
"""

SEEN_WORDS = """
(() => {
  const texts = document.createTreeWalker(document.querySelector('[data-testid=stApp]'), NodeFilter.SHOW_TEXT);
  const seen = [];
  for (let text; text = texts.nextNode();) {
    const box = text.parentElement;
    const shown = box.checkVisibility({opacityProperty: true, visibilityProperty: true});
    if (shown && !['SCRIPT', 'STYLE'].includes(box.tagName)) seen.push(text.textContent);
  }
  return seen.join(' ');
})()
"""


def opened(browser: Browser, address: str, width: int, scheme: str = "light") -> Page:
    """A page at a width, with nothing left to be drawn."""
    page = browser.new_page(viewport={"width": width, "height": WIDTHS.get(width, 800)}, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    expect(page.get_by_text("Not a medical device", exact=False).first).to_be_visible(timeout=WAIT_MS)
    return page


def at_rest(page: Page) -> None:
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)


def ecg(browser: Browser, server: str, sample: str, width: int, scheme: str = "light") -> Page:
    page = opened(browser, f"{server}/?ecg=sample-{sample}", width, scheme)
    expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(".cv-paper .cv-trace").nth(12)).to_be_attached(timeout=WAIT_MS)
    at_rest(page)
    return page


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_head_is_at_most_120_px_high_and_opens_its_alerts(browser: Browser, server: str, sample: str) -> None:
    page = ecg(browser, server, sample, 1280)
    head = page.locator(".cv-cart").bounding_box()
    assert head is not None
    assert head["height"] <= 120
    details = page.locator("details.cv-alerts")
    if details.count():
        details.locator("summary").click()
        expect(details.locator("li").first).to_be_visible()
        after = page.locator(".cv-cart").bounding_box()
        assert after is not None
        assert after["height"] == head["height"], "what opens moves nothing"
    page.close()


@pytest.mark.parametrize("width", [1280, *WIDTHS])
def test_no_interval_of_the_head_is_cut(browser: Browser, server: str, width: int) -> None:
    """A QRS of 109 ms was shown as '109 m' at 1366 px."""
    page = ecg(browser, server, "normal", width)
    cut = page.evaluate(
        """[...document.querySelectorAll('.cv-values div')].filter((one) => {
             one.querySelector('dd').innerHTML = '138 ms <em>\u25b2</em>';
             const text = document.createRange();
             text.selectNodeContents(one);
             const cell = one.closest('.cv-cell').getBoundingClientRect();
             return text.getBoundingClientRect().right > cell.right + 0.5;
           }).map((one) => one.innerText)"""
    )
    assert cut == []
    page.close()


@pytest.mark.parametrize("width", [1280, 1366])
def test_a_name_has_the_room_of_a_machine_that_said_nothing(browser: Browser, server: str, width: int) -> None:
    page = ecg(browser, server, "third_degree_block", width)
    assert page.locator(".cv-who b").first.evaluate("name => name.scrollWidth <= name.clientWidth")
    page.close()


@pytest.mark.parametrize("width", [1280, *WIDTHS])
def test_no_line_of_the_machine_is_cut_in_half(browser: Browser, server: str, width: int) -> None:
    page = ecg(browser, server, "normal", width)
    cut = page.locator(".cv-machine").evaluate(
        """(cell, most) => {
             cell.innerHTML = '<small>The machine (MAC)</small>' + '<span>Sinus rhythm</span>'.repeat(most);
             return cell.scrollHeight - cell.clientHeight;
           }""",
        MOST_LINES,
    )
    assert cut <= 1
    page.close()


@pytest.mark.parametrize("width", [390, 1366])
def test_each_step_of_the_tour_frames_what_is_on_the_screen(browser: Browser, server: str, width: int) -> None:
    page = opened(browser, server, width)
    page.get_by_role("button", name="Show me").click()
    for place, step in enumerate(STEPS):
        expect(page.get_by_text(f"{place + 1} of {len(STEPS)}.")).to_be_visible(timeout=WAIT_MS)
        at_rest(page)
        page.wait_for_function(
            """([selector, height]) => {
                 const frame = document.querySelector(selector)?.getBoundingClientRect();
                 return frame?.height && frame.top >= 0 && frame.bottom <= height;
               }""",
            arg=[step.selector, WIDTHS[width]],
        )
        if place + 1 < len(STEPS):
            page.get_by_role("button", name="Next", exact=True).click()
    page.close()


@pytest.mark.parametrize("width", [390, 820])
def test_the_intervals_stand_below_the_name(browser: Browser, server: str, width: int) -> None:
    page = ecg(browser, server, "normal", width)
    left = "element => Math.round(element.getBoundingClientRect().left)"
    assert page.locator(".cv-values div").first.evaluate(left) == page.locator(".cv-who b").first.evaluate(left)
    page.close()


@pytest.mark.parametrize("width", [1366, 1920])
def test_the_calipers_are_read_without_scrolling(browser: Browser, server: str, width: int) -> None:
    page = ecg(browser, server, "normal", width)
    page.get_by_test_id("stButtonGroup").get_by_text("Calipers").click()
    expect(page.locator(".cv-calipers")).to_be_visible(timeout=WAIT_MS)
    at_rest(page)
    bar = page.locator(".cv-calipers").bounding_box()
    assert bar is not None
    assert bar["y"] + bar["height"] <= WIDTHS[width]
    page.close()


@pytest.mark.parametrize("width", [1366, 1920])
def test_the_rhythm_strip_is_on_the_screen(browser: Browser, server: str, width: int) -> None:
    page = ecg(browser, server, "normal", width)
    paper = page.locator(".cv-paper").bounding_box()
    assert paper is not None
    assert paper["y"] + paper["height"] <= WIDTHS[width]
    assert paper["width"] >= 0.8 * min(width, 1680), "at full width"
    page.get_by_test_id("stPopoverButton").filter(has_text="Open").click()
    letter = {"name": "letter.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    page.locator("[data-testid=stPopoverBody] input[type=file]").set_input_files(letter)  # type: ignore[arg-type]
    expect(page.get_by_text("letter.pdf is", exact=False)).to_be_visible(timeout=WAIT_MS)
    at_rest(page)
    paper = page.locator(".cv-paper").bounding_box()
    assert paper is not None
    assert paper["y"] + paper["height"] <= WIDTHS[width], "also below the words of a file that was refused"
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["", "batch", "worklist", "agreement", "performance", "about", "?ecg=sample-normal"])
def test_nothing_is_wider_than_the_window(browser: Browser, server: str, path: str, width: int) -> None:
    if path.startswith("?"):
        page = ecg(browser, server, "normal", width)
    else:
        page = opened(browser, f"{server}/{path}", width)
        at_rest(page)
    assert overflow(page) <= 0
    page.close()


@pytest.mark.parametrize(("path", "most"), [("", 150), ("?ecg=sample-inferior_st_elevation", 300), ("about", 400)])
def test_a_page_says_half_of_what_it_said(browser: Browser, server: str, path: str, most: int) -> None:
    """An open ECG once showed 669 words and About 2,552; what is folded does not count."""
    page = (
        ecg(browser, server, "inferior_st_elevation", 1366)
        if "?" in path
        else opened(browser, f"{server}/{path}", 1366)
    )
    at_rest(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=WAIT_MS)
    words = page.evaluate(SEEN_WORDS).split()
    assert 50 < len(words) <= most, " ".join(words)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(browser: Browser, server: str, scheme: str) -> None:
    page = ecg(browser, server, "inferior_st_elevation", 1280, scheme)
    assert page.evaluate(CONTRAST.replace("LEAST", str(LEAST_CONTRAST))) == []
    page.close()


def test_at_50_mm_a_second_the_paper_scrolls_and_keeps_its_millimetres(browser: Browser, server: str) -> None:
    page = ecg(browser, server, "normal", 1366)
    millimetre = "document.querySelector('.cv-paper').getScreenCTM().a"
    before = page.evaluate(millimetre)
    page.get_by_role("combobox", name="Speed").click()
    page.get_by_role("option", name="50 mm/s").click()
    expect(page.get_by_text("50 mm/s ·")).to_be_visible(timeout=WAIT_MS)
    assert page.evaluate(millimetre) == pytest.approx(before, rel=0.1)
    box = page.locator(".cv-frame")
    assert box.evaluate("box => box.scrollWidth > 1.5 * box.clientWidth")
    page.close()


def test_a_print_splits_no_closed_box(browser: Browser, server: str) -> None:
    page = opened(browser, f"{server}/about", 1366)
    closed = page.locator("[data-testid=stExpander] details:not([open])").first
    expect(closed).to_be_attached(timeout=WAIT_MS)
    page.emulate_media(media="print")
    assert closed.evaluate("box => getComputedStyle(box).breakInside") == "avoid"
    page.close()


def test_a_phone_reaches_v6_by_moving_the_paper(browser: Browser, server: str) -> None:
    page = ecg(browser, server, "normal", 390)
    box = page.locator(".cv-frame")
    first = box.bounding_box()
    assert first is not None
    assert first["y"] < WIDTHS[390] - 250, "head and first leads are on the first screen"
    assert box.evaluate("box => box.scrollWidth >= 900")
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    assert box.evaluate("box => box.scrollLeft") > 300
    page.close()
