import numpy as np
import pytest

from cardiov_core.signals.beat.medians import median_of_known, median_over_beats


@pytest.mark.parametrize("n_beats", [1, 2, 3, 4, 5, 11, 12, 32, 33, 60])
def test_it_is_numpys_median_to_the_last_bit(n_beats: int) -> None:
    windows = np.random.default_rng(n_beats).normal(size=(n_beats, 3, 40))
    np.testing.assert_array_equal(median_over_beats(windows), np.median(windows, axis=0))
    np.testing.assert_array_equal(median_over_beats(list(windows)), np.median(windows, axis=0))


def test_where_a_beat_has_no_sample_there_is_no_median() -> None:
    windows = np.arange(12.0).reshape(3, 4)
    windows[1, 2] = np.nan
    np.testing.assert_array_equal(median_over_beats(windows), [4.0, 5.0, np.nan, 7.0])


@pytest.mark.parametrize("n_beats", [1, 2, 11, 12, 40])
def test_what_is_missing_counts_nowhere(n_beats: int) -> None:
    windows = np.random.default_rng(n_beats).normal(size=(n_beats, 2, 50))
    windows[np.random.default_rng(1).random(windows.shape) < 0.4] = np.nan
    windows[:, 1, 7] = np.nan
    windows[:, :, 9] = 1.0
    known = np.isfinite(windows).any(axis=0)
    expected = np.zeros(known.shape)
    expected[known] = np.nanmedian(windows[:, known], axis=0)
    np.testing.assert_array_equal(median_of_known(windows), expected)
    assert median_of_known(windows)[1, 7] == 0.0
