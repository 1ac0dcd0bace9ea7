"""Filters against scipy's own."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import signal as sps
from scipy.ndimage import gaussian_filter1d

from cardiov_core.filtering import mean_power, resample, smooth_slopes, smoothed, zero_phase


@pytest.mark.parametrize(
    ("edges_hz", "order", "kind", "pad"),
    [
        ((5.0, 30.0), 2, "bandpass", None),
        ((0.5, 40.0), 2, "bandpass", 899),
        ((0.5, 45.0), 3, "bandpass", 1),
        (150.0, 2, "lowpass", 20),
        (35.0, 4, "highpass", None),
    ],
)
@pytest.mark.parametrize("n_samples", [900, 1000, 20_000])
def test_filters_are_scipys(edges_hz, order, kind, pad, n_samples: int) -> None:
    values = 5.0 + np.random.default_rng(8).normal(size=(3, n_samples))
    sections = sps.butter(order, edges_hz, kind, fs=500.0, output="sos")
    for rows in (values, values[0]):
        expected = sps.sosfiltfilt(sections, rows, axis=-1, padlen=pad)
        for _ in range(2):
            found = zero_phase(rows, 500.0, edges_hz, order, kind, pad=pad)
            np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("n_samples", [30, 1000, 60_000])
@pytest.mark.parametrize("edge_hz", [0.05, 0.5, 4.0, 200.0])
@pytest.mark.parametrize(("turned", "padtype"), [(True, "odd"), (False, "even")])
def test_a_high_pass_of_first_order_is_scipys(*, turned: bool, padtype: str, edge_hz: float, n_samples: int) -> None:
    values = 50.0 + np.random.default_rng(8).normal(size=(2, n_samples))
    sections = sps.butter(1, edge_hz, "highpass", fs=500.0, output="sos")
    expected = sps.sosfiltfilt(sections, values, axis=-1, padtype=padtype, padlen=n_samples - 1)
    found = zero_phase(values, 500.0, edge_hz, 1, "highpass", pad=n_samples - 1, turned=turned)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("n_samples", [1, 7, 600, 601])
@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(500.0, 250.0), (500.0, 100.0), (250.0, 500.0), (360.0, 500.0), (257.0, 500.0), (500.0, 500.01)],
)
def test_resampling_is_scipys(from_hz: float, to_hz: float, n_samples: int) -> None:
    values = 3.0 + np.random.default_rng(9).normal(size=(2, n_samples))
    ratio = Fraction(to_hz).limit_denominator(1000) / Fraction(from_hz).limit_denominator(1000)
    ratio = ratio.limit_denominator(5000)
    expected = sps.resample_poly(values, ratio.numerator, ratio.denominator, axis=-1, padtype="median")
    for rows, wanted in ((values, expected), (values[0], expected[0])):
        np.testing.assert_allclose(resample(rows, from_hz, to_hz), wanted, rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("n_samples", [1, 5, 30, 1001])
@pytest.mark.parametrize("width", [1.3, 5.0, 25.0])
@pytest.mark.parametrize(("ends", "mode"), [("symmetric", "reflect"), ("edge", "nearest")])
def test_smoothing_is_scipys(ends, mode: str, width: float, n_samples: int) -> None:
    rows = np.random.default_rng(3).normal(size=(2, n_samples))
    expected = gaussian_filter1d(rows, width, axis=1, mode=mode)
    slope = gaussian_filter1d(rows, width, axis=1, order=1, mode=mode)
    for every in (1, 4):
        found = smoothed(rows, width, every=every, ends=ends)
        np.testing.assert_allclose(found, expected[:, ::every], rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(smooth_slopes(rows, width, ends=ends), slope, rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(smoothed(rows[0], width, ends=ends), expected[0], rtol=0.0, atol=1e-13)


@pytest.mark.parametrize("n_segment", [200, 201, 1000])
def test_power_is_that_of_welch(n_segment: int) -> None:
    rows = 1.0 + np.random.default_rng(4).normal(size=(3, 1000))
    expected = sps.welch(rows, fs=250.0, nperseg=n_segment, axis=1)
    for found, wanted in zip(mean_power(rows, 250.0, n_segment), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
