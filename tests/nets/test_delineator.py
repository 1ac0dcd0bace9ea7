import pytest
import torch

from cardiov_core.nets import SAMPLES, SAMPLES_BEFORE_R, DelineatorNet


@pytest.fixture(scope="module")
def net() -> DelineatorNet:
    torch.manual_seed(3)
    return DelineatorNet().eval()


@pytest.fixture(scope="module")
def beats() -> torch.Tensor:
    time = (torch.arange(SAMPLES) - SAMPLES_BEFORE_R) / 250.0
    sizes = torch.linspace(0.2, 1.5, 8)[None, :, None]
    wave = torch.exp(-((time / 0.02) ** 2)) + 0.2 * torch.exp(-(((time - 0.28) / 0.05) ** 2))
    torch.manual_seed(4)
    return sizes * wave + 0.01 * torch.randn(2, 8, SAMPLES)


def test_outputs_have_the_stated_shapes(net: DelineatorNet, beats: torch.Tensor) -> None:
    with torch.no_grad():
        output = net(beats)
    assert [tuple(item.shape) for item in output] == [(2, 8, 6, 320), (2, 8, 3), (2, 6, 320), (2, 3)]
    # Five of these in half precision have to stay under half a megabyte.
    assert sum(parameter.numel() for parameter in net.parameters()) == 47330


def test_the_order_of_leads_does_not_matter(net: DelineatorNet, beats: torch.Tensor) -> None:
    order = torch.tensor([5, 0, 7, 2, 1, 6, 4, 3])
    with torch.no_grad():
        straight, shuffled = net(beats), net(beats[:, order])
    torch.testing.assert_close(shuffled.lead_boundaries, straight.lead_boundaries[:, order], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(shuffled.lead_waves, straight.lead_waves[:, order], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(shuffled.boundaries, straight.boundaries, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(shuffled.waves, straight.waves, atol=1e-4, rtol=1e-4)


def test_a_lead_that_does_not_count_is_as_if_absent(net: DelineatorNet, beats: torch.Tensor) -> None:
    counts = torch.ones(2, 8)
    counts[:, 3] = 0.0
    kept = [0, 1, 2, 4, 5, 6, 7]
    broken = beats.clone()
    broken[:, 3] = 40.0 * torch.randn(2, SAMPLES)
    with torch.no_grad():
        masked, without = net(broken, counts), net(beats[:, kept])
    torch.testing.assert_close(masked.boundaries, without.boundaries, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(masked.lead_boundaries[:, kept], without.lead_boundaries, atol=1e-4, rtol=1e-4)


def test_the_size_of_a_lead_and_its_level_do_not_matter(net: DelineatorNet, beats: torch.Tensor) -> None:
    with torch.no_grad():
        torch.testing.assert_close(net(3.0 * beats + 0.5).boundaries, net(beats).boundaries, atol=2e-3, rtol=2e-3)
