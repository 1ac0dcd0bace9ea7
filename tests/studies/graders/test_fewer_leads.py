"""Fewer leads: what is taken away, and how losses are counted."""

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.studies.graders.fewer_leads import LEAD_SETS, _compared, fewer_leads_text, with_leads


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
