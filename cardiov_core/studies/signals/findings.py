"""The rules against what cardiologists wrote: confusion matrices beside those of Wen and Kang (2022), Table 4.

A label is not the rule's own definition. It is one reader's summary of an ECG: a bradycardia of 58/min may go without
mention, 'left ventricular hypertrophy' rests on more than voltage, and the axis is often left out. What looks like a
false finding is therefore counted, but not called wrong; each comparison says what its label means.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cardiov_core.datasets.labelled import LabelledRecord, Source
from cardiov_core.domain import EcgRecord, Finding
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.signals import apply_rules, assess_quality, measure
from cardiov_core.studies.signals.finding_labels import COMPARISONS, Comparison


@dataclass(frozen=True)
class Confusion:
    """Counts of one rule against one label; what was not measurable is counted apart.

    Attributes
    ----------
    true_positive, false_positive, true_negative, false_negative : int
        Where the rule gave an answer; positive is 'present', true is 'as labelled'.
    unmeasured_labelled, unmeasured_unlabelled : int
        Where it gave none, by label.
    """

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    unmeasured_labelled: int = 0
    unmeasured_unlabelled: int = 0

    @property
    def sensitivity(self) -> float | None:
        """Share of labelled records in which the rule was present, of those measured; None without any."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float | None:
        """Share of unlabelled records in which the rule was absent, of those measured; None without any."""
        return _share(self.true_negative, self.true_negative + self.false_positive)

    @property
    def positive_predictive_value(self) -> float | None:
        """Share of labelled records among those in which the rule was present; None without any."""
        return _share(self.true_positive, self.true_positive + self.false_positive)


PAPER: Mapping[str, Confusion] = {
    "bradycardia": Confusion(18905, 5342, 54403, 306),
    "left axis deviation": Confusion(6547, 13547, 57778, 1084),
    "right axis deviation": Confusion(927, 3723, 73953, 353),
    "low QRS voltage": Confusion(787, 2798, 74671, 700),
    "pacing": Confusion(671, 55, 77421, 809),
}
"""Wen and Kang 2022, Table 4: rules on the CinC 2021 data base, by topic."""


@dataclass(frozen=True)
class CheckRow:
    """One rule against the labels of one source.

    Attributes
    ----------
    comparison : Comparison
        What was compared.
    source : {"CinC", "LUDB", "PTB-XL"}
        Whose labels.
    confusion : Confusion
        The counts.
    false_positives, false_negatives : tuple of str
        Names of the records that differ.
    """

    comparison: Comparison
    source: Source
    confusion: Confusion
    false_positives: tuple[str, ...]
    false_negatives: tuple[str, ...]


@dataclass(frozen=True)
class FindingsCheck:
    """All rules against all labels.

    Attributes
    ----------
    n_records : mapping of str to int
        Source -> records that were compared.
    rows : tuple of CheckRow
        By rule, then source.
    skipped : tuple of str
        Records that could not be measured at all, each with the reason.
    """

    n_records: Mapping[Source, int]
    rows: tuple[CheckRow, ...]
    skipped: tuple[str, ...] = ()


def findings_of(record: EcgRecord) -> tuple[Finding, ...]:
    """Return what the rules say of a record, by the same way as ``cardiov analyze``."""
    return apply_rules(record, measure(record), assess_quality(record))


def check_findings(
    records: Iterable[LabelledRecord], find: Callable[[EcgRecord], tuple[Finding, ...]] = findings_of
) -> FindingsCheck:
    """Compare the findings of labelled records with their labels.

    Parameters
    ----------
    records : iterable of LabelledRecord
        Read one at a time.
    find : callable
        Record -> findings.

    Returns
    -------
    FindingsCheck
        One row for each comparison and source that labels it.
    """
    answers: list[tuple[LabelledRecord, dict[str, str]]] = []
    skipped = []
    for labelled in records:
        try:
            states = {finding.code: str(finding.state) for finding in find(labelled.record)}
        except RecordUnsupportedError as error:
            skipped.append(f"{labelled.record.record_id}: {error.message}")
            continue
        answers.append((labelled, states))
    counts: dict[Source, int] = {}
    for labelled, _ in answers:
        counts[labelled.source] = counts.get(labelled.source, 0) + 1
    rows = tuple(
        _row(comparison, source, answers)
        for comparison in COMPARISONS
        for source in sorted(counts)
        if source in comparison.labels
    )
    return FindingsCheck(counts, rows, tuple(skipped))


def _row(comparison: Comparison, source: Source, answers: list[tuple[LabelledRecord, dict[str, str]]]) -> CheckRow:
    needed = comparison.needs.get(source)
    names: dict[tuple[str, bool], list[str]] = {}
    for labelled, states in answers:
        if labelled.source == source and (needed is None or needed in labelled.labels):
            key = _joined(states, comparison.findings), bool(labelled.labels & comparison.labels[source])
            names.setdefault(key, []).append(labelled.record.record_id)

    def count(state: str, is_labelled: bool) -> int:
        return len(names.get((state, is_labelled), ()))

    confusion = Confusion(
        count("present", True),
        count("present", False),
        count("absent", False),
        count("absent", True),
        count("not measurable", True),
        count("not measurable", False),
    )
    return CheckRow(
        comparison,
        source,
        confusion,
        tuple(names.get(("present", False), ())),
        tuple(names.get(("absent", True), ())),
    )


def _joined(states: Mapping[str, str], codes: tuple[str, ...]) -> str:
    """Join findings: one present is enough, and all must be absent."""
    answers = {states.get(code, "not measurable") for code in codes}
    if "present" in answers:
        return "present"
    return "absent" if answers == {"absent"} else "not measurable"


def check_to_dict(check: FindingsCheck) -> dict[str, Any]:
    """Turn a check into JSON values; the paper's counts stand beside each rule that it has."""
    return {
        "n_records": dict(check.n_records),
        "rows": [
            {
                "rule": row.comparison.name,
                "source": row.source,
                "labels": sorted(row.comparison.labels[row.source]),
                "meaning": row.comparison.meaning,
                **confusion_to_dict(row.confusion),
                "false_positives": list(row.false_positives),
                "false_negatives": list(row.false_negatives),
                "paper": confusion_to_dict(PAPER[row.comparison.topic]) if row.comparison.topic in PAPER else None,
            }
            for row in check.rows
        ],
        "skipped": list(check.skipped),
    }


def confusion_to_dict(confusion: Confusion) -> dict[str, Any]:
    """Turn counts into JSON values: tp, fp, tn, fn, what was not measurable, sensitivity, specificity and PPV."""
    return {
        "tp": confusion.true_positive,
        "fp": confusion.false_positive,
        "tn": confusion.true_negative,
        "fn": confusion.false_negative,
        "not_measurable": {"labelled": confusion.unmeasured_labelled, "unlabelled": confusion.unmeasured_unlabelled},
        "sensitivity": confusion.sensitivity,
        "specificity": confusion.specificity,
        "ppv": confusion.positive_predictive_value,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
