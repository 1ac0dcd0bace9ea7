"""How long the quality gate takes on one core: synthetic ECGs of several rates and lengths.

Run: python benchmarks/quality_gate.py. Prints the median CPU time of seven runs, so that other programs on the same
computer do not count; the first call, which loads the detector, is left out.
"""

import statistics
import time
from dataclasses import replace

import numpy as np

from cardiov_core.datasets import generate
from cardiov_core.signals import assess_quality

RUNS = 7


def main() -> None:
    """Print one line for each kind of record."""
    record = generate("normal", seed=1, sampling_rate_hz=500.0, duration_s=10.0)
    half_an_hour = replace(record, signal=np.tile(record.signal, (1, 180)))
    records = {
        "10 s at 100 Hz": generate("normal", seed=1, sampling_rate_hz=100.0, duration_s=10.0),
        "10 s at 500 Hz": record,
        "10 s at 2000 Hz": generate("normal", seed=1, sampling_rate_hz=2000.0, duration_s=10.0),
        "10 s at 500 Hz, noise and a lead off": generate("noise_and_lead_off", seed=1),
        "30 min at 500 Hz": half_an_hour,
    }
    assess_quality(record)
    for name, one in records.items():
        times = []
        for _ in range(RUNS):
            started = time.process_time()
            assess_quality(one)
            times.append(time.process_time() - started)
        print(f"{name:<40} {1000.0 * statistics.median(times):7.0f} ms")


if __name__ == "__main__":
    main()
