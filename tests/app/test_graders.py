"""Graders on the Analyse page: choice, disagreement, the uncertainty of the level, and the way to the review queue."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.nets import build_net
from cardiov_core.review import CaseFilter, Store
from cardiov_core.ui.analyze.log import STORED
from cardiov_core.ui.frame.session import Key
from cardiov_core.weights import save

LOW, HIGH = "says-low", "says-high"


def shown(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    return "\n".join(html + [element.value for element in (*app.markdown, *app.error, *app.warning, *app.caption)])


def level_of(app: AppTest) -> int:
    found = re.search(r'aria-label="Level (\d) on a scale of 0 to 3', shown(app))
    assert found, "no level on the page"
    return int(found.group(1))


@pytest.fixture
def two_graders(
    make_card: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> AppTest:
    """The app with two networks whose last layer says the same of every ECG: low risk, and high risk."""
    folder = tmp_path / "two"
    for name, logits in ((LOW, (3.0, -3.0, -4.0)), (HIGH, (5.0, 4.0, 3.0))):
        card = make_card(name, widths=[16] * 7, blocks=[1] * 7)
        torch.manual_seed(1)
        net = build_net("cardiov-compact", **card["architecture"]["kwargs"])
        last = [module for module in net.modules() if isinstance(module, torch.nn.Linear)][-1]
        with torch.no_grad():
            last.weight.mul_(1e-3)
            last.bias.copy_(torch.tensor(logits))
        save(net, card, folder)
    (folder / "default").write_text(f"{LOW}\n")
    monkeypatch.setenv("CARDIOV_WEIGHTS", str(folder))
    st.cache_resource.clear()
    return AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()


def _open(app: AppTest, sample: str = "normal") -> AppTest:
    return app.button(key=f"{Key.SAMPLE}_{sample}").click().run()


def test_graders_that_differ_are_named_and_no_warning_says_it_twice(two_graders: AppTest) -> None:
    app = _open(two_graders)
    assert not app.exception
    assert level_of(app) == 1
    text = shown(app)
    # In the line of alerts, which opens to all of them.
    assert "The graders disagree" in text
    evidence = text[text.index('aria-label="Evidence"') :]
    assert "The graders disagree: 1 says level 1 and 1 says level 3." in evidence
    assert f"{LOW} Low risk" not in evidence, "names are for researchers"
    app.toggle(key=Key.RESEARCHER).set_value(True).run()
    assert f"{LOW} Low risk, {HIGH} High risk." in shown(app)


def test_another_grader_is_one_choice_away_and_stays_chosen(
    two_graders: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _open(two_graders)
    app.toggle(key=Key.RESEARCHER).set_value(True).run()
    choice = app.radio(key=Key.GRADER)
    assert choice.options == [f"{LOW} (default)", HIGH]
    assert list(choice.proto.captions) == [
        "Seven stages, untrained. Says: level 1, low risk.",
        "Seven stages, untrained. Says: level 3, high risk.",
    ]
    monkeypatch.setattr("cardiov_core.ui.analyze.result.analyze", lambda *_, **__: pytest.fail("graded again"))
    choice.set_value(HIGH).run()
    assert not app.exception
    assert level_of(app) == 3
    assert f"Grader: {HIGH}" in shown(app)
    monkeypatch.undo()
    app.button(key=Key.CLOSE).click().run()
    _open(app, "atrial_fibrillation")
    assert level_of(app) == 3
    assert app.radio(key=Key.GRADER).value == HIGH


def test_one_grader_alone_offers_no_choice(tiny_folder: Path, repository: Path) -> None:
    st.cache_resource.clear()
    app = _open(AppTest.from_file(str(repository / "app.py"), default_timeout=60).run())
    assert not app.exception
    assert not [radio for radio in app.radio if radio.key == Key.GRADER]
    assert "The graders disagree" not in shown(app)


def _ask_to_send(app: AppTest) -> AppTest:
    app.session_state[Key.QUEUE] = True
    return app.run()


def test_nothing_is_stored_before_the_click_and_what_will_be_is_said(two_graders: AppTest, store: Store) -> None:
    app = _ask_to_send(_open(two_graders))
    assert not app.exception
    assert STORED in shown(app)
    assert review.list_cases(store).total == 0
    app.text_input(key="reader_name_queue").set_value("Ada")
    app.button(key="reader_start_queue").click().run()
    assert review.list_cases(store).total == 0
    _ask_to_send(app).button(key=Key.QUEUE_SEND).click().run()
    assert not app.exception
    [case] = review.list_cases(store, CaseFilter(graders_disagree=True)).cases
    assert "Sent to review" in shown(app)
    assert case.id in shown(app)
    assert case.reasons == (
        "Sent from the Analyse page by Ada.",
        f"The graders disagree: {LOW} Low risk, {HIGH} High risk.",
    )
    # Opened again, it is in the queue already and says so.
    app.button(key=Key.CLOSE).click().run()
    app.session_state["cardiov_review"].opinions.clear()
    _ask_to_send(_open(app)).button(key=Key.QUEUE_SEND).click().run()
    assert f"Was in the review queue already, as case {case.id}." in shown(app)
    assert review.list_cases(store).total == 1


def test_an_empty_name_sends_nothing(two_graders: AppTest, store: Store) -> None:
    app = _ask_to_send(_open(two_graders))
    app.text_input(key="reader_name_queue").set_value("   ")
    app.button(key="reader_start_queue").click().run()
    assert not app.exception
    assert app.error
    assert review.list_cases(store).total == 0


def test_the_worklist_shows_and_filters_the_flag(
    two_graders: AppTest, store: Store, add_case: Callable[..., str], open_page: Callable[..., AppTest]
) -> None:
    add_case("plain")
    app = _ask_to_send(_open(two_graders))
    app.text_input(key="reader_name_queue").set_value("Ada")
    app.button(key="reader_start_queue").click().run()
    _ask_to_send(app).button(key=Key.QUEUE_SEND).click().run()
    work = open_page("worklist", view="Cases")
    work.button(key="owner_open").click().run()
    [table] = work.dataframe
    assert sorted(table.value["Graders"].tolist()) == ["", "differ"]
    work.selectbox(key="graders").select("differ").run()
    assert not work.exception
    [table] = work.dataframe
    assert table.value["Graders"].tolist() == ["differ"]


def test_the_measurement_grader_explains_itself_by_what_it_measured(app: AppTest, weights_folder: Path) -> None:
    if not (weights_folder / "measurements.json").is_file():
        pytest.skip("no weights of the measurement grader")
    _open(app)
    app.toggle(key=Key.RESEARCHER).set_value(True).run()
    app.radio(key=Key.GRADER).set_value("measurements").run()
    app.session_state[Key.TABS] = "Explanation"
    app.run()
    assert not app.exception
    assert not app.error
    text = shown(app)
    assert "Percentage points" in text
    # A set that names one level says how often such sets held it.
    assert "coverage: " in text or "alone held the level" in text
    assert "ECGs with this output in cross-validation" in text
    assert app.selectbox(key=Key.STAGE).disabled
    assert not app.selectbox(key=Key.TARGET).disabled
    assert not app.get("plotly_chart"), "no picture of attention"
    app.selectbox(key=Key.TARGET).select("above low risk?").run()
    assert not app.exception
    assert "above low" in shown(app)


@pytest.mark.dataset
def test_a_real_records_label_says_where_it_comes_from(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setenv("CARDIOV_DATA", str(data_folder))
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
    app.selectbox(key=Key.REAL_RECORD).set_value(146).run()
    assert not app.exception
    text = shown(app).replace("&#x27;", "'")
    assert "Cardiologist's level: 1, low risk. Why?" in text
    assert "Overruled: IMI (inferior myocardial infarction), 35 %: less likely. Its level is High risk." in text
    assert "By the most severe statement the label would be High risk, from IMI." in text


@pytest.mark.dataset
def test_samples_of_two_patients_are_told_as_both(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setenv("CARDIOV_DATA", str(data_folder))
    app = AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()
    stem = data_folder / "ptb-xl-subset/records500/00000/00145_hr"
    zone = app.file_uploader[0]
    for path in (stem.with_suffix(".hea"), stem.with_suffix(".dat")):
        zone.upload(path.name, path.read_bytes())
    app.run()
    assert not app.exception
    text = shown(app)
    assert "PTB-XL holds these samples as 00145 and 00463" in text
    assert "of different patients" in text


def test_an_unknown_upload_claims_no_label(app: AppTest, wfdb_files: Callable[..., dict[str, bytes]]) -> None:
    zone = app.file_uploader[0]
    for name, content in wfdb_files("00005_hr").items():
        zone.upload(name, content)
    app.run()
    assert not app.exception
    level_of(app)
    assert "Cardiologist" not in shown(app)
