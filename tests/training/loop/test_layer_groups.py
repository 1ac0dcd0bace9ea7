"""Which layers learn, at which rate."""

import pytest
import torch
from torch import nn

from cardiov_core.nets import build_net
from cardiov_core.training.loop.layer_groups import layer_groups, rated_parameters
from cardiov_core.training.loop.learner import TwoHeads
from cardiov_core.training.recipes.network import Stage


@pytest.mark.parametrize(
    ("name", "n_groups"),
    [
        ("xresnet1d18", 6),
        ("fcn_wang", 4),
        ("lstm", 3),
        ("resnet_nc_se-lstm-se-2linear", 6),
        ("s4d", 6),
        ("triology", 6),
    ],
)
def test_groups_hold_every_layer_once_and_the_dense_layer_last(name: str, n_groups: int) -> None:
    net = build_net(name, 2, 3)
    groups = layer_groups(net)
    ids = [id(parameter) for group in groups for layer in group for parameter in layer.parameters()]
    assert len(ids) == len(set(ids)) == len(list(net.parameters()))
    assert len(groups) == n_groups
    assert net.get_submodule("dense") in groups[-1]


def test_the_head_learns_alone_and_then_all_learn_again() -> None:
    net = build_net("xresnet1d18", 2, 3)
    model = TwoHeads(net, None)
    rated_parameters(model, Stage("task", 1, 0.01, unfrozen=1))
    learning = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    assert learning
    assert all(name.startswith(("head", "dense")) for name in learning)
    rated_parameters(model, Stage("task", 1, 0.01))
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_earlier_groups_learn_at_lower_rates() -> None:
    model = TwoHeads(build_net("fcn_wang", 2, 3), nn.Linear(128, 5))
    rated = rated_parameters(model, Stage("task", 1, 0.01, rate_decay=0.1))
    assert [group["lr"] for group in rated] == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2])
    given = sum(len(group["params"]) for group in rated)
    assert given == len(list(model.parameters()))
    torch.optim.AdamW(rated, lr=0.01)
