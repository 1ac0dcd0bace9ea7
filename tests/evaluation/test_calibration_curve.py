import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from cardiov_core.errors import LabelError
from cardiov_core.evaluation.calibration_curve import (
    brier_score,
    expected_calibration_error,
    observed_intervals,
    reliability_curve,
)

GENERATOR = np.random.default_rng(11)
STATED = GENERATOR.random(500)
HAPPENED = GENERATOR.random(500) < STATED**2


def test_brier_is_that_of_scikit_learn() -> None:
    assert brier_score(HAPPENED, STATED) == pytest.approx(brier_score_loss(HAPPENED, STATED), abs=1e-12)


def test_brier_of_all_levels_sums_over_them() -> None:
    # One record said with certainty and wrong (2), one right (0): 1 on average.
    assert brier_score(np.eye(4)[[0, 1]], np.eye(4)[[3, 1]]) == 1.0


def test_bins_are_those_of_scikit_learn() -> None:
    observed, stated = calibration_curve(HAPPENED, STATED, n_bins=10)
    bins = reliability_curve(HAPPENED, STATED)
    assert [one.observed for one in bins] == pytest.approx(observed.tolist())
    assert [one.mean_probability for one in bins] == pytest.approx(stated.tolist())
    assert sum(one.n for one in bins) == 500


def test_the_calibration_error_worked_out_by_hand() -> None:
    # Two bins: stated .25 on average, one of two came true (off by .25); stated .9, both came true (off by .1).
    stated, happened = [0.24, 0.26, 0.9, 0.9], [True, False, True, True]
    assert expected_calibration_error(happened, stated) == pytest.approx(0.5 * 0.25 + 0.5 * 0.1)
    # Bins are not mixed: errors of opposite sign in two bins do not cancel.
    assert expected_calibration_error([True, False], [0.05, 0.95]) == pytest.approx(0.95)


def test_probabilities_of_zero_and_one_have_a_bin() -> None:
    first, last = reliability_curve([False, True], [0.0, 1.0])
    assert (first.low, first.n, last.high, last.n_positive) == (0.0, 1, 1.0, 1)
    assert expected_calibration_error([False, True], [0.0, 1.0]) == 0.0


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LabelError, match=r"\(2,\)"):
        brier_score([0, 1], [0.5])
    with pytest.raises(LabelError):
        expected_calibration_error([], [])
    with pytest.raises(LabelError):
        expected_calibration_error(np.eye(2), np.eye(2))


def test_a_bins_interval_is_that_of_its_share() -> None:
    """Of some 50 independent records per bin, the bootstrap and the binomial's normal limits agree."""
    bins = reliability_curve(HAPPENED, STATED)
    for one, limit in zip(bins, observed_intervals(HAPPENED, STATED, n_resamples=400), strict=True):
        if 0 < one.n_positive < one.n:
            half = 1.96 * (one.observed * (1 - one.observed) / one.n) ** 0.5
            assert limit.low == pytest.approx(max(one.observed - half, 0.0), abs=0.04)
            assert limit.high == pytest.approx(min(one.observed + half, 1.0), abs=0.04)


def test_a_bin_of_one_outcome_has_no_interval_without_width() -> None:
    happened, stated = [True, True, False, True], [0.95, 0.95, 0.15, 0.15]
    low_bin, high_bin = observed_intervals(happened, stated, n_resamples=50)
    assert np.isnan(high_bin.low)
    assert low_bin.low < low_bin.high
