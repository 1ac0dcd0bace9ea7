"""A critical upload opens an alert, a late one escalates, a second person acknowledges it, all in the audit."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import AlertSettings, EventKind
from cardiov_core.io import write_record
from cardiov_core.review.alerts.delivery import Channels

pytestmark = pytest.mark.browser

WAIT_MS = 120_000
# An ordinary sinus rhythm is critical by these limits of an installation.
LIMITS = {"severe_bradycardia": {"heart_rate_bpm": {"below": 300.0}}}


def _named(page: Page, address: str, name: str) -> None:
    page.goto(f"{address}/worklist")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Start").click()


def test_a_critical_upload_reaches_a_second_person(browser: Browser, start_app: Callable, tmp_path: Path) -> None:
    database = tmp_path / "review.db"
    store = review.open_store(f"sqlite:///{database}")
    review.ensure_reader(store, "Ada")
    review.set_alert_settings(store, AlertSettings(open_alerts=True, limits=LIMITS), "Ada")
    record = generate("normal", seed=5, sampling_rate_hz=500, duration_s=10.0)
    files = write_record(record, tmp_path / "ecg", "wfdb", keep_identity=True)
    with start_app(database) as address:
        first, second = (browser.new_context(viewport={"width": 1280, "height": 800}).new_page() for _ in range(2))
        first.goto(address)
        first.get_by_role("button", name="Noise and lead off").wait_for(timeout=WAIT_MS)
        # Streamlit sends a page piece by piece: a file that is dropped earlier may be lost.
        first.locator("[data-testid=stStatusWidget]").wait_for(state="detached", timeout=WAIT_MS)
        first.locator("input[type=file]").set_input_files([str(path) for path in files])
        expect(first.get_by_text("Alert opened at")).to_be_visible(timeout=WAIT_MS)
        # The clock goes on by an hour: nobody acknowledged it.
        (late,) = review.escalate_due(store, Channels(), datetime.now(UTC) + timedelta(hours=1))
        _named(second, address, "Ben")
        expect(second.get_by_text("1 critical result not acknowledged")).to_be_visible(timeout=WAIT_MS)
        expect(second.get_by_text("escalated")).to_be_visible()
        second.get_by_role("button", name="Acknowledge").click()
        expect(second.get_by_text("not acknowledged")).to_have_count(0, timeout=WAIT_MS)
    kinds = [event.kind for event in review.events_of(store, late.case_id)]
    assert [kind for kind in kinds if kind.value.startswith("alert")] == [
        EventKind.ALERT_OPENED,
        EventKind.ALERT_ESCALATED,
        EventKind.ALERT_ACKNOWLEDGED,
    ]
    acknowledged = review.alert_of_case(store, late.case_id)
    assert acknowledged is not None
    assert acknowledged.acknowledged_by == "Ben"
    store.close()
