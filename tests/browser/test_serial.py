"""A later ECG of a patient beside the one that was open before: found by patient id, and what is new is named."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cardiov_core.datasets.synthetic import generate
from cardiov_core.io import write_record

pytestmark = pytest.mark.browser

WAIT_MS = 90_000


def _file(folder: Path, name: str, condition: str, year: int) -> str:
    record = replace(
        generate(condition, seed=2),
        record_id=name,
        patient_id="4711",
        age=60.0,
        sex="male",
        recorded_at=datetime(year, 3, 1, 9, 0),
    )
    (path,) = write_record(record, folder / name, "dicom", keep_identity=True)
    return str(path)


def test_the_earlier_ecg_of_the_session_is_found_and_compared(page: Page, tmp_path: Path) -> None:
    paper = ".st-key-paper_trace .cv-trace"
    page.locator("input[type=file]").set_input_files(_file(tmp_path, "before", "normal", 2024))
    expect(page.locator(paper).nth(12)).to_be_attached(timeout=WAIT_MS)
    # The first screen's drop zone goes when the level is there; the next one is in the page while its menu is open.
    expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator("input[type=file]")).to_have_count(0, timeout=WAIT_MS)
    page.get_by_test_id("stPopoverButton").filter(has_text="Open").click()
    page.get_by_role("button", name="Samples and data sets").wait_for(timeout=WAIT_MS)
    expect(page.locator("input[type=file]")).to_have_count(1, timeout=WAIT_MS)
    page.locator("input[type=file]").first.set_input_files(_file(tmp_path, "after", "inferior_st_elevation", 2025))
    # The paper of the ECG before is still there for a moment.
    expect(page.locator(".cv-cart")).to_contain_text("2025", timeout=WAIT_MS)
    expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(paper).nth(12)).to_be_attached(timeout=WAIT_MS)
    page.get_by_role("tab", name="Compare").click()
    expect(page.get_by_text("1 other ECG of this patient found.")).to_be_visible(timeout=WAIT_MS)
    picker = page.get_by_role("combobox", name="Or one opened before")
    picker.click()
    picker.press("ArrowDown")
    picker.press("Enter")
    expect(page.get_by_text("New: ST elevation, inferior", exact=False)).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text("The level is higher", exact=False)).to_be_visible()
    expect(
        page.get_by_text("Later (after 12 months):", exact=False).or_(page.get_by_text("Later (after"))
    ).to_be_visible()
    page.locator("summary", has_text="Unchanged (").click()
    expect(page.get_by_text("Yes, compare them")).to_have_count(0)
