"""Training from the cache against the loop that one writes first: ``wfdb.rdsamp`` a record, filters, an eager step.

``python benchmarks/training.py FOLDER`` (a PTB-XL tree) prepares a cache and trains cardiov-plain at 100 Hz, an epoch
each in turn: CardioV's loop from the cache; a plain loop that reads each record's 500 Hz file, brings it to the same
contract, changes it by the same augmentation and takes a step; and the same from the published 100 Hz files, so that
nothing need be resampled. The plain loops' network is the same one (its outputs are compared first), written with
PyTorch's own layers in their own layout. Records, batches and steps are as many for all.

CardioV's loop runs as the shipped network's recipe asks (bfloat16), and in float32; the plain loops in float32. Rates
are medians over the rounds. Ratios are medians of the rounds' own and of processor time, since on a shared machine the
clock counts what others do. 'Without reading' leaves out files and filters: what is left is the step. Exits with 1
where the plain loop by the same contract (500 Hz files) does not take twice the processor time a record.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
import wfdb
from scipy import signal as sps
from torch import Tensor, nn
from torch.nn import functional

from cardiov_core.datasets import PtbXl
from cardiov_core.nets import CardioV, build_net
from cardiov_core.training import (
    Batch,
    Learner,
    Recipe,
    Stage,
    TrainingData,
    TrainingRecords,
    augment,
    load_recipe,
    load_records,
    prepare_cache,
    run_epoch,
)

LIMIT = 2.0
OURS, OURS_32 = "cache and CardioV's loop, bfloat16", "cache and CardioV's loop, float32"
FROM_500, FROM_100 = "plain, 500 Hz files", "plain, 100 Hz files"


@dataclass
class Round:
    """One epoch of one loop: seconds on the clock, of the processor, and of the latter in files and filters."""

    wall_s: float
    processor_s: float
    reading_s: float = 0.0


class PlainNet(CardioV):
    """The same layers and weights, computed by PyTorch's own operations in one dimension."""

    def features(self, x: Tensor) -> Tensor:
        """Compute what CardioV computes."""
        for stage in self.stages.children():
            for block in stage.children():
                x = self._block(block, x)
        return functional.silu(self._norm(self.last_norm, x)).mean(dim=-1)

    def _block(self, block: Any, x: Tensor) -> Tensor:
        shortcut = functional.max_pool1d(x, 2) if block.halve else x
        if block.extra_channels:
            shortcut = functional.pad(shortcut, (0, 0, 0, block.extra_channels))
        y = self._activated(block.before_k, functional.conv1d(self._activated(block.before_1, x), block.conv_1.weight))
        kept = y if block.halve else functional.pad(y, block.same_padding)
        conv = block.conv_k
        y = functional.conv1d(kept, conv.weight, None, conv.stride, conv.padding, 1, conv.groups)
        y = functional.conv1d(self._activated(block.before_2, y), block.conv_2.weight)
        return block.attention(y) + shortcut

    def _activated(self, layer: Any, x: Tensor) -> Tensor:
        y = functional.silu(self._norm(layer.norm, x))
        return functional.dropout(y, layer.dropout.p, self.training)

    def _norm(self, layer: Any, x: Tensor) -> Tensor:
        mean, variance = layer.running_mean, layer.running_var
        return functional.batch_norm(x, mean, variance, layer.weight, layer.bias, self.training, 0.1, layer.eps)


class PlainLoop:
    """What one writes first.

    Parameters
    ----------
    recipe : Recipe
        Contract, augmentation, batch size and rates.
    paths : sequence of str
        Records without extension.
    levels : torch.Tensor
        Their labels.
    """

    def __init__(self, recipe: Recipe, paths: list[str], levels: Tensor) -> None:
        self.recipe, self.paths, self.levels = recipe, paths, levels
        own = build_net(recipe.net, 12, 4, **recipe.net_arguments)
        if not isinstance(own, CardioV):
            raise click.ClickException(f"{recipe.net} is no CardioV.")
        self.net = build_net(recipe.net, 12, 4, **recipe.net_arguments)
        self.net.__class__ = PlainNet
        self.net.load_state_dict(own.state_dict())
        some = torch.randn(2, 12, recipe.contract.n_samples)
        with torch.no_grad():
            torch.testing.assert_close(self.net.eval()(some), own.eval()(some))
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=recipe.stages[0].learning_rate, weight_decay=recipe.weight_decay
        )
        self.generator = torch.Generator().manual_seed(1)

    def epoch(self) -> Round:
        """Go once through the records."""
        wall, processor, reading = time.perf_counter(), time.process_time(), 0.0
        self.net.train()
        size = self.recipe.batch_size
        order = torch.randperm(len(self.paths), generator=self.generator)
        for part in order[: len(order) // size * size].split(size):
            begun = time.process_time()
            windows = torch.from_numpy(np.stack([self._window(self.paths[index]) for index in part]))
            reading += time.process_time() - begun
            targets = functional.one_hot(self.levels[part], 4).float()
            batch = augment(
                Batch(windows, targets),
                self.recipe.augmentation,
                self.recipe.contract.sampling_rate_hz,
                self.generator,
            )
            loss = functional.cross_entropy(self.net(batch.windows), batch.targets)
            self.optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self.optimiser.step()
        return Round(time.perf_counter() - wall, time.process_time() - processor, reading)

    def _window(self, path: str) -> np.ndarray:
        """Read a record and bring it to the contract: resampled, filtered, cut."""
        contract = self.recipe.contract
        samples, fields = wfdb.rdsamp(path)
        signal = samples.T
        if fields["fs"] != contract.sampling_rate_hz:
            signal = sps.resample_poly(signal, 1, round(fields["fs"] / contract.sampling_rate_hz), axis=-1)
        filters = sps.butter(
            contract.filter_order, contract.band_hz, "bandpass", fs=contract.sampling_rate_hz, output="sos"
        )
        return sps.sosfiltfilt(filters, signal, axis=-1)[:, : contract.n_samples].astype(np.float32)


class OwnLoop:
    """CardioV's loop on the cache; arguments as for `Learner`."""

    def __init__(self, recipe: Recipe, data: TrainingData) -> None:
        self.learner, self.data = Learner(recipe, data, 1, None), data
        self.learner.begin(0)

    def epoch(self) -> Round:
        """Go once through the records."""
        wall, processor = time.perf_counter(), time.process_time()
        run_epoch(self.learner, self.data, None)
        return Round(time.perf_counter() - wall, time.process_time() - processor)


def rounds_of(loops: Mapping[str, OwnLoop | PlainLoop], n_rounds: int) -> dict[str, list[Round]]:
    """Let each loop have an epoch in turn; the first round, which loads libraries, is left out."""
    found: dict[str, list[Round]] = {name: [] for name in loops}
    for _ in range(n_rounds + 1):
        for name, loop in loops.items():
            found[name].append(loop.epoch())
    return {name: rounds[1:] for name, rounds in found.items()}


def size_of(paths: Iterator[Path]) -> int:
    """Return the bytes of some files."""
    return sum(path.stat().st_size for path in paths if path.is_file())


def reading_speed(records: TrainingRecords, file: Path, batch_size: int, *, forgotten: bool) -> float:
    """Return how many records a second come out of the cache in random batches."""
    if forgotten:
        with file.open("rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    data = TrainingData(records.windows, records.levels, rows=records.rows)
    begun = time.perf_counter()
    for part in torch.randperm(len(data)).split(batch_size):
        data.windows_of(part)
    return len(data) / (time.perf_counter() - begun)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Epochs of each loop.")
def main(folder: Path, rounds: int) -> None:
    """Print rates, ratios, reading speed and sizes."""
    torch.set_num_threads(1)
    found = load_recipe("cardiov-plain")
    if not isinstance(found, Recipe):
        raise click.ClickException("cardiov-plain is no network's recipe.")
    recipe = replace(found, stages=(Stage("cross_entropy", rounds + 1, 0.003),), output="classification")
    tree = PtbXl(folder)
    with tempfile.TemporaryDirectory() as made:
        out = Path(made) / "cache"
        begun = time.perf_counter()
        cache = prepare_cache(tree, recipe.contract, out).cache
        prepared_s = time.perf_counter() - begun
        records = load_records(cache, recipe)
        _print_cache(records, tree, out, prepared_s, recipe.batch_size)
        data = TrainingData(records.windows, records.levels, rows=records.rows)
        loops = {
            OURS: OwnLoop(replace(recipe, precision="bfloat16"), data),
            OURS_32: OwnLoop(recipe, data),
            FROM_500: PlainLoop(recipe, _paths(tree, records, "filename_hr"), records.levels),
            FROM_100: PlainLoop(recipe, _paths(tree, records, "filename_lr"), records.levels),
        }
        ratio = _print_rates(rounds_of(loops, rounds), len(records) // recipe.batch_size * recipe.batch_size)
    if ratio < LIMIT:
        sys.exit(1)


def _paths(tree: PtbXl, records: TrainingRecords, column: str) -> list[str]:
    return [str(tree.root / tree.table.at[ecg_id, column]) for ecg_id in records.table["ecg_id"]]


def _print_cache(records: TrainingRecords, tree: PtbXl, out: Path, prepared_s: float, batch_size: int) -> None:
    windows = out / "windows.npy"
    megabytes = records.windows[0].numel() * 4 / 1e6
    forgotten = statistics.median(reading_speed(records, windows, batch_size, forgotten=True) for _ in range(5))
    warm = statistics.median(reading_speed(records, windows, batch_size, forgotten=False) for _ in range(5))
    columns = ("filename_hr", "filename_lr")
    stems = [tree.root / name for column in columns for name in tree.table[column]]
    size = size_of(stem.with_name(stem.name + suffix) for stem in stems for suffix in (".hea", ".dat"))
    print(f"cache: {size_of(out.iterdir()) / 1e6:.1f} MB of a tree's {size / 1e6:.1f} MB, made in {prepared_s:.1f} s")
    used = records.windows if records.rows is None else records.windows[records.rows]
    error = (used.half().float() - used).abs()
    largest, usual = float(error.max()) * 1000, float(error.square().mean().sqrt()) * 1000
    print(
        f"in float16 the windows would be half of that and up to {largest:.1f} uV off, {usual:.2f} uV root mean square"
    )
    for name, speed in (("from the disk", forgotten), ("from the system's memory", warm)):
        print(f"reading the cache in random batches {name}: {speed:,.0f} records/s, {speed * megabytes:,.0f} MB/s")


def _print_rates(found: Mapping[str, list[Round]], n_records: int) -> float:
    """Print a line a loop and return the ratio of CardioV's rate to that of the plain loop by the same contract."""
    print(f"{'':<34}  {'RECORDS/S':>9}  {'A CPU SECOND':>12}  {'TIMES THE CPU':>13}  {'WITHOUT READING':>15}")
    ratios = {}
    for name, rounds in found.items():
        rate = statistics.median(n_records / one.wall_s for one in rounds)
        processor = statistics.median(n_records / one.processor_s for one in rounds)
        pairs = list(zip(rounds, found[OURS], strict=True))
        ratios[name] = statistics.median(one.processor_s / own.processor_s for one, own in pairs)
        step = statistics.median((one.processor_s - one.reading_s) / own.processor_s for one, own in pairs)
        print(f"{name:<34}  {rate:>9.1f}  {processor:>12.1f}  {ratios[name]:>13.2f}  {step:>15.2f}")
    return ratios[FROM_500]


if __name__ == "__main__":
    main()
