"""Fewer leads: what is taken away, and how losses are counted."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from cardiov_core.datasets import PtbXl
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.signals import FEATURES
from cardiov_core.studies.graders import fewer_leads
from cardiov_core.studies.graders.fewer_leads import (
    LEAD_SETS,
    _compared,
    check_fewer_leads,
    fewer_leads_text,
    with_leads,
)
from cardiov_core.training import BoostingRecipe, load_recipe
from cardiov_core.training.data.measured import Measured


def test_sets_grow_and_limb_leads_stay_together() -> None:
    whole, three, two = LEAD_SETS.values()
    assert whole == STANDARD_LEADS
    assert set(two) < set(three) < set(whole)
    assert "III" in two
    assert "V2" in three


def test_a_record_keeps_the_samples_of_its_leads() -> None:
    record = generate("normal", seed=1)
    part = with_leads(record, ("I", "V2"))
    assert part.missing_leads == tuple(lead for lead in STANDARD_LEADS if lead not in ("I", "V2"))
    assert np.array_equal(part.lead("V2"), record.lead("V2"))
    assert part.fingerprint != record.fingerprint


def test_losses_are_against_twelve_leads_on_the_same_records() -> None:
    generator = np.random.default_rng(0)
    levels = np.arange(200) % 4
    right = (levels[:, None] > np.arange(3)).astype(float)
    blurred = np.clip(0.5 + 0.4 * (right - 0.5) + generator.normal(0, 0.3, right.shape), 0, 1)
    blurred = np.minimum.accumulate(blurred, axis=1)
    found = _compared({"12": 0.1 + 0.8 * right, "2": blurred}, {"2": (5, 0.9, 0.8)}, levels, levels.astype(str), 20)
    assert found[0].auc[0] == 1.0
    assert found[0].mae[0] == 0.0
    assert found[0].auc_lost[0] == 0.0
    assert found[0].n_high == 50
    assert found[1].auc_lost[0] == pytest.approx(1.0 - found[1].auc[0])
    assert found[1].mae_added[0] == pytest.approx(found[1].mae[0])
    assert found[1].mae_added[0] > 0
    assert fewer_leads_text(found).splitlines()[2:] == [
        fewer_leads_text(found[1:]).splitlines()[1],
        "2: 5 records measured again by these leads alone, AUC 0.800 instead of 0.900",
    ]


def test_what_only_a_chest_lead_shows_is_lost_without_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    n, generator = 90, np.random.default_rng(2)
    levels = np.arange(n) % 4
    numbers = generator.normal(size=(n, len(FEATURES)))
    for at, feature in enumerate(FEATURES):
        if feature.lead == "V2":
            numbers[:, at] = levels + 0.1 * generator.normal(size=n)
    table = pd.DataFrame(
        {"ecg_id": np.arange(n), "patient_id": np.arange(n), "fold": np.arange(n) // 4 % 3 + 1, "label": levels}
    )
    known = Measured(table, numbers, np.zeros((n, 12, 2), np.float32), ((),) * n)
    monkeypatch.setattr(fewer_leads, "measured_records", lambda *_, **__: known)
    dataset = cast("PtbXl", SimpleNamespace(record=lambda ecg_id: generate("normal", seed=int(ecg_id))))
    recipe = load_recipe("boosted")
    assert isinstance(recipe, BoostingRecipe)
    small = replace(recipe, n_rounds=12, min_samples_leaf=5, cv_groups=3, max_features=1.0)
    whole, three, two = check_fewer_leads(dataset, small, n_again=2, n_resamples=5)
    assert whole.auc[0] > 0.9
    assert three.auc[0] > 0.9
    assert two.auc_lost[0] > 0.2
    assert (whole.n_again, two.n_again) == (0, 2)
