"""The Performance page through app.py, on an evaluation that the test ships."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cardiov_core import weights
from cardiov_core.datasets import PtbXl
from cardiov_core.evaluation.study.against import compare_graders
from cardiov_core.evaluation.study.figures import curves_of, figures_of
from cardiov_core.evaluation.study.run import OTHER_RULE, Evaluation
from cardiov_core.evaluation.study.shipped import load_evaluation, ship_evaluation, shipped_folder
from cardiov_core.studies.nets.shipped import ship_comparison, ship_statements_check
from cardiov_core.studies.nets.statements import Cluster, SpreadFigure, StatementFigure, StatementsCheck
from cardiov_core.studies.nets.table import ComparisonTable, NetRow
from cardiov_core.ui.evaluation import performance
from cardiov_core.ui.evaluation.alarm import ALARM_KEY, PREVALENCE_KEY
from cardiov_core.ui.evaluation.cases import PICK_KEY
from cardiov_core.ui.evaluation.performance import CELL_KEY, MODEL_KEY, STATEMENTS, VIEW_KEY, confusion_of
from cardiov_core.ui.evaluation.statements import CLUSTER_KEY, CLUSTER_PICK_KEY

PAGE = "pages/performance.py"
CardMaker = Callable[..., dict[str, Any]]


@pytest.fixture
def folder(tiny_folder: Path) -> Path:
    """A weights folder of the test's own, used by the app."""
    return tiny_folder


@pytest.fixture
def app(folder: Path, repository: Path) -> AppTest:
    """The app on its first page, with the test's own grader."""
    assert folder.is_dir()
    return AppTest.from_file(str(repository / "app.py"), default_timeout=60).run()


@pytest.fixture
def evaluation(folder: Path) -> Evaluation:
    """Figures of made-up grades by the grader in use."""
    card = weights.load_card(weights.default_name())
    generator = np.random.default_rng(5)
    labels = np.arange(60) % 4
    probabilities = generator.dirichlet([1.0] * 4, 60) * 0.6 + 0.4 * np.eye(4)[labels]
    table = pd.DataFrame(
        {
            "ecg_id": np.arange(101, 161),
            "label": labels,
            "level": probabilities.argmax(axis=1),
            **dict(zip(("p0", "p1", "p2", "p3"), probabilities.T, strict=True)),
            "out_of_fold": True,
            "label_most_severe": labels,
            "rank_violation": 0.0,
            "patient_id": [str(number) for number in range(60)],
            "statement": "NORM",
        }
    )
    figures = figures_of(table.assign(sex=["female", "male"] * 30, age=50.0), 20)
    other = {"label_rule": OTHER_RULE, "n_labelled_differently": 0, **figures}
    metrics = {**figures, "n_out_of_fold": 60, "other_label_rule": other, "curves": curves_of(table, 10)}
    return Evaluation(card.name, card.sha256, (1, 2), table, metrics, ("7: too short.",))


def text_of(app: AppTest) -> str:
    """All words on the page."""
    parts = [element.value for kind in (app.markdown, app.caption, app.subheader, app.warning) for element in kind]
    return "\n".join([*map(str, parts), *(element.proto.body for element in app.get("html"))])


def opened(app: AppTest) -> AppTest:
    app.switch_page(PAGE).run()
    assert not app.exception
    assert not app.error
    return app


def test_three_numbers_come_first_with_interval_n_and_the_papers(app: AppTest, evaluation: Evaluation) -> None:
    ship_evaluation(evaluation, weights.load_card("tiny"))
    opened(app)
    metrics = evaluation.metrics
    assert [metric.label for metric in app.metric] == [
        "Mean absolute error, levels",
        "AUC, mean of the levels",
        "High risk graded no or low",
    ]
    assert app.metric[0].value == f"{metrics['mae']:.2f}"
    words = text_of(app)
    assert "n = 60; paper 0.4934 (abstract: 0.4984)" in words
    assert "n = 15 high-risk records" in words
    assert "All of them trained the grader and count with their out-of-fold predictions" in words
    assert "Not a medical device" in words
    assert not app.warning
    assert words.count("data:image/svg+xml;base64") >= 1 + 4 + 2 + 3
    assert "7: too short." in words


def test_a_cell_lists_its_records_and_says_where_they_cannot_be_opened(
    app: AppTest, evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cardiov_core.ui.frame.resources.ptbxl", lambda: None)
    ship_evaluation(evaluation, weights.load_card("tiny"))
    opened(app)
    cells = confusion_of(evaluation.predictions).cells
    assert [[cell.count for cell in row] for row in cells] == evaluation.metrics["confusion"]
    app.selectbox(CELL_KEY).set_value(0).run()
    assert not app.exception
    right = evaluation.predictions.query("label == 0 and level == 0").sort_values("p0", ascending=False)
    listed = app.dataframe[0].value
    assert listed["Record"].tolist() == [f"PTB-XL {ecg_id:05d}" for ecg_id in right["ecg_id"]]
    assert set(listed["Label decided by"]) == {"NORM: normal ECG"}
    assert "PTB-XL is not on this computer" in text_of(app)
    assert not [box for box in app.selectbox if box.key == PICK_KEY]


@pytest.mark.dataset
def test_a_record_of_a_cell_opens_on_the_analyze_page(
    app: AppTest, evaluation: Evaluation, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    monkeypatch.setattr("cardiov_core.ui.frame.resources.ptbxl", lambda: dataset)
    ship_evaluation(evaluation, weights.load_card("tiny"))
    opened(app)
    app.selectbox(CELL_KEY).set_value(0).run()
    offered = app.selectbox(PICK_KEY).options
    app.selectbox(PICK_KEY).set_value(offered[0]).run()
    assert not app.exception
    current = app.session_state["cardiov_session"]
    assert current.case.title == offered[0]
    assert current.case.cardiologist == dataset.label(int(offered[0].split()[1]))
    assert current.grader == "tiny"
    assert "Mean absolute error, levels" not in [metric.label for metric in app.metric]


def test_another_grader_of_the_same_records_stands_beside(app: AppTest, evaluation: Evaluation) -> None:
    against = compare_graders(evaluation.predictions, evaluation.predictions.assign(level=0), 20)
    other = {"model": {"name": "other", "sha256": "b" * 64}, **against}
    metrics = evaluation.metrics | {"against": [other]}
    card = weights.load_card("tiny")
    ship_evaluation(Evaluation("tiny", card.sha256, evaluation.folds, evaluation.predictions, metrics, ()), card)
    opened(app)
    assert "Beside other" in [head.value for head in app.subheader]
    assert f"{against['n_differ']} of 60 records get another level from other than from tiny" in text_of(app)


def test_predictive_values_follow_the_stated_prevalence(app: AppTest, evaluation: Evaluation) -> None:
    ship_evaluation(evaluation, weights.load_card("tiny"))
    opened(app)
    app.number_input(f"{PREVALENCE_KEY}_high").set_value(1.0).run()
    point = evaluation.metrics["operating_points"]["high"]
    hit, false = point["sensitivity"] * 0.01, (1 - point["specificity"]) * 0.99
    assert f"{100 * hit / (hit + false):.1f}\u2009%" in text_of(app)
    app.segmented_control(ALARM_KEY).set_value("medium_or_higher").run()
    assert app.session_state[ALARM_KEY] == "medium_or_higher"
    assert not app.exception


def test_figures_of_other_weights_are_said_to_be(app: AppTest, evaluation: Evaluation) -> None:
    card = weights.load_card("tiny")
    ship_evaluation(
        Evaluation(
            "tiny", "0" * 64, *(evaluation.folds, evaluation.predictions, evaluation.metrics, evaluation.skipped)
        ),
        card,
    )
    opened(app)
    assert "belong to other weights of the same name" in app.warning[0].value


def test_another_grader_that_was_evaluated_can_be_chosen(
    app: AppTest, evaluation: Evaluation, folder: Path, make_card: CardMaker
) -> None:
    ship_evaluation(evaluation, weights.load_card("tiny"))
    opened(app)
    assert not [box for box in app.selectbox if box.key == MODEL_KEY]
    net, card = weights.load_network("tiny")
    weights.save(net, make_card("other", **card.architecture.kwargs), folder)
    other = weights.load_card("other")
    metrics = evaluation.metrics | {"mae": 1.5}
    ship_evaluation(Evaluation("other", other.sha256, evaluation.folds, evaluation.predictions, metrics, ()), other)
    app.run().selectbox(MODEL_KEY).set_value("other").run()
    assert not app.exception
    assert app.metric[0].value == "1.50"


def test_without_an_evaluation_the_page_says_how_to_make_one(app: AppTest) -> None:
    opened(app)
    assert "Nothing was measured of tiny yet" in text_of(app)
    assert app.code[0].value.startswith("cardiov evaluate")
    assert not app.metric


def test_a_damaged_evaluation_is_a_sentence(app: AppTest, evaluation: Evaluation) -> None:
    folder = ship_evaluation(evaluation, weights.load_card("tiny"))
    (folder / "metrics.json").write_text(json.dumps({"model": {}}))
    app.switch_page(PAGE).run()
    assert "metrics.json lacks" in app.error[0].value
    assert "--ship" in app.error[0].value


def test_what_ships_belongs_to_the_shipped_weights_and_is_what_their_cards_say(repository: Path) -> None:
    """Figures on the page, in the card and in the out-of-fold table are of one run."""
    default = (repository / "weights" / "default").read_text(encoding="utf-8").strip()
    names = [path.parent.name for path in (repository / "weights" / "evaluations").glob("*/metrics.json")]
    assert default in names
    for name in names:
        card = weights.load_card(repository / "weights" / f"{name}.json")
        evaluation = load_evaluation(shipped_folder(card))
        assert evaluation is not None
        assert evaluation.belongs_to(card), f"{name}: run cardiov evaluate --ship again"
        assert evaluation.document["n"] == card.raw["metrics"]["n"] == len(evaluation.predictions)
        assert evaluation.predictions["out_of_fold"].all()
        # PTB-XL has the samples of record 145 again as 463, of another patient: known by its samples, one of them gets
        # the other's prediction.
        assert evaluation.document["mae"] == pytest.approx(card.raw["metrics"]["mae"], abs=5e-3)
        assert evaluation.document["auc"]["mean"] == pytest.approx(card.raw["metrics"]["auc"]["mean"], abs=1e-3)


def test_networks_beside_each_other_are_shown_with_what_they_stand_on(app: AppTest, evaluation: Evaluation) -> None:
    row = NetRow("gru", 711_495, 299.7, 10.0, None, (2, 3), 3, 0.8, 0.79, 0.81, 0.0, 0.0, 0.0, None)
    ship_evaluation(evaluation, weights.load_card("tiny"))
    ship_comparison(ComparisonTable("rhythm", "macro AUC", (row,), 2000, 1900, 1000, 3.0))
    opened(app)
    words = text_of(app)
    assert "Task rhythm: 1 networks, macro AUC" in [box.label for box in app.expander]
    assert "711,495" in words
    assert "2000 records of 1900 patients" in words
    assert "far too little" in words


def _analyses(ecg_ids: tuple[int, ...]) -> StatementsCheck:
    figure = StatementFigure("IVCD", 79, 0.738, 0.70, 0.77, 0.4, 0.2)
    clusters = (Cluster("IVCD", 0.572, 17, ecg_ids), Cluster("IVCD", 0.899, 2, (11,)))
    numbers = (0.925, 0.92, 0.93, 0.76, 0.26, 0.16)
    spread = (SpreadFigure(15.0, 0.12, 40), SpreadFigure(100.0, 0.04, 400))
    return StatementsCheck("fcn_wang", 5, 200, 190, 10, *numbers, 3, (figure,), (), (), clusters, spread, ())


def test_statements_view_shows_the_analyses_and_lists_the_records_of_a_cluster(
    app: AppTest, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cardiov_core.ui.frame.resources.ptbxl", lambda: None)
    opened(app)
    app.segmented_control(VIEW_KEY).set_value(STATEMENTS).run()
    assert not app.exception
    assert "cardiov statements-check" in app.code[0].value
    ship_statements_check(_analyses((5, 9)), folder)
    app.run()
    words = text_of(app)
    assert "fcn_wang, the mean of 5 seeds, out of fold on 200 records" in words
    assert "0.700-0.770" in words
    assert "0.120" in words
    app.selectbox(CLUSTER_KEY).set_value("IVCD, told worse").run()
    assert not app.exception
    assert app.dataframe[0].value["Record"].tolist() == ["PTB-XL 00005", "PTB-XL 00009"]


@pytest.mark.dataset
def test_a_record_of_a_cluster_opens_on_the_analyze_page(
    app: AppTest, folder: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = PtbXl(data_folder / "ptb-xl-subset")
    monkeypatch.setattr("cardiov_core.ui.frame.resources.ptbxl", lambda: dataset)
    ecg_id = int(dataset.table.index[0])
    ship_statements_check(_analyses((ecg_id,)), folder)
    opened(app)
    app.segmented_control(VIEW_KEY).set_value(STATEMENTS).run()
    app.selectbox(CLUSTER_KEY).set_value("IVCD, told worse").run()
    app.selectbox(CLUSTER_PICK_KEY).set_value(f"PTB-XL {ecg_id:05d}").run()
    assert not app.exception
    assert app.session_state["cardiov_session"].case.title == f"PTB-XL {ecg_id:05d}"
    # A widget bound to the address would forbid to go to another page.
    assert "bind=" not in Path(performance.__file__).read_text(encoding="utf-8")
