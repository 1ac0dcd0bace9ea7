from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor, nn

from cardiov_core import ordinal
from cardiov_core.datasets.synthetic import generate
from cardiov_core.domain import PreparedInput, Window
from cardiov_core.errors import ExplanationError
from cardiov_core.inference.differentiable import decoded_probabilities
from cardiov_core.inference.explanation.grad_cam import (
    _along_record,
    batch_maps,
    on_record_axis,
    stage_maps,
)
from cardiov_core.inference.explanation.target import checked_target
from cardiov_core.nets import Windows, build_net


class _Small(nn.Module):
    """Seven convolutions; an in-place activation follows each, as it would in a careless network."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        widths = [4, 6, 6, 8, 8, 8, 8, 8]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n_in, n_out, 4, stride=2, padding=1) for n_in, n_out in pairwise(widths)
        )
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.5)
        self.dense = nn.Linear(8, 3)
        self.fails = False

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        return tuple(self.convolutions)

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convolutions:
            x = nn.functional.leaky_relu(convolution(x), 0.1, inplace=True)
        if self.fails:
            raise ValueError("no result today")
        logits: Tensor = self.dense(self.drop(self.norm(x)).mean(dim=-1)) * 5
        return logits


class _OutOfPlace(_Small):
    """The same network for captum, whose hooks see what in-place activations leave behind."""

    def forward(self, x: Tensor) -> Tensor:
        for convolution in self.convolutions:
            x = nn.functional.leaky_relu(convolution(x), 0.1)
        logits: Tensor = self.dense(self.drop(self.norm(x)).mean(dim=-1)) * 5
        return logits


@pytest.fixture
def net() -> _Small:
    return _Small().eval()


@pytest.fixture
def x() -> Tensor:
    torch.manual_seed(4)
    return torch.randn(1, 4, 1024)


def _n_hooks(net: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._backward_hooks) for module in net.modules())


@pytest.mark.parametrize("target", ["above_no", "above_low", "above_medium", 0, 1, 2, 3])
def test_maps_agree_with_captum_at_every_stage(net: _Small, x: Tensor, target: int | str) -> None:
    oracle = _OutOfPlace().eval()
    names = ("above_no", "above_low", "above_medium")

    def score(values: Tensor) -> Tensor:
        logits: Tensor = oracle(values)
        if isinstance(target, str):
            return logits[:, names.index(target)]
        p = torch.sigmoid(logits.double())
        p = torch.stack([p[:, 0], p[:, :2].amin(dim=1), p.amin(dim=1)], dim=1)
        levels = torch.stack([1 - p[:, 0], p[:, 0] - p[:, 1], p[:, 1] - p[:, 2], p[:, 2]], dim=1)
        return torch.log(levels[:, target].clamp(min=1e-12))

    maps, explained = stage_maps(net, x, target)
    assert explained == target
    assert [len(cam) for cam in maps] == [512, 256, 128, 64, 32, 16, 8]
    for cam, layer in zip(maps, oracle.grad_cam_points, strict=True):
        expected = LayerGradCam(score, layer).attribute(x, relu_attributions=True)[0, 0].detach().numpy()
        np.testing.assert_allclose(cam, expected, rtol=1e-4, atol=1e-7)
    if isinstance(target, str):
        assert max(cam.max() for cam in maps) > 0


def test_no_target_means_the_predicted_level(net: _Small, x: Tensor) -> None:
    with torch.no_grad():
        level = int(ordinal.decode(torch.sigmoid(net(x).double()).numpy()).argmax())
    maps, explained = stage_maps(net, x, None)
    assert explained == level
    for cam, same in zip(maps, stage_maps(net, x, level)[0], strict=True):
        np.testing.assert_array_equal(cam, same)


def test_differentiable_decoding_is_the_decoding() -> None:
    torch.manual_seed(0)
    logits = torch.randn(200, 3) * 4
    expected = ordinal.decode(torch.sigmoid(logits.double()).numpy())
    np.testing.assert_allclose(decoded_probabilities(logits).numpy(), expected, atol=1e-12)


def test_a_sure_level_still_has_a_gradient() -> None:
    logits = torch.tensor([[30.0, -30.0, -30.0]], requires_grad=True)
    torch.log(decoded_probabilities(logits)[0, 0]).backward()
    assert logits.grad is not None
    assert abs(float(logits.grad[0, 0]) + 1.0) < 1e-3


def _modes(net: nn.Module) -> list[bool]:
    return [module.training for module in net.modules()]


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_stays_behind(net: _Small, x: Tensor, fails: bool) -> None:
    net.fails = fails
    net.norm.train()
    net.dense.weight.requires_grad_(False)
    modes, asks = _modes(net), [parameter.requires_grad for parameter in net.parameters()]
    running = net.norm.running_mean.clone()  # type: ignore[union-attr]
    if fails:
        with pytest.raises(ValueError, match="no result today"):
            stage_maps(net, x, 2)
    else:
        stage_maps(net, x, 2)
    assert _n_hooks(net) == 0
    assert _modes(net) == modes
    assert [parameter.requires_grad for parameter in net.parameters()] == asks
    assert all(parameter.grad is None for parameter in net.parameters())
    assert x.grad is None
    assert torch.equal(net.norm.running_mean, running)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_callers_without_gradients_get_the_same_maps(net: _Small, x: Tensor, mode: Callable[[], torch.no_grad]) -> None:
    expected, _ = stage_maps(net, x, "above_low")
    with mode():
        maps, _ = stage_maps(net, x.clone(), "above_low")
        assert not torch.is_grad_enabled()
    for cam, same in zip(maps, expected, strict=True):
        np.testing.assert_array_equal(cam, same)


@pytest.mark.parametrize("target", [4, -1, "above", "2", True, 1.5])
def test_unknown_targets_are_refused(target: object) -> None:
    with pytest.raises(ExplanationError, match="cannot be explained") as caught:
        checked_target(target)  # type: ignore[arg-type]
    assert "above_low" in caught.value.hint


def test_a_network_without_points_and_one_without_a_result_are_refused(net: _Small, x: Tensor) -> None:
    with pytest.raises(ExplanationError, match="no convolutions"):
        stage_maps(nn.Linear(4, 3), x, 1)
    with pytest.raises(ExplanationError, match="not finite"):
        stage_maps(net, torch.full_like(x, float("inf")), 1)
    assert _n_hooks(net) == 0


def _prepared(n: int = 1000, window: Window | None = None, left: int = 0, right: int = 0) -> PreparedInput:
    return PreparedInput(np.zeros((12, n), np.float32), window or Window(0.0, 10.0), left, right)


@pytest.mark.parametrize("n_stage", [500, 250, 125, 62, 31, 15, 7])
def test_a_peak_stands_at_the_centre_of_its_stage_sample(n_stage: int) -> None:
    record = generate("normal", sampling_rate_hz=500.0)
    stride = 2 ** int(np.log2(1000 / n_stage))
    cam = np.zeros(n_stage)
    cam[n_stage // 2] = 3.0
    attention = on_record_axis(cam, _prepared(), record, 100.0)
    assert attention.shape == (5000,)
    assert attention.dtype == np.float32
    assert attention.max() == 1.0
    expected_s = ((n_stage // 2 + 0.5) * stride - 0.5) / 100.0
    weight = np.nan_to_num(attention.astype(np.float64))
    assert np.average(np.arange(5000) / 500.0, weights=weight) == pytest.approx(expected_s, abs=0.002)


def test_outside_the_window_there_is_no_attention() -> None:
    record = generate("normal", sampling_rate_hz=250.0, duration_s=30.0)
    attention = on_record_axis(np.ones(125), _prepared(window=Window(7.0, 17.0)), record, 100.0)
    inside = ~np.isnan(attention)
    assert np.flatnonzero(inside)[[0, -1]].tolist() == [1750, 4249]
    assert inside.sum() == 2500
    assert set(attention[inside].tolist()) == {1.0}


def test_padding_is_left_out_and_the_rest_scaled_by_itself() -> None:
    record = generate("normal", sampling_rate_hz=500.0, duration_s=6.0)
    cam = np.full(1000, 0.25)
    cam[:200] = 9.0
    cam[800:] = 9.0
    cam[500] = 0.5
    attention = on_record_axis(cam, _prepared(window=Window(0.0, 6.0), left=200, right=200), record, 100.0)
    assert not np.isnan(attention).any()
    assert attention[1500] == 1.0
    assert attention[600] == pytest.approx(0.5)


def test_a_map_of_zeros_stays_zero() -> None:
    record = generate("normal")
    attention = on_record_axis(np.zeros(125), _prepared(), replace(record, record_id="zero"), 100.0)
    assert attention.tolist() == [0.0] * 5000


def test_maps_of_windows_are_laid_along_the_record() -> None:
    windows = Windows(length=8, step=4)
    cams = np.repeat(np.arange(1.0, 7.0)[:, np.newaxis], 4, axis=1)
    laid = _along_record(cams, 2, 16, windows)
    assert laid.tolist() == [[1, 1, 2, 2, 3, 3, 3, 3], [4, 4, 5, 5, 6, 6, 6, 6]]


def test_a_network_of_windows_explains_the_whole_record() -> None:
    torch.manual_seed(0)
    net = build_net("fcn_wang", 12, 3, windows={"length": 250, "step": 125, "join": "mean"}).eval()
    maps, explained = batch_maps(net, torch.randn(2, 12, 1000), None)
    assert [stage.shape[0] for stage in maps] == [2, 2, 2]
    assert all(abs(stage.shape[1] - 1000) < 5 for stage in maps)
    assert len(explained) == 2
