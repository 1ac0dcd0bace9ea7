"""Random hearts for a training: prepared and measured once, kept beside its checkpoints."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from cardiov_core.datasets import varied_record
from cardiov_core.domain import Float64Array, InputContract
from cardiov_core.preprocessing import prepare
from cardiov_core.signals import features_of, measure


@dataclass(frozen=True, eq=False)
class Hearts:
    """Synthetic records of random hearts."""

    windows: Tensor  # float16 ``(n, leads, samples)`` by the recipe's contract
    numbers: Float64Array  # shape (n, len(FEATURES)), what was measured, NaN where something could not be


def random_hearts(n: int, contract: InputContract, kept_in: Path, *, progress: bool = False) -> Hearts:
    """Draw, prepare and measure the hearts of seeds 0 to `n` - 1, or take them from where they were kept.

    `kept_in`: file (.npz) that holds them after the first call; one of another number or shape is made again.
    """
    shape = (n, len(contract.leads), contract.n_samples)
    if kept_in.exists():
        with np.load(kept_in) as kept:
            windows, numbers = kept["windows"], kept["numbers"]
        if windows.shape == shape:
            return Hearts(torch.from_numpy(windows), numbers)
    windows, rows = np.empty(shape, dtype=np.float16), []
    for seed in tqdm(range(n), disable=not progress, unit="heart"):
        record = varied_record(seed)
        windows[seed] = prepare(record, contract).values
        rows.append(features_of(record, measure(record)))
    numbers = np.stack(rows)
    save_arrays(kept_in, windows=windows, numbers=numbers)
    return Hearts(torch.from_numpy(windows), numbers)


def save_arrays(path: Path, **arrays: npt.NDArray[np.generic]) -> None:
    """Write arrays at once: a kill leaves the file that was there before, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)
