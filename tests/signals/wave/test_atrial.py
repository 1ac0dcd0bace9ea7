"""P waves wherever they lie: locked to the QRS, independent of it, or none."""

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.signals import measure
from cardiov_core.signals.wave.atrial import find_atrial_waves
from cardiov_core.signals.wave.waves import find_waves


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_p_waves_of_their_own_rate_are_found_in_complete_block(seed: int) -> None:
    found = measure(generate("third_degree_block", seed=seed))
    assert found.p_qrs_dissociated is True
    assert found.pr_ms is None
    assert "do not lead to the QRS" in found.not_measurable["pr_ms"]
    assert found.atrial_rate_bpm is not None
    assert found.heart_rate_bpm is not None
    assert found.atrial_rate_bpm > 1.5 * found.heart_rate_bpm
    steps = np.diff(found.p_waves_s)
    assert np.median(steps) == pytest.approx(60.0 / found.atrial_rate_bpm, abs=0.05)


@pytest.mark.parametrize("condition", ["normal", "sinus_bradycardia", "left_bundle_branch_block"])
def test_p_waves_that_lead_to_the_qrs_are_not_dissociated(condition: str) -> None:
    found = measure(generate(condition))
    assert found.p_qrs_dissociated is False
    assert found.p_waves_s == ()
    assert found.atrial_rate_bpm == found.heart_rate_bpm
    assert found.p_confidence is not None
    assert found.p_confidence > 0.9


def test_fibrillation_has_no_p_wave() -> None:
    found = measure(generate("atrial_fibrillation"))
    assert found.p_confidence is not None
    assert found.p_confidence < 0.1
    assert found.p_qrs_dissociated is None
    assert found.not_measurable["p_qrs_dissociated"].startswith("no P wave found")
    assert "atrial_rate_bpm" in found.not_measurable


def test_few_beats_say_nothing() -> None:
    waves = find_waves(generate("third_degree_block", duration_s=4.0))
    assert waves is None or find_atrial_waves(waves.series, waves.delineation) is None
