"""The sanity checks of lead importance, on networks of which it is known which lead they look at."""

import numpy as np
import torch
from torch import nn

from cardiov_core.inference.outputs import Output
from cardiov_core.studies.graders.lead_passport import run_lead_tests
from cardiov_core.studies.graders.maps import Explained
from cardiov_core.studies.graders.passport import leads_of_tests

N, LEADS, LOOKED_AT = 48, 8, 5


class _OneLead(nn.Module):
    """One convolution whose trained weights see a bump in a single lead; without `sees` they see no lead at all."""

    def __init__(self, sees: float = 1.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stages = nn.Sequential(nn.Conv1d(LEADS, 1, 5, padding=2, bias=False))
        self.last_norm = nn.Identity()
        self.dense = nn.Linear(1, 3)
        with torch.no_grad():
            # The other leads count a little, so that they have an order.
            self.stages[0].weight.copy_(1e-3 * sees * torch.arange(1.0, LEADS + 1)[None, :, None].expand(1, LEADS, 5))  # type: ignore[operator]
            self.stages[0].weight[:, LOOKED_AT] = 0.2 * sees  # type: ignore[index]
            self.dense.weight.fill_(40.0)
            self.dense.bias.copy_(torch.tensor([-1.0, -2.0, -3.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.dense(torch.relu(self.stages(x)).mean(dim=-1))
        return logits


def _windows() -> tuple[torch.Tensor, np.ndarray]:
    """Windows of 400 samples; every other one has a bump of 40 samples in all leads and is of level 3."""
    generator = np.random.default_rng(0)
    windows = 0.01 * generator.normal(size=(N, LEADS, 400))
    windows[::2, :, 100:140] += 1.0
    return torch.from_numpy(windows.astype(np.float32)), np.where(np.arange(N) % 2, 0, 3)


def test_a_lead_that_counts_passes_deletion_and_shift() -> None:
    windows, targets = _windows()
    tested = run_lead_tests(Explained(_OneLead(), Output(), None), windows, targets, (10, 30), (0, 1))
    assert tested.shown[targets == 3].all()
    assert tested.deletion[targets == 3].mean() > 0
    assert np.median(tested.shift[targets == 3]) > 0.9
    assert np.nanmedian(tested.randomised[targets == 3]) < 0.5
    row = leads_of_tests(tested, targets, np.arange(N).astype(str))[3]
    assert (row.n, row.failed) == (N // 2, ())


def test_a_network_that_sees_nothing_shows_nothing_and_fails() -> None:
    windows, targets = _windows()
    tested = run_lead_tests(Explained(_OneLead(0.0), Output(), None), windows, targets, (10,), (0,))
    assert not tested.shown.any()
    rows = leads_of_tests(tested, targets, np.arange(N).astype(str))
    assert rows[3].failed == rows[0].failed == ("too few maps",)
    assert rows[3].n_empty == N // 2
