import pytest
import torch

from cardiov_core.nets import SAMPLES, DelineatorNet, DelineatorOutput, DelineatorStack, mean_of
from cardiov_core.nets.delineator_group import DelineatorGroup


@pytest.fixture(scope="module")
def nets() -> list[DelineatorNet]:
    torch.manual_seed(5)
    return [DelineatorNet().eval() for _ in range(3)]


@pytest.mark.parametrize(("n_beats", "n_leads"), [(1, 12), (1, 1), (2, 8)])
def test_a_group_says_what_its_networks_say(nets: list[DelineatorNet], n_beats: int, n_leads: int) -> None:
    torch.manual_seed(6)
    beats = 0.3 * torch.randn(n_beats, n_leads, SAMPLES)
    with torch.inference_mode():
        together = DelineatorGroup(nets)(beats)
        alone = [net(beats) for net in nets]
    for index, part in enumerate(together):
        torch.testing.assert_close(part, torch.stack([output[index] for output in alone]), atol=2e-4, rtol=1e-4)


def test_narrow_networks_with_few_levels_can_be_grouped() -> None:
    torch.manual_seed(7)
    nets = [DelineatorNet([4, 8], [3, 3], global_channels=4, global_kernel=3).eval() for _ in range(2)]
    beats = torch.randn(1, 3, SAMPLES)
    with torch.inference_mode():
        together = DelineatorGroup(nets)(beats)
        alone = [net(beats) for net in nets]
    torch.testing.assert_close(
        together.boundaries, torch.stack([output.boundaries for output in alone]), atol=2e-4, rtol=1e-4
    )


@pytest.mark.parametrize("n_leads", [12, 7])
def test_a_stack_says_what_the_networks_say_together(nets: list[DelineatorNet], n_leads: int) -> None:
    torch.manual_seed(8)
    beat = 0.3 * torch.randn(1, n_leads, SAMPLES)
    with torch.inference_mode():
        found = DelineatorStack(nets)(beat)
        grouped = mean_of(DelineatorOutput(*(part[:, 0] for part in DelineatorGroup(nets)(beat))))
        alone = [net(beat) for net in nets]
    for mine, theirs in zip(found, grouped, strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(found.boundaries.exp().sum(dim=-1), torch.ones(6))
    torch.testing.assert_close(found.waves, torch.stack([output.waves[0] for output in alone]).sigmoid().mean(dim=0))


def test_narrow_networks_with_few_levels_can_be_stacked() -> None:
    torch.manual_seed(9)
    nets = [DelineatorNet([4, 8], [3, 3], global_channels=4, global_kernel=3).eval() for _ in range(2)]
    beat = torch.randn(1, 3, SAMPLES)
    with torch.inference_mode():
        found = DelineatorStack(nets)(beat)
        expected = mean_of(DelineatorOutput(*map(torch.cat, zip(*(net(beat) for net in nets), strict=True))))
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=2e-4, rtol=1e-4)
