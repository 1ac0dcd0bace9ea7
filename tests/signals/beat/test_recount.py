"""Beats that a detector of large peaks passes over."""

from dataclasses import replace

import numpy as np
import pytest

from cardiov_core.datasets.synthetic import generate
from cardiov_core.signals import detect_r_peaks


@pytest.mark.parametrize("share", [0.25, 0.1, 0.06])
def test_three_small_beats_in_a_row_are_beats_and_no_pause(share: float) -> None:
    record = generate("normal", seed=4)
    beats = detect_r_peaks(record)
    signal = record.signal.copy()
    signal[:, beats[4] - 150 : beats[7] - 150] *= np.float32(share)
    signal += np.random.default_rng(0).normal(0, 0.002, signal.shape).astype(np.float32)
    found = detect_r_peaks(replace(record, signal=signal))
    assert found.size == beats.size
    np.testing.assert_allclose(found, beats, atol=8)


def test_nothing_is_added_to_a_pause() -> None:
    record = generate("normal", seed=4)
    beats = detect_r_peaks(record)
    signal = record.signal.copy()
    quiet = np.random.default_rng(0).normal(0, 0.004, signal.shape).astype(np.float32)
    signal[:, beats[4] - 150 : beats[7] - 150] = quiet[:, beats[4] - 150 : beats[7] - 150]
    assert detect_r_peaks(replace(record, signal=signal)).size == beats.size - 3
