"""Triology's network: shift invariance that blurring brings, age and sex, segments that vote."""

import torch

from cardiov_core.nets import build_net


def test_age_and_sex_are_taken_and_unknown_ones_count_as_average() -> None:
    torch.manual_seed(0)
    net = build_net("triology", 12, 4).eval()
    x = torch.randn(2, 12, 200)
    known = net(x, torch.tensor([[1.0, -1.0], [0.0, 0.0]]))
    unknown = net(x, torch.full((2, 2), float("nan")))
    assert torch.equal(unknown, net(x))
    assert torch.allclose(known[1], unknown[1])
    assert not torch.allclose(known[0], unknown[0])


def test_probabilities_of_segments_are_averaged() -> None:
    torch.manual_seed(0)
    net = build_net("triology", 12, 4, windows={"length": 200, "step": 200, "join": "mean"}).eval()
    x = torch.randn(2, 12, 830)
    segments = net.segment_logits(x)
    assert segments.shape == (2, 4, 4)
    assert torch.allclose(torch.sigmoid(net(x)), torch.sigmoid(segments).mean(dim=1), atol=1e-6)
    assert torch.allclose(segments[:, 3], net(x[..., 600:800]), atol=1e-5)


def test_each_layer_has_two_scales() -> None:
    net = build_net("triology", 2, 4)
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv1d) and m.kernel_size == (3,)]
    assert [m.dilation[0] for m in convolutions[:4]] == [1, 2, 1, 2]
    assert len(convolutions) == 2 * (1 + 16)
