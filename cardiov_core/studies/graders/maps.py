"""Attention maps of many records at once, and how alike two are: what the explanation passport is measured by."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.inference import (
    Calibration,
    Output,
    batch_maps,
    decoded_probabilities,
    evaluation_mode,
    exceedance_logits,
    stage_centres,
)
from cardiov_core.nets import seeded

Maps = list[Float64Array]
"""One per stage, ``(n_records, n_samples)`` on the input's own samples."""

BATCH = 32
# A probability of 0 or 1 has no odds; the same limits as those of the calibration.
_CLIP = 1e-3
_SMALLEST_PEAK = 1e-30


@dataclass(frozen=True, eq=False)
class Explained:
    """A network as it is shipped: with what turns its output into probabilities."""

    net: nn.Module  # on the CPU, in evaluation mode
    output: Output  # how its numbers are to be read
    calibration: Calibration | None  # of the card

    def probabilities(self, windows: Tensor) -> Float64Array:
        """Return the levels' probabilities, ``(n, 4)``."""
        with torch.no_grad(), evaluation_mode(self.net):
            parts = [
                decoded_probabilities(exceedance_logits(self.net(part), self.output), self.calibration)
                for part in windows.split(BATCH)
            ]
        return torch.cat(parts).numpy()

    def log_odds(self, windows: Tensor, targets: IntArray) -> Float64Array:
        """Return the log odds of each record's target level, ``(n,)``."""
        chosen = self.probabilities(windows)[np.arange(len(targets)), targets]
        clipped = np.clip(chosen, _CLIP, 1.0 - _CLIP)
        return np.asarray(np.log(clipped / (1.0 - clipped)), dtype=np.float64)

    def maps(self, windows: Tensor, targets: IntArray) -> Maps:
        """Return the maps of each stage, on the input's samples, for each record's target level."""
        wanted, n_samples, maps = targets.tolist(), windows.shape[-1], []
        for begin in range(0, len(windows), BATCH):
            part, _ = batch_maps(
                self.net,
                windows[begin : begin + BATCH],
                wanted[begin : begin + BATCH],
                self.calibration,
                self.output,
            )
            maps.append([on_input_axis(stage, n_samples) for stage in part])
        return [np.concatenate(stage) for stage in zip(*maps, strict=True)]


def on_input_axis(stage: Float64Array, n_samples: int) -> Float64Array:
    """Return maps ``(n, n_stage)`` on the samples of the input, ``(n, n_samples)``, linear between stage samples."""
    centres = stage_centres(n_samples, stage.shape[1])
    return np.stack([np.interp(np.arange(n_samples), centres, row) for row in stage])


def empty(maps: Float64Array) -> BoolArray:
    """Tell which maps show nothing: no sample of them is above 0."""
    return np.asarray(maps.max(axis=1) <= _SMALLEST_PEAK, dtype=np.bool_)


def rank_correlations(first: Float64Array, second: Float64Array) -> Float64Array:
    """Return Spearman's correlation of each pair of maps, ``(n,)``; NaN where one of them is the same everywhere."""
    ranks = [rankdata(maps, axis=1) for maps in (first, second)]
    centred = [values - values.mean(axis=1, keepdims=True) for values in ranks]
    sizes = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((centred[0] * centred[1]).sum(axis=1) / np.where(sizes > 0, sizes, np.nan), dtype=np.float64)


def randomised_from_the_top(net: nn.Module, windows: Tensor, seed: int) -> Iterator[tuple[str, nn.Module]]:
    """Yield copies of a network in which more and more layers are untrained, from the output down.

    Adebayo et al. 2018 (arXiv:1810.03292), cascading randomisation. Running means of the normalisation are taken anew
    from the windows each time, since trained ones would not fit the layers before them.
    """
    copy = deepcopy(net)
    stages = list(copy.get_submodule("stages").children())
    parts: list[tuple[str, list[nn.Module]]] = [("dense", [copy.get_submodule("dense")])]
    parts += [(f"stage {number}", [stage]) for number, stage in reversed(list(enumerate(stages, start=1)))]
    # What stands between the stages and the output goes with the last stage: a normalisation, or a hidden layer.
    named = dict(copy.named_children())
    behind = list(named)[list(named).index("stages") + 1 :]
    parts[1][1].extend(named[name] for name in behind if name != "dense")
    with seeded(seed):
        for name, modules in parts:
            for module in modules:
                for inner in module.modules():
                    reset = getattr(inner, "reset_parameters", None)
                    if callable(reset):
                        with torch.no_grad():
                            reset()
            _measure_norms(copy, windows)
            yield name, copy.eval()


def shuffled_runs(mask: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Return the mask's stretches, as many and as long, at random places that do not touch each other."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    lengths = rng.permutation(edges[1::2] - edges[::2])
    free = len(mask) - int(lengths.sum()) - max(len(lengths) - 1, 0)
    cuts = np.sort(rng.integers(0, free + 1, size=len(lengths)))
    mask_of_runs = np.zeros(len(mask), dtype=np.bool_)
    for index, (length, cut) in enumerate(zip(lengths.tolist(), cuts.tolist(), strict=True)):
        start = cut + int(lengths[:index].sum()) + index
        mask_of_runs[start : start + length] = True
    return mask_of_runs


def bridged(window: Float64Array, mask: BoolArray) -> Float64Array:
    """Return a window ``(n_leads, n_samples)`` with straight lines in place of the masked stretches of all leads."""
    at = np.arange(window.shape[1])
    kept = at[~mask]
    return np.stack([np.interp(at, kept, row[~mask]) for row in window])


def most_attended(map_row: Float64Array, share: float) -> BoolArray:
    """Return the samples of the largest attention, a share of all of them."""
    n_chosen = round(share * len(map_row))
    chosen = np.zeros(len(map_row), dtype=np.bool_)
    chosen[np.argsort(-map_row, kind="stable")[:n_chosen]] = True
    return chosen


def _measure_norms(net: nn.Module, windows: Tensor) -> None:
    """Take the running means and variances of all batch normalisations anew from some windows."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm1d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        # None: the plain mean over all batches.
        norm.momentum = None
    net.eval()
    for norm in norms:
        norm.train()
    with torch.no_grad():
        for part in windows.split(BATCH):
            net(part)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    net.eval()


def shifted(windows: Tensor, by: int) -> Tensor:
    """Return windows moved to the right by some samples; zeros come in from the left."""
    moved = torch.zeros_like(windows)
    moved[..., by:] = windows[..., : windows.shape[-1] - by]
    return moved


def common_part(first: Maps, moved: Maps, by: int) -> Sequence[tuple[Float64Array, Float64Array]]:
    """Return the samples that both passes saw, a stage, the second one's map moved back."""
    return [(one[:, : one.shape[1] - by], other[:, by:]) for one, other in zip(first, moved, strict=True)]


def mean_of_known(values: Sequence[Float64Array]) -> Float64Array:
    """Return the mean of what is there; NaN where nothing is."""
    stacked = np.stack(values)
    there = ~np.isnan(stacked)
    total, count = np.where(there, stacked, 0.0).sum(axis=0), there.sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float64)
