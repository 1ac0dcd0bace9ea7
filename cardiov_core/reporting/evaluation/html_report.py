"""An evaluation as one HTML file that needs nothing else: no script, no font, no network."""

from collections.abc import Mapping
from pathlib import Path

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import PAPER_SOURCE, PAPER_SUBGROUPS, Beside, EvaluationDocument
from cardiov_core.reporting.evaluation import words
from cardiov_core.reporting.evaluation.figures import (
    Panel,
    auc_panel,
    confusion_panel,
    reliability_panels,
    roc_panels,
    subgroup_panels,
)
from cardiov_core.reporting.evaluation.markdown import report_of
from cardiov_core.reporting.evaluation.words import FIGURE_SENTENCES, HOW_TO_READ
from cardiov_core.reporting.templates import render

REPORT_NAME = "report.html"

MAIN_HEADS = ("Figure", "Value", "95\u2009% interval", "Paper")
ALARM_HEADS = ("Alarm", "Figure", "Value", "95\u2009% interval", "Records")
CALIBRATION_HEADS = ("Probability", "Brier score", "95\u2009% interval", "ECE", "95\u2009% interval")
GROUP_CALIBRATION_HEADS = (
    "Group",
    "n",
    "Medium or higher: stated",
    "came true",
    "Calibration error",
    "Sets that held the label",
)
SUBGROUP_HEADS = ("Group", "Records", "High risk", "Mean absolute error", "Accuracy", "Mean AUC", "Paper's error, AUC")
TEST_HEADS = ("Difference", "Figure", "Value", "95\u2009% interval", "p")


def write_report(document: Mapping[str, object], folder: Path) -> None:
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


def panels_of(metrics: Mapping[str, object], *, dark: bool = False) -> dict[str, tuple[Panel, ...]]:
    """Return all panels of an evaluation by figure; keys as in `FIGURE_SENTENCES`."""
    document = EvaluationDocument.of(metrics)
    return {
        "auc": (auc_panel(document, dark=dark),),
        "roc": roc_panels(document, dark=dark),
        "confusion": (confusion_panel(document, dark=dark),),
        "subgroups": subgroup_panels(document, dark=dark),
        "reliability": reliability_panels(document, dark=dark),
    }


def html_report(metrics: Mapping[str, object]) -> str:
    """Return an evaluation as one HTML page.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.

    Returns
    -------
    str
        Self-contained: images lie in it, and it has no script.
    """
    document = EvaluationDocument.of(metrics)
    model, tests = document.model, document.subgroup_tests
    titles = [level.title for level in Severity]
    return render(
        "evaluation.html",
        title=f"CardioV: evaluation of {model.name}",
        name=model.name,
        sha256=model.sha256,
        origin=words.origin_words(document),
        intervals=words.resampling_words(document),
        headlines=words.headlines(document),
        panels=panels_of(metrics),
        captions=FIGURE_SENTENCES,
        main=(MAIN_HEADS, words.main_rows(document)),
        confusion=(("Label \\ grade", *titles), words.confusion_rows(document)),
        missed=f"{words.missed_words(document)} {words.paper_decision_words(document)}".strip(),
        alarm=(ALARM_HEADS, words.alarm_rows(document)),
        subgroups=(SUBGROUP_HEADS, words.subgroup_rows(document)),
        tests=(TEST_HEADS, words.test_rows(document)),
        test=tests[0].test if tests else "",
        paper_subgroups=PAPER_SUBGROUPS,
        paper=PAPER_SOURCE,
        calibration=(CALIBRATION_HEADS, words.calibration_rows(document)),
        group_calibration=(GROUP_CALIBRATION_HEADS, words.group_calibration_rows(document)),
        n=document.n,
        n_different=document.other_label_rule.n_labelled_differently,
        rules=(rule_heads(), words.rule_rows(document)),
        against=[_against(document, other) for other in document.against],
        terms=HOW_TO_READ,
        skipped=document.skipped,
    )


def rule_heads() -> tuple[str, ...]:
    """Return the heads of the table by label rule."""
    return ("Figure", *(rule.capitalize() for rule in words.RULE_WORDS.values()))


def against_heads(document: EvaluationDocument, other: Beside) -> tuple[str, ...]:
    """Return the heads of the table that sets another grader beside."""
    names = document.model.name, other.model.name
    return ("Figure", *names, "Difference", "95\u2009% interval", "p")


def _against(document: EvaluationDocument, other: Beside) -> dict[str, object]:
    """Return what the section on another grader of the same records says."""
    return {
        "name": other.model.name,
        "words": words.against_words(document, other),
        "table": (against_heads(document, other), words.against_rows(other)),
        "test": other.test,
    }
