"""``cardiov train-statements``: the head that says which ECG statements are likely."""

import sys
from pathlib import Path

import click

from cardiov_core.cli.graders.train import ptbxl_of


@click.command("train-statements")
@click.option("--data", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL tree.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
def train_statements(folder: Path, out: Path) -> None:
    """Train the statement head on folds 1-9: weights with their card, and figures of each statement out of fold."""
    from cardiov_core import training

    path, card = training.train_statements(ptbxl_of(folder), out, progress=sys.stderr.isatty())
    click.echo(f"{'STATEMENT':<10}  {'RECORDS':>7}  {'AUC':>5}  95 % INTERVAL")
    for one in card.statements:
        low, high = one.auc_interval
        shown = "" if one.shown else "  not told"
        click.echo(f"{one.code:<10}  {one.n:>7}  {one.auc:.3f}  {low:.3f} to {high:.3f}{shown}")
    low, high = card.macro_auc_interval
    click.echo(f"mean of {card.n_shown} told: {card.macro_auc:.3f} ({low:.3f} to {high:.3f})")
    click.echo(path)
