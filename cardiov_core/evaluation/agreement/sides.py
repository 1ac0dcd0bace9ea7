"""Sides: with whom readers sided, who agrees with the decision, and what readers changed after the reveal."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cardiov_core.domain import Case, Read, Verdict
from cardiov_core.evaluation.agreement.estimates import MIN_CASES, TOO_FEW, Estimate, share
from cardiov_core.evaluation.agreement.formulas import mcnemar

ALL_READERS, BY_CASE = "All readers", "By case"

PAPER_CASES = 674
"""Wrongly graded cases that the paper gave to a cardiologist (Wei et al. 2022, BMC Med Inform Decis Mak 22:295)."""

PAPER_VERDICTS: Mapping[Verdict, int] = {Verdict.MODEL: 361, Verdict.LABEL: 259, Verdict.NEITHER: 54}
"""With whom that cardiologist sided: 53.56, 38.43 and 8.01 %."""


@dataclass(frozen=True)
class VerdictShares:
    """With whom somebody sided in the wrongly graded cases.

    Attributes
    ----------
    who : str
        A reader; or `BY_CASE`: the verdict that more than half of a case's readers gave.
    n : int
        Cases.
    shares : mapping of Verdict to Estimate
        With Wilson intervals.
    divided : int
        Cases without a majority; they are left out of n.
    """

    who: str
    n: int
    shares: Mapping[Verdict, Estimate]
    divided: int = 0


@dataclass(frozen=True)
class Consensus:
    """Label and grader beside the decision: equal blind reads, or the adjudicator's.

    Attributes
    ----------
    n : int
        Cases with label, model's level and a decided level.
    both, label_only, model_only, neither : tuple of str
        Cases by who agrees with the decision.
    p_value : float or None
        McNemar's exact test, two-sided; None where `reason` says why.
    reason : str
        Empty where there is a p-value.
    """

    n: int
    both: tuple[str, ...]
    label_only: tuple[str, ...]
    model_only: tuple[str, ...]
    neither: tuple[str, ...]
    p_value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Switches:
    """What blind readers did after the reveal.

    Attributes
    ----------
    who : str
        A reader, or `ALL_READERS`.
    n : int
        Reads that were answered with keep or change.
    switched : Estimate
        Share of them that were changed.
    right : Estimate
        Share of the changed ones that went to the decided level; only cases with a decision count.
    away : Estimate
        Share of the changed ones that left the decided level.
    to_model : Estimate
        Share of the changed ones that went to the grader's level.
    """

    who: str
    n: int
    switched: Estimate
    right: Estimate
    away: Estimate
    to_model: Estimate


def verdict_shares(reads: Sequence[Read], cases: Mapping[str, Case]) -> tuple[VerdictShares, ...]:
    """Return with whom readers sided in wrongly graded cases: by case, then each reader.

    Several verdicts on one case are not independent, and Wilson's interval over all of them would be too narrow: the
    first entry therefore counts each case once, by the verdict of more than half of its readers. With one reader it is
    the paper's study.
    """
    by_case: dict[str, list[Verdict]] = defaultdict(list)
    by_reader: dict[str, list[Verdict]] = defaultdict(list)
    for read in reads:
        if read.verdict is not None and cases[read.case_id].error:
            by_case[read.case_id].append(read.verdict)
            by_reader[read.reader].append(read.verdict)
    if not by_case:
        return ()
    majorities = [_majority(verdicts) for verdicts in by_case.values()]
    decided = [verdict for verdict in majorities if verdict is not None]
    return (
        _shares(BY_CASE, decided, len(majorities) - len(decided)),
        *(_shares(reader, by_reader[reader]) for reader in sorted(by_reader)),
    )


def _shares(who: str, verdicts: Sequence[Verdict], divided: int = 0) -> VerdictShares:
    n = len(verdicts)
    return VerdictShares(who, n, {verdict: share(verdicts.count(verdict), n) for verdict in PAPER_VERDICTS}, divided)


def _majority(verdicts: Sequence[Verdict]) -> Verdict | None:
    return next((verdict for verdict in Verdict if 2 * verdicts.count(verdict) > len(verdicts)), None)


def consensus_of(cases: Iterable[Case]) -> Consensus:
    """Return who agrees with the decided levels, label or model; indeterminate cases have none."""
    case_ids: dict[tuple[bool, bool], list[str]] = defaultdict(list)
    for case in cases:
        if case.decision is not None and case.label is not None and case.level is not None:
            case_ids[case.label == case.decision, case.level == case.decision].append(case.id)
    both, label_only, model_only, neither = (
        tuple(sorted(case_ids[key])) for key in ((True, True), (True, False), (False, True), (False, False))
    )
    n = len(both) + len(label_only) + len(model_only) + len(neither)
    enough = n >= MIN_CASES
    p_value = mcnemar(len(label_only), len(model_only)) if enough else None
    return Consensus(n, both, label_only, model_only, neither, p_value, "" if enough else TOO_FEW)


def switches_of(reads: Sequence[Read], cases: Mapping[str, Case]) -> tuple[Switches, ...]:
    """Return how often blind readers changed their level after the reveal, and whither."""
    answered = [read for read in reads if read.revised_level is not None]
    if not answered:
        return ()
    readers = sorted({read.reader for read in answered})
    return (
        _switches(ALL_READERS, answered, cases),
        *(_switches(reader, [read for read in answered if read.reader == reader], cases) for reader in readers),
    )


def _switches(who: str, answered: Sequence[Read], cases: Mapping[str, Case]) -> Switches:
    switched = [read for read in answered if read.switched]
    decided = [read for read in switched if cases[read.case_id].decision is not None]
    right = sum(read.revised_level == cases[read.case_id].decision for read in decided)
    away = sum(read.level == cases[read.case_id].decision for read in decided)
    graded = [read for read in switched if cases[read.case_id].level is not None]
    to_model = sum(read.revised_level == cases[read.case_id].level for read in graded)
    return Switches(
        who,
        len(answered),
        share(len(switched), len(answered)),
        share(right, len(decided)),
        share(away, len(decided)),
        share(to_model, len(graded)),
    )
