"""An evaluation as a page of Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from cardiov_core.domain import Severity
from cardiov_core.evaluation import PAPER_SOURCE, EvaluationDocument
from cardiov_core.reporting.evaluation import words


def report_of(metrics: Mapping[str, object]) -> str:
    """Return an evaluation as Markdown.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.

    Returns
    -------
    str
        Tables and the sentences that go with them.
    """
    document = EvaluationDocument.of(metrics)
    titles = [level.title for level in Severity]
    different = document.other_label_rule.n_labelled_differently
    lines = [
        f"# {document.model.name} on PTB-XL, {words.fold_words(document.folds)}",
        "",
        words.origin_words(document),
        words.resampling_words(document),
        f"Paper: {PAPER_SOURCE}.",
        *_table(("figure", "value", "95 % interval", "paper"), words.main_rows(document)),
        "",
        words.missed_words(document),
        *(["", words.paper_decision_words(document)] if document.paper_decision is not None else []),
        *_table(("alarm", "figure", "value", "95 % interval", "records"), words.alarm_rows(document)),
        *_table(("probability of", "Brier", "95 % interval", "ECE", "95 % interval"), words.calibration_rows(document)),
        *_table(
            ("group", "records", "high risk", "mean absolute error", "accuracy", "mean AUC", "paper's error, AUC"),
            words.subgroup_rows(document),
        ),
        *_table(("difference", "figure", "value", "95 % interval", "p"), words.test_rows(document)),
        *[f"\np: {entry.test}." for entry in document.subgroup_tests[:1]],
        "",
        f"The rules label {different} records differently.",
        *_table(("figure", *(words.RULE_WORDS[rule] for rule in words.RULE_WORDS)), words.rule_rows(document)),
        *_table(("label \\ given", *titles), words.confusion_rows(document)),
    ]
    for other in document.against:
        heads = ("figure", document.model.name, other.model.name, "difference", "95 % interval", "p")
        lines += ["", words.against_words(document, other), *_table(heads, words.against_rows(other))]
        lines += ["", f"p: {other.test}."]
    if document.skipped:
        lines += ["", "Without a level:", "", *(f"- {reason}" for reason in document.skipped)]
    return "\n".join(lines) + "\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join(row)} |" for row in rows]
    return ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *body] if body else []
