"""Training of the delineator: five networks, each on four fifths of LUDB's records, and what they find in the fifth.

No network is trained on all records. The five together delineate new records, and the records that trained them are
measured by the one that never saw them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from cardiov_core.datasets import Ludb
from cardiov_core.domain import IntArray, as_json_values
from cardiov_core.errors import TrainingError
from cardiov_core.nets import RATE_HZ, SAMPLES, SAMPLES_BEFORE_R, DelineatorNet, DelineatorOutput
from cardiov_core.training.delineator.annotated_beats import (
    Example,
    MarkedBeats,
    change_example,
    draw_example,
    load_marked_beats,
)
from cardiov_core.training.delineator.delineator_card import build_delineator_card
from cardiov_core.weights import save_delineator

_SLOW_SHARE = 0.2
_FEWER_LEADS_SHARE = 0.6
_FEWEST_LEADS, _FEWER_LEADS = 6, 8
_WARM_UP = 0.15
_AVERAGING = 0.99
_EXPECTATION_WEIGHT = 0.1
_PRESENCE_WEIGHT = 0.5


@dataclass(frozen=True)
class DelineatorRecipe:
    """What the training does."""

    folds: int = 5  # networks, and parts into which the records fall
    steps: int = 800  # per network
    batch: int = 8  # examples per step
    # Of AdamW; the learning rate rises over the first 15 % of the steps and then falls along a cosine
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    # Standard deviation of the distribution around a mark that a network should state, in samples of 4 ms
    spread_samples: float = 2.0
    seed: int = 0  # decides everything that is random


def train_delineator(ludb: Ludb, out: Path, recipe: DelineatorRecipe | None = None, *, progress: bool = False) -> Path:
    """Train the delineator and write its weights with their card.

    Parameters
    ----------
    ludb : Ludb
        The marked records.
    out : pathlib.Path
        Folder of the results; made where it is missing.
    recipe : DelineatorRecipe, optional
        The shipped one by default.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    pathlib.Path
        The card. On one processor of one kind, the same data and recipe give the same bytes.

    Raises
    ------
    DatasetError
        If a record is missing or damaged.
    TrainingError
        If there are fewer records than folds.
    """
    chosen = DelineatorRecipe() if recipe is None else recipe
    ids = ludb.ids()
    if len(ids) < chosen.folds:
        raise TrainingError(f"{len(ids)} records do not fill {chosen.folds} folds.", "Complete the download of LUDB.")
    beats = [load_marked_beats(ludb, record_id) for record_id in ids]
    usable = [pair for pair in beats if all(part.whole.size for part in pair)]
    parts = split(len(usable), chosen)
    # Two threads add up in another order than one: a training is repeatable only with a fixed number.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tqdm(total=chosen.folds * chosen.steps, disable=not progress, unit="step") as bar:
            nets = []
            for fold, held_out in enumerate(parts):
                trained = [pair for index, pair in enumerate(usable) if index not in set(held_out.tolist())]
                nets.append(fit(trained, chosen, chosen.seed * 1000 + fold, lambda: bar.update()))
    finally:
        torch.set_num_threads(threads)
    prints = [[mark for index in held_out for mark in usable[index][0].fingerprints] for held_out in parts]
    numbers = [[usable[index][0].record_id for index in held_out] for held_out in parts]
    card = build_delineator_card(ludb, nets, numbers, prints, as_json_values(chosen))
    return save_delineator(nets, card, out)


def split(n_records: int, recipe: DelineatorRecipe) -> list[IntArray]:
    """Divide the records among the folds at random.

    Returns indices of the records that each fold holds out.
    """
    order = np.random.default_rng(recipe.seed).permutation(n_records)
    return [np.sort(order[fold :: recipe.folds]) for fold in range(recipe.folds)]


def fit(
    records: Sequence[tuple[MarkedBeats, ...]], recipe: DelineatorRecipe, seed: int, report: Callable[[], object]
) -> DelineatorNet:
    """Train one network.

    `records`: what it sees: own rate and, second, 100 Hz. Returns with the running mean of its weights over the last
    hundred steps or so, in evaluation mode.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    net = DelineatorNet()
    mean = {key: value.clone() for key, value in net.state_dict().items()}
    optimiser = torch.optim.AdamW(net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=recipe.steps, pct_start=_WARM_UP
    )
    net.train()
    for step in range(recipe.steps):
        batch = _draw(records, recipe.batch, rng)
        loss = _loss(net(batch["signal"], batch["counts"]), batch, recipe.spread_samples)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        kept = min(_AVERAGING, (1 + step) / (10 + step))
        for key, value in net.state_dict().items():
            mean[key].mul_(kept).add_(value, alpha=1.0 - kept)
        report()
    net.load_state_dict(mean)
    return net.eval()


def _draw(records: Sequence[tuple[MarkedBeats, ...]], n: int, rng: np.random.Generator) -> dict[str, Tensor]:
    examples: list[Example] = []
    for _ in range(n):
        rate = 1 if rng.random() < _SLOW_SHARE else 0
        beats = records[int(rng.integers(len(records)))][rate]
        examples.append(change_example(draw_example(beats, rng), rng))
    n_leads = len(examples[0].signal)
    rows = np.arange(n_leads)
    if rng.random() < _FEWER_LEADS_SHARE:  # learns that number and order of leads do not matter, and costs less
        rows = rng.permutation(n_leads)[: int(rng.integers(_FEWEST_LEADS, _FEWER_LEADS + 1))]
    counts = np.stack([example.counts[rows] for example in examples])
    counts[counts.sum(axis=1) == 0] = 1.0
    arrays = {
        "signal": np.stack([example.signal[rows] for example in examples]),
        "leads_s": np.stack([example.leads_s[rows] for example in examples]),
        "lead_waves": np.stack([example.lead_waves[rows] for example in examples]),
        "overall_s": np.stack([example.overall_s for example in examples]),
        "waves": np.stack([example.waves for example in examples]),
        "counts": counts,
    }
    return {key: torch.from_numpy(value.astype(np.float32)) for key, value in arrays.items()}


def _loss(output: DelineatorOutput, batch: dict[str, Tensor], spread_samples: float) -> Tensor:
    """Compare distributions, expectations and presence with the marks; few leads say nothing about all leads."""
    counts = batch["counts"]
    many = (counts.sum(dim=1) >= _FEWEST_LEADS).float()
    presence = functional.binary_cross_entropy_with_logits
    leads = presence(output.lead_waves, batch["lead_waves"], reduction="none").mean(dim=2)
    overall = presence(output.waves, batch["waves"], reduction="none").mean(dim=1)
    return (
        _boundary_loss(output.lead_boundaries, batch["leads_s"], counts, spread_samples)
        + _boundary_loss(output.boundaries, batch["overall_s"], many, spread_samples)
        + _PRESENCE_WEIGHT * ((leads * counts).sum() / counts.sum() + (overall * many).mean())
    )


def _boundary_loss(logits: Tensor, wanted_s: Tensor, counts: Tensor, spread_samples: float) -> Tensor:
    wanted = wanted_s * RATE_HZ + SAMPLES_BEFORE_R
    there = torch.isfinite(wanted) & (wanted > 0) & (wanted < SAMPLES - 1) & (counts[..., None] > 0)
    if not bool(there.any()):
        return logits.sum() * 0.0
    logs, positions = logits[there].log_softmax(dim=-1), wanted[there]
    samples = torch.arange(SAMPLES, dtype=logs.dtype)
    target = torch.exp(-0.5 * ((samples - positions[:, None]) / spread_samples) ** 2)
    target = target / target.sum(dim=1, keepdim=True)
    entropy = -(target * logs).sum(dim=1).mean()
    expected = (logs.exp() * samples).sum(dim=1)
    return entropy + _EXPECTATION_WEIGHT * functional.smooth_l1_loss(expected, positions, beta=2.0)
