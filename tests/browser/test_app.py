"""The app in a real browser: what only a browser can show."""

import contextlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import FileChooser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

pytestmark = pytest.mark.browser

TRACES = ".cv-paper .cv-trace"
WAIT_MS = 60_000


@pytest.fixture
def record_files(request: pytest.FixtureRequest, repository: Path, tmp_path: Path, wfdb_files) -> list[Path]:
    """Header and signal file of a real record, or of a generated one where there is no data."""
    try:
        folder = request.getfixturevalue("data_folder")
    except pytest.skip.Exception:
        folder = None
    real = folder / "ptb-xl-subset/records500/00000/00005_hr" if folder else None
    if real is not None and real.with_suffix(".hea").is_file():
        return [real.with_suffix(".hea"), real.with_suffix(".dat")]
    for name, content in wfdb_files("generated").items():
        (tmp_path / name).write_bytes(content)
    return sorted(tmp_path.glob("generated.*"))


def expect_result(page: Page) -> None:
    """A level with its name, and twelve leads and more drawn."""
    level = page.get_by_role("img", name="on a scale of 0 to 3")
    expect(level).to_be_visible(timeout=WAIT_MS)
    expect(level.locator(".cv-shape")).to_be_visible()
    expect(page.locator(TRACES).nth(12)).to_be_attached(timeout=WAIT_MS)
    expect(page.get_by_text("something went wrong", exact=False)).to_have_count(0)


def test_an_uploaded_record_shows_its_level_and_its_traces(
    page: Page, record_files: list[Path], tmp_path: Path
) -> None:
    page.locator("input[type=file]").set_input_files([str(path) for path in record_files])
    expect_result(page)
    expect(page.get_by_text(record_files[0].stem).first).to_be_visible()
    picture = page.screenshot(path=tmp_path / "result.png")
    assert len(picture) > 20_000, "the picture is empty"
    badge = page.get_by_role("img", name="on a scale of 0 to 3").bounding_box()
    paper = page.locator(".cv-paper").first.bounding_box()
    assert badge is not None
    assert paper is not None
    assert badge["y"] + badge["height"] < 400
    assert paper["y"] < 400, "level and trace are on one screen of 1280 x 800"


def test_the_keyboard_alone_gets_from_the_drop_zone_to_the_result(page: Page) -> None:
    page.locator("[data-testid=stFileUploaderDropzone] button").focus()
    passed = []
    for _ in range(3):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("document.activeElement.innerText"))
    assert passed[:2] == ["Show me", "Fill a demo study"]
    assert "synthetic" in passed[2], f"Tab leads from the drop zone to {passed!r}"
    page.keyboard.press("Enter")
    expect_result(page)


def test_the_drop_zone_opens_its_file_dialogue_by_key(page: Page, record_files: list[Path]) -> None:
    dialogue = _file_dialogue_by_key(page)
    dialogue.set_files([str(path) for path in record_files])
    expect_result(page)


def _file_dialogue_by_key(page: Page) -> FileChooser:
    """Press Enter on the drop zone's button, again as a person would: Streamlit may be replacing it meanwhile."""
    for _ in range(5):
        with contextlib.suppress(PlaywrightTimeoutError):
            with page.expect_file_chooser(timeout=6_000) as dialogue:
                page.locator("[data-testid=stFileUploaderDropzone] button").press("Enter")
            return dialogue.value
    pytest.fail("Enter on the drop zone's button opened no dialogue in five attempts")


def test_calipers_measure_a_dragged_box(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Calipers").click()
    expect(page.get_by_text("Drag a box", exact=False)).to_be_visible(timeout=WAIT_MS)
    place = page.locator(".cv-paper").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 300, place["y"] + 100)
    page.mouse.down()
    page.mouse.move(place["x"] + 400, place["y"] + 160, steps=8)
    page.mouse.up()
    said = page.locator(".cv-calipers [role=status]")
    expect(said).to_have_text(re.compile(r"^\d+ ms, \d+ bpm, \d\.\d\d mV$"))
    before = said.inner_text()
    page.get_by_role("combobox", name="Gain").click()
    page.get_by_role("option", name="20 mm/mV").click()
    expect(page.get_by_text("20 mm/mV ·")).to_be_visible(timeout=WAIT_MS)
    expect(said, "what was measured does not change with the gain").to_have_text(before)
    page.get_by_label("March out").check()
    expect(page.locator(".cv-marched")).to_be_attached()
    page.get_by_label("Calipers: from, s").fill("1.0")
    page.get_by_label("Calipers: to, s").fill("1.75")
    expect(said).to_have_text("750 ms, 80 bpm")


def test_the_paper_follows_its_controls_before_the_server_answers(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    # Both filters are there when the level is: the drawing before it has one.
    page.wait_for_function("[...cardiovPaper.papers].some(paper => Object.keys(paper.data.filters).length === 2)")
    scale = "(({a, d}) => [a, d])(document.querySelector('.cv-trace').transform.baseVal.consolidate().matrix)"
    a_sample, a_microvolt = page.evaluate(scale)
    wave = page.locator(TRACES).first.get_attribute("d")
    page.context.set_offline(True)
    for name, option, words in (
        ("Gain", "20 mm/mV", "20 mm/mV ·"),
        ("Speed", "50 mm/s", "50 mm/s ·"),
        ("Filter", "0.5-40 Hz", "· 0.5-40 Hz ·"),
    ):
        page.get_by_role("combobox", name=name).click()
        page.get_by_role("option", name=option).click()
        expect(page.get_by_text(words)).to_be_visible()
    assert page.evaluate(scale) == pytest.approx([2 * a_sample, 2 * a_microvolt])
    assert page.locator(TRACES).first.get_attribute("d") != wave
    expect(page.get_by_text("Monitor filter", exact=False)).to_be_visible()
    page.get_by_role("combobox", name="Layout").click()
    page.get_by_role("option", name="12x1").click()
    expect(page.locator(TRACES)).to_have_count(12)
    page.context.set_offline(False)


def test_keys_in_a_hurry_are_all_heard_by_the_server(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    page.locator(".cv-cart").click()
    for key in "aaawd":
        page.keyboard.press(key)
    # 10, 20, 2.5, 5: at once, and still when all keys are answered.
    expect(page.get_by_text("· 5 mm/mV ·")).to_be_visible()
    page.wait_for_function("[...cardiovPaper.papers].every(paper => paper.data.answered === 5)", timeout=WAIT_MS)
    expect(page.get_by_text("· 5 mm/mV ·")).to_be_visible()
    expect(page.get_by_role("combobox", name="Gain")).to_have_value("5 mm/mV")
    expect(page.get_by_role("radio", name="Calipers")).to_be_checked()
    expect(page.locator(".cv-paper .cv-wave").first).to_be_attached()
    expect(page.get_by_text("Onset to offset of each wave", exact=False)).to_be_visible(timeout=WAIT_MS)


def test_what_is_folded_away_is_not_undone_by_a_key(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)

    def _pressed(key: str, count: int) -> None:
        page.locator(".cv-cart").click()
        page.keyboard.press(key)
        page.wait_for_function(f"[...cardiovPaper.papers].every(paper => paper.data.answered === {count})")

    def _opened(**said: str) -> None:
        page.get_by_role("button", name="More").click()
        for name, value in said.items():
            expect(page.get_by_role("combobox", name=name)).to_have_value(value)
        page.keyboard.press("Escape")
        expect(page.get_by_role("combobox", name="Waves")).to_have_count(0)

    _pressed("w", 1)
    _pressed("a", 2)
    _opened(Waves="on", Opacity="40%")
    _pressed("w", 3)
    _pressed("a", 4)
    _opened(Waves="off", Opacity="40%")
    expect(page.locator(".cv-paper .cv-wave")).to_have_count(0)


def test_the_whole_trace_is_on_one_screen(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    paper = page.locator(".cv-paper").first.bounding_box()
    assert paper is not None
    assert paper["y"] + paper["height"] <= 800, "the rhythm strip is seen without scrolling"


def test_boundaries_and_measurements_are_two_clicks_away(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    letters = page.locator(".cv-paper .cv-wave text")
    expect(letters).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("combobox", name="Waves").click()
    page.get_by_role("option", name="on", exact=True).click()
    expect(letters.filter(has_text="QRS").first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("Onset to offset of each wave", exact=False)).to_be_visible()
    page.get_by_role("tab", name="Measurements").click()
    expect(page.get_by_role("row", name="QTc, Fridericia")).to_be_visible(timeout=WAIT_MS)
    median = page.locator(".st-key-paper_median .js-plotly-plot")
    expect(median.locator("path.js-line").nth(12)).to_be_attached(timeout=WAIT_MS)
    first, second = page.locator(".cv-paper").bounding_box(), median.bounding_box()
    assert first is not None
    assert second is not None
    assert second["width"] == pytest.approx(first["width"], abs=2), "the median beat has the width of the trace"


def test_a_narrow_screen_does_not_scroll_sideways(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_a_reload_keeps_the_open_ecg(page: Page, record_files: list[Path]) -> None:
    page.locator("input[type=file]").set_input_files([str(path) for path in record_files])
    expect_result(page)
    address = page.url
    assert "?ecg=" in address
    page.reload()
    expect_result(page)
    expect(page.get_by_text(record_files[0].stem).first).to_be_visible()
    page.get_by_role("link", name="About").click()
    page.get_by_text("About CardioV").wait_for(timeout=WAIT_MS)
    page.reload()
    page.get_by_text("About CardioV").wait_for(timeout=WAIT_MS)
    page.get_by_role("link", name="Analyse").click()
    expect_result(page)


def test_a_reload_keeps_gain_and_speed_and_a_question_mark_shows_the_keys(page: Page) -> None:
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect_result(page)
    page.locator(".cv-cart").click()
    keys = page.get_by_role("dialog", name="Keys")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys).to_contain_text("Gain")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    # Reloaded at once: the server has not answered yet.
    page.keyboard.press("a")
    page.reload()
    expect(page.get_by_text("20 mm/mV ·", exact=False).first).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("combobox", name="Speed").click()
    page.get_by_role("option", name="50 mm/s").click()
    expect(page.get_by_text("50 mm/s · 20 mm/mV ·", exact=False).first).to_be_visible(timeout=WAIT_MS)
    page.reload()
    expect(page.get_by_text("50 mm/s · 20 mm/mV ·", exact=False).first).to_be_visible(timeout=WAIT_MS)
    kept = next(cookie for cookie in page.context.cookies() if cookie["name"] == "cardiov_display")
    assert {"gain=20", "speed=50"} <= set(kept["value"].split("&"))


def test_a_new_user_gets_level_reason_and_report_in_one_action_each(page: Page, record_files: list[Path]) -> None:
    page.locator("input[type=file]").set_input_files([str(path) for path in record_files])
    expect_result(page)
    reason = page.locator(".cv-answer .cv-reason")
    assert reason.inner_text().strip(), "one reason stands beside the level"
    page.get_by_test_id("stPopoverButton").filter(has_text="Evidence").click()
    expect(page.get_by_text("Probability of each level")).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    with page.expect_download(timeout=WAIT_MS) as download:
        page.get_by_role("button", name="PDF", exact=True).click()
    assert download.value.suggested_filename.endswith("-cardiov.pdf")
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
