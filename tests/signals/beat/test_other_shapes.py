"""Medians of the beats of other shapes."""

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.signals.beat.median_beat import average_beats
from cardiov_core.signals.beat.other_shapes import MOST_SHAPES, other_medians


def test_premature_beats_get_a_median_of_their_own() -> None:
    series = average_beats(generate("premature_ventricular_complexes", duration_s=20.0))
    assert series is not None
    groups = other_medians(series)
    assert 1 <= len(groups) <= MOST_SHAPES
    indices, beat = groups[0]
    assert not series.dominant[indices].any()
    assert beat.n_beats == indices.size
    assert beat.leads == series.median_beat.usable_leads
    # A premature ventricular complex is wider and another than the beat around it.
    before = beat.r_index
    one = beat.signal[:, before - 40 : before + 40].ravel()
    other = series.median_beat.signal[:, before - 40 : before + 40].ravel()
    assert np.corrcoef(one, other)[0, 1] < 0.85


def test_beats_of_one_shape_have_no_others() -> None:
    series = average_beats(generate("sinus_bradycardia", duration_s=20.0))
    assert series is not None
    assert [indices.tolist() for indices, _ in other_medians(series)] == pytest.approx([])
