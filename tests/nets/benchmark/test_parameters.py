"""The benchmark's networks have the parameters and shapes of the published ones (counted from its public code)."""

import pytest
import torch

from cardiov_core.nets import build_net, count_parameters

PARAMETERS = {
    "fcn_wang": 318_279,
    "resnet1d_wang": 481_863,
    "resnet1d18": 1_022_279,
    "resnet1d34": 1_812_807,
    "resnet1d50": 3_996_743,
    "resnet1d101": 7_086_663,
    "wrn1d_22": 39_431,
    "schirrmeister": 328_468,
    "xresnet1d18": 373_447,
    "xresnet1d34": 703_175,
    "xresnet1d50": 962_503,
    "xresnet1d101": 1_880_775,
    "xresnet1d152": 2_799_047,
    "inception1d": 516_167,
    "lstm": 912_199,
    "lstm_bidir": 2_339_143,
    "gru": 711_495,
    "gru_bidir": 1_806_663,
}


@pytest.mark.parametrize(("name", "expected"), PARAMETERS.items())
def test_parameters_are_the_published_ones(name: str, expected: int) -> None:
    with torch.device("meta"):
        assert count_parameters(build_net(name, 12, 71)) == expected


@pytest.mark.parametrize("name", [*PARAMETERS, "wavelet_nn", "naive"])
@pytest.mark.parametrize("n_leads", [12, 2])
def test_a_window_becomes_one_row_of_logits(name: str, n_leads: int) -> None:
    net = build_net(name, n_leads, 5).eval()
    with torch.inference_mode():
        logits = net(torch.randn(3, n_leads, 250))
    assert logits.shape == (3, 5)
    assert torch.isfinite(logits).all()


def test_the_even_kernel_of_fcn_wang_loses_one_sample() -> None:
    net = build_net("fcn_wang", 12, 71).eval()
    assert net.get_submodule("blocks")(torch.zeros(1, 12, 250)).shape == (1, 128, 249)


def test_every_xresnet_block_begins_as_an_identity() -> None:
    net = build_net("xresnet1d50", 12, 71).eval()
    block = net.get_submodule("stages.0.1")
    x = torch.rand(2, 256, 40)
    assert torch.equal(block(x), x)


def test_recurrent_pools_mean_maximum_and_last() -> None:
    net = build_net("lstm_bidir", 3, 4).eval()
    seen: list[torch.Tensor] = []
    net.get_submodule("head").register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0]))
    x = torch.randn(2, 3, 50)
    y = net.get_submodule("layers")(x)
    net(x)
    last = torch.cat([y[:, :256, -1], y[:, 256:, 0]], dim=1)
    assert torch.allclose(seen[0], torch.cat([y.mean(-1), y.amax(-1), last], dim=1))


def test_naive_does_not_look_at_the_signal() -> None:
    net = build_net("naive", 12, 4)
    assert torch.equal(net(torch.randn(2, 12, 100)), net(torch.zeros(2, 12, 100)))
