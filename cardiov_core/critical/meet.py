"""Which rules of a set an ECG meets."""

from collections.abc import Iterable, Mapping
from dataclasses import fields

from cardiov_core.domain import CriticalResult, CriticalRule, Finding, Measurements, RuleSet


def critical_results(
    rule_set: RuleSet, findings: Iterable[Finding], measurements: Measurements | None
) -> tuple[CriticalResult, ...]:
    """Return the rules that an ECG meets, in the order of the set.

    Parameters
    ----------
    rule_set : RuleSet
        With the limits in force.
    findings : iterable of Finding
        What the rules and detectors say; only present ones count, and a finding names its own numbers.
    measurements : Measurements or None
        None where nothing could be measured.

    Returns
    -------
    tuple of CriticalResult
        A number that could not be measured meets no limit: an ECG that cannot be judged is withheld, not critical.
    """
    present = {finding.code: finding for finding in findings if finding.state == "present"}
    numbers = _numbers(measurements)
    met = (_met(rule_set.name, rule, present, numbers) for rule in rule_set.rules)
    return tuple(result for result in met if result is not None)


def _met(
    name: str, rule: CriticalRule, present: Mapping[str, Finding], numbers: Mapping[str, float]
) -> CriticalResult | None:
    if not rule.findings:
        measured = _within(rule, numbers)
        return None if measured is None else CriticalResult(name, rule, None, measured)
    for code in rule.findings:
        if code in present:
            measured = _within(rule, {**numbers, **present[code].measured})
            if measured is not None:
                return CriticalResult(name, rule, code, measured or dict(present[code].measured))
    return None


def _within(rule: CriticalRule, numbers: Mapping[str, float]) -> dict[str, float] | None:
    """Return the numbers that were compared; None where one is missing or outside its limit."""
    compared = {name: numbers[name] for name in rule.limits if name in numbers}
    if len(compared) < len(rule.limits) or not all(rule.limits[name].holds(compared[name]) for name in compared):
        return None
    return compared


def _numbers(measurements: Measurements | None) -> dict[str, float]:
    if measurements is None:
        return {}
    values = {item.name: getattr(measurements, item.name) for item in fields(measurements)}
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
