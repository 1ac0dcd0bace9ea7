"""The networks by name: windows, operations, what each is listed with."""

import pytest
import torch

from cardiov_core.errors import ConfigurationError
from cardiov_core.nets import build_net, count_flops, flops_of, list_nets, net_info

NAMES = [info.name for info in list_nets()]


def test_every_name_has_paper_parameters_and_input() -> None:
    for info in list_nets():
        assert info.paper
        assert info.summary.endswith(".")
        assert info.n_parameters > 0
        assert info.input_use.n_samples > 0
    assert len(NAMES) == len(set(NAMES)) > 40


def test_table_5_and_table_i_are_beside_the_names() -> None:
    assert "0.716" in net_info("resnet_nc_bs").published
    assert ".925" in net_info("xresnet1d101").published
    assert not net_info("resnet_nc_bg").published


def test_operations_of_a_convolution_a_dense_and_a_recurrent_layer() -> None:
    # fcn_wang by hand: 250 samples in, 249 behind the even kernel; two operations a weight and place.
    convolutions = (12 * 128 * 8 + 128 * 256 * 5 + 256 * 128 * 3) * 249
    dense = 256 * 128 + 128 * 3
    assert flops_of("fcn_wang") == 2 * (convolutions + dense)
    weights = 4 * 256 * (12 + 256) + 4 * 256 * 512
    assert flops_of("lstm") == 2 * (weights * 250 + 768 * 128 + 128 * 3)


def test_counting_leaves_a_recurrent_network_as_it_was() -> None:
    net = build_net("gru", 2, 3)
    x = torch.randn(1, 2, 30)
    before = net.eval()(x)
    count_flops(net, 2, 30)
    assert torch.equal(net(x), before)


@pytest.mark.parametrize("join", ["max", "mean", "mean_value"])
def test_windows_are_joined_outside_training_only(join: str) -> None:
    torch.manual_seed(0)
    net = build_net("fcn_wang", 3, 4, windows={"length": 50, "step": 25, "join": join}).eval()
    x = torch.randn(2, 3, 110)
    with torch.no_grad():
        logits = torch.stack([net(x[..., begin : begin + 50]) for begin in (0, 25, 50)], dim=1)
        joined = net(x)
    if join == "max":
        assert torch.allclose(joined, logits.amax(dim=1), atol=1e-5)
    elif join == "mean":
        assert torch.allclose(torch.sigmoid(joined), torch.sigmoid(logits).mean(dim=1), atol=1e-5)
    else:
        assert torch.allclose(joined, logits.mean(dim=1), atol=1e-5)
    assert net.train()(x[..., :60]).shape == (2, 4)


def test_mean_of_sure_probabilities_stays_finite() -> None:
    from cardiov_core.nets.shared.feature_net import mean_probability_logit

    logits = torch.tensor([[[200.0]], [[-300.0]]])
    assert torch.allclose(mean_probability_logit(logits), torch.tensor([[200.0], [-300.0]]))


def test_ensemble_averages_probabilities() -> None:
    from cardiov_core.nets.benchmark.naive import Ensemble

    members = [build_net("naive", 2, 3) for _ in range(3)]
    x = torch.zeros(1, 2, 10)
    expected = torch.stack([torch.sigmoid(member(x)) for member in members]).mean(dim=0)
    assert torch.allclose(torch.sigmoid(Ensemble(members)(x)), expected, atol=1e-6)


def test_windows_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be built"):
        build_net("fcn_wang", windows={"size": 3})


@pytest.mark.parametrize("name", ["fcn_wang", "xresnet1d18", "lstm", "s4d", "triology", "branched", "inception1d"])
def test_a_step_gives_every_parameter_a_finite_gradient(name: str) -> None:
    torch.manual_seed(0)
    net = build_net(name, 2, 3).train()
    net(torch.randn(4, 2, 128)).square().sum().backward()
    missing = [key for key, p in net.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert not missing


def test_state_space_is_as_a_recurrence() -> None:
    """The kernel is the impulse response of x' = a x + u held over a step, read out by c."""
    from cardiov_core.nets.state_space import DiagonalKernel

    torch.manual_seed(0)
    kernel = DiagonalKernel(3, 4).double()
    pole = torch.complex(-torch.exp(kernel.log_decay), kernel.frequency)
    step = torch.exp(kernel.log_step).unsqueeze(-1)
    a, b = torch.exp(pole * step), (torch.exp(pole * step) - 1) / pole
    c = torch.view_as_complex(kernel.output.detach())
    state, outputs = b, []
    for _ in range(20):
        outputs.append(2 * (c * state).sum(dim=1).real)
        state = a * state
    assert torch.allclose(kernel(20), torch.stack(outputs, dim=1), atol=1e-9)
