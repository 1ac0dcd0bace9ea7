"""An agreement report as rows and as JSON, for spreadsheets and for those who publish."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cardiov_core.domain import JsonObject, Verdict, spreadsheet_text
from cardiov_core.evaluation.agreement.agreement_study import LABEL, MODEL, AgreementReport, Comparison
from cardiov_core.evaluation.agreement.estimates import Estimate
from cardiov_core.evaluation.agreement.sides import ALL_READERS, PAPER_CASES, PAPER_VERDICTS, Consensus, Switches

COLUMNS = ("part", "reads", "first", "second", "statistic", "n", "count", "value", "low", "high", "remark")
"""Of the CSV: 'low' and 'high' are 95 % limits, 'remark' says why a number is missing."""

_SWITCH_WORDS = {
    "switched": "changed after the reveal",
    "right": "of the changed: to the decided level",
    "away": "of the changed: away from the decided level",
    "to_model": "of the changed: to the grader's level",
}


@dataclass(frozen=True)
class StatisticRow:
    """One number of a report."""

    part: str  # 'verdicts', 'readers', 'model', 'label', 'decision' or 'reveal'
    reads: str  # 'blind', 'after the reveal', 'unblinded', or 'paper'
    # Who is compared; the second is empty for shares.
    first: str
    second: str
    statistic: str  # what the number is
    estimate: Estimate

    @property
    def cells(self) -> tuple[str | int | float | None, ...]:
        """The values of `COLUMNS`."""
        estimate = self.estimate
        numbers = (estimate.n, estimate.count, estimate.value, estimate.low, estimate.high)
        return (self.part, self.reads, self.first, self.second, self.statistic, *numbers, estimate.reason)


def statistic_rows(report: AgreementReport) -> tuple[StatisticRow, ...]:
    """Return every number of a report, in the order of the page."""
    return tuple(_rows(report))


def statistics_csv(report: AgreementReport) -> str:
    """Return every number of a report as CSV with the head `COLUMNS`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(tuple(map(_safe, row.cells)) for row in statistic_rows(report))
    return buffer.getvalue()


def statistics_json(report: AgreementReport) -> str:
    """Return a report as JSON: every number, and the confusion matrices with the cases of each cell."""
    document: JsonObject = {
        "n_cases": report.n_cases,
        "n_reads": report.n_reads,
        "statistics": [dict(zip(COLUMNS, row.cells, strict=True)) for row in statistic_rows(report)],
        "confusion": [
            _confusion(str(condition), comparison)
            for condition, report_of_kind in report.conditions.items()
            for comparison in (*report_of_kind.model, *report_of_kind.label, *report_of_kind.pairs)
        ],
        "decision": _decision(report.consensus),
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _rows(report: AgreementReport) -> Iterator[StatisticRow]:
    for kind, entries in report.verdicts.items():
        for entry in entries:
            for verdict, estimate in entry.shares.items():
                yield StatisticRow("verdicts", kind.value, entry.who, "", _sided(verdict), estimate)
    for verdict, count in PAPER_VERDICTS.items():
        of_paper = Estimate(PAPER_CASES, count / PAPER_CASES, count=count)
        yield StatisticRow("verdicts", "paper", "Wei et al. 2022", "", _sided(verdict), of_paper)
    for condition, one_kind in report.conditions.items():
        for statistic, estimate in one_kind.together.items():
            yield StatisticRow("readers", condition.value, ALL_READERS, "", statistic.value, estimate)
        for part, comparisons in (("readers", one_kind.pairs), ("model", one_kind.model), ("label", one_kind.label)):
            for comparison in comparisons:
                for statistic, estimate in comparison.agreement.items():
                    names = comparison.first, comparison.second
                    yield StatisticRow(part, condition.value, *names, statistic.value, estimate)
    consensus = report.consensus
    p_value = Estimate(consensus.n, consensus.p_value, reason=consensus.reason)
    yield StatisticRow("decision", "", LABEL, MODEL, "McNemar exact p", p_value)
    yield from _switch_rows(report.switches)


def _switch_rows(switches: Iterable[Switches]) -> Iterator[StatisticRow]:
    for entry in switches:
        for name, words in _SWITCH_WORDS.items():
            yield StatisticRow("reveal", "after the reveal", entry.who, "", words, getattr(entry, name))


def _sided(verdict: Verdict) -> str:
    return f"sided with {verdict.value}"


def _confusion(condition: str, comparison: Comparison) -> JsonObject:
    return {
        "reads": condition,
        "rows": comparison.first,
        "columns": comparison.second,
        "counts": [[cell.count for cell in row] for row in comparison.cells],
        "cases": [[list(cell.case_ids) for cell in row] for row in comparison.cells],
    }


def _decision(consensus: Consensus) -> JsonObject:
    return {
        "n": consensus.n,
        "both_agree": list(consensus.both),
        "label_only": list(consensus.label_only),
        "model_only": list(consensus.model_only),
        "neither": list(consensus.neither),
        "mcnemar_exact_p": consensus.p_value,
        "remark": consensus.reason,
    }


def _safe(value: object) -> object:
    """Keep a spreadsheet from taking a reader's name for a formula."""
    return spreadsheet_text(value) if isinstance(value, str) else value
