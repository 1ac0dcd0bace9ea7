"""Time of all findings of one record, beside that of its analysis without them, in one run.

Processor time is counted, over all threads: what one core would need. The analysis is what `cardiov analyze` does with
all graders: quality gate, measurements, levels, statements, rules for critical results.

``python benchmarks/findings.py [FOLDER]`` takes every twentieth record of the folder, or made ones without a folder.
Exits with 1 where the findings of any record take longer than the limit.
"""

import statistics
import sys
import time
from pathlib import Path

import click
from signals import records_of

from cardiov_core.domain import EcgRecord
from cardiov_core.inference import Grader, analyze, load_predictor, other_graders
from cardiov_core.signals import Examination

LIMIT_S = 0.2


def seconds(record: EcgRecord, graders: tuple[Grader, ...]) -> tuple[float, float]:
    """Return the processor time of the findings, and of the analysis without them."""
    examination = Examination(record)
    begun = time.process_time()
    _ = examination.quality, examination.measurements
    measured = time.process_time()
    _ = examination.findings
    found = time.process_time()
    analyze(examination, graders[0], others=graders[1:])
    return found - measured, time.process_time() - found + measured - begun


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folder: Path | None) -> None:
    """Print medians and the longest times, and compare the longest time of the findings with the limit."""
    records = records_of(folder)
    if not records:
        raise click.ClickException(f"{folder} has no record that can be read.")
    default = load_predictor()
    graders = (default, *other_graders(default))
    seconds(records[0], graders)  # loads the libraries, the networks and the detectors
    times = [seconds(record, graders) for record in records]
    findings, rest = [found for found, _ in times], [without for _, without in times]
    click.echo(
        f"{len(records)} records, processor time a record: findings median {statistics.median(findings):.3f} s, "
        f"longest {max(findings):.3f} s; the analysis without them median {statistics.median(rest):.3f} s, "
        f"longest {max(rest):.3f} s"
    )
    if max(findings) > LIMIT_S:
        click.echo(f"the findings of a record take more than {LIMIT_S} s", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
