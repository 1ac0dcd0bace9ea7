"""The Batch page in a real browser: a drop, the list, a click on a name."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

WAIT_MS = 120_000
HEAD_PX, ROW_PX = 34, 32


@pytest.fixture
def archive(tmp_path: Path, wfdb_files: Callable[..., dict[str, bytes]]) -> Path:
    """A zip of twelve good records of one ECG, one of a wrong gain, and a damaged file."""
    files: dict[str, bytes] = {"ward/damaged.npy": b"not an array"}
    for number in range(12):
        files |= {f"ward/{name}": content for name, content in wfdb_files(f"case{number:02d}").items()}
    files |= {f"ward/{name}": content for name, content in wfdb_files("weak", gain_per_mv=4880.0).items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    path = tmp_path / "records.zip"
    path.write_bytes(buffer.getvalue())
    return path


def test_a_zip_becomes_a_list_whose_names_open_records(page: Page, archive: Path) -> None:
    page.get_by_role("link", name="Batch").click()
    page.get_by_text("Drop many ECGs").wait_for(timeout=WAIT_MS)
    page.locator("input[type=file]").first.set_input_files(str(archive))
    expect(page.get_by_text("14 of 14 records: done")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("1 file could not be read")).to_be_visible()
    expect(page.get_by_text("ward/damaged.npy")).to_be_visible()
    expect(page.get_by_text("Not a medical device")).to_be_visible()
    table = page.locator("[data-testid=stDataFrame]")
    box = table.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 800, "the list is on the first screen"
    # The second row: the withheld record stands first, equals follow by name.
    page.mouse.click(box["x"] + 30, box["y"] + HEAD_PX + 1.5 * ROW_PX)
    level = page.get_by_role("img", name="on a scale of 0 to 3")
    expect(level).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("case00.hea").first).to_be_visible()
    paper = page.locator(".cv-paper").first
    expect(page.locator(".cv-paper .cv-trace").nth(12)).to_be_attached(timeout=WAIT_MS)
    place = paper.bounding_box()
    assert place is not None
    assert place["y"] + place["height"] <= 800, "the rhythm strip is on the screen below the row's steps"
    page.get_by_role("link", name="Batch").click()
    expect(page.get_by_text("14 of 14 records: done")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Open the next").press("Enter")
    expect(page.get_by_text("No level", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("weak.hea").first).to_be_visible()


@pytest.mark.slow
def test_back_leads_to_the_row_that_was_left(
    page: Page, tmp_path: Path, wfdb_files: Callable[..., dict[str, bytes]]
) -> None:
    path = tmp_path / "ward.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(30):
            for name, content in wfdb_files(f"case{number:02d}").items():
                packed.writestr(name, content)
    page.get_by_role("link", name="Batch").click()
    page.get_by_text("Drop many ECGs").wait_for(timeout=WAIT_MS)
    page.locator("input[type=file]").first.set_input_files(str(path))
    expect(page.get_by_text("30 of 30 records: done")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("combobox", name="Open a record by its name").fill("case27")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Case 28 of 30")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Back to the list").click()
    scroller = page.locator(".st-key-batch_table .dvn-scroller")
    scroller.wait_for(timeout=WAIT_MS)
    page.wait_for_function("document.querySelector('.st-key-batch_table .dvn-scroller').scrollTop > 100")
