"""Importance of leads, on a network of which it is known what it looks at."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cardiov_core import analyze, weights
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS, Explanation
from cardiov_core.inference import analysis_to_dict, load_predictor
from cardiov_core.inference.explanation.lead_occlusion import lead_importance, without_each_lead

ROW = {"n": 40, "randomisation": 0.1, "deletion": {"difference": 0.5, "interval": [0.3, 0.7]}, "shift": 0.9}


class _TwoLeads(nn.Module):
    """Answers to the size of the second lead, and half as much to that of the fourth."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        size = x.abs().mean(dim=-1)
        score = size[:, 1] + 0.5 * size[:, 3]
        return torch.stack([score - 0.2, score - 0.4, score - 0.6], dim=1)


def test_without_each_lead_one_is_flat_and_the_others_stay() -> None:
    values = torch.ones(1, 3, 5)
    copies = without_each_lead(values)
    assert copies.sum(dim=-1).tolist() == [[0.0, 5.0, 5.0], [5.0, 0.0, 5.0], [5.0, 5.0, 0.0]]
    assert values.sum() == 15


def test_what_the_network_looks_at_is_important_and_by_how_much() -> None:
    values = torch.ones(1, 12, 100)
    found = lead_importance(_TwoLeads(), values, "above_low")
    expected = np.zeros(12)
    expected[1], expected[3] = 1.0, 0.5
    np.testing.assert_allclose(found, expected, atol=1e-6)
    high = lead_importance(_TwoLeads(), values, 3)
    assert np.argsort(-high)[:2].tolist() == [1, 3]
    # What speaks for a high level speaks against a low one.
    assert lead_importance(_TwoLeads(), values, 0)[1] < 0
    values[:, 1] = 0.0
    assert lead_importance(_TwoLeads(), values, 3)[1] == 0.0


@pytest.fixture
def card(tiny_folder: Path) -> weights.ModelCard:
    return weights.load_card(tiny_folder / "tiny.json")


def _explained(card: weights.ModelCard, leads: dict[str, Any] | None, target: int | str) -> Explanation:
    if leads is not None:
        weights.update_card(card, {"passport": {"sha256": card.sha256, "levels": {}, "leads": leads}})
    found = load_predictor(card.path).explain(generate("normal", seed=1), target=target)
    assert isinstance(found, Explanation)
    return found


def test_leads_are_given_only_where_they_passed_for_every_level_of_the_target(card: weights.ModelCard) -> None:
    leads = {"2": {**ROW, "failed": []}, "3": {**ROW, "failed": ["shift"]}}
    shown = _explained(card, leads, 2)
    assert shown.leads is not None
    assert tuple(shown.leads) == STANDARD_LEADS
    assert shown.leads_withheld == ""
    for target, words in ((3, "explained by other parts"), ("above_low", "High risk is withheld"), (1, "not tested")):
        found = _explained(card, None, target)
        assert found.leads is None
        assert words in found.leads_withheld


def test_a_network_without_a_passport_tells_no_leads_and_json_says_so(card: weights.ModelCard) -> None:
    found = _explained(card, None, 1)
    document = analysis_to_dict(analyze(generate("normal", seed=1), load_predictor(card.path)), found)
    assert document["explanation"]["leads"] is None
    assert "not been tested" in document["explanation"]["leads_withheld"]
