"""Signs of rhythm on synthetic records: what fibrillation, extrasystoles and complete block have, and others lack."""

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import Measurements
from cardiov_core.signals import measure
from cardiov_core.signals.beat.rhythm_signs import RhythmSigns, rhythm_signs


def _signs(condition: str, seed: int = 0) -> RhythmSigns:
    record = generate(condition, seed=seed)
    found = rhythm_signs(record, measure(record))
    assert found is not None
    return found


def test_fibrillation_is_irregular_and_nothing_repeats_before_the_qrs() -> None:
    sinus, fibrillation = _signs("normal").numbers, _signs("atrial_fibrillation").numbers
    assert sinus["rr_plain_cv"] < 0.06 < fibrillation["rr_plain_cv"]
    assert sinus["p_repeats"] > 0.9
    assert fibrillation["p_repeats"] < 0.6
    assert fibrillation["left_rms"] > sinus["left_rms"]


def test_premature_beats_are_early_wide_and_unlike_the_others() -> None:
    beats = _signs("premature_ventricular_complexes").beats
    odd = ~beats.dominant
    assert odd.any()
    assert np.nanmax(beats.before[odd]) < 0.75
    assert np.nanmin(beats.after[odd]) > 1.2
    assert beats.likeness[odd].max() < 0.7 < 0.95 < beats.likeness[~odd].min()
    assert beats.width[odd].min() > 1.15


def test_p_waves_run_through_a_complete_block() -> None:
    numbers = _signs("third_degree_block", seed=3).numbers
    # About 84 a minute by construction, through an escape rhythm of about 37.
    assert numbers["train_bpm"] == pytest.approx(84, abs=6)
    assert numbers["train_spread"] > 0.3
    assert _signs("normal").numbers["train_spread"] < 0.2


def test_too_few_beats_have_no_signs() -> None:
    record = generate("normal", duration_s=2.5)
    assert rhythm_signs(record, Measurements()) is None
