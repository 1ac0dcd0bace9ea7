"""Every kind of output becomes the same three exceedances, and its weights load, predict and explain."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cardiov_core import ordinal, weights
from cardiov_core.datasets.synthetic import generate
from cardiov_core.errors import ModelCardError, WeightsMismatchError
from cardiov_core.inference import load_predictor
from cardiov_core.inference.differentiable import exceedance_logits
from cardiov_core.inference.outputs import Output, as_exceedances
from cardiov_core.nets import build_net
from cardiov_core.preprocessing import prepare
from cardiov_core.weights import N_LOGITS

CardMaker = Callable[..., dict[str, Any]]
SD = 0.7


def _exceedances(raw: list[list[float]], kind: Any, sd: float = SD) -> np.ndarray:
    found = as_exceedances(raw, Output(kind, sd))
    by_torch = torch.sigmoid(exceedance_logits(torch.tensor(raw, dtype=torch.float64), Output(kind, sd))).numpy()
    # Written twice: for any backend, and with gradients.
    np.testing.assert_allclose(found, by_torch, rtol=1e-9, atol=1e-15)
    return found


def test_independent_thresholds_are_sigmoids_and_nothing_else() -> None:
    raw = torch.tensor([[2.0, -1.0, 0.5]])
    assert torch.equal(exceedance_logits(raw, Output()), raw.double())


def test_conditional_thresholds_are_multiplied() -> None:
    """Logits 0, 0, 0 are even chances each: a half, a quarter, an eighth."""
    np.testing.assert_allclose(_exceedances([[0.0, 0.0, 0.0]], "rank_consistent"), [[0.5, 0.25, 0.125]], rtol=1e-12)


def test_classes_are_summed_from_above() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.4])
    found = _exceedances([np.log(probabilities).tolist()], "classification")
    np.testing.assert_allclose(found, [[0.9, 0.7, 0.4]], rtol=1e-6)
    np.testing.assert_allclose(ordinal.decode(found)[0], probabilities, rtol=1e-6)


@pytest.mark.parametrize("sd", [0.2, 0.7, 3.0])
def test_a_number_is_rounded_whatever_its_spread(sd: float) -> None:
    numbers = np.arange(-1.95, 5.0, 0.1)
    levels = ordinal.decode(_exceedances(numbers[:, None].tolist(), "regression", sd)).argmax(axis=1)
    np.testing.assert_array_equal(levels, np.clip(np.round(numbers), 0, 3))


def test_a_number_between_two_levels_speaks_for_both_alike() -> None:
    """Densities of a normal distribution at the four levels, worked out by hand."""
    density = np.exp(-((1.5 - np.arange(4)) ** 2) / (2 * SD**2))
    probabilities = ordinal.decode(_exceedances([[1.5]], "regression"))[0]
    np.testing.assert_allclose(probabilities, density / density.sum(), rtol=1e-9)
    assert probabilities[1] == pytest.approx(probabilities[2])


@pytest.mark.parametrize("kind", ["rank_consistent", "classification", "regression"])
def test_all_but_the_papers_own_never_rise_even_where_they_are_sure(kind: str) -> None:
    torch.manual_seed(0)
    raw = torch.randn(500, N_LOGITS[kind]) * 20
    logits = exceedance_logits(raw, Output(kind, SD))  # type: ignore[arg-type]
    assert bool(torch.isfinite(logits).all())
    assert bool((logits.diff(dim=1) <= 1e-9).all())


@pytest.fixture
def make_grader(tmp_path: Path, make_card: CardMaker) -> Callable[[str], Path]:
    def _make(kind: str) -> Path:
        n_logits = N_LOGITS[kind]
        torch.manual_seed(5)
        card = make_card("any", n_outputs=n_logits, blocks=[1] * 7)
        card["output"] |= {"kind": kind, "meaning": [f"number {i}" for i in range(n_logits)]}
        if kind == "regression":
            card["output"]["residual_sd"] = SD
        net = build_net("cardiov-compact", 12, n_logits, blocks=[1] * 7).eval()
        with torch.no_grad():
            net.get_submodule("dense").weight.mul_(20)  # type: ignore[operator, union-attr]
        return weights.save(net, card, tmp_path)

    return _make


@pytest.mark.parametrize("kind", list(N_LOGITS))
def test_weights_of_every_kind_load_predict_and_explain(make_grader: Callable[[str], Path], kind: str) -> None:
    predictor = load_predictor(make_grader(kind))
    record = generate("normal", seed=4)
    prediction = predictor.predict(record)
    net, card = weights.load_network(predictor.card.path)
    with torch.no_grad():
        raw = net(torch.from_numpy(prepare(record, card.contract).values)[None])
    assert raw.shape == (1, N_LOGITS[kind])
    np.testing.assert_allclose(prediction.probabilities, ordinal.decode(_exceedances(raw.tolist(), kind))[0], atol=1e-6)
    assert int(prediction.severity) == int(np.argmax(prediction.probabilities))
    if kind == "classification":
        np.testing.assert_allclose(prediction.probabilities, torch.softmax(raw, dim=1)[0].numpy(), atol=1e-6)
    if kind != "exceedance":
        assert prediction.rank_violation == pytest.approx(0.0, abs=1e-12)
    for target in (None, 0, 3, "above_low"):
        explanation = predictor.explain(record, target=target)
        assert list(explanation.stages) == [1, 2, 3, 4, 5, 6, 7]
        assert max(float(np.nanmax(attention)) for attention in explanation.stages.values()) == 1.0


def test_a_number_s_thresholds_are_all_explained_alike(make_grader: Callable[[str], Path]) -> None:
    """One number answers all three questions: what raises it speaks for each threshold."""
    predictor = load_predictor(make_grader("regression"))
    record = generate("normal", seed=4)
    low, high = (predictor.explain(record, target=target).stages[4] for target in ("above_no", "above_medium"))
    np.testing.assert_allclose(low, high, atol=1e-5)


@pytest.mark.parametrize("spread", [None, 0, -1.0, "wide"])
def test_a_regression_without_its_spread_is_refused(tmp_path: Path, make_card: CardMaker, spread: object) -> None:
    card = make_card("any", n_outputs=1)
    card["output"] |= {"kind": "regression", "meaning": ["the level"], "residual_sd": spread}
    with pytest.raises(ModelCardError, match=r"output\.residual_sd"):
        weights.save(build_net("cardiov-compact", 12, 1), card, tmp_path)


def test_a_card_of_one_kind_with_the_network_of_another_is_refused(tmp_path: Path, make_card: CardMaker) -> None:
    card = make_card("any", n_outputs=3)
    card["output"] |= {"kind": "classification", "meaning": ["a", "b", "c", "d"]}
    with pytest.raises(WeightsMismatchError, match="n_outputs is 3"):
        weights.save(build_net("cardiov-compact", 12, 3), card, tmp_path)
