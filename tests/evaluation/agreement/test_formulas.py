"""Agreement statistics against published worked examples and against other people's code."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cardiov_core.errors import LabelError
from cardiov_core.evaluation import metrics
from cardiov_core.evaluation.agreement import formulas as agreement
from cardiov_core.evaluation.agreement.estimates import (
    UNDEFINED,
    Estimate,
    Statistic,
    group_agreement,
    pair_agreement,
    share,
)
from cardiov_core.evaluation.agreement.formulas import MISSING
from cardiov_core.evaluation.bootstrap import bootstrap_interval

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: 4 observers, 12 units, values 1 to 5.
# Gwet, Handbook of Inter-Rater Reliability (2014), page 120, uses the same data.
# 0 stands for no reading.
FOUR_OBSERVERS = (
    np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ]
    ).T
    - 1
)
# Gwet 2014: 100 pregnancies by two abstractors (ectopic, abnormal, normal).
ABSTRACTORS = np.array([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
# Fennig et al. 1994 (Gwet 2014): 223 patients by clinical and research diagnosis.
DIAGNOSES = np.array([[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]])

Levels = npt.NDArray[np.int64]


def readings(table: npt.NDArray[np.int64]) -> tuple[Levels, Levels]:
    """Two readings with that table."""
    pairs = [(row, column) for row, column in np.ndindex(table.shape) for _ in range(table[row, column])]
    first, second = np.array(pairs, dtype=np.int64).T
    return first, second


def statistics(table: npt.NDArray[np.int64]) -> dict[Statistic, Estimate]:
    first, second = readings(table)
    return dict(pair_agreement(agreement.case_tables(first, second, n_levels=len(table))))


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [
        # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, Table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_in_newcombe(count: int, n: int, low: float, high: float) -> None:
    interval = agreement.wilson(count, n)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_the_shares_of_the_paper() -> None:
    """Wei et al. 2022: 674 wrong cases, 361 for the model, 259 for the label, 54 for neither.

    361/674 is 53.561 %, 259/674 is 38.427 %, 54/674 is 8.012 %.
    """
    shares = [share(count, 674).value for count in (361, 259, 54)]
    assert [round(100 * value, 2) for value in shares if value is not None] == [53.56, 38.43, 8.01]


@pytest.mark.parametrize(
    ("before", "after", "p_value"),
    [
        # Fagerland et al. 2013, doi:10.1186/1471-2288-13-91: exact conditional test, their Tables 1 and 2.
        (1, 7, 0.070),
        (6, 16, 0.052),
    ],
)
def test_mcnemar_as_in_fagerland(before: int, after: int, p_value: float) -> None:
    assert agreement.mcnemar(before, after) == pytest.approx(p_value, abs=5e-4)
    assert agreement.mcnemar(after, before) == agreement.mcnemar(before, after)


def test_mcnemar_without_a_case_that_tells_them_apart() -> None:
    assert agreement.mcnemar(0, 0) == 1.0


def test_alpha_of_krippendorffs_own_example() -> None:
    """Krippendorff 2011, section C: ordinal 0.815, nominal 0.743, interval 0.849."""
    assert agreement.krippendorff_alpha(FOUR_OBSERVERS, 5) == pytest.approx(0.815, abs=5e-4)
    counts = agreement.level_counts(FOUR_OBSERVERS, 5)
    coincidences = sum((np.outer(row, row) - np.diag(row)) / (row.sum() - 1) for row in counts if row.sum() > 1)
    assert coincidences.sum() == 40, "40 pairable values, as Krippendorff counts them"
    levels = np.arange(5)
    nominal = (levels[:, None] != levels).astype(float)
    interval = (levels[:, None] - levels).astype(float) ** 2
    assert float(agreement.alpha_of(coincidences, nominal)) == pytest.approx(0.743, abs=5e-4)
    assert float(agreement.alpha_of(coincidences, interval)) == pytest.approx(0.849, abs=5e-4)


def test_ac2_of_gwets_examples() -> None:
    """Quadratic weights: 0.914 for four raters with gaps (irrCAC, `cac.raw4raters`); 0.940 and 0.299 for two."""
    assert agreement.gwet_ac2(FOUR_OBSERVERS, 5) == pytest.approx(0.914, abs=5e-4)
    for table, ac2 in ((ABSTRACTORS, 0.940), (DIAGNOSES, 0.299)):
        assert statistics(table)[Statistic.AC2].value == pytest.approx(ac2, abs=5e-4)
        both = np.stack(readings(table), axis=1)
        assert agreement.gwet_ac2(both, len(table)) == pytest.approx(ac2, abs=5e-4)


def test_weighted_kappa_of_gwets_examples() -> None:
    """Quadratic weights: 0.892 and 0.383 (irrCAC, `kappa2.table`)."""
    assert statistics(ABSTRACTORS)[Statistic.KAPPA].value == pytest.approx(0.892, abs=5e-4)
    assert statistics(DIAGNOSES)[Statistic.KAPPA].value == pytest.approx(0.383, abs=5e-4)


def test_bootstrap_limits_lie_near_gwets_analytic_ones() -> None:
    """DIAGNOSES, 95 %: kappa 0.254 to 0.513, AC2 0.150 to 0.447, by Gwet's variances."""
    found = statistics(DIAGNOSES)
    for name, limits in ((Statistic.KAPPA, (0.254, 0.513)), (Statistic.AC2, (0.150, 0.447))):
        assert (found[name].low, found[name].high) == pytest.approx(limits, abs=0.02)


def test_all_resamples_at_once_are_the_bootstrap_of_the_house() -> None:
    first, second = readings(DIAGNOSES)
    found = statistics(DIAGNOSES)
    for name, statistic in (
        (Statistic.KAPPA, metrics.quadratic_weighted_kappa),
        (Statistic.EXACT, metrics.accuracy),
        (Statistic.MAE, metrics.mean_absolute_error),
    ):
        limits = bootstrap_interval(statistic, first, second, n_resamples=400)
        # Both are draws; their limits differ by less than a fifth of the interval's length.
        assert (found[name].low, found[name].high) == pytest.approx(limits, abs=(limits.high - limits.low) / 5)


def test_several_pairs_of_one_case_are_drawn_together() -> None:
    first, second = readings(DIAGNOSES)
    alone = pair_agreement(agreement.case_tables(first, second))
    cases = np.arange(len(first))
    thrice = pair_agreement(agreement.case_tables(np.tile(first, 3), np.tile(second, 3), np.tile(cases, 3)))
    for name in (Statistic.KAPPA, Statistic.AC2, Statistic.EXACT, Statistic.WITHIN_ONE, Statistic.MAE):
        assert thrice[name].n == len(first), "n counts cases, not pairs"
        assert thrice[name].value == pytest.approx(alone[name].value)
        assert thrice[name].low == pytest.approx(alone[name].low), "repeating a pair tells nothing new"


def test_figures_are_those_of_the_house_and_of_scikit_learn() -> None:
    generator = np.random.default_rng(3)
    first = generator.integers(0, 4, 200)
    second = np.clip(first + generator.integers(-1, 3, 200), 0, 3)
    found = pair_agreement(agreement.case_tables(first, second))
    assert found[Statistic.KAPPA].value == pytest.approx(metrics.quadratic_weighted_kappa(first, second), abs=1e-12)
    assert found[Statistic.EXACT].value == pytest.approx(metrics.accuracy(first, second))
    assert found[Statistic.WITHIN_ONE].value == pytest.approx(metrics.within_one(first, second))
    assert found[Statistic.MAE].value == pytest.approx(metrics.mean_absolute_error(first, second))
    both = np.stack([first, second], axis=1)
    assert found[Statistic.ALPHA].value == pytest.approx(agreement.krippendorff_alpha(both))
    assert found[Statistic.AC2].value == pytest.approx(agreement.gwet_ac2(both))
    group = group_agreement(both)
    for name in (Statistic.ALPHA, Statistic.AC2):
        assert group[name].value == pytest.approx(found[name].value)
        # The same cases in another order of drawing.
        assert group[name].low == pytest.approx(found[name].low, abs=0.02)


_levels = arrays(np.int64, st.integers(20, 60), elements=st.integers(0, 3))


@settings(max_examples=40, deadline=None)
@given(_levels)
def test_perfect_agreement_is_one(levels: Levels) -> None:
    found = pair_agreement(agreement.case_tables(levels, levels), n_resamples=50)
    assert found[Statistic.EXACT].value == found[Statistic.WITHIN_ONE].value == 1.0
    assert found[Statistic.MAE].value == 0.0
    assert found[Statistic.AC2].value == pytest.approx(1.0)
    for name in (Statistic.KAPPA, Statistic.ALPHA):
        if len(np.unique(levels)) > 1:
            assert found[name].value == 1.0
        else:
            assert found[name].value is None
            assert found[name].reason == UNDEFINED


@settings(max_examples=40, deadline=None)
@given(_levels, st.integers(0, 2**32 - 1))
def test_who_is_named_first_and_which_end_is_high_change_nothing(levels: Levels, seed: int) -> None:
    other = np.random.default_rng(seed).permutation(levels)
    tables = agreement.case_tables(levels, other)
    one = pair_agreement(tables, n_resamples=20)
    swapped = pair_agreement(np.swapaxes(tables, 1, 2), n_resamples=20)
    turned = pair_agreement(tables[:, ::-1, ::-1], n_resamples=20)
    for name in Statistic:
        for variant in (swapped, turned):
            assert variant[name].value == pytest.approx(one[name].value, abs=1e-9)
        low, value, high = one[name].low, one[name].value, one[name].high
        assert value is None or low is None or high is None or low <= high


@settings(max_examples=40, deadline=None)
@given(arrays(np.int64, (25, 4), elements=st.integers(MISSING, 3)))
def test_missing_readings_and_the_order_of_readers_do_not_matter(ratings: Levels) -> None:
    alpha = agreement.krippendorff_alpha(ratings)
    shuffled = np.stack([np.random.default_rng(0).permutation(row) for row in ratings])
    assert agreement.krippendorff_alpha(shuffled) == pytest.approx(alpha, nan_ok=True)
    unread = np.hstack([ratings, np.full((25, 2), MISSING)])
    assert agreement.krippendorff_alpha(unread) == pytest.approx(alpha, nan_ok=True)
    assert agreement.gwet_ac2(unread) == pytest.approx(agreement.gwet_ac2(ratings), nan_ok=True)
    single = np.full((1, 4), MISSING)
    single[0, 0] = 3
    assert agreement.krippendorff_alpha(np.vstack([ratings, single])) == pytest.approx(alpha, nan_ok=True)


def test_under_twenty_there_is_no_number() -> None:
    found = pair_agreement(agreement.case_tables([0, 1] * 9 + [2], [0, 1] * 9 + [2]))
    assert all(estimate.value is None and estimate.reason == "too few (n < 20)" for estimate in found.values())
    assert share(3, 19) == Estimate(19, None, count=3, reason="too few (n < 20)")
    assert share(3, 20).value == 0.15
    group = group_agreement([[0, MISSING], [MISSING, MISSING]])
    assert group[Statistic.ALPHA].n == 0, "no case with two readings"
    assert group[Statistic.ALPHA].value is None


def test_readings_off_the_scale_are_refused() -> None:
    with pytest.raises(LabelError, match="levels 0 to 3"):
        agreement.level_counts([[0, 4]])
    with pytest.raises(LabelError, match="pairs of levels"):
        agreement.case_tables([0, 1], [0, MISSING])
    with pytest.raises(LabelError, match="pairs of levels"):
        agreement.case_tables([], [])
    with pytest.raises(LabelError, match="5 of 4"):
        agreement.wilson(5, 4)
