"""An evaluation as one HTML file that needs nothing else: no script, no font, no network."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation import study_words as words
from cardiov_core.evaluation.paper import PAPER_SOURCE, PAPER_SUBGROUPS
from cardiov_core.reporting.performance_figures import (
    Panel,
    auc_panel,
    confusion_panel,
    reliability_panels,
    roc_panels,
    subgroup_panels,
)
from cardiov_core.reporting.performance_words import FIGURE_SENTENCES
from cardiov_core.reporting.wording import RESEARCH_USE

REPORT_NAME = "report.html"

MAIN_HEADS = ("Figure", "Value", "95\u2009% interval", "Paper")
ALARM_HEADS = ("Alarm", "Figure", "Value", "95\u2009% interval", "Records")
CALIBRATION_HEADS = ("Probability", "Brier score", "95\u2009% interval", "ECE", "95\u2009% interval")
SUBGROUP_HEADS = ("Group", "Records", "High risk", "Mean absolute error", "Accuracy", "Mean AUC")
TEST_HEADS = ("Difference", "Figure", "Value", "95\u2009% interval", "p")

_STYLE = """
body {font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; color: #1A1F24; margin: 0;
  background: #FFFFFF;}
main {max-width: 62rem; margin: 0 auto; padding: 0 1.2rem 3rem;}
.banner {background: #F3F5F7; border-bottom: 1px solid #C9CED4; padding: 0.4rem 1.2rem; font-size: 0.87rem;}
h1 {font-size: 1.5rem; margin: 1.2rem 0 0.3rem;} h2 {font-size: 1.15rem; margin: 2rem 0 0.4rem;}
.numbers {display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0.6rem 2rem; margin: 1rem 0;}
.numbers b {display: block; font-size: 1.7rem; font-weight: 600;}
.numbers span {display: block; font-size: 0.85rem; color: #4A5158;}
figure {margin: 0.6rem 0;} figcaption {font-size: 0.88rem; color: #4A5158; max-width: 52rem;}
.panels {display: flex; flex-wrap: wrap; gap: 0.4rem;}
.panels img {flex: 1 1 170px; min-width: 0; max-width: 320px; height: auto;}
.scroll {overflow-x: auto;} table {border-collapse: collapse; font-size: 0.88rem; margin: 0.6rem 0;}
th, td {border-bottom: 1px solid #D8DCE0; padding: 0.25rem 0.7rem 0.25rem 0; text-align: left; vertical-align: top;
  font-variant-numeric: tabular-nums;}
tbody th {font-weight: 400;} td {white-space: nowrap;}
.small {font-size: 0.88rem; color: #4A5158; overflow-wrap: anywhere;}
@media print {main {max-width: none;} figure, tr {break-inside: avoid;}}
"""


def write_report(document: Mapping[str, Any], folder: Path) -> None:
    """Write ``report.html``, and each of its figures as a file to ``figures``.

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
        _paragraph(words.origin_words(document)),
        _paragraph(f"{words.interval_words(document)} Weights: SHA-256 {model['sha256']}.", small=True),
        _numbers(document),
        "<h2>Figures beside the paper's</h2>",
        _figure("auc", panels),
        _table(MAIN_HEADS, words.main_rows(document)),
        "<h2>ROC curves</h2>",
        _figure("roc", panels),
        "<h2>Label and grade</h2>",
        _figure("confusion", panels),
        _table(("Label \\ grade", *titles), words.confusion_rows(document)),
        "<h2>As an alarm</h2>",
        _paragraph(words.missed_words(document)),
        _table(ALARM_HEADS, words.alarm_rows(document)),
        "<h2>Subgroups</h2>",
        _figure("subgroups", panels),
        _table(SUBGROUP_HEADS, words.subgroup_rows(document)),
        _table(TEST_HEADS, words.test_rows(document)),
        *[_paragraph(f"p: {entry['test']}.", small=True) for entry in document["subgroup_tests"][:1]],
        _paragraph(f"The paper finds {PAPER_SUBGROUPS} ({PAPER_SOURCE}).", small=True),
        "<h2>Calibration</h2>",
        _figure("reliability", panels),
        _table(CALIBRATION_HEADS, words.calibration_rows(document)),
        "<h2>The other label rule</h2>",
        _paragraph(f"The rules label {different} of {document['n']} records differently."),
        _table(("Figure", *(rule.capitalize() for rule in words.RULE_WORDS.values())), words.rule_rows(document)),
    ]
    for other in document.get("against", ()):
        parts += _against(document, other)
    if document["skipped"]:
        items = "".join(f"<li>{escape(reason)}</li>" for reason in document["skipped"])
        parts.append(f"<h2>Without a grade</h2><ul>{items}</ul>")
    title = escape(f"CardioV: evaluation of {model['name']}")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<div class="banner" role="note">{escape(RESEARCH_USE)}</div>\n<main>\n' + "\n".join(parts) + "\n</main>\n"
        "</body>\n</html>\n"
    )


def _against(document: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the section on another grader of the same records."""
    name = other["model"]["name"]
    heads = ("Figure", document["model"]["name"], name, "Difference", "95\u2009% interval", "p")
    return [
        f"<h2>Beside {escape(name)}</h2>",
        _paragraph(words.against_words(document, other)),
        _table(heads, words.against_rows(other)),
        _paragraph(f"p: {other['test']}.", small=True),
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


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    if not body:
        return ""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _paragraph(text: str, *, small: bool = False) -> str:
    return f'<p class="small">{escape(text)}</p>' if small else f"<p>{escape(text)}</p>"
