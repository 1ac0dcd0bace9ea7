"""The report over reads: what counts for what, and what is never put together."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cardiov_core.domain import (
    Case,
    CaseReference,
    CaseSource,
    CaseStatus,
    QualityVerdict,
    Read,
    ReadKind,
    Severity,
    Verdict,
)
from cardiov_core.errors import ReviewError
from cardiov_core.evaluation.agreement.agreement_study import LABEL, MODEL, AgreementReport, Condition, agreement_report
from cardiov_core.evaluation.agreement.estimates import TOO_FEW, Statistic
from cardiov_core.evaluation.agreement.sides import ALL_READERS, BY_CASE, PAPER_CASES, PAPER_VERDICTS
from cardiov_core.evaluation.agreement.tables import COLUMNS, statistics_csv, statistics_json

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
A_CASE = Case(
    id="",
    study="main",
    record_id="00001_hr",
    source=CaseSource.CASES,
    reference=CaseReference(),
    label=Severity.NO_RISK,
    level=Severity.HIGH_RISK,
    probabilities=None,
    exceedance=None,
    prediction_set=None,
    rank_violation=0.0,
    model_name="grader",
    model_sha256="0" * 64,
    out_of_fold=False,
    quality_verdict=QualityVerdict.ACCEPTABLE,
    quality_reasons=(),
    reasons=(),
    age=61.0,
    sex="female",
    status=CaseStatus.OPEN,
    priority=0,
    created_at=NOON,
    waveform_id="",
    waveform_deleted=False,
    n_reads=0,
    disagreement=None,
    assigned_to=(),
    decision=None,
    indeterminate=False,
    record_sha256="",
)


def case(number: int, label: int | None = 0, level: int | None = 3, decision: int | None = None) -> Case:
    levels = [None if value is None else Severity(value) for value in (label, level, decision)]
    return replace(A_CASE, id=f"case{number:03d}", label=levels[0], level=levels[1], decision=levels[2])


def read(
    number: int,
    reader: str,
    level: int,
    *,
    kind: ReadKind = ReadKind.BLIND,
    revised: int | None = None,
    verdict: Verdict | None = None,
    read_id: int = 0,
) -> Read:
    return Read(
        id=read_id,
        case_id=f"case{number:03d}",
        reader=reader,
        level=Severity(level),
        confidence=2,
        reasons=(),
        text="",
        kind=kind,
        committed_at=NOON,
        revised_level=None if revised is None else Severity(revised),
        verdict=verdict,
    )


def report_of(reads: list[Read], cases: list[Case]) -> AgreementReport:
    return agreement_report(reads, cases, n_resamples=100)


def test_the_papers_study_comes_out_as_the_paper_says() -> None:
    """674 wrong cases, one cardiologist: 361 for the model, 259 for the label, 54 for neither (Wei et al. 2022)."""
    verdicts = [verdict for verdict, count in PAPER_VERDICTS.items() for _ in range(count)]
    assert len(verdicts) == PAPER_CASES
    levels = {Verdict.MODEL: 3, Verdict.LABEL: 0, Verdict.NEITHER: 1}
    reads = [read(i, "Ada", levels[verdict], verdict=verdict) for i, verdict in enumerate(verdicts)]
    report = report_of(reads, [case(i) for i in range(PAPER_CASES)])
    by_case, ada = report.verdicts[ReadKind.BLIND]
    assert (by_case.who, ada.who, by_case.n, by_case.divided) == (BY_CASE, "Ada", 674, 0)
    assert by_case.shares == ada.shares
    share = by_case.shares[Verdict.MODEL]
    assert share.value == pytest.approx(0.5356, abs=5e-5)
    # Wilson's limits by his formula: (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n).
    p, n, z = 361 / 674, 674, 1.959964
    half = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    limits = [(p + z**2 / (2 * n) + sign * half) / (1 + z**2 / n) for sign in (-1, 1)]
    assert (share.low, share.high) == pytest.approx(limits, abs=1e-6)
    assert report.conditions[Condition.BLIND].model[0].agreement[Statistic.EXACT].value == pytest.approx(361 / 674)
    assert report.conditions[Condition.BLIND].label[0].agreement[Statistic.EXACT].value == pytest.approx(259 / 674)


def test_a_case_counts_once_however_many_readers_it_has() -> None:
    sided = {0: "mmm", 1: "mml", 2: "mln", 3: "ml", 4: "lll"}
    words = {"m": Verdict.MODEL, "l": Verdict.LABEL, "n": Verdict.NEITHER}
    reads = [
        read(number, f"R{place}", 0, verdict=words[letter])
        for number, letters in sided.items()
        for place, letter in enumerate(letters)
    ]
    by_case = report_of(reads, [case(number) for number in sided]).verdicts[ReadKind.BLIND][0]
    assert (by_case.n, by_case.divided) == (3, 2), "cases 2 and 3 have no majority"
    assert by_case.shares[Verdict.MODEL].count == 2
    assert by_case.shares[Verdict.LABEL].count == 1
    assert by_case.shares[Verdict.MODEL].value is None
    assert by_case.shares[Verdict.MODEL].reason == TOO_FEW


def test_verdicts_on_correctly_graded_cases_do_not_count() -> None:
    reads = [read(0, "Ada", 2, verdict=Verdict.LABEL), read(1, "Ada", 3, verdict=Verdict.MODEL)]
    report = report_of(reads, [case(0, label=2, level=2), case(1)])
    assert report.verdicts[ReadKind.BLIND][0].n == 1
    assert report_of([read(0, "Ada", 2)], [case(0)]).verdicts[ReadKind.BLIND] == ()


def test_blind_after_reveal_and_unblinded_reads_are_never_put_together() -> None:
    cases = [case(i) for i in range(40)]
    reads = [read(i, "Ada", 0, revised=3, verdict=Verdict.LABEL) for i in range(25)]
    reads += [read(i, "Bob", 0) for i in range(25)]
    reads += [read(i, "Bob", 3, kind=ReadKind.UNBLINDED, verdict=Verdict.MODEL) for i in range(25, 40)]
    report = report_of(reads, cases)
    blind, after, unblinded = (report.conditions[condition] for condition in Condition)
    assert (blind.n_reads, after.n_reads, unblinded.n_reads) == (50, 25, 15)
    assert blind.readers == ("Ada", "Bob")
    assert after.readers == ("Ada",)
    assert unblinded.readers == ("Bob",)
    assert blind.pairs[0].n == 25
    assert blind.model[0].agreement[Statistic.EXACT].value == 0.0
    assert after.model[0].agreement[Statistic.EXACT].value == 1.0
    assert unblinded.model[0].agreement[Statistic.EXACT].reason == TOO_FEW
    assert report.verdicts[ReadKind.BLIND][0].n == 25
    assert report.verdicts[ReadKind.UNBLINDED][0].n == 15


def test_the_cells_of_a_confusion_matrix_know_their_cases() -> None:
    reads = [read(0, "Ada", 0), read(0, "Bob", 0), read(1, "Ada", 2), read(2, "Ada", 0)]
    blind = report_of(reads, [case(0), case(1), case(2, level=1)]).conditions[Condition.BLIND]
    pooled = blind.model[0]
    assert (pooled.first, pooled.second, pooled.n) == (MODEL, ALL_READERS, 3)
    assert pooled.cells[3][0].count == 2, "two readers of one case"
    assert pooled.cells[3][0].case_ids == ("case000",)
    assert pooled.cells[3][2].case_ids == ("case001",)
    assert pooled.cells[1][0].case_ids == ("case002",)
    assert sum(cell.count for row in pooled.cells for cell in row) == 4
    by_reader = {comparison.second: comparison.n for comparison in blind.model}
    assert by_reader == {ALL_READERS: 3, "Ada": 3, "Bob": 1}


def test_cases_without_label_or_level_are_left_out_where_they_are_needed() -> None:
    cases = [case(0, label=None), case(1, level=None, decision=2), case(2, label=None, decision=1)]
    report = report_of([read(i, "Ada", 1) for i in range(3)], cases)
    blind = report.conditions[Condition.BLIND]
    assert blind.model[0].n == 2
    assert blind.label[0].n == 1
    assert blind.n_cases == 3
    assert report.consensus.n == 0
    assert report.consensus.reason == TOO_FEW


def test_mcnemar_asks_who_agrees_with_the_decision() -> None:
    decisions = [0] * 6 + [3] * 16 + [1] * 3
    cases = [case(i, decision=decision) for i, decision in enumerate(decisions)]
    cases += [case(100, label=2, level=2, decision=2), case(101)]
    found = report_of([], cases).consensus
    assert [len(part) for part in (found.both, found.label_only, found.model_only, found.neither)] == [1, 6, 16, 3]
    assert found.n == 26
    # Fagerland et al. 2013, doi:10.1186/1471-2288-13-91, Table 2: 6 against 16 gives 0.052.
    assert found.p_value == pytest.approx(0.052, abs=5e-4)


def test_switches_after_the_reveal_and_whether_they_were_right() -> None:
    cases = [case(i, decision=3 if i < 20 else 0) for i in range(40)] + [case(50)]
    reads = [read(i, "Ada", 0, revised=3) for i in range(12)]  # to the decision, and to the model
    reads += [read(i, "Ada", 3, revised=2) for i in range(12, 20)]  # away from it
    reads += [read(i, "Ada", 2, revised=1) for i in range(20, 24)]  # from wrong to wrong
    reads += [read(i, "Ada", 0, revised=0) for i in range(24, 40)]  # kept
    reads += [read(50, "Ada", 0, revised=3)]  # changed, not decided
    reads += [read(0, "Bob", 3), read(1, "Bob", 0, revised=0), read(2, "Bob", 0, kind=ReadKind.UNBLINDED, revised=3)]
    everyone, ada, bob = report_of(reads, cases).switches
    assert (everyone.who, ada.who, bob.who) == (ALL_READERS, "Ada", "Bob")
    assert (ada.n, bob.n, everyone.n) == (41, 1, 42), "Bob's unblinded read and the one without an answer do not count"
    assert ada.switched.count == 25
    assert ada.switched.value == pytest.approx(25 / 41)
    assert (ada.right.count, ada.right.n) == (12, 24)
    assert (ada.away.count, ada.away.n) == (8, 24)
    assert (ada.to_model.count, ada.to_model.n) == (13, 25)
    assert bob.switched.reason == TOO_FEW


def test_of_two_reads_by_one_reader_the_later_counts() -> None:
    reads = [read(0, "Ada", 3, read_id=2), read(0, "Ada", 0, read_id=1)]
    report = report_of(reads, [case(0)])
    assert report.n_reads == 1
    assert report.conditions[Condition.BLIND].model[0].cells[3][3].count == 1


def test_nothing_read_and_reads_of_unknown_cases() -> None:
    empty = report_of([], [case(0)])
    assert (empty.n_reads, empty.n_cases, empty.switches) == (0, 0, ())
    assert empty.conditions == {}
    with pytest.raises(ReviewError, match="1 cases that were read are not among the 1"):
        report_of([read(7, "Ada", 0)], [case(0)])


def test_the_same_seed_gives_the_same_report() -> None:
    cases = [case(i, label=i % 4, level=(i * 7) % 4) for i in range(30)]
    reads = [read(i, name, (i * step) % 4) for i in range(30) for name, step in (("Ada", 3), ("Bob", 1))]
    one = report_of(reads, cases)
    assert one == report_of(list(reversed(reads)), list(reversed(cases)))
    estimate = one.conditions[Condition.BLIND].pairs[0].agreement[Statistic.KAPPA]
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < estimate.high


def test_csv_and_json_hold_every_number_and_no_formula() -> None:
    cases = [case(i, label=i % 4, level=(i * 3) % 4, decision=i % 4) for i in range(30)]
    reads = [read(i, "=cmd()", (i * 3) % 4, revised=i % 4, verdict=Verdict.MODEL) for i in range(30)]
    report = report_of(reads, cases)
    rows = list(csv.DictReader(io.StringIO(statistics_csv(report))))
    assert tuple(rows[0]) == COLUMNS
    assert not [value for row in rows for value in row.values() if value.startswith("=")]
    document = json.loads(statistics_json(report))
    assert len(document["statistics"]) == len(rows)
    by_key = {(row["part"], row["reads"], row["first"], row["second"], row["statistic"]): row for row in rows}
    kappa = by_key["model", "blind", MODEL, ALL_READERS, "Quadratic-weighted kappa"]
    assert float(kappa["value"]) == 1.0
    assert kappa["n"] == "30"
    paper = by_key["verdicts", "paper", "Wei et al. 2022", "", "sided with model"]
    assert float(paper["value"]) == pytest.approx(0.5356, abs=5e-5)
    pair = by_key["label", "after the reveal", LABEL, "'=cmd()", "Exact agreement"]
    assert float(pair["value"]) == 1.0
    cells = next(entry for entry in document["confusion"] if entry["rows"] == MODEL and entry["reads"] == "blind")
    assert sum(map(sum, cells["counts"])) == 30
    assert cells["cases"][0][0][0] == "case000"
    assert document["decision"]["n"] == 30
