"""Two things at the same moment: Streamlit ends a callback that looks into its session while another request waits.

A server whose callbacks wait before they begin makes the moment long enough to be met. Where a test says so, one begins
only when the next request is there, or when the test lets it go: then it does not matter who is faster.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cardiov_core import review
from cardiov_core.datasets import generate
from cardiov_core.domain import CaseSource, EventKind, Quality, QualityVerdict, Role, Severity
from cardiov_core.io import write_record

pytestmark = pytest.mark.browser

WAIT_MS = 90_000
PATCH = """
import time
from pathlib import Path

from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.runtime.state import session_state

call = session_state.WStates.call_callback
armed, begun = Path(__file__).with_name("armed"), Path(__file__).with_name("begun")

def late(self, *args, **more):
    if armed.exists():
        awaited = armed.read_text()
        armed.rename(begun)
        requests = get_script_run_ctx().script_requests
        while begun.exists() and (awaited == "release" or requests._state == ScriptRequestType.CONTINUE):
            time.sleep(0.02)
    else:
        time.sleep(0.6)
    return call(self, *args, **more)

session_state.WStates.call_callback = late
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("same_moment") / "review.db"


@pytest.fixture(scope="module")
def patch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of what makes the server late."""
    folder = tmp_path_factory.mktemp("late")
    (folder / "sitecustomize.py").write_text(PATCH)
    return folder


@pytest.fixture(scope="module")
def late_server(start_app: Callable[..., AbstractContextManager[str]], database: Path, patch: Path) -> Iterator[str]:
    paths = [str(patch), os.environ.get("PYTHONPATH", "")]
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        with start_app(database) as address:
            yield address


def came_true(page: Page, is_so: Callable[[], bool]) -> bool:
    """Wait until something is so outside the browser, and tell whether it came."""
    for _ in range(WAIT_MS // 200):
        if is_so():
            return True
        page.wait_for_timeout(200)
    return False


def came_after(page: Page, sign: Locator) -> bool:
    """Tell whether what was done is seen, in this page or, where it was drawn before that, in the next."""
    for _ in range(WAIT_MS // 3000):
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
        page.wait_for_timeout(1000)
        if sign.count():
            return True
        page.get_by_role("link", name="Worklist").click()
    return False


@dataclass(frozen=True)
class Moment:
    """Holds the next callback of the server before it begins."""

    page: Page
    patch: Path

    def held(self, button: Locator, awaited: str) -> None:
        """Click a button, and return when its callback is held: until a request comes, or until it is let go."""
        self.release()
        (self.patch / "armed").write_text(awaited)
        button.click()
        assert came_true(self.page, (self.patch / "begun").exists), "no callback began"

    def release(self) -> None:
        """Let go the callback that is held."""
        (self.patch / "begun").unlink(missing_ok=True)

    def with_a_link(self, button: Locator, link: str) -> None:
        """Click a link while the callback of a button has not begun yet."""
        self.held(button, "request")
        self.page.get_by_role("link", name=link).click()


def opened(browser: Browser, address: str, sign: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    expect(page.locator(sign).first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    return page


@pytest.mark.parametrize(
    ("path", "link", "sign", "taken"),
    [
        ("batch", "Batch", "text=Drop many ECGs", "text=1 of 1 record: done"),
        ("", "Analyse", "text=Noise and lead off", ".cv-paper .cv-trace"),
    ],
)
def test_a_drop_is_taken_though_a_link_is_clicked(
    browser: Browser, late_server: str, tmp_path: Path, path: str, link: str, sign: str, taken: str
) -> None:
    files = [str(file) for file in write_record(generate("normal"), tmp_path, "dicom", keep_identity=True)]
    page = opened(browser, f"{late_server}/{path}", sign)
    with page.expect_response(lambda answer: "upload_file" in answer.url):
        page.locator("input[type=file]").first.set_input_files(files)
    page.get_by_role("link", name=link).click()
    expect(page.locator(taken).first).to_be_visible(timeout=WAIT_MS)
    page.close()


def test_keys_of_a_read_in_a_hurry_are_all_taken(browser: Browser, late_server: str, database: Path) -> None:
    store = review.open_store(f"sqlite:///{database}")
    review.ensure_reader(store, "Owner")
    quality = Quality(QualityVerdict.ACCEPTABLE, ())
    new = review.NewCase(generate("normal"), None, quality, CaseSource.FOLDER, study="hurry")
    case, _ = review.put_case(store, new, "Owner")
    page = opened(browser, f"{late_server}/review?case={case}", "[aria-label='Your name']")
    page.get_by_label("Your name").fill("Eve")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".cv-paper .cv-trace").nth(12)).to_be_attached(timeout=WAIT_MS)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    for key in ("2", "h", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(250)
    expect(page.get_by_text("Saved, confidence high", exact=False)).to_be_visible(timeout=WAIT_MS)
    read = review.read_by(store, case, "Eve")
    assert read is not None
    assert read.level is Severity.MEDIUM_RISK
    store.close()
    page.close()


def test_agreement_is_logged_though_a_link_is_clicked(
    browser: Browser, late_server: str, database: Path, patch: Path
) -> None:
    store = review.open_store(f"sqlite:///{database}")
    review.ensure_reader(store, "Owner")
    page = opened(browser, late_server, "text=Noise and lead off")
    page.get_by_role("button", name="Normal sinus rhythm").click()
    expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("tab", name="Log").click()
    page.get_by_label("Your name").fill("Ida")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    Moment(page, patch).with_a_link(page.get_by_role("button", name="Agree with"), "Analyse")
    # Which tab is open then does not matter: the audit tells.
    expect(page.locator(".cv-answer .cv-word")).to_be_visible(timeout=WAIT_MS)
    assert came_true(page, lambda: any(event.kind is EventKind.OPINION_GIVEN for event in review.events_of(store))), (
        "it was lost"
    )
    given = [event.who for event in review.events_of(store) if event.kind is EventKind.OPINION_GIVEN]
    assert given == ["Ida"]
    store.close()
    page.close()


@pytest.fixture
def settings(browser: Browser, late_server: str, database: Path, patch: Path) -> Iterator[tuple[Moment, review.Store]]:
    """What the owner of a study sets."""
    store = review.open_store(f"sqlite:///{database}")
    review.ensure_reader(store, "Owner")
    quality = Quality(QualityVerdict.ACCEPTABLE, ())
    review.put_case(
        store, review.NewCase(generate("normal", seed=2), None, quality, CaseSource.FOLDER, study="set"), "Owner"
    )
    review.ensure_reader(store, "Flo")
    page = opened(browser, f"{late_server}/worklist?study=set", "text=Owner")
    page.get_by_text("Owner", exact=True).click()
    page.get_by_text("Study and people", exact=True).click(timeout=WAIT_MS)
    expect(page.get_by_text("Critical results", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    yield Moment(page, patch), store
    store.close()
    page.close()


def test_a_study_is_set_though_a_link_is_clicked(settings: tuple[Moment, review.Store]) -> None:
    moment, store = settings
    page = moment.page
    page.get_by_label("Independent blind reads of each case").fill("4")
    moment.with_a_link(page.get_by_role("button", name="Set", exact=True), "Worklist")
    assert came_true(page, lambda: {each.name: each.reads_wanted for each in review.list_studies(store)}["set"] == 4), (
        "it was lost"
    )


def test_a_setting_is_refused_in_words_where_its_page_is_left_at_once(settings: tuple[Moment, review.Store]) -> None:
    moment, _ = settings
    page = moment.page
    moment.held(page.get_by_role("button", name="Set", exact=True), "release")
    page.get_by_role("link", name="Batch").click()
    expect(page.get_by_text("Drop many ECGs")).to_be_visible(timeout=WAIT_MS)
    # With the end of its script the new page has cleared away the widgets of the old one.
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=WAIT_MS)
    moment.release()
    page.get_by_role("link", name="Worklist").click()
    page.get_by_text("Study and people", exact=True).click(timeout=WAIT_MS)
    expect(page.get_by_text("This was not taken", exact=False)).to_be_visible(timeout=WAIT_MS)


def test_a_role_is_given_though_a_link_is_clicked(settings: tuple[Moment, review.Store]) -> None:
    moment, store = settings
    page = moment.page
    roles = page.locator(".st-key-roles_Flo")
    moment.with_a_link(roles.get_by_text("adjudicator", exact=True), "Worklist")
    assert came_true(page, lambda: Role.ADJUDICATOR in review.roles_of(store, "Flo")), "it was lost"


def test_critical_results_are_set_though_a_link_is_clicked(settings: tuple[Moment, review.Store]) -> None:
    moment, store = settings
    page = moment.page
    before = review.alert_settings(store).open_alerts
    page.get_by_text("A critical result of a new ECG opens an alert").click()
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)
    moment.with_a_link(page.get_by_role("button", name="Set critical results"), "Worklist")
    assert came_true(page, lambda: review.alert_settings(store).open_alerts is not before), "it was lost"


def test_another_reader_sits_down_though_a_link_is_clicked(settings: tuple[Moment, review.Store]) -> None:
    moment, _ = settings
    page = moment.page
    moment.with_a_link(page.get_by_role("button", name="Another reader"), "Worklist")
    assert came_after(page, page.get_by_label("Your name")), "it was lost"
    moment.with_a_link(page.get_by_text("Flo", exact=True), "Worklist")
    assert came_after(page, page.get_by_text("Reader: Flo")), "it was lost"
