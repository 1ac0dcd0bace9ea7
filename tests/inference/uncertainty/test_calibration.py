"""Calibration and conformal sets, against numbers that can be worked out."""

import numpy as np
import pytest
from scipy.special import expit, logit

from cardiov_core.errors import LabelError
from cardiov_core.inference.uncertainty.calibration import Calibration, fit_calibration
from cardiov_core.inference.uncertainty.prediction_sets import contiguous_set, fit_limits


def _drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Levels drawn from known exceedances."""
    generator = np.random.default_rng(seed)
    strength = generator.normal(size=(n, 1))
    exceedance = expit(2.0 * strength - np.array([0.0, 1.0, 2.0]))
    levels = (generator.random((n, 1)) < exceedance).sum(axis=1)
    return exceedance, levels


def test_a_fit_finds_the_temperature_and_offsets_that_were_put_in() -> None:
    exceedance, levels = _drawn(40_000)
    told = expit((logit(exceedance) - np.array([0.3, -0.2, 0.5])) * 0.5)
    found = fit_calibration(told, levels)
    assert found.temperature == pytest.approx(0.5, abs=0.03)
    assert found.offsets == pytest.approx((0.3, -0.2, 0.5), abs=0.06)
    inner = (exceedance > 0.01) & (exceedance < 0.99)
    np.testing.assert_allclose(found(told)[inner], exceedance[inner], atol=0.02)


def test_a_temperature_alone_keeps_the_offsets_at_zero() -> None:
    exceedance, levels = _drawn(5_000)
    found = fit_calibration(expit(logit(exceedance) * 2.0), levels, offsets=False)
    assert found.offsets == (0.0, 0.0, 0.0)
    assert found.temperature == pytest.approx(2.0, abs=0.15)


def test_certain_answers_stay_finite() -> None:
    assert np.isfinite(Calibration(0.5, (0.0, 0.0, 0.0))([[0.0, 1.0, 0.5]])).all()


def test_labels_must_fit() -> None:
    with pytest.raises(LabelError):
        fit_calibration([[0.5, 0.2, 0.1]], [0, 1])
    with pytest.raises(LabelError):
        fit_limits([[0.5, 0.5, 0.0, 0.0]], [0, 1])


@pytest.mark.parametrize(
    ("probabilities", "limit", "expected"),
    [
        ((0.7, 0.2, 0.05, 0.05), 0.3, (0,)),
        ((0.7, 0.2, 0.05, 0.05), 0.2, (0, 1)),
        # Level 1 alone would leave a gap between 0 and 2.
        ((0.5, 0.05, 0.4, 0.05), 0.3, (0, 1, 2)),
        ((0.1, 0.2, 0.3, 0.4), 0.9, (3,)),
        ((0.25, 0.25, 0.25, 0.25), 0.0, (0, 1, 2, 3)),
    ],
)
def test_a_set_has_no_gap_and_is_never_empty(
    probabilities: tuple[float, ...], limit: float, expected: tuple[int, ...]
) -> None:
    assert contiguous_set(probabilities, (limit,) * 4) == expected


def test_the_level_on_show_belongs_to_its_set() -> None:
    assert contiguous_set((0.7, 0.2, 0.05, 0.05), (0.3,) * 4, decided=2) == (0, 1, 2)
    # A rare level has a lower limit of its own.
    assert contiguous_set((0.6, 0.3, 0.05, 0.05), (0.5, 0.5, 0.5, 0.04)) == (0, 1, 2, 3)


def test_sets_hold_nine_of_ten_records_of_each_level_that_did_not_fit_them() -> None:
    covered: dict[int, list[bool]] = {level: [] for level in range(4)}
    for seed in range(40):
        exceedance, levels = _drawn(600, seed)
        above = np.hstack([np.ones((600, 1)), np.minimum.accumulate(exceedance, axis=1), np.zeros((600, 1))])
        probabilities = above[:, :-1] - above[:, 1:]
        limits = fit_limits(probabilities[:300], levels[:300])
        for row, level in zip(probabilities[300:], levels[300:], strict=True):
            covered[int(level)].append(int(level) in contiguous_set(row, limits))
    for held in covered.values():
        # The level between two others is held a little more often: sets have no gap.
        assert 0.88 < np.mean(held) < 0.95


def test_too_few_records_allow_no_smaller_set() -> None:
    assert fit_limits([[0.9, 0.1, 0.0, 0.0]] * 5, [0] * 5) == (0.0, 0.0, 0.0, 0.0)
