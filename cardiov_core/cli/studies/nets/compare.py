"""``cardiov compare``: networks beside each other on one task, as tables and a figure."""

from pathlib import Path

import click

from cardiov_core.cli.graders.train import labelled_of
from cardiov_core.cli.options import resamples_option


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@click.option(
    "--nets",
    required=True,
    metavar="NAMES",
    help="Names of `cardiov networks` with commas between them; ensemble is the mean of the others.",
)
@click.option(
    "--task",
    "tasks",
    required=True,
    multiple=True,
    metavar="NAME",
    help="critical-value, all, diagnostic, subdiagnostic, superdiagnostic, form, rhythm, age or sex. May be repeated.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.1),
    default=240.0,
    show_default=True,
    help="Processor time of one thread for a network and group.",
)
@click.option(
    "--leads",
    "lead_sets",
    multiple=True,
    metavar="NAMES",
    help="Feed networks these leads, as I,II,V2, in place of all twelve; may be repeated: each is trained on each set.",
)
@click.option("--max-epochs", type=click.IntRange(min=1), default=50, show_default=True, help="No more than these.")
@resamples_option()
@click.option("--ship", is_flag=True, help="Put the comparison beside the weights, for the Performance page.")
def compare(
    data: Path,
    out: Path,
    nets: str,
    tasks: tuple[str, ...],
    seconds: float,
    lead_sets: tuple[str, ...],
    max_epochs: int,
    resamples: int,
    ship: bool,
) -> None:
    """Train networks on the same records, groups, budget and seeds, and compare what they say out of fold.

    Continues where it was interrupted. Prints a table a task, which lies in --out as CSV, Markdown, JSON and figure,
    beside the matrix of mean probabilities of the best network on tasks of several labels.
    """
    if lead_sets and ship:
        raise click.UsageError("--ship is for networks of twelve leads: leave --leads out.")
    from cardiov_core.domain import STANDARD_LEADS
    from cardiov_core.studies import (
        Budget,
        compare_nets,
        draw_probability_matrix,
        ship_comparison,
        table_markdown,
        table_of,
        write_comparison,
    )

    names = tuple(name.strip() for name in nets.split(",") if name.strip())
    budget = Budget(seconds, max_epochs)
    sets = [tuple(lead.strip() for lead in one.split(",")) for one in lead_sets] or [STANDARD_LEADS]
    for task in tasks:
        comparison = compare_nets(names, task, labelled_of(data), out, budget=budget, report=_told, lead_sets=sets)
        table = table_of(comparison, resamples)
        write_comparison(table, out)
        if comparison.task.kind == "labels" and len(comparison.task.outputs) > 1:
            best = next(row.net for row in table.rows if row.net != "ensemble")
            draw_probability_matrix(comparison, best, out / f"{task}-matrix.png")
        if ship:
            ship_comparison(table)
        click.echo(table_markdown(table))


def _told(line: str) -> None:
    click.echo(line, err=True)
