"""How many records a second the Batch page analyses, what it keeps of them, and how early it lists the high risks.

The job runs in this process as it does behind the page, from a zip in memory to the last row. The share that each step
takes is measured on the same records one after the other, so that a busy computer slows all of them alike. The order
is judged on the shipped out-of-fold predictions: the mean place of the records that a cardiologist called high risk.

Usage: ``python benchmarks/batch.py ZIP``
"""

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cardiov_core.inference import Grader, analyze, load_predictor
from cardiov_core.io import collect, read_record, take_drop
from cardiov_core.signals import assess_quality, measure
from cardiov_core.ui.batch.job import BatchJob
from cardiov_core.weights import out_of_fold_table

N_SHARES = 40
MIB = 1024**2


def resident_mib() -> float:
    """Return the largest memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def time_job(content: bytes, predictor: Grader) -> None:
    """Print the job's rate and what it holds."""
    before = resident_mib()
    job = BatchJob(take_drop([("batch.zip", content)]), predictor)
    start, worked = time.perf_counter(), time.process_time()
    job.start()
    job.wait(3600)
    elapsed, worked = time.perf_counter() - start, time.process_time() - worked
    n = len(job.rows) + len(job.errors)
    print(f"records              {n}: {len(job.rows)} rows, {len(job.errors)} bad, {len(job.passed_over)} passed over")
    print(f"time                 {elapsed:.1f} s, {n / elapsed:.1f} records a second, unpacking included")
    print(f"computing            {1000 * worked / n:.0f} ms a record, which is what counts on a busy computer")
    print(f"memory               grew by {resident_mib() - before:.0f} MiB beside {len(content) / MIB:.0f} MiB of zip")


def time_steps(path: Path, predictor: Grader) -> None:
    """Print the median share of each step of a record's way."""
    steps: dict[str, Callable[..., object]] = {
        "quality": assess_quality,
        "measurements": measure,
        "network": predictor.predict,
    }
    shares: dict[str, list[float]] = {name: [] for name in ("reading", *steps, "analysis as a whole")}
    with collect([path]) as found:
        for source in found.sources[:N_SHARES]:
            start = time.perf_counter()
            record = read_record(source.path)
            shares["reading"].append(time.perf_counter() - start)
            for name, step in (*steps.items(), ("analysis as a whole", lambda one: analyze(one, predictor))):
                start = time.perf_counter()
                step(record)
                shares[name].append(time.perf_counter() - start)
    for name, times in shares.items():
        print(f"{name:<20} {1000 * float(np.median(times)):.0f} ms, median of {len(times)}")


def judge_orders(predictor: Grader) -> None:
    """Print where each way of ordering the graded puts the records of high risk."""
    table = out_of_fold_table(predictor.card)
    if table is None:
        return
    probabilities = table[["p0", "p1", "p2", "p3"]].to_numpy()
    above = np.minimum.accumulate(table[["e0", "e1", "e2"]].to_numpy(), axis=1)
    level, high = probabilities.argmax(axis=1), table["label"].to_numpy() == 3
    keys = {
        "level, then P(above low)": (-above[:, 1], -level),
        "level, then P(above medium)": (-above[:, 2], -level),
        "P(above low) alone": (-above[:, 1],),
        "P(above medium) alone": (-above[:, 2],),
        "expected level": (-(probabilities @ np.arange(4)),),
    }
    print(f"mean place of {high.sum()} high risks among {len(table)} (by chance {(len(table) + 1) / 2:.0f})")
    for name, key in keys.items():
        place = np.empty(len(table))
        place[np.lexsort(key)] = np.arange(1, len(table) + 1)
        print(f"  {name:<28} {place[high].mean():.0f}")


def main() -> None:
    """Measure the job, its steps and the order."""
    if len(sys.argv) != 2:
        sys.exit("Usage: python benchmarks/batch.py ZIP")
    path, predictor = Path(sys.argv[1]), load_predictor()
    with collect([path]) as found:
        # The first record pays for imports.
        analyze(read_record(found.sources[0].path), predictor)
    time_job(path.read_bytes(), predictor)
    time_steps(path, predictor)
    judge_orders(predictor)


if __name__ == "__main__":
    main()
