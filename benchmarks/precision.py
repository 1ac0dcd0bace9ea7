"""Training records a CPU second in float32 and bfloat16, interleaved in one run: `python benchmarks/precision.py`.

CPU seconds of this process, not wall time: what else runs on the machine counts less. Windows are noise, since the
network costs the same whatever it is fed.
"""

import statistics
import time
from dataclasses import replace

import torch

from cardiov_core.training import Learner, Recipe, TrainingData, load_recipe, run_epoch

N_RECORDS, ROUNDS = 96, 7
PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Print the median of each precision and their ratio."""
    torch.set_num_threads(1)
    recipe = load_recipe("cardiov-plain")
    if not isinstance(recipe, Recipe):
        raise TypeError(recipe)
    contract = recipe.contract
    windows = torch.randn(
        N_RECORDS, len(contract.leads), contract.n_samples, generator=torch.Generator().manual_seed(0)
    )
    data = TrainingData(windows, torch.arange(N_RECORDS) % 4)
    learners = {precision: Learner(replace(recipe, precision=precision), data, 1, None) for precision in PRECISIONS}
    rates: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for learner in learners.values():
        learner.begin(1)
        run_epoch(learner, data, None)
    for _ in range(ROUNDS):
        for precision, learner in learners.items():
            began = time.process_time()
            run_epoch(learner, data, None)
            rates[precision].append(N_RECORDS / (time.process_time() - began))
    medians = {precision: statistics.median(found) for precision, found in rates.items()}
    for precision, median in medians.items():
        print(f"{precision}: {median:.0f} records a CPU second (median of {ROUNDS} rounds of {N_RECORDS})")
    ratios = [half / full for half, full in zip(rates["bfloat16"], rates["float32"], strict=True)]
    print(f"bfloat16 / float32: {statistics.median(ratios):.2f} (rounds: {min(ratios):.2f} to {max(ratios):.2f})")
    print(f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}, one thread")


if __name__ == "__main__":
    main()
