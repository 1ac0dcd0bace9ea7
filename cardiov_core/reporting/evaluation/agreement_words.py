"""Estimates in words: number, interval and n, or why there is no number."""

from cardiov_core.domain import Severity, Verdict, how_many
from cardiov_core.evaluation import MIN_CASES, Comparison, ConditionReport, Estimate, Statistic
from cardiov_core.reporting.words.levels import THIN_SPACE

VERDICT_WORDS = {
    Verdict.MODEL: "Agreed with the grader",
    Verdict.LABEL: "Sided with the original label",
    Verdict.NEITHER: "Agreed with neither",
}
"""In the order of the paper."""

COLUMN_HEADS = {
    Statistic.KAPPA: "Weighted kappa",
    Statistic.AC2: "AC2",
    Statistic.ALPHA: "Alpha",
    Statistic.EXACT: "Exact, %",
    Statistic.WITHIN_ONE: "Within one, %",
    Statistic.MAE: "MAE",
}
"""Statistics as heads of a wide table."""

SHARES = frozenset({Statistic.EXACT, Statistic.WITHIN_ONE})
"""Statistics that read as per cent."""


LEVEL_HEADS = ("Level", "First", "Second", "Both", "Specific agreement, %")
"""Heads of `level_rows`."""


def counts_text(comparison: Comparison, statistic: Statistic) -> str:
    """Write how many cases agree where they are too few for a number: '7 of 9'; empty for what is no share.

    Parameters
    ----------
    comparison : Comparison
        Of two readings.
    statistic : Statistic
        Exact agreement, or within one level.
    """
    if statistic not in SHARES or not comparison.n:
        return ""
    most = 0 if statistic is Statistic.EXACT else 1
    alike = sum(
        cell.count
        for row, cells in enumerate(comparison.cells)
        for column, cell in enumerate(cells)
        if abs(row - column) <= most
    )
    return f"{alike} of {sum(cell.count for cells in comparison.cells for cell in cells)}"


def level_rows(comparison: Comparison) -> list[tuple[str, str, str, str, str]]:
    """Write for each level how often either reading and both gave it, and the share of specific agreement.

    Specific agreement (Cicchetti and Feinstein 1990, doi:10.1016/0895-4356(90)90159-M) is twice the cases in which both
    gave the level, of all times that it was given.

    Parameters
    ----------
    comparison : Comparison
        Of two readings.
    """
    rows = []
    for level in Severity:
        first = sum(cell.count for cell in comparison.cells[level])
        second = sum(cells[level].count for cells in comparison.cells)
        both = comparison.cells[level][level].count
        share = f"{200 * both / (first + second):.0f}" if first + second >= MIN_CASES else ""
        rows.append((f"{int(level)} {level.title.lower()}", str(first), str(second), str(both), share))
    return rows


def methods_words(condition: ConditionReport) -> str:
    """Write the paragraph that a paper needs on how the numbers came about.

    Parameters
    ----------
    condition : ConditionReport
        Reads of one kind.
    """
    readers = how_many(len(condition.readers), "reader")
    return (
        f"{readers} gave each ECG a critical value from 0 to 3, {condition.n_reads} reads of {condition.n_cases} cases "
        f"that were chosen for review ({condition.condition.value}). Agreement of two readings is given as exact "
        "agreement, agreement within one level, mean absolute error, Cohen's kappa with quadratic weights and Gwet's "
        "AC2; of all readers together as Krippendorff's alpha for ordinal data and AC2. 95\u2009% intervals are "
        "percentile bootstrap intervals of 1,000 resamples by case; shares have Wilson's. Fewer than "
        f"{MIN_CASES} cases are given as counts. Label and grader were compared beside the decision by McNemar's exact "
        "test."
    )


def estimate_text(estimate: Estimate, *, as_share: bool = False) -> str:
    """Write an estimate's value: '0.61', '53.6 %', or why there is none.

    Parameters
    ----------
    estimate : Estimate
        With or without a value.
    as_share : bool
        As per cent.
    """
    return estimate.reason if estimate.value is None else _written(estimate.value, as_share=as_share)


def interval(estimate: Estimate, *, as_share: bool = False) -> str:
    """Write an estimate's limits: '0.52 to 0.69'; empty where there are none.

    Parameters
    ----------
    estimate : Estimate
        With or without limits.
    as_share : bool
        As per cent.
    """
    if estimate.low is None or estimate.high is None:
        return ""
    if as_share:
        return f"{100 * estimate.low:.1f} to {_written(estimate.high, as_share=True)}"
    return f"{estimate.low:.2f} to {estimate.high:.2f}"


def with_interval(estimate: Estimate, *, as_share: bool = False) -> str:
    """Write value and limits: '0.61 (0.52 to 0.69)'."""
    limits = interval(estimate, as_share=as_share)
    value = estimate_text(estimate, as_share=as_share)
    return f"{value} ({limits})" if limits else value


def in_table(estimate: Estimate, *, as_share: bool = False) -> str:
    """Write value and limits as short as a table needs: '0.61 (0.52, 0.69)'; per cent without their sign."""
    if estimate.low is None or estimate.high is None or estimate.value is None:
        return estimate_text(estimate, as_share=as_share)
    scale, decimals = (100, 1) if as_share else (1, 2)
    value, low, high = (f"{scale * limit:.{decimals}f}" for limit in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low}, {high})"


def counted(estimate: Estimate) -> str:
    """Write a share's count, its per cent and limits: '13 of 25: 52.0 % (33.5 to 70.0 %)'; the count alone of few."""
    if estimate.value is None and estimate.count is not None:
        return f"{estimate.count} of {estimate.n}"
    return f"{estimate.count} of {estimate.n}: {with_interval(estimate, as_share=True)}"


def _written(value: float, *, as_share: bool) -> str:
    return f"{100 * value:.1f}{THIN_SPACE}%" if as_share else f"{value:.2f}"
