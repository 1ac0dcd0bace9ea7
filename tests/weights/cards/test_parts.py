"""Parts of model cards: the shipped ones lose nothing, and damage to one part leaves the others in use."""

import json
from pathlib import Path
from typing import Any

import pytest

from cardiov_core.errors import ModelCardError
from cardiov_core.weights import load_card, update_card
from cardiov_core.weights.cards.parts import CalibrationPart, ConformalPart, PassportPart, ReasonsPart, ScopePart

_PARTS = (CalibrationPart, ConformalPart, PassportPart, ReasonsPart, ScopePart)


def test_shipped_cards_are_told_whole_by_their_types(repository: Path) -> None:
    paths = sorted((repository / "weights").glob("*.json"))
    if not paths:
        pytest.skip("this working tree has no shipped weights: make weights")
    for path in paths:
        card = load_card(path)
        for field in ("architecture", "input", "output", "training", "metrics"):
            assert json.dumps(getattr(card.stated, field).as_json()) == json.dumps(card.raw[field]), (path.name, field)
        for kind in _PARTS:
            part, stated = card.part(kind), card.raw.get(kind.field)
            if part is not None and isinstance(stated, dict):
                known = part.as_json()
                # The range's own file stands in the same field, and has a class of its own.
                assert set(stated) - set(known) <= {"file", "sha256"}
                assert all(stated[name] == known[name] for name in known), (path.name, kind.field)


@pytest.mark.parametrize(
    ("kind", "damage", "told"),
    [
        (CalibrationPart, {"temperature": 1.0}, "calibration lacks offsets"),
        (ConformalPart, {"limit": 1.5}, "conformal.limit is 1.5; expected 0 to 1"),
        (PassportPart, {"sha256": "a", "levels": {"0": [{"stage": 1, "n": 9, "failed": ["shift"]}]}}, "shift failed"),
    ],
)
def test_damage_to_one_part_leaves_the_others_in_use(
    tiny_folder: Path, kind: Any, damage: dict[str, Any], told: str
) -> None:
    scope = {"share_inside": 0.98, "n": 9}
    card = update_card(load_card(tiny_folder / "tiny.json"), {kind.field: damage, "scope": scope})
    with pytest.raises(ModelCardError, match=f"{kind.field} makes no sense: .*{told}") as caught:
        card.part(kind)
    assert caught.value.hint
    found = card.part(ScopePart)
    assert found is not None
    assert found.n == 9
