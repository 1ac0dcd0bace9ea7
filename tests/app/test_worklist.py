"""The Worklist page through app.py, and the Log tab that fills it from the Analyse page."""

import json
import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.domain import CaseSource, EventKind, ReadKind, Role, Severity
from cardiov_core.errors import StoreUnavailableError
from cardiov_core.review import Store
from cardiov_core.review.reading.blinding import has_seen_case
from cardiov_core.ui.analyze.log import NOBODY
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.session import Key

AddCase = Callable[..., str]
OpenPage = Callable[..., AppTest]


def shown(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    words = (*app.markdown, *app.error, *app.warning, *app.caption, *app.success, *app.info)
    return "\n".join(html + [element.value for element in words])


def source(app: AppTest) -> str:
    return "\n".join(str(node.proto) for node in app.main if getattr(node, "proto", None) is not None)


def records(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Record"])


def owners_table(open_page: OpenPage, name: str = "Olga", **parameters: str) -> AppTest:
    app = open_page("worklist", name, view="Cases", **parameters)
    return app.button(key="owner_open").click().run()


def sample(app: AppTest, condition: str = "normal") -> AppTest:
    app.button(key=f"{Key.SAMPLE}_{condition}").click().run()
    return open_tab(app, "Log")


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state[Key.TABS] = name
    return app.run()


def name_reader(app: AppTest, name: str) -> AppTest:
    app.text_input(key="reader_name").set_value(name)
    return app.button(key="reader_start").click().run()


def kinds(store: Store) -> list[tuple[str, EventKind]]:
    return [(event.who, event.kind) for event in review.events_of(store)]


def test_an_empty_review_says_how_cases_come_in(open_page: OpenPage) -> None:
    app = open_page("worklist")
    assert not app.exception
    assert "cardiov review import-cases" in shown(app)
    assert not app.error


def test_a_name_is_asked_for_and_a_bad_one_is_a_sentence(open_page: OpenPage) -> None:
    app = open_page("worklist", "   ")
    assert not app.exception
    assert any("1 to 100 characters" in error.value for error in app.error)
    name_reader(app, "Ada")
    assert "Reader: Ada" in shown(app)
    app.button(key="reader_change").click().run()
    assert app.text_input(key="reader_name").value == ""
    assert "Reader: Ada" not in shown(app)


def test_a_blind_readers_start_tells_of_no_case(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    for number in range(3):
        add_case(f"name-{number}", label=0, level=3, seed=number + 1)
    add_case("name-right", label=1, level=1, seed=9)
    add_case("name-left-out", label=1, level=1, seed=10)
    app = open_page("worklist", "Ada")
    assert app.get("progress")[0].proto.text == "Case 1 of 4, 3 left"
    for words in ("name-", "aaaaaaaa", "High risk", "rror", "riority"):
        assert words not in source(app)
    app.button(key="next_case").click().run()
    assert app.query_params["case"] in {case.id for case in review.list_cases(store).cases}


def test_the_number_of_cases_does_not_tell_which_were_mixed_in(
    store: Store, add_case: AddCase, open_page: OpenPage
) -> None:
    for number in range(4):
        add_case(f"wrong-{number}", label=0, level=3, seed=number + 1)
        add_case(f"right-{number}", label=1, level=1, seed=number + 11)
    app = open_page("review", "Ada")
    totals = []
    for _ in range(4):
        totals.append(re.search(r"Case \d of (\d+)", shown(app)).group(1))
        app.button(key="case_skip").click().run()
    assert len(set(totals)) == 1


def test_the_owners_table_is_opened_knowingly_and_noted(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("r1", label=0, level=3)
    app = open_page("worklist", "Olga", view="Cases")
    assert not app.dataframe
    assert not has_seen_case(store, case_id, "Olga")
    app.button(key="owner_open").click().run()
    assert records(app) == ["r1"]
    assert has_seen_case(store, case_id, "Olga")
    app.run()
    assert kinds(store).count(("Olga", EventKind.GRADE_SHOWN)) == 1, "noted once"


def test_a_column_that_no_case_fills_takes_no_room(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    """The time that a case came in was cut at 1366 px behind three empty columns."""
    case_id = add_case("r1", label=0, level=3)
    sometimes = {"Set", "Graders", "Given to"}
    assert not sometimes & set(owners_table(open_page).dataframe[0].value.columns)
    review.ensure_reader(store, "Ada")
    review.assign(store, [case_id], "Ada", "Olga")
    assert sometimes & set(owners_table(open_page).dataframe[0].value.columns) == {"Given to"}


def test_filters_are_kept_in_the_address(add_case: AddCase, open_page: OpenPage) -> None:
    add_case("far", label=0, level=3, seed=1)
    add_case("near", label=1, level=2, seed=2)
    add_case("right", label=1, level=1, seed=3)
    app = owners_table(open_page)
    assert records(app)[0] == "far", "far misses first"
    app.selectbox(key="error").select("1 or more").run()
    assert sorted(records(app)) == ["far", "near"]
    deep = owners_table(open_page, error="3")
    assert records(deep) == ["far"]
    assert records(owners_table(open_page, level="Low risk")) == ["right"]
    assert records(owners_table(open_page, record="EA")) == ["near"]
    assert records(owners_table(open_page, sort="record")) == ["far", "near", "right"]
    assert "as you asked" in shown(owners_table(open_page, status="signed off"))
    assert "Olga" not in str(app.query_params)


def test_pages_come_from_the_database(
    store: Store, add_case: AddCase, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cardiov_core.ui.worklist.page.PAGE_ROWS", 2)
    for number in range(5):
        add_case(f"r{number}", seed=number + 1)
    app = owners_table(open_page, sort="record", page="2")
    assert records(app) == ["r2", "r3"]
    app.number_input(key="page").set_value(3).run()
    assert records(app) == ["r4"]
    app.text_input(key="record").set_value("r0").run()
    assert not app.exception
    assert records(app) == ["r0"], "a filter that leaves one page shows it"


def test_a_case_is_opened_by_name_without_a_mouse(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    case_id = add_case("r1")
    app = owners_table(open_page)
    app.selectbox(key="worklist_pick").select(f"r1 ({case_id})").run()
    assert not app.exception
    assert app.query_params["case"] == case_id
    assert "marked as unblinded" in shown(app)


def test_what_the_owner_sets_reaches_the_study(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    add_case("r1")
    app = open_page("worklist", "Olga", view="Study and people")
    app.slider(key="study_share").set_value(40)
    app.number_input(key="study_reads").set_value(3)
    app.checkbox(key="study_verdict").uncheck()
    app.button(key="study_set").click().run()
    assert not app.exception
    (study,) = review.list_studies(store)
    assert (study.correct_share, study.reads_wanted, study.with_verdict) == (0.4, 3, False)


def test_the_queue_has_wider_gaps_first_and_no_level(store: Store, add_case: AddCase, open_page: OpenPage) -> None:
    near, far = add_case("near", seed=1), add_case("far", seed=2)
    for case_id, levels in ((near, (1, 2)), (far, (0, 3))):
        for name, level in zip(("Ada", "Ben"), levels, strict=True):
            review.ensure_reader(store, name)
            review.commit_read(store, case_id, name, Severity(level), 2)
    review.ensure_reader(store, "Dora")
    review.grant(store, "Dora", tuple(Role), "Ada")
    app = open_page("worklist", "Dora", view="Adjudicate")
    assert list(app.dataframe[0].value["Case"]) == [far, near]
    assert "risk" not in source(app).lower().replace("at risk", "")
    app.button(key="next_case").click().run()
    assert app.query_params["case"] == far
    own = open_page("worklist", "Ada", view="Adjudicate")
    assert "No case waits" in shown(own)


def test_every_grade_shown_is_noted_once_also_before_a_name_is_given(app: AppTest, store: Store) -> None:
    sample(app)
    assert kinds(store) == [(NOBODY, EventKind.GRADE_SHOWN)]
    app.selectbox(key=Key.LAYOUT).select("6x2").run()
    assert len(kinds(store)) == 1
    name_reader(app, "Ada")
    assert kinds(store)[1:] == [("Ada", EventKind.READER_ADDED), ("Ada", EventKind.GRADE_SHOWN)]
    (event,) = [each for each in review.events_of(store) if each.who == NOBODY]
    assert event.model_sha256
    assert event.app_version


def test_agree_is_one_click_and_disagree_asks_why(app: AppTest, store: Store) -> None:
    name_reader(sample(app), "Ada")
    app.button(key="log_agree").click().run()
    assert "Ada agreed" in shown(app)
    app.button(key="log_disagree").click().run()
    assert any("needs a reason" in error.value for error in app.error)
    app.text_input(key="log_reason").set_value("Clear ST elevation").run()
    app.selectbox(key="log_level").select_index(0).run()
    app.button(key="log_disagree").click().run()
    assert not app.error
    opinions = [event.after for event in review.events_of(store) if event.kind is EventKind.OPINION_GIVEN]
    assert [opinion["agree"] for opinion in opinions] == [True, False]
    assert opinions[1]["reason"] == "Clear ST elevation"
    assert opinions[1]["own_level"] is not None


def test_send_to_review_makes_a_case_that_the_sender_reads_unblinded(
    app: AppTest, store: Store, open_page: OpenPage
) -> None:
    name_reader(sample(app), "Ada")
    app.button(key="log_send").click().run()
    assert not app.error
    (case,) = review.list_cases(store).cases
    assert case.source is CaseSource.ANALYZE
    assert case.id in shown(app)
    page = open_page("review", "Ada", case=case.id)
    page.button(key="level_0").click().run()
    page.button(key="confidence_3").click().run()
    page.button(key="read_save").click().run()
    read = review.read_by(store, case.id, "Ada")
    assert read is not None
    assert read.kind is ReadKind.UNBLINDED


def test_without_a_database_the_level_is_shown_and_the_page_says_what_is_missing(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _gone() -> Store:
        raise StoreUnavailableError("The review's database cannot be used: it is read-only.", "Try again.")

    monkeypatch.setattr(resources, "review_store", _gone)
    sample(app)
    assert not app.exception
    assert any("could not note" in warning.value for warning in app.warning)
    assert any("read-only" in error.value for error in app.error)
    figure = json.loads(app.get("bidi_component")[0].proto.json)
    assert figure["filters"]["diagnostic"]["samples"]
