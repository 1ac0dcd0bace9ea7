"""The Performance page: what was measured of the grader in use, read from the files beside its weights."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from cardiov_core.domain import Severity
from cardiov_core.evaluation import (
    METRICS_NAME,
    PAPER_SOURCE,
    PAPER_SUBGROUPS,
    Cell,
    Comparison,
    EvaluationDocument,
    ShippedEvaluation,
    cases_of_cell,
    load_evaluation,
    shipped_folder,
)
from cardiov_core.reporting import (
    ALARM_HEADS,
    CALIBRATION_HEADS,
    FIGURE_SENTENCES,
    GROUP_CALIBRATION_HEADS,
    MAIN_HEADS,
    REPORT_NAME,
    SUBGROUP_HEADS,
    TEST_HEADS,
    Panel,
    against_heads,
    against_rows,
    against_words,
    alarm_rows,
    calibration_rows,
    citation,
    confusion_rows,
    figure_csv,
    figure_svg,
    group_calibration_rows,
    headlines,
    html_report,
    main_rows,
    missed_words,
    origin_words,
    panels_of,
    paper_decision_words,
    resampling_words,
    rule_heads,
    rule_rows,
    subgroup_rows,
    test_rows,
)
from cardiov_core.ui.evaluation.alarm import show_alarm
from cardiov_core.ui.evaluation.cases import show_cell
from cardiov_core.ui.evaluation.confusion_cells import choose_cell, confusion_chart
from cardiov_core.ui.evaluation.decision import show_decision
from cardiov_core.ui.evaluation.networks import show_comparisons
from cardiov_core.ui.evaluation.statements import show_statement_view
from cardiov_core.ui.evaluation.trust import show_sets, show_warnings
from cardiov_core.ui.frame import resources
from cardiov_core.ui.frame.html import bullet_list, html_table
from cardiov_core.ui.frame.page import dark_theme
from cardiov_core.ui.sign_in.idle_clock import fragment
from cardiov_core.weights import ModelCard, list_cards

MODEL_KEY, VIEW_KEY = "performance_model", "performance_view"
CELL_KEY, CHART_KEY = "performance_cell", "performance_confusion"
REPORT_KEY, JSON_KEY, CSV_KEY = "performance_report", "performance_json", "performance_csv"

LEVELS, STATEMENTS = "Levels", "Statements"
"""The views of the page."""

_N_LEVELS = 4
# Of the page, as their heads are.
_PARTS = (
    "Beside the paper",
    "Label and grade",
    "ROC curves",
    "As an alarm",
    "Decision",
    "Subgroups",
    "Calibration",
    "Prediction sets",
    "Warnings",
    "Likely statements",
    "Networks beside each other",
)
_MAKE = "cardiov evaluate --data DIR --folds 1-9 --ship"


def show() -> None:
    """Show the page: how well levels are told, or how well statements are."""
    # Not in the address: a page with such a widget cannot send to another one, and records open on Analyse.
    view = st.segmented_control(
        "View",
        (LEVELS, STATEMENTS),
        default=LEVELS,
        required=True,
        key=VIEW_KEY,
        label_visibility="collapsed",
    )
    if view == STATEMENTS:
        show_statement_view(resources.predictor().card.name)
    else:
        _show_levels()


def _show_levels() -> None:
    card = _chosen(resources.predictor().card)
    folder = shipped_folder(card)
    stamp = tuple(path.stat().st_mtime_ns for path in sorted(folder.glob("*")))
    evaluation = _evaluation(card, card.name, stamp)
    if evaluation is None:
        st.write(f"Nothing was measured of {card.name} yet. This makes the figures of this page:")
        st.code(_MAKE, language=None)
        return
    if not evaluation.belongs_to(card):
        st.warning(
            "These figures belong to other weights of the same name than the ones in use "
            f"({evaluation.figures.model.sha256[:12]} instead of {card.sha256[:12]}). "
            f"`{_MAKE}` measures the ones in use."
        )
    _report(evaluation, card)


def _chosen(in_use: ModelCard) -> ModelCard:
    """Return the grader to show: the one in use, or another one that was evaluated."""
    cards = {in_use.name: in_use} | {
        card.name: card
        for card in list_cards()
        if card.name != in_use.name and (shipped_folder(card) / METRICS_NAME).is_file()
    }
    if len(cards) == 1:
        return in_use
    return cards[st.selectbox("Grader", list(cards), key=MODEL_KEY, width=320)]


@st.cache_resource(show_spinner=False, max_entries=4)
def _evaluation(_card: ModelCard, name: str, stamp: tuple[int, ...]) -> ShippedEvaluation | None:
    """Return the shipped evaluation; name and times of the files tell one from another."""
    return load_evaluation(shipped_folder(_card))


def _report(evaluation: ShippedEvaluation, card: ModelCard) -> None:
    document = evaluation.figures
    _numbers(document)
    st.caption(f"{document.model.name}. {origin_words(document)} {resampling_words(document)}")
    _contents(document)
    panels = _panels(json.dumps(evaluation.document), dark_theme())
    figure = partial(_figure, panels, document)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Beside the paper")
        figure("auc")
    with right:
        _confusion(evaluation)
        _files("confusion", panels, document)
    st.subheader("ROC curves")
    figure("roc")
    st.subheader("As an alarm")
    st.write(f"{missed_words(document)} {paper_decision_words(document)}".strip())
    show_alarm(evaluation)
    st.subheader("Decision")
    show_decision(evaluation)
    st.subheader("Subgroups")
    figure("subgroups")
    with st.expander("Subgroups in numbers"):
        st.html(html_table(SUBGROUP_HEADS, subgroup_rows(document), columns="tnn"))
    st.html(html_table(TEST_HEADS, test_rows(document)))
    if document.subgroup_tests:
        st.caption(f"p: {document.subgroup_tests[0].test}. The paper finds {PAPER_SUBGROUPS}.")
    st.caption(f"The paper's error and mean AUC are those of its Table 5 ({PAPER_SOURCE}), on its own test records.")
    st.subheader("Calibration")
    figure("reliability")
    by_group = group_calibration_rows(document)
    if by_group:
        st.html(html_table(GROUP_CALIBRATION_HEADS, by_group, columns="tnnnnn"))
    show_sets(card)
    show_warnings(card)
    show_comparisons()
    _against(document)
    st.subheader("All numbers")
    with st.expander("Every figure, alarm, level and label rule"):
        _tables(document)
    _downloads(evaluation)


def _numbers(document: EvaluationDocument) -> None:
    figures = headlines(document)
    for column, (title, value, remark) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(title, value)
        column.caption(remark)


@st.cache_data(show_spinner="Drawing ...", max_entries=8)
def _panels(text: str, dark: bool) -> dict[str, tuple[Panel, ...]]:
    """Return the panels of a document; its text is what tells one from another."""
    return panels_of(json.loads(text), dark=dark)


def _figure(panels: Mapping[str, Sequence[Panel]], document: EvaluationDocument, key: str) -> None:
    images = "".join(panel.image for panel in panels[key])
    st.html(f'<div class="cv-panels">{images}</div>')
    st.caption(FIGURE_SENTENCES[key])
    _files(key, panels, document)


def _files(key: str, panels: Mapping[str, Sequence[Panel]], document: EvaluationDocument) -> None:
    """Offer a figure as SVG and its numbers as CSV, with a sentence to cite it by."""
    name = f"cardiov-{document.model.name}-{key}"
    with st.popover("SVG, CSV, citation", key=f"performance_files_{key}"):
        with st.container(horizontal=True):
            st.download_button(
                "SVG", partial(figure_svg, panels[key]), f"{name}.svg", "image/svg+xml", key=f"svg_{key}",
                on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "CSV", partial(figure_csv, key, document), f"{name}.csv", "text/csv", key=f"csv_{key}",
                on_click="ignore",
            )  # fmt: skip
        st.code(citation(key, document), language=None, wrap_lines=True)


def _contents(document: EvaluationDocument) -> None:
    """Lead to each part of the page."""
    parts = [*_PARTS, *(f"Beside {other.model.name}" for other in document.against), "All numbers"]
    st.markdown(" · ".join(f"[{part}](#{part.lower().replace(' ', '-')})" for part in parts))


@fragment
def _confusion(evaluation: ShippedEvaluation) -> None:
    """Show label against grade; a cell, by click or from the list, names its records."""
    st.subheader("Label and grade")
    alternative = (
        "How many records of each label (rows) got each grade (columns); on the framed diagonal both say the same. A "
        "click on a cell, or the list below, leads to its records."
    )
    comparison = confusion_of(evaluation.predictions)
    confusion_chart(comparison, alternative, chart_key=CHART_KEY, cell_key=CELL_KEY)
    st.caption(alternative)
    cell = choose_cell(comparison, cell_key=CELL_KEY, names=("Label", "grade"))
    if cell is not None:
        row, column = map(Severity, cell)
        show_cell(cases_of_cell(evaluation.predictions, row, column), evaluation.figures.model.name)


def confusion_of(predictions: pd.DataFrame) -> Comparison:
    """Return label against grade with the records of each cell."""
    ids: list[list[list[str]]] = [[[] for _ in range(_N_LEVELS)] for _ in range(_N_LEVELS)]
    for ecg_id, label, level in predictions[["ecg_id", "label", "level"]].itertuples(index=False):
        ids[int(label)][int(level)].append(str(ecg_id))
    cells = tuple(tuple(Cell(len(cell), tuple(cell)) for cell in row) for row in ids)
    return Comparison("Label", "Grade", len(predictions), {}, cells)


def _against(document: EvaluationDocument) -> None:
    """Show the graders that it was compared with, where the evaluation did."""
    for other in document.against:
        name = other.model.name
        st.subheader(f"Beside {name}")
        st.write(against_words(document, other))
        st.html(html_table(against_heads(document, other), against_rows(other)))
        st.caption(f"p: {other.test}.")


def _tables(document: EvaluationDocument) -> None:
    st.html(html_table(MAIN_HEADS, main_rows(document), caption=f"Paper: {PAPER_SOURCE}"))
    st.html(html_table(ALARM_HEADS, alarm_rows(document), caption="As an alarm, at the prevalence of these records"))
    st.html(html_table(CALIBRATION_HEADS, calibration_rows(document), caption="Calibration; 0 is perfect"))
    titles = ("Label \\ grade", *(level.title for level in Severity))
    st.html(html_table(titles, confusion_rows(document), caption="Label and grade, with shares of the label"))
    different = document.other_label_rule.n_labelled_differently
    caption = f"By label rule; the rules label {different} of {document.n} records differently"
    st.html(html_table(rule_heads(), rule_rows(document), caption=caption))
    if document.skipped:
        st.write("Records without a grade:")
        st.html(bullet_list(document.skipped))


def _downloads(evaluation: ShippedEvaluation) -> None:
    document = evaluation.document
    with st.container(horizontal=True):
        st.download_button(
            "Download the report",
            partial(html_report, document),
            REPORT_NAME,
            "text/html",
            key=REPORT_KEY,
            on_click="ignore",
        )
        st.download_button(
            "Download all numbers as JSON",
            partial(json.dumps, document, indent=1),
            "metrics.json",
            "application/json",
            key=JSON_KEY,
            on_click="ignore",
        )
        st.download_button(
            "Download the predictions as CSV",
            lambda: str(evaluation.predictions.to_csv(index=False)),
            "predictions.csv",
            "text/csv",
            key=CSV_KEY,
            on_click="ignore",
        )
