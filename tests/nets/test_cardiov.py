"""Table 3 of the paper, value by value (Wei et al. 2022)."""

import pytest
import torch
from torch import nn

from cardiov_core.errors import ConfigurationError
from cardiov_core.nets import build_net, list_nets
from cardiov_core.nets.cardiov import PAPER_BLOCKS, PAPER_WIDTHS, CardioV, fitting_groups

TABLE_3 = [(64, 2500), (160, 1250), (160, 625), (400, 312), (400, 156), (1024, 78), (1024, 39)]


def _stage_shapes(net: nn.Module, n_samples: int) -> list[tuple[int, int]]:
    shapes: list[tuple[int, int]] = []
    handles = [
        stage.register_forward_hook(lambda _module, _inputs, output: shapes.append((output.shape[1], output.shape[2])))
        for stage in net.get_submodule("stages").children()
    ]
    with torch.inference_mode():
        net.eval()(torch.zeros(1, 12, n_samples))
    for handle in handles:
        handle.remove()
    return shapes


def test_output_sizes_are_those_of_table_3() -> None:
    assert _stage_shapes(build_net("cardiov"), 5000) == TABLE_3


@pytest.mark.parametrize("name", ["cardiov", "cardiov-compact"])
def test_sixty_convolutions_and_one_dense_layer(name: str) -> None:
    net = build_net(name)
    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv1d)]
    attention = [module for path, module in net.named_modules() if "attention" in path]
    dense = [module for module in net.modules() if isinstance(module, nn.Linear) and module not in attention]
    assert (len(convolutions), len(dense)) == (60, 1)
    assert [c.kernel_size[0] for c in convolutions] == [1, 16, 1] * 20


def test_defaults_are_the_papers() -> None:
    assert [width for width, _ in TABLE_3] == list(PAPER_WIDTHS)
    assert PAPER_BLOCKS == (2, 2, 2, 3, 3, 4, 4)
    groups = {m.groups for m in CardioV().modules() if isinstance(m, nn.Conv1d) and m.kernel_size[0] == 16}
    assert groups == {16}


def test_compact_is_a_quarter_as_wide_with_lengths_halved_as_table_3_halves_them() -> None:
    shapes = _stage_shapes(build_net("cardiov-compact"), 1000)
    assert [width * 4 for width, _ in shapes] == list(PAPER_WIDTHS)
    assert [length for _, length in shapes] == [500, 250, 125, 62, 31, 15, 7]


@pytest.mark.parametrize(("channels", "wanted", "expected"), [(64, 16, 16), (40, 2, 2), (100, 6, 5), (12, 16, 12)])
def test_groups_divide_the_channels(channels: int, wanted: int, expected: int) -> None:
    assert fitting_groups(channels, wanted) == expected


def test_grad_cam_points_are_the_last_convolutions_of_the_stages() -> None:
    net = build_net("cardiov-compact")
    points = net.grad_cam_points
    last = [list(stage.children())[-1].conv_2 for stage in net.get_submodule("stages").children()]
    assert list(points) == last
    assert len(points) == 7


def test_shortcut_alone_passes_when_the_convolutions_are_silent() -> None:
    """With the last convolution of a halving block at zero, only max-pooled, zero-padded input comes out."""
    net = build_net("cardiov-compact").eval()
    block = next(iter(next(iter(net.get_submodule("stages").children())).children()))
    nn.init.zeros_(block.conv_2.weight)
    x = torch.randn(2, 12, 100)
    with torch.inference_mode():
        y = block(x)
    assert torch.equal(y[:, :12], nn.functional.max_pool1d(x, 2))
    assert torch.count_nonzero(y[:, 12:]) == 0


def test_batch_does_not_change_a_record() -> None:
    torch.manual_seed(0)
    net = build_net("cardiov-compact").eval()
    x = torch.randn(3, 12, 1000)
    with torch.inference_mode():
        assert torch.allclose(net(x)[1], net(x[1:2])[0], atol=1e-6)


def test_all_parameters_of_full_width_learn() -> None:
    """Smoke test of the paper's width: one step gives every parameter a finite gradient."""
    torch.manual_seed(0)
    net = build_net("cardiov").train()
    net(torch.randn(2, 12, 5000)).square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in net.parameters())


def test_list_nets_counts_parameters() -> None:
    infos = {info.name: info for info in list_nets()}
    assert list(infos)[:2] == ["cardiov", "cardiov-compact"]
    assert infos["cardiov"].n_parameters == sum(p.numel() for p in build_net("cardiov").parameters())


def test_unknown_net_and_unfit_arguments_are_told() -> None:
    with pytest.raises(ConfigurationError, match="no network named 'resnet'"):
        build_net("resnet")
    with pytest.raises(ConfigurationError, match="kernel must be even"):
        build_net("cardiov", kernel=15)
    with pytest.raises(ConfigurationError, match="never fall"):
        build_net("cardiov", widths=(64, 32), blocks=(1, 1))
