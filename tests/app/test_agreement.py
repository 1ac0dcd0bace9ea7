"""The Agreement page through app.py, on a review that the test makes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core import review
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import (
    CaseSource,
    EventKind,
    Prediction,
    Quality,
    QualityVerdict,
    Role,
    Severity,
    Window,
)
from cardiov_core.evaluation.agreement.agreement_study import agreement_report
from cardiov_core.review import Store
from cardiov_core.review.reading.blinding import has_seen_case
from cardiov_core.ui.evaluation import agreement
from cardiov_core.ui.evaluation.agreement import CONDITION_KEY, STATISTIC_KEY
from cardiov_core.ui.evaluation.agreement_cells import CELL_KEY, COMPARISON_KEY, PICK_KEY, SHOW_KEY

PAGE = "pages/agreement.py"
Fill = Callable[..., list[str]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The database that the app of this test opens."""
    return review.open_store(f"sqlite:///{tmp_path / 'review.db'}")


@pytest.fixture
def fill(store: Store) -> Fill:
    """Add wrongly graded cases (label 0, model 2) and one blind read of each by each reader, with verdict."""
    base = generate("normal", seed=1, sampling_rate_hz=100, duration_s=10.0)

    def _fill(n_cases: int, readers: tuple[str, ...] = ("Ada", "Ben"), *, revealed: bool = False) -> list[str]:
        for name in ("Owner", *readers):
            review.ensure_reader(store, name)
        ids = []
        for number in range(n_cases):
            graded = Prediction(
                Severity.MEDIUM_RISK, (0.1, 0.1, 0.7, 0.1), (0.9, 0.8, 0.1), 0.0, "cardiov", "a" * 64, Window(0.0, 10.0)
            )
            case_id = review.put_case(
                store,
                review.NewCase(
                    replace(base, record_id=f"r{number}", signal=base.signal + 0.001 * number),
                    prediction=graded,
                    quality=Quality(QualityVerdict.ACCEPTABLE, ()),
                    source=CaseSource.CASES,
                    label=Severity.NO_RISK,
                ),
                "Owner",
            )[0]
            ids.append(case_id)
            for place, reader in enumerate(readers):
                # Every fourth case the label, and the second reader differs in every fifth.
                level = Severity.NO_RISK if number % 4 == 0 or (place and number % 5 == 0) else Severity.MEDIUM_RISK
                read = review.commit_read(store, case_id, reader, level, 2)
                review.study_candidates(store, case_id, reader)
                review.give_verdict(store, case_id, reader, level)
                if revealed:
                    review.reveal(store, case_id, reader)
                    review.keep_or_change(store, read.id, reader, Severity.MEDIUM_RISK)
        return ids

    return _fill


def text_of(app: AppTest) -> str:
    """All words on the page."""
    parts = [element.value for kind in (app.markdown, app.caption, app.subheader, app.metric) for element in kind]
    return "\n".join([*map(str, parts), *(element.proto.body for element in app.get("html"))])


def metrics_of(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.metric}


def test_without_reads_the_page_says_how_to_begin(app: AppTest) -> None:
    app.switch_page(PAGE).run()
    assert not app.exception
    assert not app.error
    assert "No reads yet" in text_of(app)
    assert not app.metric
    assert "Not a medical device" in text_of(app)


def test_three_numbers_come_first_with_interval_and_n(app: AppTest, fill: Fill) -> None:
    fill(40)
    app.switch_page(PAGE).run()
    assert not app.exception
    assert list(metrics_of(app)) == ["Agreed with the grader", "Readers with each other", "Grader with the readers"]
    # Ada: 30 of 40 for the model; Ben: those but every fifth, 24. By case: both for the model in 24, divided in 6.
    assert metrics_of(app)["Agreed with the grader"] == "70.6\u2009%"
    words = text_of(app)
    assert "24 of 34 wrongly graded cases; paper 53.56" in words
    assert "95\u2009% interval" in words
    assert "6 cases without a majority" in words
    assert "Label, grader or neither" in words
    assert [chart.proto.alt for chart in app.get("plotly_chart")] != []


def test_under_twenty_cases_counts_stand_instead_of_numbers(app: AppTest, fill: Fill) -> None:
    fill(5)
    app.switch_page(PAGE).run()
    assert not app.exception
    assert all(re.fullmatch(r"\d+ of \d+", value) for value in metrics_of(app).values())
    assert "too few" not in text_of(app)
    assert "Methods" in [each.label.split(",")[0] for each in app.expander]
    assert "Specific agreement" in "\n".join(element.proto.body for element in app.get("html"))


def test_kinds_of_reads_are_chosen_and_never_mixed(app: AppTest, fill: Fill) -> None:
    fill(24, revealed=True)
    app.switch_page(PAGE).run()
    blind = metrics_of(app)
    app.segmented_control(key=CONDITION_KEY).set_value("after the reveal").run()
    assert not app.exception
    after = metrics_of(app)
    assert list(after) == ["Changed their level", "Changed to the decided level", "Grader with the readers"]
    # Ada changed 6 of 24, Ben those and 3 more: 15 of 48.
    assert after["Changed their level"] == "31.2\u2009%"
    assert after["Grader with the readers"] != blind["Grader with the readers"]
    assert "What readers did after the reveal" in text_of(app)


def test_the_statistic_is_chosen(app: AppTest, fill: Fill) -> None:
    fill(20)
    app.switch_page(PAGE).run()
    app.selectbox(key=STATISTIC_KEY).set_value("Gwet AC2").run()
    assert not app.exception
    assert any("Gwet AC2: each row" in caption.value for caption in app.caption)


def test_a_cell_opens_its_cases_to_administrators_and_the_audit_notes_it(
    app: AppTest, fill: Fill, store: Store
) -> None:
    ids = fill(20)
    app.switch_page(PAGE).run()
    assert not [box for box in app.selectbox if box.key == CELL_KEY], "nobody has given a name"
    review.ensure_reader(store, "Cyd")
    review.grant(store, "Cyd", tuple(Role), "Owner")
    app.session_state["cardiov_review"].name = "Cyd"
    app.switch_page(PAGE).run()
    app.selectbox(key=COMPARISON_KEY).set_value("Grader / Ada").run()
    assert app.selectbox(key=CELL_KEY).options == ["Grader 2, Ada 0: 5", "Grader 2, Ada 2: 15"]
    app.selectbox(key=CELL_KEY).set_value(2 * 4 + 0).run()
    assert not app.dataframe
    assert not has_seen_case(store, ids[0], "Cyd")
    app.button(key=SHOW_KEY).click().run()
    assert not app.exception
    shown = app.dataframe[0].value
    assert set(shown["Record"]) == {"r0", "r4", "r8", "r12", "r16"}
    assert set(shown["Label"]) == {"0 No risk"}
    assert [has_seen_case(store, case_id, "Cyd") for case_id in ids[:2]] == [True, False]
    app.selectbox(key=PICK_KEY).set_value(f"r4 ({ids[4]})").run()
    assert not app.exception
    assert app.query_params["case"] in (ids[4], [ids[4]])


def test_readers_without_the_role_see_no_case(app: AppTest, fill: Fill, store: Store) -> None:
    fill(20)
    review.grant(store, "Ada", [Role.READER], "Owner")
    app.switch_page(PAGE).run()
    app.session_state["cardiov_review"].name = "Ada"
    app.switch_page(PAGE).run()
    assert not app.exception
    assert not [box for box in app.selectbox if box.key == CELL_KEY]
    assert len(app.get("download_button")) == 1, "numbers, no cases"


def test_the_json_with_cases_is_noted_in_the_audit(fill: Fill, store: Store) -> None:
    ids = fill(20)
    reads, cases = review.study_reads(store)
    page = agreement._Page(store, None, agreement_report(reads, cases), {case.id: case for case in cases})
    owner = review.ensure_reader(store, "Owner")
    document = json.loads(agreement._json(page, owner))
    assert {
        case_id for entry in document["confusion"] for row in entry["cases"] for cell in row for case_id in cell
    } == set(ids)
    assert all(has_seen_case(store, case_id, "Owner") for case_id in ids)
    assert review.events_of(store, ids[0])[-1].kind is EventKind.GRADE_SHOWN
