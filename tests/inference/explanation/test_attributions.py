"""Attributions are Captum's, add up, and leave the network as it was."""

import numpy as np
import pytest
import torch
from captum.attr import LRP, GuidedBackprop, IntegratedGradients
from captum.attr._utils.lrp_rules import EpsilonRule
from torch import nn

from cardiov_core.errors import ExplanationError
from cardiov_core.inference.explanation.attributions import guided_grad_cam, integrated_gradients, layer_relevance
from cardiov_core.nets import PooledNet, build_net


@pytest.fixture
def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return build_net("fcn_wang", 3, 4)


def test_integrated_gradients_are_captums_and_add_up(net: torch.nn.Module) -> None:
    values = torch.randn(3, 120)
    own = integrated_gradients(net, values, 2, steps=50)
    assert net.training
    net.eval()
    theirs = IntegratedGradients(net).attribute(values[None], target=2, n_steps=50, method="riemann_middle")
    np.testing.assert_allclose(own, theirs[0].detach().numpy(), atol=1e-5)
    with torch.no_grad():
        difference = float(net(values[None])[0, 2] - net(torch.zeros(1, 3, 120))[0, 2])
    assert float(own.sum()) == pytest.approx(difference, abs=0.05)


# Captum warns whoever uses its hooks on ReLU.
@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations")
def test_guided_part_is_captums(net: torch.nn.Module) -> None:
    values = torch.randn(3, 120)
    own = guided_grad_cam(net, values, 1)
    net.eval()
    theirs = GuidedBackprop(net).attribute(values[None].requires_grad_(True), target=1)[0].detach().numpy()
    assert own.shape == (3, 120)
    # The map is one factor a sample: where both are not nothing, leads stand to each other as in Captum's.
    seen = (np.abs(own[0]) > 1e-9) & (np.abs(theirs[0]) > 1e-6)
    assert seen.sum() > 10
    np.testing.assert_allclose(own[1, seen] / own[0, seen], theirs[1, seen] / theirs[0, seen], rtol=1e-3)


def test_windows_come_back_and_nonsense_is_refused(net: torch.nn.Module) -> None:
    windowed = build_net("fcn_wang", 3, 4, windows={"length": 60, "step": 30, "join": "max"}).eval()
    guided_grad_cam(windowed, torch.randn(3, 120), 0)
    assert windowed.windows is not None
    assert not any(module._backward_hooks for module in windowed.modules())
    with pytest.raises(ExplanationError, match="no output 7"):
        integrated_gradients(net, torch.randn(3, 60), 7)
    with pytest.raises(ExplanationError, match="no layer"):
        guided_grad_cam(build_net("naive", 3, 4), torch.randn(3, 60), 0)
    with pytest.raises(ExplanationError, match="not finite"):
        integrated_gradients(net, torch.full((3, 60), float("nan")), 0)


class _Chain(PooledNet):
    """Two convolutions and a dense layer over a length of one: nothing that Captum would share otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv1d(3, 6, 5, stride=4), nn.Conv1d(6, 8, 5)
        self.before, self.behind, self.dense = nn.ReLU(), nn.ReLU(), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor, person: torch.Tensor | None = None) -> torch.Tensor:
        y: torch.Tensor = self.dense(self.behind(self.second(self.before(self.first(x)))).flatten(1))
        return y


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU activations")
def test_relevance_is_captums() -> None:
    torch.manual_seed(1)
    chain, values = _Chain().eval(), torch.randn(3, 21)
    own = layer_relevance(chain, values, 2)
    for name in ("first", "second", "dense"):
        chain.get_submodule(name).rule = EpsilonRule(0.1)
    theirs = LRP(chain).attribute(values[None].requires_grad_(True), target=2)[0].detach().numpy()
    np.testing.assert_allclose(own, theirs, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["fcn_wang", "resnet1d_wang", "xresnet1d18", "inception1d"])
def test_relevance_adds_up_to_a_logit_without_biases(name: str) -> None:
    torch.manual_seed(0)
    net = build_net(name, 3, 4).eval()
    for layer in net.modules():
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)
    values = torch.randn(3, 160)
    with torch.no_grad():
        logit = float(net(values[None])[0, 1])
    assert float(layer_relevance(net, values, 1, epsilon=1e-9).sum()) == pytest.approx(logit, rel=1e-3, abs=1e-5)
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize("name", ["schirrmeister", "lstm", "resnet_nc_se"])
def test_relevance_through_gates_is_refused(name: str) -> None:
    with pytest.raises(ExplanationError, match="does not go through"):
        layer_relevance(build_net(name, 3, 4), torch.randn(3, 200), 0)
