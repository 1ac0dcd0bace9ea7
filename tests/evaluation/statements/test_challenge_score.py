"""The scorers give the values of the official ones (evaluation-2020 at 8ad0242, evaluation-2021 at e2a75fc)."""

import numpy as np
import pytest

from cardiov_core.datasets.labels.challenge import (
    SINUS_RHYTHM,
    Year,
    challenge_classes,
    challenge_rows,
    challenge_weights,
)
from cardiov_core.errors import LabelError
from cardiov_core.evaluation.statements.challenge_score import challenge_figures, challenge_score

NSR, AF, AFL, LAD, SB, LQT = "426783006", "164889003", "164890007", "39732003", "426177001", "111975006"
RAD, LQRSV, TAB, PR = "47665007", "251146004", "164934002", "10370003"
LABELS = [
    {NSR},
    {AF},
    {AF, "59118001"},
    {LAD, SB},
    {"63593006", NSR},
    {LQT},
    {RAD, LQRSV, TAB},
    {"17338001", PR},
]
ANSWERS = [
    {NSR},
    {AFL},
    {AF, "713427006"},
    {SB},
    {"284470004"},
    {NSR},
    {TAB, LAD, LQRSV},
    {"427172004", NSR},
]
SUMS = {2021: (26, 286.075), 2020: (24, 244.525)}
EVERYTHING = {2021: 0.3911485774, 2020: 0.3934245675}
SCORED = {2021: (0.5803571429, 0.3813492063, 0.3375865504), 2020: (0.4712301587, 0.3084325397, 0.2778978829)}


@pytest.mark.parametrize("year", [2020, 2021])
def test_weights_are_the_published_ones(year: Year) -> None:
    weights = challenge_weights(year)
    n_classes, total = SUMS[year]
    assert weights.shape == (n_classes, n_classes)
    assert weights.sum() == pytest.approx(total, abs=1e-9)
    assert np.array_equal(weights, weights.T)
    assert (np.diag(weights) == 1).all()
    names = [one.codes[0] for one in challenge_classes(year)]
    assert weights.min() == pytest.approx(0.15)
    assert weights[names.index(SINUS_RHYTHM), names.index("164917005")] == weights.min()


def test_equivalent_codes_are_one_class() -> None:
    rows = challenge_rows([{"733534002"}, {"164909002"}], 2021)
    assert np.array_equal(rows[0], rows[1])
    assert not challenge_rows([{"733534002"}], 2020).any()
    assert challenge_rows([{"164909002"}], 2020).sum() == 1


@pytest.mark.parametrize("year", [2020, 2021])
def test_toy_records_score_as_officially(year: Year) -> None:
    labels, answers = challenge_rows(LABELS, year), challenge_rows(ANSWERS, year)
    figures = challenge_figures(labels, answers, year)
    assert figures.score == pytest.approx(0.4271232877, abs=1e-9)
    assert figures.accuracy == 0.25
    assert figures.f_measure == pytest.approx(0.5435897436, abs=1e-9)
    assert figures.f_beta == pytest.approx(0.5363731291, abs=1e-9)
    assert figures.g_beta == pytest.approx(0.4989010989, abs=1e-9)


@pytest.mark.parametrize("year", [2020, 2021])
def test_truth_silence_and_everything(year: Year) -> None:
    labels = challenge_rows(LABELS, year)
    assert challenge_score(labels, labels, year) == pytest.approx(1)
    sinus = challenge_rows([{NSR}] * 8, year)
    assert challenge_score(labels, sinus, year) == pytest.approx(0, abs=1e-12)
    assert challenge_score(labels, np.zeros_like(labels), year) == pytest.approx(-0.3890410959, abs=1e-9)
    assert challenge_score(labels, np.ones_like(labels), year) == pytest.approx(EVERYTHING[year], abs=1e-6)
    if year == 2021:
        assert challenge_score(labels, challenge_rows([{AF}] * 8, year), year) == pytest.approx(0.0095890411, abs=1e-9)


@pytest.mark.parametrize("year", [2020, 2021])
def test_areas_of_made_up_scores(year: Year) -> None:
    labels = challenge_rows(LABELS, year)
    i, k = np.indices(labels.shape)
    scores = ((7 * i + 3 * k) % 11) / 10
    figures = challenge_figures(labels, scores >= 0.7, year, scores)
    assert (figures.auroc, figures.auprc, figures.score) == pytest.approx(SCORED[year], abs=1e-9)


def test_columns_of_another_year_are_refused() -> None:
    labels = challenge_rows(LABELS, 2020)
    with pytest.raises(LabelError, match="24 classes"):
        challenge_score(labels, labels, 2021)
