"""The app's synthetic samples: each is shown with a level within one of that of the textbook."""

import pytest

from cardiov_core.datasets import generate
from cardiov_core.inference import analyze, load_predictor
from cardiov_core.statements import STATEMENTS

TEXTBOOK = {
    "normal": "NORM",
    "atrial_fibrillation": "AFIB",
    "sinus_bradycardia": "SBRAD",
    "left_bundle_branch_block": "CLBBB",
    "inferior_st_elevation": "IMI",
    "premature_ventricular_complexes": "PVC",
    "third_degree_block": "3AVB",
}


@pytest.mark.parametrize(("condition", "statement"), TEXTBOOK.items())
def test_a_sample_is_shown_within_one_level_of_the_textbook(condition: str, statement: str) -> None:
    analysis = analyze(generate(condition), load_predictor())
    assert analysis.level is not None
    assert abs(int(analysis.level) - int(STATEMENTS[statement].critical_value)) <= 1


def test_noise_and_a_lead_that_is_off_are_withheld() -> None:
    analysis = analyze(generate("noise_and_lead_off"), load_predictor())
    assert analysis.level is None
    assert analysis.withheld
