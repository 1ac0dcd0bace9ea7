"""The passport of lead importance: the same sanity checks as those of attention maps, for lead occlusion.

- **randomisation**: the order of the leads must be another one where the network is untrained.
- **deletion**: a flat line is what importance was computed with, so it proves nothing. The most important quarter of
  the leads is exchanged for the same leads of another record instead; that must cost the level more log odds than
  exchanging as many random leads for those of the same record.
- **shift**: the same ECG a little later must have the same order of leads.

Rules and records are those of `cardiov_core.studies.graders.passport`, laid down before anything was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.inference import without_each_lead
from cardiov_core.studies.graders.maps import (
    Explained,
    mean_of_known,
    randomised_from_the_top,
    rank_correlations,
    shifted,
)

EXCHANGED_SHARE = 0.25
"""Share of the leads that is exchanged: three of twelve."""

_N_RANDOM = 10
_SEED = 0


@dataclass(frozen=True, eq=False)
class LeadTests:
    """What the three tests gave for each record."""

    shown: BoolArray  # shape (n,), whether any lead is important
    # Shape (n,), mean rank correlation with the importance in networks that are untrained throughout.
    randomised: Float64Array
    # Shape (n,), loss of log odds with the important leads of another record, less the mean loss with random ones.
    deletion: Float64Array
    shift: Float64Array  # shape (n,), mean rank correlation over the shifts


def run_lead_tests(
    explained: Explained, windows: Tensor, targets: IntArray, shifts: Sequence[int], seeds: Sequence[int]
) -> LeadTests:
    """Run the three tests on some windows.

    `windows`: ``(n, n_leads, n_samples)``. `targets`: shape (n,), level whose lead importance is tested.
    """
    importance = _importance(explained, windows, targets)
    untrained = []
    for seed in seeds:
        # The last one that comes is untrained from the output down to the first layer.
        *_, (_, net) = randomised_from_the_top(explained.net, windows, seed)
        other = Explained(net, explained.output, explained.calibration)
        untrained.append(rank_correlations(importance, _importance(other, windows, targets)))
    moved = [rank_correlations(importance, _importance(explained, shifted(windows, by), targets)) for by in shifts]
    return LeadTests(
        shown=np.asarray(importance.max(axis=1) > 0, dtype=np.bool_),
        randomised=mean_of_known(untrained),
        deletion=_exchanged(explained, windows, targets, importance),
        shift=mean_of_known(moved),
    )


def lead_rules(n_shifts_ms: str, highest_random: float, lowest_shifted: float) -> dict[str, str | int]:
    """Return the rules in words, for the card."""
    return {
        "leads_randomisation": "median rank correlation of lead occlusion with that of untrained networks below "
        f"{highest_random}",
        "leads_deletion": "95 % interval of the mean loss of log odds with the most important "
        f"{100 * EXCHANGED_SHARE:.0f} % of the leads taken from another record, less that with random ones "
        f"({_N_RANDOM} draws), above 0",
        "leads_shift": f"median rank correlation of lead occlusion of ECGs shifted by {n_shifts_ms} ms above "
        f"{lowest_shifted}",
    }


def _importance(explained: Explained, windows: Tensor, targets: IntArray) -> Float64Array:
    """Return the importance of each lead, ``(n, n_leads)``."""
    before = explained.log_odds(windows, targets)
    without = [
        explained.log_odds(without_each_lead(windows[at : at + 1]), np.repeat(targets[at : at + 1], windows.shape[1]))
        for at in range(len(windows))
    ]
    return np.asarray(before[:, np.newaxis] - np.stack(without), dtype=np.float64)


def _exchanged(explained: Explained, windows: Tensor, targets: IntArray, importance: Float64Array) -> Float64Array:
    n_records, n_leads = importance.shape
    n_chosen = max(1, round(EXCHANGED_SHARE * n_leads))
    rng = np.random.default_rng(_SEED)
    # Of each record another one, never itself.
    donors = (np.arange(n_records) + rng.integers(1, n_records, size=n_records)) % n_records
    before = explained.log_odds(windows, targets)

    def loss(leads: IntArray) -> Float64Array:
        mixed = windows.clone()
        rows = np.arange(n_records)[:, np.newaxis]
        mixed[rows, leads] = windows[donors[:, np.newaxis], leads]
        return before - explained.log_odds(mixed, targets)

    most = np.argsort(-importance, axis=1, kind="stable")[:, :n_chosen]
    every = np.tile(np.arange(n_leads), (n_records, 1))
    random = [loss(rng.permuted(every, axis=1)[:, :n_chosen]) for _ in range(_N_RANDOM)]
    return np.asarray(loss(most) - np.mean(random, axis=0), dtype=np.float64)
