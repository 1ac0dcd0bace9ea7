"""``cardiov ablate``: the paper's ablation on one network, as one table beside the paper's."""

import sys
from dataclasses import replace
from pathlib import Path

import click

from cardiov_core.cli.graders.train import labelled_of
from cardiov_core.cli.options import resamples_option


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@click.option(
    "--recipe",
    "recipe_name",
    default="cardiov-plain",
    show_default=True,
    metavar="NAME",
    help="A recipe that comes with CardioV, or a TOML file: network, groups, seed, stages.",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), metavar="N", help="End every stage after N epochs, where it has more."
)
@resamples_option()
def ablate(data: Path, out: Path, recipe_name: str, epochs: int | None, resamples: int) -> None:
    """Compare ordinal, rank-consistent, classification and regression outputs.

    Same network, groups, seeds and epochs; continues where it was interrupted. The table is printed and lies in --out
    as ablation.txt, ablation.md and ablation.json.
    """
    from cardiov_core import training
    from cardiov_core.studies import ablate as compare

    recipe = training.load_recipe(recipe_name)
    if not isinstance(recipe, training.Recipe):
        raise click.UsageError(f"--recipe {recipe_name}: only a network has an output to change.")
    recipe = replace(recipe, max_epochs=epochs)
    ablation = compare(recipe, labelled_of(data), out, progress=sys.stderr.isatty(), n_resamples=resamples)
    click.echo(ablation.text, nl=False)
