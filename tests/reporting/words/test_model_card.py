"""What `cardiov models` and the About page print of what was measured of a grader."""

from pathlib import Path
from typing import Any

import pytest

from cardiov_core import weights
from cardiov_core.errors import ModelCardError
from cardiov_core.reporting.words.model_card import card_words

MEASURED = {
    "n": 100,
    "held": 91,
    "coverage": 0.91,
    "interval": [0.85, 0.96],
    "mean_size": 1.5,
    "a_level": {"No risk": {"n": 60, "held": 60}, "High risk": {"n": 40, "held": 31}},
}


def _told(folder: Path, changes: dict[str, Any]) -> dict[str, str]:
    return card_words(weights.update_card(weights.load_card(folder / "tiny.json"), changes))


def test_what_a_card_lacks_is_said(tiny_folder: Path) -> None:
    told = card_words(weights.load_card(tiny_folder / "tiny.json"))
    assert told["calibration"] == "Probabilities are not calibrated."
    assert told["sets"] == "There are no prediction sets."
    assert "does not know" in told["scope"]
    assert told["untested"] == "The card does not say."
    assert "attention" not in told
    assert _told(tiny_folder, {"training": {"torch": "2"}})["attention"] == "The attention maps have not been tested."


@pytest.mark.parametrize(
    "damage", [{"scope": {"measured": [{}]}}, {"conformal": {"limit": None, "measured": {}}}, {"calibration": "no"}]
)
def test_figures_that_make_no_sense_are_an_error_with_a_cure(tiny_folder: Path, damage: dict[str, Any]) -> None:
    with pytest.raises(ModelCardError, match="makes no sense"):
        _told(tiny_folder, damage)


def test_every_figure_comes_out_of_the_card(tiny_folder: Path) -> None:
    told = _told(
        tiny_folder,
        {
            "calibration": {
                "kind": "one temperature",
                "temperature": 2.0,
                "offsets": [0, 0, 0],
                "log_loss": {"before": 1.024, "nested": 0.839},
            },
            "conformal": {"limit": 0.117, "wanted": 0.9, "measured": MEASURED},
            "scope": {
                "share_inside": 0.98,
                "n": 434,
                "measured": [
                    {"what": "ten times the gain", "n": 145, "flagged": 0.94, "foreign": False},
                    {"what": "twice the gain", "n": 145, "flagged": 0.03, "foreign": False},
                    {"what": "ludb", "n": 100, "flagged": 0.03, "foreign": True},
                ],
            },
            "not_tested_on": ["the test fold", "other hospitals"],
        },
    )
    assert told["calibration"] == (
        "One temperature. Log loss 1.024 before, 0.839 after, on patients it was not fitted on."
    )
    assert "91 of 100 sets held the level, 0.910 (0.850 to 0.960), 1.50 levels on average" in told["sets"]
    assert "no risk 60 of 60, high risk 31 of 40; nothing is claimed a level" in told["sets"]
    assert "Most of these are found: ten times the gain." in told["scope"]
    assert "Most of these are not: twice the gain." in told["scope"]
    assert "Of other sources, 3 % of 100 in ludb." in told["scope"]
    assert told["untested"] == "Not tested on the test fold; other hospitals."
