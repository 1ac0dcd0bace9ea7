"""A record in every cart's format, dropped in a real browser: the level is that of its WFDB original."""

import importlib.util
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
from playwright.sync_api import Browser, Page, expect

from cardiov_core.datasets.ptbxl import PtbXl
from cardiov_core.domain import EcgRecord

pytestmark = [pytest.mark.browser, pytest.mark.dataset]

WAIT_MS = 60_000
# Labelled high risk, and graded otherwise by the networks that did not train on it than by the one that did: the page
# must know it again in every format.
ECG_ID = 106


@pytest.fixture(scope="module")
def make(repository: Path) -> ModuleType:
    """The makers of carts' files."""
    spec = importlib.util.spec_from_file_location("cart_files", repository / "tests" / "io" / "carts" / "cart_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def record(data_folder: Path) -> EcgRecord:
    """A real record."""
    return PtbXl(data_folder / "ptb-xl-subset").record(ECG_ID)


def level_of(browser: Browser, server: str, files: list[Path]) -> str:
    """What the badge says after a drop on a fresh page."""
    page: Page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(server)
    page.get_by_role("button", name="Noise and lead off").wait_for(timeout=WAIT_MS)
    page.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=WAIT_MS)
    page.locator("input[type=file]").set_input_files([str(path) for path in files])
    badge = page.get_by_role("img", name="on a scale of 0 to 3")
    expect(badge).to_be_visible(timeout=WAIT_MS)
    said = badge.get_attribute("aria-label") or ""
    page.close()
    return said


def test_every_format_opens_with_the_level_of_the_original(
    browser: Browser, server: str, data_folder: Path, tmp_path: Path, record: EcgRecord, make: ModuleType
) -> None:
    stem = data_folder / "ptb-xl-subset/records500/00000" / f"{ECG_ID:05d}_hr"
    original = level_of(browser, server, [stem.with_suffix(".hea"), stem.with_suffix(".dat")])
    assert "0 to 3" in original
    for name, maker in {
        "ecg.dcm": make.dicom,
        "aecg.xml": make.aecg,
        "muse.xml": partial(make.muse, step_uv=1.0),
        "ecg.scp": make.scp,
        "ecg.edf": make.edf,
    }.items():
        path = tmp_path / name
        path.write_bytes(maker(record))
        assert level_of(browser, server, [path]) == original, name
