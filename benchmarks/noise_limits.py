"""What disturbances do to measurements: where the quality gate's word 'limited' begins to mean something.

Put into quiet PTB-XL records, all leads alike: how far QRS, QT and heart rate move, and in how many a number is lost.

    python benchmarks/noise_limits.py ../shared/data/ptb-xl-subset 20
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from cardiov_core.domain import EcgRecord, QualityVerdict
from cardiov_core.io import read_record
from cardiov_core.signals import assess_quality, measure


def _put(record: EcgRecord, kind: str, size_mv: float) -> EcgRecord:
    rng = np.random.default_rng(0)
    t = np.arange(record.n_samples) / record.sampling_rate
    phases = rng.uniform(0, 2 * np.pi, (len(record.leads), 1))
    added = {
        "noise (sd)": rng.normal(0, size_mv, record.signal.shape),
        "hum (peak to peak)": size_mv / 2 * np.sin(2 * np.pi * 50 * t + phases),
        "drift (peak to peak)": size_mv / 2 * np.sin(2 * np.pi * 0.3 * t + phases),
    }[kind]
    return replace(record, signal=(record.signal + added).astype(np.float32))


def main() -> None:
    """Print one line for each size of each disturbance."""
    folder, n = Path(sys.argv[1]), int(sys.argv[2])
    records = []
    for path in sorted(folder.glob("records500/*/*.hea"))[::7]:
        record = read_record(path)
        if assess_quality(record).verdict is QualityVerdict.ACCEPTABLE:
            records.append((record, measure(record)))
        if len(records) == n:
            break
    print(f"{len(records)} records of PTB-XL; median (90th percentile) of the change")
    for kind, sizes in (
        ("noise (sd)", (0.01, 0.02, 0.03, 0.05)),
        ("hum (peak to peak)", (0.02, 0.05, 0.1, 0.2)),
        ("drift (peak to peak)", (0.5, 1.0, 2.0)),
    ):
        for size_mv in sizes:
            moved: dict[str, list[float]] = {"qrs_ms": [], "qt_ms": [], "heart_rate_bpm": []}
            lost = 0
            for record, before in records:
                after = measure(_put(record, kind, size_mv))
                for name, changes in moved.items():
                    old, new = getattr(before, name), getattr(after, name)
                    if old is not None and new is not None:
                        changes.append(abs(new - old))
                    lost += old is not None and new is None
            told = ", ".join(
                f"{name} {np.median(x):.1f} ({np.percentile(x, 90):.1f})" for name, x in moved.items() if x
            )
            print(f"{kind} {size_mv:g} mV: {told}; lost {lost}")


if __name__ == "__main__":
    main()
