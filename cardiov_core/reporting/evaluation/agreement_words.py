"""Estimates in words: number, interval and n, or why there is no number."""

from cardiov_core.domain import Verdict
from cardiov_core.evaluation import Estimate, Statistic
from cardiov_core.reporting.words.levels import THIN_SPACE

VERDICT_WORDS = {
    Verdict.MODEL: "Sided with the model",
    Verdict.LABEL: "Sided with the original label",
    Verdict.NEITHER: "Sided with neither",
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
    """Write a share's count, its per cent and limits: '13 of 25: 52.0 % (33.5 to 70.0 %)'."""
    return f"{estimate.count} of {estimate.n}: {with_interval(estimate, as_share=True)}"


def _written(value: float, *, as_share: bool) -> str:
    return f"{100 * value:.1f}{THIN_SPACE}%" if as_share else f"{value:.2f}"
