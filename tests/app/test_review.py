"""The Review page through app.py: what a blind reader can know, what follows a read, and who decides."""

import io
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.domain import CaseStatus, EventKind, ReadKind, Role, Severity, Verdict
from cardiov_core.review import Store
from cardiov_core.ui.frame import resources
from cardiov_core.ui.review.owner import confirmed_report

AddCase = Callable[..., str]
OpenPage = Callable[..., AppTest]


def source(app: AppTest) -> str:
    """All that the page sends to the browser."""
    return "\n".join(str(node.proto) for node in app.main if getattr(node, "proto", None) is not None)


def shown(app: AppTest) -> str:
    """All words on the page but those of its buttons."""
    html = [element.proto.body for element in app.get("html")]
    words = (*app.markdown, *app.error, *app.warning, *app.caption, *app.success, *app.info)
    return "\n".join(html + [element.value for element in words])


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def read_blind(app: AppTest, level: int, confidence: int = 3) -> AppTest:
    app.button(key=f"level_{level}").click().run()
    app.button(key=f"confidence_{confidence}").click().run()
    return app.button(key="read_save").click().run()


def give_role(store: Store, name: str, *roles: Role) -> None:
    review.ensure_reader(store, name)
    review.grant(store, name, roles, "test", at_the_machine=True)


def test_a_page_is_the_same_whatever_label_and_level_are(add_case: AddCase, open_page: OpenPage) -> None:
    cases = [add_case("kept-1", label=0, level=3), add_case("kept-2", label=2, level=2), add_case("kept-3", label=None)]
    seen = []
    for case_id in cases:
        app = open_page("review", "Ada", case=case_id)
        assert not app.exception
        assert not app.error
        assert app.get("bidi_component")
        without_token = re.sub(r"cardiov_browser=\w+", "", source(app).replace(case_id, "CASE"))
        seen.append(re.sub(r'(id|fragment_id): "[^"]*"', "", without_token))
        assert "kept-" not in seen[-1], "a file's name may tell of the record"
    assert seen[0] == seen[1] == seen[2]
    for words in ("aaaaaaaa", "grader-of-the-case", "riority", "Attention"):
        assert words not in seen[0]
    drawing = json.loads(app.get("bidi_component")[0].proto.json)
    assert (drawing["attention"], drawing["remarks"]) == ([], {}), "no trace of where it looked"
    assert [each["lit"] for each in drawing["filters"].values()] == [None, None]


def test_a_read_is_saved_undone_and_saved_again(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("one")
    app = open_page("review", "Ada", case=case_id)
    app.button(key="read_save").click().run()
    assert "Not saved: choose a level first" in shown(app)
    app.button(key="level_1").click().run()
    assert "Not saved" not in shown(app)
    app.button(key="read_save").click().run()
    assert "Not saved: say first how sure you are" in shown(app), "how sure is asked as well"
    assert review.read_by(store, case_id, "Ada") is None
    app.button(key="confidence_2").click().run()
    app.text_area(key=f"text_{case_id}").set_value("Long PR").run()
    app.button(key="read_save").click().run()
    read = review.read_by(store, case_id, "Ada")
    assert read is not None
    assert (read.level, read.confidence, read.text, read.kind) == (Severity.LOW_RISK, 2, "Long PR", ReadKind.BLIND)
    assert "Grader" not in shown(app)
    app.button(key="read_undo").click().run()
    assert review.read_by(store, case_id, "Ada") is None
    assert app.text_area(key=f"text_{case_id}").value == "Long PR"
    app.button(key="level_0").click().run()
    app.button(key="read_save").click().run()
    again = review.read_by(store, case_id, "Ada")
    assert again is not None
    assert again.level is Severity.NO_RISK
    assert EventKind.READ_UNDONE in [event.kind for event in review.events_of(store, case_id)]


def test_a_draft_survives_a_reload(add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("one")
    app = open_page("review", "Ada", case=case_id)
    app.button(key="level_3").click().run()
    app.button_group(key=f"reasons_{case_id}").set_value(["Rhythm", "QT"]).run()
    app.text_area(key=f"text_{case_id}").set_value("Torsade?").run()
    again = open_page("review", "Ada", case=case_id)
    assert again.text_area(key=f"text_{case_id}").value == "Torsade?"
    assert again.button_group(key=f"reasons_{case_id}").value == ["Rhythm", "QT"]
    assert again.button(key="level_3").proto.type == "primary"
    other = open_page("review", "Ben", case=case_id)
    assert other.text_area(key=f"text_{case_id}").value == "", "another reader's draft is nobody's business"


def test_two_levels_without_names_then_the_reveal_then_the_answer(
    store: Store, add_case: AddCase, open_page: OpenPage
) -> None:
    case_id = add_case("one", label=0, level=2)
    app = read_blind(open_page("review", "Ada", case=case_id), 1)
    app.button(key="read_go_on").click().run()
    assert not app.exception
    offered = [label for label in labels(app) if label.startswith(("This one", "That one"))]
    assert sorted(label.split(" ", 3)[-1] for label in offered) == ["Medium risk", "No risk"]
    assert "Label" not in shown(app)
    assert "Grader" not in shown(app)
    assert not any("undo" in (button.key or "") for button in app.button), "the candidates were seen"
    app.button(key="verdict_2").click().run()
    page = shown(app)
    assert re.search(
        r"Label</div>.*0 No risk.*Grader</div>.*2 Medium risk.*Your read</div>.*1 Low risk", page, re.DOTALL
    )
    assert "the grader" in page
    assert "70" in page, "the model's probabilities"
    assert any(box.label == "Attention" for box in app.selectbox)
    assert not re.search("looked at|Attention for", page), "attention is off, and nothing is said of it"
    app.button(key="change_2").click().run()
    read = review.read_by(store, case_id, "Ada")
    assert read is not None
    assert (read.level, read.verdict, read.revised_level) == (Severity.LOW_RISK, Verdict.MODEL, Severity.MEDIUM_RISK)
    assert "changed to 2" in shown(app)


def test_neither_takes_a_level_of_ones_own(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("one", label=0, level=2)
    app = read_blind(open_page("review", "Ada", case=case_id), 3)
    app.button(key="read_go_on").click().run()
    app.button(key="verdict_3").click().run()
    read = review.read_by(store, case_id, "Ada")
    assert read is not None
    assert (read.verdict, read.verdict_level) == (Verdict.NEITHER, Severity.HIGH_RISK)
    app.button(key="read_keep").click().run()
    kept = review.read_by(store, case_id, "Ada")
    assert kept is not None
    assert kept.revised_level is Severity.HIGH_RISK


@pytest.fixture
def locked(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A connection that can hold the database; the app's store waits for it only briefly."""
    impatient = review.open_store(f"sqlite:///{tmp_path / 'review.db'}", wait_s=0.1)
    monkeypatch.setattr(resources, "review_store", lambda: impatient)
    connection = sqlite3.connect(tmp_path / "review.db", isolation_level=None, check_same_thread=False)
    yield connection
    connection.close()
    impatient.close()


def test_a_locked_database_is_a_sentence_and_the_draft_is_kept(
    store: Store, locked: sqlite3.Connection, add_case: AddCase, open_page: OpenPage
) -> None:
    case_id = add_case("one")
    app = open_page("review", "Ada", case=case_id)
    app.button(key="level_2").click().run()
    app.button(key="confidence_1").click().run()
    locked.execute("BEGIN IMMEDIATE")
    app.text_area(key=f"text_{case_id}").set_value("typed while it was locked").run()
    app.button(key="read_save").click().run()
    assert not app.exception
    assert any("another process holds it" in error.value for error in app.error)
    assert "kept on this page" in shown(app)
    assert app.text_area(key=f"text_{case_id}").value == "typed while it was locked"
    assert review.read_by(store, case_id, "Ada") is None
    locked.execute("ROLLBACK")
    app.button(key="read_save").click().run()
    read = review.read_by(store, case_id, "Ada")
    assert read is not None
    assert (read.level, read.text) == (Severity.MEDIUM_RISK, "typed while it was locked")


def test_previous_skip_and_next(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    for number in range(3):
        add_case(f"r{number}", seed=number + 1)
    app = open_page("review", "Ada")
    first = app.query_params["case"]
    assert "Case 1 of 3, 2 left" in shown(app)
    app.button(key="case_next").click().run()
    assert any("not read yet" in error.value for error in app.error)
    app.button(key="case_skip").click().run()
    second = app.query_params["case"]
    assert second != first
    assert "Case 2 of 3, 1 left" in shown(app)
    read_blind(app, 0)
    app.button(key="case_next").click().run()
    assert app.query_params["case"] not in (first, second)
    app.button(key="case_previous").click().run()
    assert app.query_params["case"] == second
    assert "0 No risk" in shown(app)
    assert set(app.query_params) == {"case"}, "no name in the address"


def test_who_saw_the_grade_reads_unblinded_and_is_told(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("one")
    app = open_page("review", "Olga", case=case_id)
    assert "marked as unblinded" not in shown(app)
    app.button(key="owner_show").click().run()
    assert "marked as unblinded" in shown(app)
    assert "Grader&#x27;s level" in shown(app) or "Grader's level" in shown(app)
    read_blind(app, 0)
    read = review.read_by(store, case_id, "Olga")
    assert read is not None
    assert read.kind is ReadKind.UNBLINDED
    app.button(key="read_go_on").click().run()
    app.button(key="verdict_2").click().run()
    page = shown(app)
    assert all(f">{words}</td>" in page for words in ("high", "the grader")), (
        "the owner's table speaks as the page does"
    )


def test_an_adjudicator_decides_with_reason_and_confirmation(
    store: Store, add_case: AddCase, open_page: OpenPage
) -> None:
    case_id = add_case("one")
    for name, level in (("Ada", Severity.NO_RISK), ("Ben", Severity.HIGH_RISK)):
        review.ensure_reader(store, name)
        review.commit_read(store, case_id, name, level, 3, ("ST segment",), f"words of {name[0]}.")
    reader = open_page("review", "Ada", case=case_id)
    assert "settle" not in [button.key for button in reader.button], "who has read it does not decide it"
    give_role(store, "Dora", *Role)
    app = open_page("review", "Dora", case=case_id)
    page = shown(app)
    assert "words of A." in page
    assert "words of B." in page
    assert "Ada" not in page
    assert "Grader" not in page
    app.button(key="settle_indeterminate").click().run()
    app.text_area(key=f"settle_reason_{case_id}").set_value("Leads reversed").run()
    assert app.button(key="settle").disabled
    app.checkbox(key=f"settle_sure_{case_id}").check().run()
    app.button(key="settle").click().run()
    assert not app.exception
    case = review.get_case(store, case_id)
    assert (case.status, case.indeterminate, case.decision) == (CaseStatus.SETTLED, True, None)
    decided = review.adjudication_of(store, case_id)
    assert decided is not None
    assert (decided.by, decided.reason) == ("Dora", "Leads reversed")


def trace_of(app: AppTest) -> str:
    return json.dumps(json.loads(app.get("bidi_component")[0].proto.json), ensure_ascii=False)


def test_a_signature_its_amendment_and_the_confirmed_report(
    store: Store, add_case: AddCase, open_page: OpenPage
) -> None:
    case_id = add_case("one")
    for name in ("Ada", "Ben"):
        review.ensure_reader(store, name)
        review.commit_read(store, case_id, name, Severity.LOW_RISK, 3)
    give_role(store, "Dora", *Role)
    app = open_page("review", "Dora", case=case_id)
    app.text_area(key=f"sign_comment_{case_id}_0").set_value("Agreed").run()
    app.button(key="sign_off").click().run()
    assert review.get_case(store, case_id).status is CaseStatus.SIGNED_OFF
    assert "Signed off by Dora" in shown(app)
    assert '"100 Hz", "confirmed"' in trace_of(app)
    assert app.button(key="sign_off").disabled, "an amendment says why"
    app.selectbox(key=f"sign_level_{case_id}_1").select(Severity.MEDIUM_RISK).run()
    app.text_area(key=f"sign_comment_{case_id}_1").set_value("Seen beside an earlier ECG").run()
    app.button(key="sign_off").click().run()
    signatures = review.sign_offs_of(store, case_id)
    assert [(each.level, each.amends) for each in signatures] == [
        (Severity.LOW_RISK, False),
        (Severity.MEDIUM_RISK, True),
    ]
    text = PdfReader(io.BytesIO(confirmed_report(store, review.get_case(store, case_id)))).pages[0].extract_text()
    assert "Confirmed by Dora" in text
    assert "UNCONFIRMED" not in text


def test_a_plain_reader_sees_neither_status_nor_the_owners_part(
    store: Store, add_case: AddCase, open_page: OpenPage
) -> None:
    case_id = add_case("one")
    give_role(store, "Rita", Role.READER)
    app = open_page("review", "Rita", case=case_id)
    assert not app.expander or all("owner" not in each.label for each in app.expander)
    give_role(store, "Noah")
    refused = open_page("review", "Noah", case=case_id)
    assert "may not read" in shown(refused)
    assert "read_save" not in [button.key for button in refused.button]


def test_a_deleted_waveform_says_so(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("one")
    assert open_page("review", "Ada", case=case_id).get("bidi_component"), "its trace was prepared and kept"
    review.delete_waveform(store, case_id, "Olga", "on request")
    app = open_page("review", "Ada", case=case_id)
    assert not app.exception
    assert not app.get("bidi_component")
    assert any("was deleted" in error.value for error in app.error)


def test_an_unknown_case_is_a_sentence(add_case: AddCase, open_page: OpenPage) -> None:
    add_case("one")
    app = open_page("review", "Ada", case="ffffffffff")
    assert not app.exception
    assert any("no case" in error.value for error in app.error)


def test_who_signed_in_is_the_reader_with_the_databases_roles(
    store: Store, add_case: AddCase, repository: Path
) -> None:
    add_case("one")
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60)
    app.user = {"is_logged_in": True, "iss": "https://id.example", "sub": "17", "name": "Dr Grete"}
    app.run()
    app.switch_page("pages/worklist.py").run()
    app.run()
    assert not app.exception
    assert "Reader: Dr Grete" in shown(app)
    assert "reader_name" not in [box.key for box in app.text_input]
    assert app.button_group(key="view").options == ["Read"], "nobody gets more by signing in"
    assert review.roles_of(store, "Dr Grete") == {Role.READER}
    assert "17" not in str(app.query_params)
    review.grant(store, "Dr Grete", tuple(Role), "test", at_the_machine=True)
    app.run()
    assert "Cases" in app.button_group(key="view").options


def test_without_signing_in_where_it_is_set_up_there_is_only_the_sign_in(add_case: AddCase, repository: Path) -> None:
    add_case("one")
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60)
    app.user = {"is_logged_in": False}
    app.run()
    app.switch_page("pages/worklist.py").run()
    assert [button.key for button in app.button] == ["sign_in_door"]
