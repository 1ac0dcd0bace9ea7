"""Files that fall where no zone is, or while the page is at work: taken, or refused in words."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cardiov_core.datasets import generate
from cardiov_core.io import write_record

pytestmark = pytest.mark.browser

WAIT_MS = 90_000
DROP = """
([words, selector]) => {
  const files = new DataTransfer();
  const bytes = Uint8Array.from(atob(words), letter => letter.charCodeAt(0));
  files.items.add(new File([bytes], 'dropped.dcm'));
  const place = document.querySelector(selector) ?? document.body;
  place.dispatchEvent(new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}));
}
"""


def dicom(folder: Path, sample: str) -> Path:
    """A sample as a DICOM file of its own name."""
    return next(path for path in write_record(generate(sample), folder / sample, "dicom") if path.suffix == ".dcm")


def drop(page: Page, path: Path, selector: str) -> None:
    """Drop a file on an element, as a mouse does."""
    import base64

    page.evaluate(DROP, [base64.b64encode(path.read_bytes()).decode(), selector])


def test_a_file_that_falls_beside_the_zone_is_taken(page: Page, tmp_path: Path) -> None:
    drop(page, dicom(tmp_path, "normal"), ".cv-banner")
    expect(page.locator(".cv-cart")).to_contain_text("dropped", timeout=WAIT_MS)
    drop(page, dicom(tmp_path, "left_bundle_branch_block"), ".cv-paper")
    expect(page.locator(".cv-rhythm, .cv-reason").first).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(".cv-cart")).to_contain_text("68 y", timeout=WAIT_MS)


@pytest.mark.parametrize("wait_ms", [0, 150, 600, 1500])
def test_a_second_file_is_taken_while_the_first_is_analysed(page: Page, tmp_path: Path, wait_ms: int) -> None:
    first, second = dicom(tmp_path, "normal"), dicom(tmp_path, "left_bundle_branch_block")
    page.locator("input[type=file]").first.set_input_files(str(first))
    page.wait_for_timeout(wait_ms)
    drop(page, second, "[data-testid=stFileUploaderDropzone]")
    # It is opened, or both stand there to be chosen from.
    expect(page.get_by_text("dropped", exact=False).first).to_be_visible(timeout=WAIT_MS)


def test_a_file_is_refused_in_words_where_no_page_takes_it(page: Page, tmp_path: Path) -> None:
    page.get_by_role("link", name="About").click()
    expect(page.get_by_text("About CardioV")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    drop(page, dicom(tmp_path, "normal"), ".cv-banner")
    expect(page.get_by_text("The file was not taken")).to_be_visible(timeout=WAIT_MS)
