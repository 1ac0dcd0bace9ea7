"""``cardiov score``: an archive of records into Parquet, by several processes, resumable."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli.options import computing_options, reading_options
from cardiov_core.domain import Severity, how_many

if TYPE_CHECKING:
    from cardiov_core.scoring import Engine, Grading, Progress

_EVERY_S = 10.0


@click.command()
@click.argument("source", metavar="SOURCE")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER|FILE.parquet")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option(
    "--decision", type=click.Choice(["installation", "shipped", "paper"]), default="installation", show_default=True,
    help="As in `cardiov analyze`.",
)  # fmt: skip
@click.option("--processes", type=click.IntRange(min=0), metavar="N", help="Default: one per core; 0: in this process.")
@click.option("--chunk", "chunk_size", type=click.IntRange(min=1), default=500, show_default=True, metavar="N",
              help="Records of a part; what a kill costs at most.")  # fmt: skip
@click.option("--windows", "window_s", type=click.FloatRange(min=10), metavar="S",
              help="Cut longer WFDB, EDF and ISHNE recordings into windows of S seconds, a row each.")  # fmt: skip
@click.option("--worst", "n_worst", type=click.IntRange(min=0), default=10, show_default=True, metavar="N",
              help="With --windows: print the N most urgent ones and cut out their minutes.")  # fmt: skip
@click.option("--engine", type=click.Choice(["processes", "ray"]), default="processes", show_default=True,
              help="Processes of this machine, or a Ray cluster: RAY_ADDRESS, or one started here.")  # fmt: skip
@reading_options
@computing_options
def score(
    source: str,
    out: Path,
    model: str | None,
    decision: str,
    processes: int | None,
    chunk_size: int,
    window_s: float | None,
    n_worst: int,
    engine: "Engine",
    rate: float | None,
    units: str | None,
    gain_factor: float,
) -> None:
    """Grade an archive: SOURCE is a folder, a zip, a URL or a list of records (CSV with a column `path`).

    One row per record, bad ones with error_code and error_message; a part per chunk. After a kill or a full disk the
    same command goes on where it was. Exit 0 although records are bad: their rows say so.
    """
    from cardiov_core.scoring import score as score_all

    summary = score_all(
        source,
        out,
        _grading(model, decision, rate, units, gain_factor),
        chunk_size=chunk_size,
        window_s=window_s,
        n_processes=processes,
        engine=engine,
        tell=_Teller().tell,
    )
    if sys.stderr.isatty():
        click.echo(err=True)
    if summary.n_passed_over:
        click.echo(f"passed over {how_many(summary.n_passed_over, 'file')} that are no ECG", err=True)
    click.echo(
        f"{how_many(summary.n_records, 'row')}: {summary.n_errors} with an error, "
        f"{summary.n_withheld} without a level; "
        f"{summary.n_this_run} now, in {summary.seconds:.0f} s",
        err=True,
    )
    click.echo(summary.out)
    if window_s is not None:
        _show_worst(summary.out, n_worst)


def _grading(model: str | None, decision: str, rate: float | None, units: str | None, gain_factor: float) -> "Grading":
    from cardiov_core.review import installation_decision, installation_rules
    from cardiov_core.scoring import Grading
    from cardiov_core.weights import default_name

    return Grading(
        default_name() if model is None else model,
        paper=decision == "paper",
        own=installation_decision() if decision == "installation" else None,
        rule_set=installation_rules(),
        sampling_rate_hz=rate,
        units=units,
        gain_factor=gain_factor,
    )


def _show_worst(results: Path, n: int) -> None:
    """Print the most urgent windows, and write their minutes beside the results."""
    from cardiov_core.scoring import clock, cut_out, worst_windows

    rows = worst_windows(results, n)
    folder = results.with_name(f"{results.stem}-worst")
    for row in rows:
        level = "withheld" if row["level"] is None else Severity(row["level"]).title
        reasons = ", ".join(row["critical"] or row["findings"] or [])
        click.echo(f"{clock(row['start_s'])}  {level:<11}  {row['record_id']}  {reasons}")
        cut_out(row, folder)
    if rows:
        click.echo(f"their minutes, to be dropped on the Batch or the Analyse page: {folder}", err=True)


class _Teller:
    """Says how far a run is: in one line of a terminal, or in a line now and then of a log."""

    def __init__(self) -> None:
        self._told_s = 0.0

    def tell(self, progress: "Progress") -> None:
        terminal = sys.stderr.isatty()
        now_s = time.monotonic()
        if progress.done < progress.total and now_s - self._told_s < (0.2 if terminal else _EVERY_S):
            return
        self._told_s = now_s
        left = (
            "" if progress.left_s is None else f", {progress.rate_per_s:.1f} a second, {_clock(progress.left_s)} left"
        )
        click.echo(f"{progress.done} of {progress.total} records{left}", err=True, nl=False)
        click.echo("    \r" if terminal else "\n", err=True, nl=False)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
