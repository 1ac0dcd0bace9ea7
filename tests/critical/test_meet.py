"""Which rules an ECG meets: by a finding, by numbers, by both; never by what could not be measured."""

from cardiov_core.critical import critical_results, load_rule_set
from cardiov_core.domain import Finding, Measurements

OWN = load_rule_set()


def _codes(*findings: Finding, **measured: float) -> list[str]:
    return [result.rule.code for result in critical_results(OWN, findings, Measurements(**measured))]  # type: ignore[arg-type]


def _finding(code: str, state: str = "present", **measured: float) -> Finding:
    return Finding(code, code, state, "", measured)  # type: ignore[arg-type]


def test_a_normal_ecg_meets_none() -> None:
    assert _codes(heart_rate_bpm=70.0, qtc_fridericia_ms=410.0, longest_pause_ms=900.0) == []


def test_limits_are_those_of_the_conventions() -> None:
    assert _codes(heart_rate_bpm=39.9) == ["severe_bradycardia"]
    assert _codes(heart_rate_bpm=40.0) == []
    assert _codes(heart_rate_bpm=150.0) == []
    assert _codes(heart_rate_bpm=150.1) == ["severe_tachycardia"]


def test_a_finding_must_be_present() -> None:
    assert _codes(_finding("st_elevation")) == ["st_elevation"]
    assert _codes(_finding("st_elevation", "absent")) == []
    assert _codes(_finding("st_elevation", "not measurable")) == []


def test_a_finding_with_a_limit_needs_both() -> None:
    pause = _finding("pause", longest_pause_ms=3200.0)
    assert _codes(pause) == ["pause"]
    assert _codes(longest_pause_ms=3200.0) == []
    (result,) = critical_results(OWN, [pause], None)
    assert (result.finding, result.measured) == ("pause", {"longest_pause_ms": 3200.0})


def test_results_stand_in_the_order_of_the_set() -> None:
    assert _codes(_finding("st_elevation"), heart_rate_bpm=30.0) == ["st_elevation", "severe_bradycardia"]
