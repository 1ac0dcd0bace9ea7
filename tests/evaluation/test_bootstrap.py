import numpy as np
import numpy.typing as npt
import pytest

from cardiov_core.domain.arrays import Float64Array
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.bootstrap import bootstrap_interval, bootstrap_intervals
from cardiov_core.evaluation.metrics import area_under_curve


def _mean(values: Float64Array) -> float:
    return float(values.mean())


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 400)
    low, high = bootstrap_interval(_mean, values, n_resamples=2000)
    half_width = 1.96 * values.std() / np.sqrt(400)
    assert low == pytest.approx(values.mean() - half_width, abs=0.02)
    assert high == pytest.approx(values.mean() + half_width, abs=0.02)


def test_groups_are_drawn_whole() -> None:
    """Ten copies of each value say no more than one: by group the interval is wider by the root of ten."""
    values = np.random.default_rng(2).normal(size=60)
    copies, groups = np.repeat(values, 10), np.repeat([f"patient {i}" for i in range(60)], 10)
    alone = bootstrap_interval(_mean, values, n_resamples=1500)
    grouped = bootstrap_interval(_mean, copies, groups=groups, n_resamples=1500)
    naive = bootstrap_interval(_mean, copies, n_resamples=1500)
    assert grouped.high - grouped.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert (grouped.high - grouped.low) / (naive.high - naive.low) == pytest.approx(np.sqrt(10), rel=0.15)


def test_every_draw_keeps_records_and_groups_together() -> None:
    groups = np.array(["b", "a", "b", "c"])

    def whole(values: Float64Array, names: npt.NDArray[np.str_]) -> float:
        assert np.sum(values == 1.0) == np.sum(values == 3.0) == np.sum(names == "b") / 2
        return float(len(values))

    interval = bootstrap_interval(whole, [1.0, 2.0, 3.0, 4.0], groups, groups=groups, n_resamples=50)
    assert 3.0 <= interval.low <= interval.high <= 6.0


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).normal(size=50)
    assert bootstrap_interval(_mean, values, n_resamples=99) == bootstrap_interval(_mean, values, n_resamples=99)
    assert bootstrap_interval(_mean, values, n_resamples=99) != bootstrap_interval(
        _mean, values, n_resamples=99, seed=1
    )


def test_resamples_that_lack_a_class_are_drawn_again() -> None:
    positive = np.array([True] + [False] * 9)
    interval = bootstrap_interval(area_under_curve, positive, np.arange(10.0), n_resamples=200)
    assert interval == (0.0, 0.0)


def test_an_undefined_statistic_has_no_interval() -> None:
    interval = bootstrap_interval(area_under_curve, np.zeros(5, dtype=bool), np.arange(5.0))
    assert np.isnan(interval.low)
    assert np.isnan(interval.high)


def test_a_statistic_that_resamples_never_define_ends() -> None:
    values = np.arange(5.0)

    def only_of_the_data(drawn: Float64Array) -> float:
        return 1.0 if np.array_equal(drawn, values) else float("nan")

    assert np.isnan(bootstrap_interval(only_of_the_data, values, n_resamples=50).low)


def test_a_wider_confidence_gives_a_wider_interval() -> None:
    values = np.random.default_rng(4).normal(size=80)
    narrow = bootstrap_interval(_mean, values, confidence=0.5)
    wide = bootstrap_interval(_mean, values, confidence=0.99)
    assert wide.low < narrow.low < values.mean() < narrow.high < wide.high


def test_arguments_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="2, 3 records"):
        bootstrap_interval(_mean, [1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ConfigurationError):
        bootstrap_interval(_mean, [])
    with pytest.raises(ConfigurationError, match="0 resamples"):
        bootstrap_interval(_mean, [1.0], n_resamples=0)
    with pytest.raises(ConfigurationError, match=r"confidence of 1"):
        bootstrap_interval(_mean, [1.0], confidence=1.0)


def test_many_intervals_from_one_stream_are_those_of_each_alone() -> None:
    positive = np.array([True, True, *[False] * 10])
    scores = np.random.default_rng(9).random(12)

    def both(drawn: npt.NDArray[np.bool_], given: Float64Array) -> Float64Array:
        return np.array([area_under_curve(drawn, given), given.mean(), np.nan])

    area, mean, none = bootstrap_intervals(both, positive, scores, n_resamples=150)
    assert area == bootstrap_interval(area_under_curve, positive, scores, n_resamples=150)
    assert mean == bootstrap_interval(lambda drawn, given: _mean(given), positive, scores, n_resamples=150)
    assert np.isnan(none.low)
