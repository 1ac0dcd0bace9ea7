"""Findings against what cardiologists wrote: sensitivity, specificity and predictive values with intervals.

A label is not the finding's own definition. It is one reader's summary of an ECG: a bradycardia of 58/min may go
without mention, 'left ventricular hypertrophy' rests on more than voltage, and the axis is often left out. Records with
related labels count neither as with nor as without a finding.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from cardiov_core.datasets import LabelledRecord, Source
from cardiov_core.domain import EcgRecord, Finding, JsonObject
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.evaluation import wilson
from cardiov_core.signals import ROWS, assess_quality, find_findings, measure
from cardiov_core.studies.signals.finding_labels import COMPARISONS, Comparison
from cardiov_core.weights import FindingFigures, FindingsTable

LOW_PREVALENCE = 0.02
"""Prevalence at which predictive values are stated beside those of the data, which are rich in disease."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Confusion:
    """Counts of one finding against one label; what was not measurable is counted apart."""

    # Where the finding gave an answer; positive is 'present', true is 'as labelled'.
    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    # Where it gave none, by label.
    unmeasured_labelled: int = 0
    unmeasured_unlabelled: int = 0
    related: int = 0  # records with a related label, left out

    @property
    def n_with(self) -> int:
        """Labelled records in which it was measurable."""
        return self.true_positive + self.false_negative

    @property
    def n_without(self) -> int:
        """Records without this and related labels in which it was measurable."""
        return self.true_negative + self.false_positive

    @property
    def sensitivity(self) -> float | None:
        """Share of labelled records in which it was present, of those measured; None without any."""
        return _share(self.true_positive, self.n_with)

    @property
    def specificity(self) -> float | None:
        """Share of the others in which it was absent, of those measured; None without any."""
        return _share(self.true_negative, self.n_without)

    @property
    def positive_predictive_value(self) -> float | None:
        """Share of labelled records among those in which it was present; None without any."""
        return _share(self.true_positive, self.true_positive + self.false_positive) if self.n_with else None

    @property
    def sensitivity_interval(self) -> Interval | None:
        """95 % interval of the sensitivity (Wilson)."""
        return interval_of(self.true_positive, self.n_with)

    @property
    def specificity_interval(self) -> Interval | None:
        """95 % interval of the specificity (Wilson)."""
        return interval_of(self.true_negative, self.n_without)

    def predictive_value_at(self, prevalence: float) -> float | None:
        """Return the positive predictive value where a share `prevalence` has the finding."""
        if self.sensitivity is None or self.specificity is None:
            return None
        true, false = self.sensitivity * prevalence, (1.0 - self.specificity) * (1.0 - prevalence)
        return true / (true + false) if true + false > 0 else None


def interval_of(part: int, whole: int) -> Interval | None:
    """Return the 95 % interval of a share by Wilson; None of nothing."""
    return wilson(part, whole) if whole else None


PAPER: Mapping[str, Confusion] = {
    "bradycardia": Confusion(18905, 5342, 54403, 306),
    "left_axis_deviation_2_lead": Confusion(6547, 13547, 57778, 1084),
    "right_axis_deviation_2_lead": Confusion(927, 3723, 73953, 353),
    "low_qrs_voltage_limb": Confusion(787, 2798, 74671, 700),
    "pacing": Confusion(671, 55, 77421, 809),
}
"""Wen and Kang 2022, Table 4: rules on the CinC 2021 data base, by code of the finding."""


@dataclass(frozen=True)
class CheckRow:
    """One finding against the labels of one source.

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
    """All findings against all labels.

    Attributes
    ----------
    n_records : mapping of str to int
        Source -> records that were compared.
    rows : tuple of CheckRow
        By finding, then source.
    skipped : tuple of str
        Records that could not be measured at all, each with the reason.
    """

    n_records: Mapping[Source, int]
    rows: tuple[CheckRow, ...]
    skipped: tuple[str, ...] = ()


def findings_of(record: EcgRecord) -> tuple[Finding, ...]:
    """Return the findings of a record, in the same way as ``cardiov analyze``.

    A record that trained the detectors is judged by the ones that never saw it.
    """
    return find_findings(record, measure(record), assess_quality(record))


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
    answers: list[tuple[str, Source, frozenset[str], dict[str, str]]] = []
    skipped = []
    for labelled in records:
        try:
            states = {finding.code: str(finding.state) for finding in find(labelled.record)}
        except RecordUnsupportedError as error:
            skipped.append(f"{labelled.record.record_id}: {error.message}")
            continue
        answers.append((labelled.record.record_id, labelled.source, labelled.labels, states))
    counts: dict[Source, int] = {}
    for _, source, _, _ in answers:
        counts[source] = counts.get(source, 0) + 1
    rows = tuple(
        _row(comparison, source, answers)
        for comparison in COMPARISONS
        for source in sorted(counts)
        if source in comparison.labels
    )
    return FindingsCheck(counts, rows, tuple(skipped))


def _row(
    comparison: Comparison, source: Source, answers: list[tuple[str, Source, frozenset[str], dict[str, str]]]
) -> CheckRow:
    needed = comparison.needs.get(source)
    labels, related = comparison.labels[source], comparison.related.get(source, frozenset())
    names: dict[tuple[str, bool], list[str]] = {}
    n_related = 0
    for record_id, of_source, stated, states in answers:
        if of_source != source or (needed is not None and needed not in stated):
            continue
        is_labelled = bool(stated & labels)
        if not is_labelled and stated & related:
            n_related += 1
            continue
        names.setdefault((states.get(comparison.code, "not measurable"), is_labelled), []).append(record_id)

    def count(state: str, is_labelled: bool) -> int:
        return len(names.get((state, is_labelled), ()))

    confusion = Confusion(
        count("present", True),
        count("present", False),
        count("absent", False),
        count("absent", True),
        count("not measurable", True),
        count("not measurable", False),
        n_related,
    )
    return CheckRow(
        comparison,
        source,
        confusion,
        tuple(names.get(("present", False), ())),
        tuple(names.get(("absent", True), ())),
    )


def findings_check_to_dict(check: FindingsCheck) -> JsonObject:
    """Turn a check into JSON values, with the names of the records that differ."""
    return {
        "n_records": {str(source): number for source, number in check.n_records.items()},
        "rows": [
            {
                "code": row.comparison.code,
                "title": ROWS[row.comparison.code].title,
                "shown": ROWS[row.comparison.code].shown,
                "critical": ROWS[row.comparison.code].critical,
                "source": row.source,
                "labels": [*sorted(row.comparison.labels[row.source])],
                "related": [*sorted(row.comparison.related.get(row.source, ()))],
                "meaning": row.comparison.meaning,
                **confusion_to_dict(row.confusion),
                "paper": confusion_to_dict(PAPER[row.comparison.code]) if row.comparison.code in PAPER else None,
                "false_positives": list(row.false_positives),
                "false_negatives": list(row.false_negatives),
            }
            for row in check.rows
        ],
        "skipped": list(check.skipped),
    }


def confusion_to_dict(confusion: Confusion) -> JsonObject:
    """Turn counts into JSON values: tp, fp, tn, fn, what was left out, shares with intervals, predictive values."""
    return {
        "tp": confusion.true_positive,
        "fp": confusion.false_positive,
        "tn": confusion.true_negative,
        "fn": confusion.false_negative,
        "not_measurable": {"labelled": confusion.unmeasured_labelled, "unlabelled": confusion.unmeasured_unlabelled},
        "related": confusion.related,
        "sensitivity": confusion.sensitivity,
        "sensitivity_95": _listed(confusion.sensitivity_interval),
        "specificity": confusion.specificity,
        "specificity_95": _listed(confusion.specificity_interval),
        "ppv": confusion.positive_predictive_value,
        "ppv_at_2_per_cent": confusion.predictive_value_at(LOW_PREVALENCE),
    }


def figures(check: FindingsCheck, source: Source = "PTB-XL") -> FindingsTable:
    """Return what ships beside the detectors: how each finding did on the labels of one source.

    Parameters
    ----------
    check : FindingsCheck
        With records of that source.
    source : {"CinC", "LUDB", "PTB-XL"}
        Whose labels count.

    Returns
    -------
    FindingsTable
        With the source in words.
    """
    return FindingsTable(
        source=f"{source}, folds 1-9" if source == "PTB-XL" else source,
        n_records=check.n_records.get(source, 0),
        findings={
            row.comparison.code: FindingFigures(
                n_with=row.confusion.n_with,
                n_without=row.confusion.n_without,
                sensitivity=_rounded(row.confusion.sensitivity),
                specificity=_rounded(row.confusion.specificity),
            )
            for row in check.rows
            if row.source == source
        },
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _listed(interval: Interval | None) -> JsonValue:
    return None if interval is None else [*interval]


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
