"""The layout in memory and the dropout of the network: faster, and the same as PyTorch's own."""

import pytest
import torch
from torch import nn

from cardiov_core.nets.cardiov import CardioV, _Conv, _Dropout, _Norm


def _side_by_side(n_records: int, n_channels: int, n_samples: int) -> torch.Tensor:
    return torch.randn(n_records, n_samples, n_channels).transpose(1, 2)


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (2, 7, 4)])
def test_convolution_is_that_of_one_dimension_and_keeps_the_layout(stride: int, padding: int, groups: int) -> None:
    torch.manual_seed(0)
    ours = _Conv(8, 16, 16, stride=stride, padding=padding, groups=groups, bias=False)
    theirs = nn.Conv1d(8, 16, 16, stride=stride, padding=padding, groups=groups, bias=False)
    theirs.load_state_dict(ours.state_dict())
    x = _side_by_side(3, 8, 40)
    assert torch.allclose(ours(x), theirs(x), atol=1e-6)
    assert ours(x).transpose(1, 2).is_contiguous()


def test_normalisation_is_that_of_one_dimension_and_keeps_the_layout() -> None:
    ours, theirs, x = _Norm(8), nn.BatchNorm1d(8), _side_by_side(3, 8, 40)
    y = ours(x)
    assert torch.allclose(y, theirs(x), atol=1e-6)
    assert torch.allclose(ours.state_dict()["running_var"], theirs.state_dict()["running_var"])
    assert y.transpose(1, 2).is_contiguous()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-6)


@pytest.mark.parametrize("x", [torch.ones(7, 12, 1001), torch.ones(7, 1001, 12).transpose(1, 2)])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(x: torch.Tensor) -> None:
    torch.manual_seed(3)
    y = _Dropout(0.1)(x)
    dropped = (y == 0).float().mean()
    # 84,084 draws: five standard deviations are 0.0052.
    assert float(dropped) == pytest.approx(0.1, abs=0.0052)
    assert float(y.max()) == pytest.approx(1 / 0.9, rel=1e-4)
    assert len(y.unique()) == 2
    assert y.stride() == x.stride()
    # Neighbours in time and in channels are dropped independently of one another.
    for dim in (1, 2):
        both = ((y == 0) & (y.roll(1, dim) == 0)).float().mean()
        assert float(both) == pytest.approx(0.01, abs=0.003)


def test_dropout_follows_the_seed_and_is_silent_outside_training() -> None:
    layer, x = _Dropout(0.5), torch.ones(3, 5, 7)
    torch.manual_seed(1)
    first, second = layer(x), layer(x)
    torch.manual_seed(1)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(_Dropout(0.0)(x), x)


def test_gradients_reach_the_input_through_the_layout() -> None:
    torch.manual_seed(0)
    net = CardioV(widths=(12, 16), blocks=(1, 1), groups=None).eval()
    x = torch.randn(2, 12, 64, requires_grad=True)
    net(x).sum().backward()
    assert x.grad is not None
    shifted = x.detach().clone()
    shifted[0, 3, 10] += 1e-2
    with torch.no_grad():
        expected = float(net(shifted).sum() - net(x).sum()) / 1e-2
    assert float(x.grad[0, 3, 10]) == pytest.approx(expected, abs=2e-3)


def test_recomputing_gives_the_same_gradients_and_statistics() -> None:
    def trained(recompute: bool) -> tuple[dict[str, torch.Tensor], list[torch.Tensor]]:
        torch.manual_seed(0)
        net = CardioV(widths=(12, 16), blocks=(1, 2), groups=None, dropout=0.3).train()
        net.recompute = recompute
        net(torch.randn(4, 12, 64)).square().sum().backward()
        return net.state_dict(), [value.grad for value in net.parameters() if value.grad is not None]

    (state, gradients), (kept_state, kept_gradients) = trained(True), trained(False)
    assert all(torch.equal(state[key], kept_state[key]) for key in kept_state)
    assert len(gradients) == len(kept_gradients)
    assert all(torch.equal(one, other) for one, other in zip(gradients, kept_gradients, strict=True))
