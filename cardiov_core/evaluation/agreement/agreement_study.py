"""What a review has found: who agreed with whom, how readers, label and grader agree, and what the reveal changed.

Blind reads, the same reads after the reveal, and reads by those who had seen the grade are three things that are never
put together (docs/clinical.md, 25).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

from cardiov_core.domain import Case, Read, ReadKind, Severity
from cardiov_core.errors import ReviewError
from cardiov_core.evaluation.agreement.estimates import TOO_FEW, Estimate, Statistic, group_agreement, pair_agreement
from cardiov_core.evaluation.agreement.formulas import MISSING, case_tables
from cardiov_core.evaluation.agreement.sides import (
    ALL_READERS,
    Consensus,
    Switches,
    VerdictShares,
    consensus_of,
    switches_of,
    verdict_shares,
)

MODEL, LABEL = "Grader", "Original label"


class Condition(StrEnum):
    """Under which a level was given."""

    BLIND = "blind"
    AFTER_REVEAL = "after the reveal"
    UNBLINDED = "unblinded"


@dataclass(frozen=True)
class Cell:
    """One cell of a confusion matrix.

    Attributes
    ----------
    count : int
        Pairs of levels; a case that several readers read counts once per reader.
    case_ids : tuple of str
        Their cases, each once.
    """

    count: int
    case_ids: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Two readings of the same cases.

    Attributes
    ----------
    first, second : str
        A reader's name, `ALL_READERS`, `MODEL` or `LABEL`.
    n : int
        Cases with both.
    agreement : mapping of Statistic to Estimate
        All six.
    cells : tuple of tuple of Cell
        Four by four, the first one's levels in rows.
    """

    first: str
    second: str
    n: int
    agreement: Mapping[Statistic, Estimate]
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class ConditionReport:
    """Agreement under one condition.

    Attributes
    ----------
    condition : Condition
        Which.
    n_reads, n_cases : int
        How many.
    readers : tuple of str
        By name.
    together : mapping of Statistic to Estimate
        Alpha and AC2 over all readers.
    pairs, model, label : tuple of Comparison
        Readers with each other; model, and label, with all readers at once and with each.
    """

    condition: Condition
    n_reads: int
    n_cases: int
    readers: tuple[str, ...]
    together: Mapping[Statistic, Estimate]
    pairs: tuple[Comparison, ...]
    model: tuple[Comparison, ...]
    label: tuple[Comparison, ...]


@dataclass(frozen=True)
class AgreementReport:
    """All of it.

    Attributes
    ----------
    n_cases, n_reads : int
        Cases with a read, and reads.
    verdicts : mapping of ReadKind to tuple of VerdictShares
        By case, then each reader; empty where nobody gave a verdict.
    conditions : mapping of Condition to ConditionReport
        Those under which there are reads.
    consensus : Consensus
        Label and grader beside the decisions.
    switches : tuple of Switches
        All readers, then each; empty where nobody answered.
    """

    n_cases: int
    n_reads: int
    verdicts: Mapping[ReadKind, tuple[VerdictShares, ...]]
    conditions: Mapping[Condition, ConditionReport]
    consensus: Consensus
    switches: tuple[Switches, ...]


_Levels = Mapping[str, Severity]
_Given = dict[str, dict[str, Severity]]


def agreement_report(
    reads: Iterable[Read], cases: Iterable[Case], *, n_resamples: int = 1000, seed: int = 0
) -> AgreementReport:
    """Work out all that a review has found.

    Parameters
    ----------
    reads : iterable of Read
        Without those that were taken back. Of several reads of a case by one reader the last one counts.
    cases : iterable of Case
        At least those that were read; a case that was not read counts where it is decided.
    n_resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    AgreementReport
        'Too few' stands wherever fewer than `MIN_CASES` cases are behind a number.

    Raises
    ------
    ReviewError
        If a read is of a case that is not among the cases.
    """
    known = {case.id: case for case in cases}
    last = {(read.case_id, read.reader): read for read in sorted(reads, key=lambda read: read.id)}
    kept = tuple(last.values())
    strays = {read.case_id for read in kept} - known.keys()
    if strays:
        raise ReviewError(
            f"{len(strays)} cases that were read are not among the {len(known)} given ones.",
            "Give the cases of all reads.",
        )
    blind = [read for read in kept if read.kind is ReadKind.BLIND]
    unblinded = [read for read in kept if read.kind is ReadKind.UNBLINDED]
    given = {
        Condition.BLIND: _by_reader((read, read.level) for read in blind),
        Condition.AFTER_REVEAL: _by_reader((read, read.revised_level) for read in blind),
        Condition.UNBLINDED: _by_reader((read, read.level) for read in unblinded),
    }
    return AgreementReport(
        n_cases=len({read.case_id for read in kept}),
        n_reads=len(kept),
        verdicts={
            kind: verdict_shares(some, known)
            for kind, some in ((ReadKind.BLIND, blind), (ReadKind.UNBLINDED, unblinded))
        },
        conditions={
            condition: _condition(condition, levels, known, n_resamples, seed)
            for condition, levels in given.items()
            if levels
        },
        consensus=consensus_of(known.values()),
        switches=switches_of(blind, known),
    )


def _by_reader(levels: Iterable[tuple[Read, Severity | None]]) -> _Given:
    by_reader: _Given = defaultdict(dict)
    for read, level in levels:
        if level is not None:
            by_reader[read.reader][read.case_id] = level
    return {reader: by_reader[reader] for reader in sorted(by_reader)}


def _condition(
    condition: Condition, given: _Given, cases: Mapping[str, Case], n_resamples: int, seed: int
) -> ConditionReport:
    model = {case.id: case.level for case in cases.values() if case.level is not None}
    label = {case.id: case.label for case in cases.values() if case.label is not None}
    case_ids = sorted(set().union(*given.values()))
    ratings = [[int(levels.get(case_id, MISSING)) for levels in given.values()] for case_id in case_ids]

    def against(name: str, levels: _Levels) -> tuple[Comparison, ...]:
        pooled = _comparison(
            name, ALL_READERS, [(levels, of_reader) for of_reader in given.values()], n_resamples, seed
        )
        each = (_comparison(name, reader, [(levels, given[reader])], n_resamples, seed) for reader in given)
        return pooled, *each

    return ConditionReport(
        condition=condition,
        n_reads=sum(map(len, given.values())),
        n_cases=len(case_ids),
        readers=tuple(given),
        together=group_agreement(ratings, n_resamples=n_resamples, seed=seed),
        pairs=tuple(
            _comparison(one, other, [(given[one], given[other])], n_resamples, seed)
            for one, other in combinations(given, 2)
        ),
        model=against(MODEL, model),
        label=against(LABEL, label),
    )


def _comparison(
    first: str, second: str, pairs: Sequence[tuple[_Levels, _Levels]], n_resamples: int, seed: int
) -> Comparison:
    """Compare two readings, or one with several, in the cases that both have."""
    rows = [
        (case_id, int(one[case_id]), int(other[case_id]))
        for one, other in pairs
        for case_id in sorted(one.keys() & other.keys())
    ]
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    for case_id, one_level, other_level in rows:
        cells[one_level, other_level].append(case_id)
    matrix = tuple(
        tuple(Cell(len(cells[row, column]), tuple(dict.fromkeys(cells[row, column]))) for column in Severity)
        for row in Severity
    )
    if not rows:
        nothing = dict.fromkeys(Statistic, Estimate(0, None, reason=TOO_FEW))
        return Comparison(first, second, 0, nothing, matrix)
    case_ids, one_levels, other_levels = zip(*rows, strict=True)
    tables = case_tables(np.array(one_levels), np.array(other_levels), np.array(case_ids))
    agreement = pair_agreement(tables, n_resamples=n_resamples, seed=seed)
    return Comparison(first, second, len(tables), agreement, matrix)
