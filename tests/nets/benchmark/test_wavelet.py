"""The transform is PyWavelets', and the statistics are numpy's."""

import numpy as np
import pytest
import pywt
import torch

from cardiov_core.nets.benchmark.wavelet import N_STATISTICS, WaveletNN, WaveletTransform, statistics_of


# Five levels of 250 samples are more than PyWavelets recommends; the benchmark takes them.
@pytest.mark.filterwarnings("ignore:Level value of 5 is too high")
@pytest.mark.parametrize("length", [250, 1000, 333])
def test_coefficients_are_those_of_pywavelets(length: int) -> None:
    x = torch.randn(2, 3, length, dtype=torch.float64)
    ours = WaveletTransform().double()(x)
    for record, theirs in ((k, pywt.wavedec(x[k].numpy(), "db6", level=5)) for k in range(2)):
        assert len(ours) == len(theirs) == 6
        for own, other in zip(ours, theirs, strict=True):
            # The filters are stored as float32.
            np.testing.assert_allclose(own[record].numpy(), other, atol=1e-5)


def test_statistics_are_numpys() -> None:
    x = torch.randn(1, 1, 101)
    values = x[0, 0].numpy()
    got = statistics_of(x)[0, 0].numpy()
    share = values**2 / (values**2).sum()
    expected = [
        -(share * np.log(share)).sum(),
        *np.percentile(values, [5, 25, 50, 75, 95]),
        values.mean(),
        values.std(),
        values.var(),
        np.sqrt((values**2).mean()),
        (np.diff(values > 0) != 0).sum(),
        (np.diff(values > values.mean()) != 0).sum(),
    ]
    assert len(got) == N_STATISTICS
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_twelve_leads_give_864_numbers() -> None:
    net = WaveletNN(12, 71)
    assert net.get_submodule("standardised").num_features == 864
