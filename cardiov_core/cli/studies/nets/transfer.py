"""``cardiov transfer-check``: what learning statements first gains, by how many records there are."""

from pathlib import Path

import click

from cardiov_core.cli.graders.train import labelled_of
from cardiov_core.cli.options import resamples_option


@click.command("transfer-check")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@click.option("--net", default="xresnet1d18", show_default=True, metavar="NAME", help="One of `cardiov networks`.")
@click.option("--before", default="all", show_default=True, metavar="TASK", help="What is learned first.")
@click.option("--task", default="critical-value", show_default=True, metavar="TASK", help="What the figures are of.")
@click.option(
    "--sizes",
    default="50,100,200,400,800",
    show_default=True,
    metavar="NUMBERS",
    help="Records that are learned from, with commas between them.",
)
@click.option("--epochs", type=click.IntRange(min=2), default=20, show_default=True, help="Of every training.")
@click.option("--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Trainings of each kind.")
@resamples_option(500)
def transfer_check(
    data: Path, out: Path, net: str, before: str, task: str, sizes: str, epochs: int, seeds: int, resamples: int
) -> None:
    """Train a network on growing parts of a task, anew and fine-tuned after another task on other patients.

    Continues where it was interrupted. Prints a table, which lies in --out as Markdown, CSV and figure.
    """
    from cardiov_core.studies import TransferPlan, check_transfer, transfer_text, write_transfer

    try:
        numbers = tuple(int(part) for part in sizes.split(","))
    except ValueError as error:
        raise click.UsageError(f"--sizes {sizes}: give whole numbers with commas between them.") from error
    plan = TransferPlan(net, before, task, numbers, epochs, seeds)
    transfers = check_transfer(
        labelled_of(data), plan, out, report=lambda line: click.echo(line, err=True), n_resamples=resamples
    )
    write_transfer(transfers, out)
    click.echo(transfer_text(transfers))
