"""Normal ranges: the limits of the conventions, at the limit and beside it."""

import pytest

from cardiov_core.signals.findings import hypertrophy, rates, repolarisation
from cardiov_core.signals.reference_ranges import Flag, flag, ranges_of


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("heart_rate_bpm", 60, Flag.WITHIN),
        ("heart_rate_bpm", 59.9, Flag.BELOW),
        ("heart_rate_bpm", 40, Flag.BELOW),
        ("heart_rate_bpm", 39.9, Flag.CRITICAL),
        ("heart_rate_bpm", 150, Flag.ABOVE),
        ("heart_rate_bpm", 150.1, Flag.CRITICAL),
        ("pr_ms", 120, Flag.WITHIN),
        ("pr_ms", 200, Flag.WITHIN),
        ("pr_ms", 201, Flag.ABOVE),
        ("qrs_ms", 110, Flag.WITHIN),
        ("qrs_ms", 111, Flag.ABOVE),
        ("qrs_axis_deg", -30, Flag.WITHIN),
        ("qrs_axis_deg", -31, Flag.BELOW),
        ("qrs_axis_deg", 91, Flag.ABOVE),
        ("longest_pause_ms", 3000, Flag.WITHIN),
        ("longest_pause_ms", 3001, Flag.CRITICAL),
        ("qt_ms", 400, None),
    ],
)
def test_limits(field: str, value: float, expected: Flag | None) -> None:
    assert flag(field, value, "male", 50.0) is expected


@pytest.mark.parametrize("formula", ["fridericia", "bazett", "framingham", "hodges"])
def test_qtc_by_sex(formula: str) -> None:
    field = f"qtc_{formula}_ms"
    assert flag(field, 455, "male") is Flag.ABOVE
    assert flag(field, 455, "female") is Flag.WITHIN
    assert flag(field, 455) is Flag.DEPENDS_ON_SEX
    assert flag(field, 500) is Flag.CRITICAL
    assert len(ranges_of(field)) == 2


def test_no_range_under_18() -> None:
    assert ranges_of("pr_ms", "male", 17.0) == ()
    assert flag("pr_ms", 300, "male", 17.0) is None
    assert flag("pr_ms", 300, "male", None) is Flag.ABOVE


def test_the_rules_and_the_ranges_say_the_same() -> None:
    rate, qrs = ranges_of("heart_rate_bpm")[0], ranges_of("qtc_fridericia_ms", "male")[0]
    assert (rate.low, rate.high) == (rates.BRADYCARDIA_BPM, rates.TACHYCARDIA_BPM)
    assert (rate.critical_under, rate.critical_over) == rates.CRITICAL_RATES_BPM
    assert qrs.high == repolarisation.LONG_QTC_MS["male"]
    assert qrs.critical_from == repolarisation.CRITICAL_QTC_MS
    assert ranges_of("pr_ms")[0].high == rates.PROLONGED_PR_MS
    assert ranges_of("longest_pause_ms")[0].critical_over == rates.CRITICAL_PAUSE_MS
    assert ranges_of("sokolow_lyon_mv")[0].high == hypertrophy.SOKOLOW_LYON_MV
    assert {sex: ranges_of("cornell_mv", sex)[0].high for sex in ("male", "female")} == dict(hypertrophy.CORNELL_MV)
