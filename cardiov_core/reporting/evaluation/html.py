"""An evaluation as one HTML file that needs nothing else: no script, no font, no network."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.wei2022 import PAPER_SOURCE, PAPER_SUBGROUPS
from cardiov_core.reporting.evaluation import words
from cardiov_core.reporting.evaluation.figures import (
    Panel,
    auc_panel,
    confusion_panel,
    reliability_panels,
    roc_panels,
    subgroup_panels,
)
from cardiov_core.reporting.evaluation.html_page import html_page, html_table, paragraph
from cardiov_core.reporting.evaluation.markdown import report_of
from cardiov_core.reporting.evaluation.words import FIGURE_SENTENCES, HOW_TO_READ

REPORT_NAME = "report.html"

MAIN_HEADS = ("Figure", "Value", "95\u2009% interval", "Paper")
ALARM_HEADS = ("Alarm", "Figure", "Value", "95\u2009% interval", "Records")
CALIBRATION_HEADS = ("Probability", "Brier score", "95\u2009% interval", "ECE", "95\u2009% interval")
SUBGROUP_HEADS = ("Group", "Records", "High risk", "Mean absolute error", "Accuracy", "Mean AUC")
TEST_HEADS = ("Difference", "Figure", "Value", "95\u2009% interval", "p")


def write_report(document: Mapping[str, Any], folder: Path) -> None:
    """Write ``report.md`` and ``report.html``, and each figure as a file to ``figures``.

    Parameters
    ----------
    document : mapping
        As in ``metrics.json``.
    folder : pathlib.Path
        Where to; made where it is missing.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    try:
        figures = folder / "figures"
        figures.mkdir(parents=True, exist_ok=True)
        for panel in (panel for panels in panels_of(document).values() for panel in panels):
            (figures / f"{panel.name}.svg").write_text(panel.svg, encoding="utf-8")
        (folder / REPORT_NAME).write_text(html_report(document), encoding="utf-8")
        (folder / "report.md").write_text(report_of(document), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error}.", "Name another folder for --out.") from error


def panels_of(document: Mapping[str, Any], *, dark: bool = False) -> dict[str, tuple[Panel, ...]]:
    """Return all panels of an evaluation by figure; keys as in `FIGURE_SENTENCES`."""
    return {
        "auc": (auc_panel(document, dark=dark),),
        "roc": roc_panels(document, dark=dark),
        "confusion": (confusion_panel(document, dark=dark),),
        "subgroups": subgroup_panels(document, dark=dark),
        "reliability": reliability_panels(document, dark=dark),
    }


def html_report(document: Mapping[str, Any]) -> str:
    """Return an evaluation as one HTML page.

    Parameters
    ----------
    document : mapping
        As in ``metrics.json``.

    Returns
    -------
    str
        Self-contained: images lie in it, and it has no script.
    """
    panels = panels_of(document)
    model = document["model"]
    titles = [level.title for level in Severity]
    different = document["other_label_rule"]["n_labelled_differently"]
    parts = [
        f"<h1>{escape(model['name'])}: how well it grades</h1>",
        paragraph(words.origin_words(document)),
        paragraph(f"{words.interval_words(document)} Weights: SHA-256 {model['sha256']}.", small=True),
        _numbers(document),
        "<h2>Figures beside the paper's</h2>",
        _figure("auc", panels),
        html_table(MAIN_HEADS, words.main_rows(document)),
        "<h2>ROC curves</h2>",
        _figure("roc", panels),
        "<h2>Label and grade</h2>",
        _figure("confusion", panels),
        html_table(("Label \\ grade", *titles), words.confusion_rows(document)),
        "<h2>As an alarm</h2>",
        paragraph(words.missed_words(document)),
        html_table(ALARM_HEADS, words.alarm_rows(document)),
        "<h2>Subgroups</h2>",
        _figure("subgroups", panels),
        html_table(SUBGROUP_HEADS, words.subgroup_rows(document)),
        html_table(TEST_HEADS, words.test_rows(document)),
        *[paragraph(f"p: {entry['test']}.", small=True) for entry in document["subgroup_tests"][:1]],
        paragraph(f"The paper finds {PAPER_SUBGROUPS} ({PAPER_SOURCE}).", small=True),
        "<h2>Calibration</h2>",
        _figure("reliability", panels),
        html_table(CALIBRATION_HEADS, words.calibration_rows(document)),
        "<h2>The other label rule</h2>",
        paragraph(f"The rules label {different} of {document['n']} records differently."),
        html_table(("Figure", *(rule.capitalize() for rule in words.RULE_WORDS.values())), words.rule_rows(document)),
    ]
    for other in document.get("against", ()):
        parts += _against(document, other)
    parts.append(f"<h2>How to read it</h2><dl>{_terms()}</dl>")
    if document["skipped"]:
        items = "".join(f"<li>{escape(reason)}</li>" for reason in document["skipped"])
        parts.append(f"<h2>Without a grade</h2><ul>{items}</ul>")
    return html_page(f"CardioV: evaluation of {model['name']}", parts)


def _terms() -> str:
    return "".join(f"<dt>{escape(term)}</dt><dd>{escape(meaning)}</dd>" for term, meaning in HOW_TO_READ.items())


def _against(document: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the section on another grader of the same records."""
    name = other["model"]["name"]
    heads = ("Figure", document["model"]["name"], name, "Difference", "95\u2009% interval", "p")
    return [
        f"<h2>Beside {escape(name)}</h2>",
        paragraph(words.against_words(document, other)),
        html_table(heads, words.against_rows(other)),
        paragraph(f"p: {other['test']}.", small=True),
    ]


def _numbers(document: Mapping[str, Any]) -> str:
    items = "".join(
        f"<div>{escape(title)}<b>{escape(value)}</b><span>{escape(remark)}</span></div>"
        for title, value, remark in words.headlines(document)
    )
    return f'<div class="numbers">{items}</div>'


def _figure(key: str, panels: Mapping[str, Sequence[Panel]]) -> str:
    images = "".join(panel.image for panel in panels[key])
    caption = escape(FIGURE_SENTENCES[key])
    return f'<figure><div class="panels">{images}</div><figcaption>{caption}</figcaption></figure>'
