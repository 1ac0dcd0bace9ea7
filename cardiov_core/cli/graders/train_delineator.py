"""``cardiov train-delineator``: the networks that find P, QRS and T, trained again."""

import sys
from pathlib import Path

import click


@click.command(name="train-delineator")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of LUDB.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
def train_delineator(data: Path, out: Path) -> None:
    """Train the delineator on LUDB's marks, cross-validated by record; takes some ten minutes on one processor.

    Writes delineator.safetensors and its card delineator.json to --out; they belong into weights/delineator/.
    """
    from cardiov_core import training
    from cardiov_core.datasets import Ludb

    inner = data / "ludb"
    ludb = Ludb(inner if inner.is_dir() else data)
    click.echo(training.train_delineator(ludb, out, progress=sys.stderr.isatty()))
