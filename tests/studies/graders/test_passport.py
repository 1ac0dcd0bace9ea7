"""The three tests of the explanation passport, on networks of which it is known what they look at."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from cardiov_core import weights
from cardiov_core.inference.explanation.grad_cam import batch_maps, stage_maps
from cardiov_core.inference.explanation.passport import passport_of
from cardiov_core.inference.outputs import Output
from cardiov_core.nets import build_net
from cardiov_core.studies.graders.maps import (
    Explained,
    bridged,
    most_attended,
    on_input_axis,
    randomised_from_the_top,
    rank_correlations,
    shifted,
    shuffled_runs,
)
from cardiov_core.studies.graders.passport import MapTests, chosen_records, passport_of_tests, run_tests, ship_passport


@pytest.fixture
def net(tiny_folder: Path) -> nn.Module:
    return weights.load_network(tiny_folder / "tiny.json")[0]


class _Bumps(nn.Module):
    """Counts bumps: one convolution that answers to them, so that its map must lie on them."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.Sequential(nn.Conv1d(1, 1, 5, padding=2, bias=False))
        self.last_norm = nn.Identity()
        self.dense = nn.Linear(1, 3)
        with torch.no_grad():
            self.stages[0].weight.fill_(0.2)  # type: ignore[union-attr, operator]
            self.dense.weight.fill_(40.0)
            self.dense.bias.copy_(torch.tensor([-1.0, -2.0, -3.0]))

    @property
    def grad_cam_points(self) -> tuple[nn.Module, ...]:
        return (self.stages[0],)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.dense(torch.relu(self.stages(x)).mean(dim=-1))
        return logits


def _bumps(n: int) -> torch.Tensor:
    """Windows of 400 samples with a bump of 20 samples at a random place."""
    generator = np.random.default_rng(0)
    windows = 0.01 * generator.normal(size=(n, 1, 400))
    for row, at in zip(windows, generator.integers(20, 340, size=n), strict=True):
        row[0, at : at + 20] += 1.0
    return torch.from_numpy(windows.astype(np.float32))


def test_maps_of_a_batch_are_those_that_a_record_gets_alone(net: nn.Module) -> None:
    values = torch.randn(5, 12, 1000, generator=torch.Generator().manual_seed(1))
    together, targets = batch_maps(net, values, [0, 1, 2, 3, "above_low"])
    assert targets == [0, 1, 2, 3, "above_low"]
    for index, target in enumerate(targets):
        alone, _ = stage_maps(net, values[index : index + 1], target)
        for stage, one in zip(together, alone, strict=True):
            np.testing.assert_allclose(stage[index], one, rtol=1e-3, atol=1e-7 * max(one.max(), 1e-6))


def test_rank_correlations_are_spearmans() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(6, 50)).round(1), generator.normal(size=(6, 50)).round(1)
    expected = [spearmanr(*pair).statistic for pair in zip(first, second, strict=True)]
    np.testing.assert_allclose(rank_correlations(first, second), expected, atol=1e-12)
    assert np.isnan(rank_correlations(np.zeros((1, 5)), first[:1, :5]))[0]


def test_random_stretches_are_as_many_and_as_long_and_do_not_touch() -> None:
    generator = np.random.default_rng(3)
    for _ in range(50):
        mask = most_attended(np.convolve(generator.normal(size=300), np.ones(9), "same"), 0.1)
        moved = shuffled_runs(mask, generator)
        lengths = []
        for one in (mask, moved):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], one.astype(int), [0]])))
            lengths.append(sorted((edges[1::2] - edges[::2]).tolist()))
        assert lengths[0] == lengths[1]
        assert mask.sum() == moved.sum() == 30


def test_stretches_are_bridged_by_straight_lines() -> None:
    window = np.array([[0.0, 1.0, 9.0, 9.0, 4.0], [5.0, 5.0, 5.0, 5.0, 5.0]])
    mask = np.array([False, False, True, True, False])
    np.testing.assert_allclose(bridged(window, mask), [[0.0, 1.0, 2.0, 3.0, 4.0], [5.0] * 5])


def test_a_shift_lets_zeros_in_from_the_left() -> None:
    moved = shifted(torch.arange(1.0, 6.0).reshape(1, 1, 5), 2)
    assert moved.tolist() == [[[0.0, 0.0, 1.0, 2.0, 3.0]]]


def test_layers_become_untrained_from_the_top_and_the_network_itself_stays(net: nn.Module) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    windows = torch.randn(8, 12, 1000, generator=torch.Generator().manual_seed(1))
    changed = []
    for name, other in randomised_from_the_top(net, windows, seed=0):
        assert not other.training
        state = other.state_dict()
        stages = {
            key.split(".")[1]
            for key in before
            if key.startswith("stages.") and key.endswith("weight") and "norm" not in key
            if not torch.equal(before[key], state[key])
        }
        changed.append((name, len(stages)))
        assert torch.isfinite(other(windows)).all()
    assert changed == [("dense", 0), *((f"stage {8 - count}", count) for count in range(1, 8))]
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_a_hidden_layer_in_front_of_the_output_is_drawn_anew_with_the_last_stage() -> None:
    net = build_net("xresnet1d18", 12, 3).eval()
    windows = torch.randn(8, 12, 250, generator=torch.Generator().manual_seed(1))
    hidden = net.get_submodule("head").get_parameter("2.weight")
    same = {
        name: torch.equal(hidden, other.get_submodule("head").get_parameter("2.weight"))
        for name, other in randomised_from_the_top(net, windows, seed=0)
    }
    assert same == {"dense": True, "stage 4": False, "stage 3": False, "stage 2": False, "stage 1": False}


def test_the_right_place_passes_deletion_and_shift() -> None:
    explained, windows = Explained(_Bumps().eval(), Output(), None), _bumps(40)
    tested = run_tests(explained, windows, np.full(40, 3), np.arange(40).astype(str), 100.0)
    row = passport_of_tests(tested).levels[3][0]
    assert row.n == 40
    assert row.deletion is not None
    assert row.deletion.interval[0] > 0.5
    assert row.shift is not None
    assert row.shift > 0.95
    assert "deletion" not in row.failed
    assert "shift" not in row.failed


def test_an_edge_detector_fails_against_untrained_weights() -> None:
    """One convolution and its ReLU look the same, trained or not, where the kernel's mean is positive: it must show."""
    explained, windows = Explained(_Bumps().eval(), Output(), None), _bumps(20)
    own = explained.maps(windows, np.full(20, 3))[0]
    copy = _Bumps().eval()
    with torch.no_grad():
        copy.stages[0].weight.copy_(torch.tensor([[[0.1, 0.3, 0.2, 0.3, 0.1]]]))  # type: ignore[union-attr, operator]
    other = Explained(copy, Output(), None).maps(windows, np.full(20, 3))[0]
    assert np.median(rank_correlations(own, other)) > 0.5


def _tested(n: int = 20, **changed: np.ndarray) -> MapTests:
    generator = np.random.default_rng(0)
    values = {
        "shown": np.ones((n, 1), dtype=bool),
        "randomised": 0.1 * generator.normal(size=(n, 1)),
        "deletion": 1.0 + 0.1 * generator.normal(size=(n, 1)),
        "shift": np.full((n, 1), 0.9),
    } | changed
    return MapTests(
        targets=np.zeros(n, dtype=np.int64),
        patients=np.arange(n).astype(str),
        shown=values["shown"],
        randomised={"dense": np.ones((n, 1)), "stage 1": values["randomised"]},
        deletion=values["deletion"],
        shift=values["shift"],
    )


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({}, []),
        ({"randomised": np.full((20, 1), 0.6)}, ["randomisation"]),
        ({"deletion": np.random.default_rng(1).normal(size=(20, 1))}, ["deletion"]),
        ({"deletion": np.full((20, 1), -1.0)}, ["deletion"]),
        ({"shift": np.full((20, 1), 0.4)}, ["shift"]),
        ({"shown": np.arange(20)[:, np.newaxis] < 9}, ["too few maps"]),
    ],
)
def test_a_map_passes_by_the_rules_that_the_card_states(changed: dict[str, np.ndarray], failed: list[str]) -> None:
    found = passport_of_tests(_tested(**changed))
    assert list(found.levels[0][0].failed) == failed
    assert found.levels[2][0].failed == ("too few maps",)
    assert found.cascade["dense"] == (1.0,)


def test_each_level_is_tested_where_the_network_believes_most_in_it() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4], [0.0, 0.6, 0.3, 0.1], [0.2, 0.2, 0.5, 0.1]])
    rows, targets = chosen_records(probabilities, 4)
    assert rows.tolist() == [0, 2, 3, 1]
    assert targets.tolist() == [0, 1, 2, 3]
    assert len(chosen_records(probabilities, 100)[0]) == 16


def test_maps_come_to_the_input_axis_between_the_centres_of_their_samples() -> None:
    np.testing.assert_allclose(on_input_axis(np.array([[0.0, 1.0]]), 4)[0], [0.0, 0.25, 0.75, 1.0])


def test_a_passport_in_the_card_is_read_by_the_app(net: nn.Module, tiny_folder: Path) -> None:
    card = weights.load_card(tiny_folder / "tiny.json")
    windows = torch.randn(12, 12, 1000, generator=torch.Generator().manual_seed(1))
    explained = Explained(net, Output(), None)
    found = run_tests(explained, windows, np.arange(12) % 4, np.arange(12).astype(str), 100.0)
    document = passport_of_tests(found, sha256=card.sha256)
    again = run_tests(explained, windows, np.arange(12) % 4, np.arange(12).astype(str), 100.0)
    assert passport_of_tests(again) == passport_of_tests(found)
    passport = passport_of(ship_passport(card, document, "by a test"))
    assert passport is not None
    # Three maps a level are too few to pass anything.
    assert all(passport.withheld(level, stage) for level in range(4) for stage in range(1, 8))
