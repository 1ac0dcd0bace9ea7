"""A critical result raises the level on show openly; the grader's own level stays beside it."""

from pathlib import Path

import pytest

from cardiov_core.critical import load_rule_set, with_limits
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import RuleSet, Severity
from cardiov_core.inference import Grader, analysis_to_dict, analyze, load_predictor
from cardiov_core.reporting.words.critical import raised_words


@pytest.fixture
def predictor(tiny_folder: Path) -> Grader:
    assert tiny_folder.is_dir()
    return load_predictor()


def _everything_is_slow() -> RuleSet:
    """The house's own list, by which a heart rate under 1000/min is critical: whatever the ECG, it is met."""
    return with_limits(load_rule_set(), {"severe_bradycardia": {"heart_rate_bpm": {"below": 1000}}})


def test_the_level_is_raised_and_says_from_what_and_by_what(predictor: Grader) -> None:
    record = generate("normal", seed=5, sampling_rate_hz=500, duration_s=10.0)
    plain = analyze(record, predictor)
    assert plain.critical == ()
    assert plain.prediction is not None
    assert plain.level is plain.prediction.severity
    assert not plain.raised
    assert raised_words(plain) == ""
    raised = analyze(record, predictor, rule_set=_everything_is_slow())
    assert raised.level is Severity.HIGH_RISK
    risk = analysis_to_dict(raised)["risk"]
    graded = int(plain.prediction.severity)
    assert (risk["level"], risk["name"], risk["graded_level"]) == (3, "High risk", graded)
    assert risk["raised_by"] == (["severe_bradycardia"] if graded < 3 else [])
    (result,) = analysis_to_dict(raised)["critical"]
    assert (result["rule_set"], result["rule"], result["within_minutes"]) == ("cardiov", "severe_bradycardia", 10)
    if graded < 3:
        words = raised_words(raised)
        assert words.startswith(f"Level 3, raised from {graded} by Severe bradycardia (heart rate ")
        assert words.endswith("Table 2 of the CardioV paper counts SBRAD as low risk.")


def test_without_raising_the_level_is_the_graders_alone(predictor: Grader) -> None:
    record = generate("normal", seed=5, sampling_rate_hz=500, duration_s=10.0)
    found = analyze(record, predictor, rule_set=_everything_is_slow(), raise_level=False)
    assert found.prediction is not None
    assert (found.critical, found.level) == ((), found.prediction.severity)
