"""Time of the quality gate and the measurements of one record, in medians over real or made records.

Processor time is counted, over all threads: what one core would need.

``python benchmarks/signals.py [FOLDER]`` takes every twentieth record of the folder, or made ones without a folder.
Exits with 1 where the median is over the limit.
"""

import statistics
import sys
import time
from pathlib import Path

import click

from cardiov_core.datasets import generate
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import CardioVError
from cardiov_core.io import read_record
from cardiov_core.signals import assess_quality, measure

LIMIT_S = 0.2
EVERY = 20
N_MADE = 20


def records_of(folder: Path | None) -> list[EcgRecord]:
    """Read every twentieth record of a folder, or make twenty."""
    if folder is None:
        return [generate("normal", seed=seed) for seed in range(N_MADE)]
    records = []
    for path in sorted(folder.rglob("*.hea"))[::EVERY]:
        try:
            records.append(read_record(path))
        except CardioVError as error:
            click.echo(f"left out: {error.message}", err=True)
    return records


def seconds(record: EcgRecord) -> tuple[float, float]:
    """Return the processor time of quality and of measurements."""
    start = time.process_time()
    assess_quality(record)
    between = time.process_time()
    measure(record)
    return between - start, time.process_time() - between


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folder: Path | None) -> None:
    """Print medians and the longest times, and compare the median with the limit."""
    records = records_of(folder)
    if not records:
        raise click.ClickException(f"{folder} has no record that can be read.")
    seconds(records[0])  # loads the libraries and the networks
    times = [seconds(record) for record in records]
    both = [quality + measured for quality, measured in times]
    click.echo(
        f"{len(records)} records, processor time a record: quality {statistics.median(t[0] for t in times):.3f} s, "
        f"measurements {statistics.median(t[1] for t in times):.3f} s, together {statistics.median(both):.3f} s "
        f"(longest {max(both):.3f} s, limit of the median {LIMIT_S} s)"
    )
    if statistics.median(both) > LIMIT_S:
        sys.exit(1)


if __name__ == "__main__":
    main()
