"""The report of an evaluation and its figures: self-contained, the same each time, with its numbers in words."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.study.against import compare_graders
from cardiov_core.evaluation.study.figures import curves_of, figures_of
from cardiov_core.evaluation.wei2022 import PAPER_AUC, PAPER_MAE
from cardiov_core.reporting.evaluation.html_report import html_report, panels_of, write_report
from cardiov_core.reporting.evaluation.markdown import report_of
from cardiov_core.reporting.evaluation.words import FIGURE_SENTENCES, HOW_TO_READ


def graded_table(n: int = 80, n_levels: int = 4) -> pd.DataFrame:
    """Grades that are right more often than not, of as many patients."""
    generator = np.random.default_rng(2)
    labels = np.arange(n) % n_levels
    probabilities = generator.dirichlet([1.0] * 4, n) * 0.7 + 0.3 * np.eye(4)[labels]
    return pd.DataFrame(
        {
            "ecg_id": np.arange(1, n + 1),
            "label": labels,
            "level": probabilities.argmax(axis=1),
            "patient_id": [str(number) for number in range(n)],
            "sex": ["female", "male"] * (n // 2),
            "age": np.linspace(30, 90, n),
            "rank_violation": 0.0,
            **dict(zip(("p0", "p1", "p2", "p3"), probabilities.T, strict=True)),
        }
    )


def document_of(table: pd.DataFrame) -> dict[str, Any]:
    """What ``metrics.json`` would hold, with a name that HTML would take for a tag."""
    figures = figures_of(table, 20, {"high": 0.02})
    against = compare_graders(table, table.assign(level=(table["level"] + 1) % 4), 20)
    return {
        "model": {"name": "net <b>", "sha256": "a" * 64},
        "folds": [10],
        "n_out_of_fold": 0,
        **figures,
        "other_label_rule": {"n_labelled_differently": 3, **figures},
        "curves": curves_of(table, 10),
        "against": [{"model": {"name": "other <i>", "sha256": "b" * 64}, **against}],
        "skipped": ["9: too short & flat."],
    }


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return document_of(graded_table())


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.alts: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "srcset", "action"}:
                self.addresses.append(value or "")
            if name == "alt":
                self.alts.append(value or "")


def test_the_report_needs_nothing_else(document: dict[str, Any]) -> None:
    text = html_report(document)
    page = _Page(text)
    assert page.addresses
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.addresses)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert "Not a medical device" in text
    assert "net &lt;b&gt;" in text
    assert "too short &amp; flat" in text


def test_terms_are_explained_where_they_are_used(document: dict[str, Any]) -> None:
    text = html_report(document)
    for term, meaning in HOW_TO_READ.items():
        assert f"<dt>{term}</dt><dd>{escape(meaning)}</dd>" in text
    assert text.lower().count("contradicting thresholds") == 2


def test_every_figure_has_a_sentence_and_words_for_those_who_cannot_see_it(document: dict[str, Any]) -> None:
    text = html_report(document)
    page = _Page(text)
    assert set(panels_of(document)) == set(FIGURE_SENTENCES)
    assert page.tags.count("figcaption") == page.tags.count("figure") == len(FIGURE_SENTENCES)
    assert len(page.alts) == page.tags.count("img")
    assert all(page.alts)
    assert "medium risk" in " ".join(page.alts)


def test_numbers_of_ours_and_of_the_paper_stand_side_by_side(document: dict[str, Any]) -> None:
    for text in (html_report(document), report_of(document)):
        low, high = document["intervals"]["mae"]
        assert f"{document['mae']:.3f}" in text
        assert f"{low:.3f} to {high:.3f}" in text
        assert f"{PAPER_MAE:.4f}" in text
        assert f"{PAPER_AUC['mean']:.4f}" in text
        missed = document["high_risk"]
        assert f"{missed['n_graded_no_or_low']} of {missed['n']} high-risk records" in text
        assert "PPV at a prevalence of 2.0" in text
        of_1000 = 20 * document["high_risk_graded_no_or_low"]
        assert f"at a prevalence of 2.0\u2009% these are {of_1000:.1f} of 1000 records" in text


def test_another_grader_stands_beside_with_its_differences(document: dict[str, Any]) -> None:
    for text, name in ((html_report(document), "other &lt;i&gt;"), (report_of(document), "other <i>")):
        assert f"80 of 80 records get another level from {name}" in text
        mae = document["against"][0]["figures"][0]
        assert f"{mae['difference']:.3f}" in text
        assert "paired bootstrap" in text


def test_the_alarm_that_is_given_is_marked_in_its_curve(document: dict[str, Any]) -> None:
    said = {panel.name: panel.alternative for panel in panels_of(document)["roc"]}
    for name, alarm in (("roc-high", "high"), ("roc-above-low", "medium_or_higher")):
        point = document["operating_points"][alarm]
        assert f"sensitivity {100 * point['sensitivity']:.1f}" in said[name]
    assert "sensitivity" not in said["roc-no"]


def test_cells_of_the_confusion_matrix_have_their_share_with_interval(document: dict[str, Any]) -> None:
    count, share = document["confusion"][3][3], document["confusion_share"]["high"]["high"]
    low, high = document["intervals"]["confusion_share"]["high"]["high"]
    cell = f"{count}: {100 * share:.1f}\u2009% ({100 * low:.1f} to {100 * high:.1f}\u2009%)"
    assert cell in html_report(document)
    assert cell in report_of(document)


def test_files_are_written_and_are_the_same_each_time(document: dict[str, Any], tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_report(document, tmp_path / folder)
    one = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(one) == 14
    for path in one:
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()
    for path in (tmp_path / "one" / "figures").iterdir():
        root = ElementTree.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314
        assert root.tag.endswith("svg")
        # Letters are outlines: a figure looks the same where the font is missing.
        assert not re.search(r"<text\b", path.read_text(encoding="utf-8"))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_report(document, tmp_path / "file")


def test_records_without_a_level_leave_its_figures_open(tmp_path: Path) -> None:
    document = document_of(graded_table(n_levels=2).assign(sex=None))
    text = html_report(document)
    assert "roc-high" not in [panel.name for panel in panels_of(document)["roc"]]
    assert "not defined" in text
    assert "No record is of high risk by its label" in text
    write_report(document, tmp_path)


def test_a_dark_panel_is_dark(document: dict[str, Any]) -> None:
    light, dark = panels_of(document)["auc"][0].svg, panels_of(document, dark=True)["auc"][0].svg
    assert "#14181d" in dark.lower()
    assert "#14181d" not in light.lower()


def test_a_difference_of_two_groups_is_called_one(document: dict[str, Any]) -> None:
    assert "women minus men" in html_report(document)
