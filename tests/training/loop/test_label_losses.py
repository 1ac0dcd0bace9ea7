"""Losses of several labels a record, on values worked out elsewhere."""

import pytest
import torch
from torch.nn import functional

from cardiov_core.training.loop.label_losses import (
    asymmetric_loss,
    class_weights,
    label_loss,
    lovasz_loss,
    random_switch,
    smoothed,
    weighted_cross_entropy,
)
from cardiov_core.training.recipes.labels import LossSettings

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [-3.0, 0.0, 1.5]])
TARGETS = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])


@pytest.mark.parametrize(
    ("gamma_positive", "gamma_negative", "margin", "expected"),
    [(0.0, 0.2, 0.05, 0.3273105), (0.0, 0.0, 0.0, 0.3929024), (1.0, 4.0, 0.05, 0.0817113)],
)
def test_asymmetric_loss(gamma_positive: float, gamma_negative: float, margin: float, expected: float) -> None:
    """Values of Alibaba-MIIL's form; without focus and margin it is binary cross-entropy."""
    settings = LossSettings("asymmetric", gamma_positive, gamma_negative, margin)
    assert float(asymmetric_loss(LOGITS, TARGETS, settings)) == pytest.approx(expected, abs=1e-6)
    assert float(label_loss(LOGITS, TARGETS, settings)) == pytest.approx(expected, abs=1e-6)


def test_asymmetric_loss_ignores_negatives_under_the_margin() -> None:
    logits = torch.tensor([[-4.0, 1.0]], requires_grad=True)
    asymmetric_loss(logits, torch.tensor([[0.0, 1.0]]), LossSettings("asymmetric")).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0] == 0
    assert logits.grad[0, 1] < 0


def test_lovasz_of_hard_answers_is_one_minus_jaccard() -> None:
    answers = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    labels = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])
    # Class 0: one of three; class 1: two of two.
    assert float(lovasz_loss(answers, labels)) == pytest.approx((2 / 3 + 0) / 2)


def test_lovasz_leaves_out_classes_that_do_not_occur() -> None:
    absent = lovasz_loss(torch.rand(3, 2, requires_grad=True), torch.zeros(3, 2))
    assert absent.item() == 0.0
    absent.backward()


@pytest.mark.parametrize("name", ["lovasz_softmax", "lovasz_sigmoid", "cross_entropy", "weighted_bce", "bce", "mse"])
def test_a_step_down_the_gradient_lowers_the_loss(name: str) -> None:
    logits = LOGITS.clone().requires_grad_(True)
    settings = LossSettings(name=name)  # type: ignore[arg-type]
    loss = label_loss(logits, TARGETS, settings, class_weights(TARGETS))
    (gradient,) = torch.autograd.grad(loss, logits)
    lower = label_loss(logits.detach() - 0.1 * gradient, TARGETS, settings, class_weights(TARGETS))
    assert lower.item() < loss.item()


def test_weights_are_inverse_to_the_records_of_a_class() -> None:
    targets = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    weights = class_weights(targets)
    assert weights.tolist() == pytest.approx([2 / 3, 4 / 3, 0.0])
    expected = functional.binary_cross_entropy_with_logits(LOGITS, TARGETS, weight=weights)
    assert torch.equal(label_loss(LOGITS, TARGETS, LossSettings("weighted_bce"), weights), expected)


def test_cross_entropy_of_one_label_is_pytorchs() -> None:
    own = weighted_cross_entropy(torch.softmax(LOGITS, 1), torch.eye(3)[[0, 2]], torch.tensor([1.0, 2.0, 3.0]))
    theirs = functional.cross_entropy(LOGITS, torch.tensor([0, 2]), weight=torch.tensor([1.0, 2.0, 3.0]))
    assert float(own) == pytest.approx(float(theirs), abs=1e-6)


def test_the_switch_takes_one_loss_or_the_other_of_averaged_probabilities() -> None:
    segments = torch.stack([LOGITS, LOGITS.flip(0)], dim=1)
    softmax = torch.softmax(segments, -1).mean(1)
    assert torch.equal(random_switch(segments, TARGETS, 0.5), weighted_cross_entropy(softmax, TARGETS))
    assert torch.equal(random_switch(segments, TARGETS, 0.51), lovasz_loss(torch.sigmoid(segments).mean(1), TARGETS))
    assert torch.equal(
        label_loss(segments, TARGETS, LossSettings("random_switch"), None, 0.9), random_switch(segments, TARGETS, 0.9)
    )


def test_smoothing_spreads_a_label_over_all_classes() -> None:
    assert smoothed(TARGETS, 0.1)[0].tolist() == pytest.approx([0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3])
    assert smoothed(TARGETS, 0.0) is TARGETS
