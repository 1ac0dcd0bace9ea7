"""Medians and percentiles against numpy's own."""

import numpy as np
import pytest

from cardiov_core.order_statistics import median, row_medians, row_percentiles


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("n_samples", [1, 2, 25, 1000])
def test_medians_and_percentiles_are_numpys_to_the_last_bit(n_samples: int, kind) -> None:
    rows = np.random.default_rng(n_samples).normal(size=(3, n_samples)).astype(kind)
    np.testing.assert_array_equal(row_medians(rows), np.median(rows, axis=1, keepdims=True))
    assert median(rows[0]) == float(np.median(rows[0]))
    percents = (0.1, 1.0, 50.0, 75.0, 98.0, 99.9, 100.0)
    for found, expected in zip(row_percentiles(rows, *percents), np.percentile(rows, percents, axis=1), strict=True):
        np.testing.assert_array_equal(found, expected)
