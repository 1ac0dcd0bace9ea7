"""How much the intervals of a PTB-XL record differ between its 500 Hz and its 100 Hz version.

``python benchmarks/two_rates.py FOLDER`` takes every second record of PTB-XL's folder.
"""

from pathlib import Path

import click
import numpy as np

from cardiov_core.datasets import PtbXl
from cardiov_core.io import read_record
from cardiov_core.signals import measure

FIELDS = ("qrs_ms", "pr_ms", "qt_ms")
EVERY = 2


def intervals(path: Path) -> list[float]:
    """Measure a record; NaN where there is no number."""
    measured = measure(read_record(path))
    values = [getattr(measured, name) for name in FIELDS]
    return [np.nan if value is None else value for value in values]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folder: Path) -> None:
    """Print median, 95th percentile and largest absolute difference, and how often only one rate has a number."""
    rows = PtbXl(folder).table.iloc[::EVERY]
    fast = np.array([intervals((folder / name).with_suffix(".hea")) for name in rows["filename_hr"]])
    slow = np.array([intervals((folder / name).with_suffix(".hea")) for name in rows["filename_lr"]])
    away = np.abs(fast - slow)
    click.echo(f"{len(rows)} records")
    for column, name in enumerate(FIELDS):
        both = away[np.isfinite(away[:, column]), column]
        alone = int((np.isfinite(fast[:, column]) != np.isfinite(slow[:, column])).sum())
        middle, most, largest = np.percentile(both, [50, 95, 100])
        click.echo(
            f"{name:<7} {both.size} at both rates, {alone} at one; difference {middle:.1f} ms in the median, "
            f"{most:.1f} at the 95th percentile, {largest:.1f} at most"
        )


if __name__ == "__main__":
    main()
