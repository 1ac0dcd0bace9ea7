"""The explanation passport in the model card: what it says under the overlay, and what it withholds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cardiov_core import weights
from cardiov_core.cli import output
from cardiov_core.datasets.synthetic import generate
from cardiov_core.errors import ModelCardError
from cardiov_core.inference import analysis_to_dict, analyze, load_predictor
from cardiov_core.inference.explanation.passport import passport_line, passport_of

FAILING = {
    "deletion": {"deletion": {"difference": 0.01, "interval": [-0.04, 0.05]}},
    "randomisation": {"randomisation": 0.71},
    "shift": {"shift": 0.2},
    "too few maps": {"n": 3},
}


def _row(stage: int, *failed: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "stage": stage,
        "n": 40,
        "n_empty": 0,
        "randomisation": 0.1,
        "deletion": {"difference": 0.5, "interval": [0.3, 0.7]},
        "shift": 0.9,
        "failed": list(failed),
    }
    for name in failed:
        row |= FAILING[name]
    return row


def _passport(sha256: str) -> dict[str, Any]:
    """Level 0 passes; of level 1 stages 6 and 7 fail; of level 2 all; level 3 is missing but for stage 1."""
    levels = {
        "0": [_row(stage) for stage in range(1, 8)],
        "1": [*(_row(stage) for stage in range(1, 6)), _row(6, "deletion"), _row(7, "randomisation", "shift")],
        "2": [_row(stage, "too few maps") for stage in range(1, 8)],
        "3": [_row(1)],
    }
    return {"sha256": sha256, "levels": levels}


@pytest.fixture
def tested(tiny_folder: Path) -> weights.ModelCard:
    card = weights.load_card(tiny_folder / "tiny.json")
    return weights.update_card(card, {"passport": _passport(card.sha256)})


def test_one_line_a_level_says_what_passed_and_on_how_many(tested: weights.ModelCard) -> None:
    passport = passport_of(tested)
    assert passport is not None
    tests = "tested on 40 ECGs (untrained weights, deletion, shifted passes)"
    assert passport.line(0) == f"Attention for No risk, {tests}: all stages passed."
    told = f"Attention for Low risk, {tests}: stages 1, 2, 3, 4 and 5 passed; stages 6 and 7 withheld."
    assert passport.line(1) == told
    assert passport.line(2).endswith("no stage passed, so none is shown.")
    assert passport.line(1) == passport_line(tested, 1)


def test_what_failed_is_withheld_with_its_figure(tested: weights.ModelCard) -> None:
    passport = passport_of(tested)
    assert passport is not None
    assert passport.withheld(0, 7) is None
    assert passport.withheld(1, 5) is None
    assert "difference 0.01, -0.04 to 0.05" in str(passport.withheld(1, 6))
    both = str(passport.withheld(1, 7))
    assert "untrained network shows nearly the same (rank correlation 0.71)" in both
    assert "a little later is explained by other parts of it (rank correlation 0.20)" in both
    assert "only 3 maps" in str(passport.withheld(2, 1))
    assert "was not tested" in str(passport.withheld(3, 4))


def test_a_threshold_shows_what_all_levels_above_it_may_show(tested: weights.ModelCard) -> None:
    passport = passport_of(tested)
    assert passport is not None
    assert list(passport.withheld_stages("above_medium", 7)) == [2, 3, 4, 5, 6, 7]
    assert list(passport.withheld_stages("above_low", 7)) == [1, 2, 3, 4, 5, 6, 7]
    assert list(passport.withheld_stages(1, 7)) == [6, 7]


def test_a_passport_of_other_weights_is_none(tiny_folder: Path) -> None:
    card = weights.load_card(tiny_folder / "tiny.json")
    assert passport_of(card) is None
    assert "have not been tested" in passport_line(card, 0)
    assert passport_of(weights.update_card(card, {"passport": _passport("0" * 64)})) is None


@pytest.mark.parametrize("damage", [{"levels": None}, {"levels": {"0": [{"stage": 1}]}}, {"levels": {"x": []}}])
def test_a_damaged_passport_is_an_error(tiny_folder: Path, damage: dict[str, Any]) -> None:
    card = weights.load_card(tiny_folder / "tiny.json")
    broken = weights.update_card(card, {"passport": {"sha256": card.sha256, **damage}})
    with pytest.raises(ModelCardError, match="passport makes no sense"):
        passport_of(broken)


def test_withheld_maps_come_with_the_reason_and_leave_no_trace_in_the_json(tested: weights.ModelCard) -> None:
    predictor, record = load_predictor(tested.path), generate("normal", seed=1)
    explanation = predictor.explain(record, target=1)
    assert sorted(explanation.withheld) == [6, 7]
    assert list(explanation.stages) == [1, 2, 3, 4, 5, 6, 7]
    for stage, attention in explanation.stages.items():
        assert attention.shape == (record.n_samples,)
        assert np.isfinite(attention).any(), stage
    analysis = analyze(record, predictor)
    document = analysis_to_dict(analysis, explanation)
    assert f"stage 6: {explanation.withheld[6]}" in output.table_row(analysis, explanation)
    told = document["explanation"]
    assert set(told["stages"]["6"]) == set(told["stages"]["7"]) == {None}
    assert len(told["stages"]["6"]) == record.n_samples
    assert set(told["stages"]["5"]) != {None}
    assert told["withheld"] == {"6": explanation.withheld[6], "7": explanation.withheld[7]}
    assert predictor.explain(record, target=0).withheld == {}
