import numpy as np
import pytest

from cardiov_core.signals.beat.medians import median_over_beats


@pytest.mark.parametrize("n_beats", [1, 2, 3, 12, 13])
def test_it_is_numpys_median_to_the_last_bit(n_beats: int) -> None:
    windows = np.random.default_rng(n_beats).normal(size=(n_beats, 3, 40))
    np.testing.assert_array_equal(median_over_beats(windows), np.median(windows, axis=0))
    np.testing.assert_array_equal(median_over_beats(list(windows)), np.median(windows, axis=0))


def test_where_a_beat_has_no_sample_there_is_no_median() -> None:
    windows = np.arange(12.0).reshape(3, 4)
    windows[1, 2] = np.nan
    np.testing.assert_array_equal(median_over_beats(windows), [4.0, 5.0, np.nan, 7.0])
