"""Random hearts for a training: prepared and measured once, kept beside its checkpoints."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cardiov_core.datasets import varied_record
from cardiov_core.domain import Float64Array, InputContract
from cardiov_core.preprocessing import prepare
from cardiov_core.signals import features_of, measure
from cardiov_core.training.data.kept_arrays import save_arrays, saved_arrays


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
    kept = saved_arrays(kept_in)
    if kept and kept["windows"].shape == shape:
        return Hearts(torch.from_numpy(kept["windows"]), kept["numbers"].astype(np.float64))
    windows, rows = np.empty(shape, dtype=np.float16), []
    for seed in tqdm(range(n), disable=not progress, unit="heart"):
        record = varied_record(seed)
        windows[seed] = prepare(record, contract).values
        rows.append(features_of(record, measure(record)))
    numbers = np.stack(rows)
    save_arrays(kept_in, windows=windows, numbers=numbers)
    return Hearts(torch.from_numpy(windows), numbers)
