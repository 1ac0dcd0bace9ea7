"""Alerts and critical results in words."""

from collections.abc import Iterable
from datetime import datetime

from cardiov_core.domain import (
    Alert,
    AlertStatistics,
    AlertStatus,
    Analysis,
    CriticalResult,
    CriticalRule,
    Limit,
    Severity,
)
from cardiov_core.reporting.words.levels import THIN_SPACE
from cardiov_core.reporting.words.numbers import percent
from cardiov_core.statements import STATEMENTS

_UNITS = {"_bpm": f"{THIN_SPACE}/min", "_ms": f"{THIN_SPACE}ms", "_mv": f"{THIN_SPACE}mV", "_deg": "\u00b0"}


def result_words(result: CriticalResult) -> str:
    """Name a critical result with its numbers: 'Severe bradycardia (heart rate 31 /min)'."""
    numbers = ", ".join(
        f"{_name(name)} {value:.0f}{_unit(name)}" if "_mv" not in name else f"{_name(name)} {value:.2f}{_unit(name)}"
        for name, value in result.measured.items()
        if name in result.rule.limits
    )
    return f"{result.rule.title} ({numbers})" if numbers else result.rule.title


def critical_words(analysis: Analysis) -> tuple[str, ...]:
    """Return what cannot wait, a phrase each: level 3, and the critical results (docs/clinical.md, 20)."""
    words = [result_words(result) for result in analysis.critical]
    if analysis.level is Severity.HIGH_RISK and not analysis.raised:
        words.insert(0, "High risk (level 3): this ECG may need prompt review")
    return tuple(words)


def raised_words(analysis: Analysis) -> str:
    """Say openly that the level was raised, from what and by what; empty where it was not.

    Parameters
    ----------
    analysis : Analysis
        What CardioV says of a record.

    Returns
    -------
    str
        'Level 3, raised from 1 by ST elevation ...; Table 2 of the CardioV paper counts STE_ as low risk.'
    """
    if not analysis.raised or analysis.prediction is None or analysis.level is None:
        return ""
    reasons = {finding.code: finding.reason.rstrip(".") for finding in analysis.findings}
    because = "; ".join(
        result_words(result) if result.finding is None else f"{result.rule.title}: {reasons.get(result.finding, '')}"
        for result in analysis.critical
    )
    words = f"Level {int(analysis.level)}, raised from {int(analysis.prediction.severity)} by {because}"
    for rule in (result.rule for result in analysis.critical):
        if rule.statement in STATEMENTS and STATEMENTS[rule.statement].critical_value < analysis.level:
            level = STATEMENTS[rule.statement].critical_value.title.lower()
            words += f"; Table 2 of the CardioV paper counts {rule.statement} as {level}"
    return f"{words}."


def limit_words(rule: CriticalRule) -> str:
    """Write a rule's limits: 'heart rate below 40 /min'; empty where a finding alone decides."""
    return ", ".join(f"{_name(name)} {_bounds(limit, _unit(name))}" for name, limit in rule.limits.items())


def alert_words(alert: Alert) -> str:
    """Say what an alert is about."""
    return "; ".join(reason.title for reason in alert.reasons)


def addressees(alert: Alert) -> str:
    """Say who must be told, each once."""
    return "; ".join(dict.fromkeys(reason.addressee for reason in alert.reasons))


def age_words_of(alert: Alert, at: datetime) -> str:
    """Say how long an alert waits, and whether it is late: 'waits 4 min, due in 6 min'."""
    waits = _minutes((at - alert.opened_at).total_seconds())
    left_s = (alert.due_at - at).total_seconds()
    due = f"due in {_minutes(left_s)}" if left_s > 0 else f"late by {_minutes(-left_s)}"
    escalated = ", escalated" if alert.status is AlertStatus.ESCALATED else ""
    return f"waits {waits}, {due}{escalated}"


def statistics_rows(statistics: AlertStatistics) -> Iterable[tuple[str, str]]:
    """Return what is counted of alerts, a row each."""
    share = percent(statistics.n_late / statistics.n) if statistics.n else "none yet"
    yield "Alerts", f"{statistics.n}: {statistics.n_acknowledged} acknowledged, {statistics.n_waiting} waiting"
    yield "Late (acknowledged after the time limit, or due and waiting)", f"{statistics.n_late} ({share})"
    yield "Escalated", str(statistics.n_escalated)
    if statistics.median_minutes is not None and statistics.p90_minutes is not None:
        yield (
            "Time to acknowledgement",
            f"median {statistics.median_minutes:.1f} min, 90{THIN_SPACE}% within {statistics.p90_minutes:.1f} min",
        )


def _minutes(seconds: float) -> str:
    minutes = max(round(seconds / 60), 0)
    return f"{minutes}{THIN_SPACE}min" if minutes < 120 else f"{minutes / 60:.0f}{THIN_SPACE}h"


def _bounds(limit: Limit, unit: str) -> str:
    bounds = []
    if limit.at_least is not None:
        bounds.append(f"from {limit.at_least:g}{unit} on")
    if limit.above is not None:
        bounds.append(f"over {limit.above:g}{unit}")
    if limit.at_most is not None:
        bounds.append(f"up to {limit.at_most:g}{unit}")
    if limit.below is not None:
        bounds.append(f"below {limit.below:g}{unit}")
    return " and ".join(bounds)


def _name(number: str) -> str:
    for suffix in _UNITS:
        number = number.removesuffix(suffix)
    return number.replace("_", " ").replace("qtc fridericia", "QTc (Fridericia)").replace("rr min", "shortest RR")


def _unit(number: str) -> str:
    return next((unit for suffix, unit in _UNITS.items() if number.endswith(suffix)), "")
