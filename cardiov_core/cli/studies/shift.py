"""``cardiov shift-check``: trees on records of a device or site that they never learned from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli.graders.train import ptbxl_of
from cardiov_core.cli.options import resamples_option

if TYPE_CHECKING:
    from cardiov_core.studies import By, ShiftFigures

_HEADS = ("records", "patients", "AUC", "MAE", "ECE", "sets that hold the level")


@click.command("shift-check")
@click.argument("data", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--recipe", "recipe_name", default="boosted", show_default=True, metavar="NAME", help="Which trees.")
@click.option("--by", type=click.Choice(["device", "site"]), default="device", show_default=True)
@resamples_option(help_text="Behind an interval.")
def shift_check(data: Path, recipe_name: str, by: "By", resamples: int) -> None:
    """Hold out each device (or site) of PTB-XL as a whole, and grade its records by trees grown on the others.

    Beside each figure stands the one that the ordinary cross-validation has for the same records. Nothing is tuned on
    it, and nothing is written.
    """
    from cardiov_core.errors import ConfigurationError
    from cardiov_core.studies import check_shift
    from cardiov_core.training import BoostingRecipe, ForestRecipe, load_recipe

    recipe = load_recipe(recipe_name)
    if not isinstance(recipe, BoostingRecipe | ForestRecipe):
        raise ConfigurationError(
            f"{recipe_name!r} grows no trees, and a network for each {by} would take hours.",
            "Name the recipe 'boosted' or 'measurements'.",
        )
    rows = check_shift(recipe, ptbxl_of(data), by, n_resamples=resamples, progress=True)
    click.echo(f"| {by} | graded by trees that | {' | '.join(_HEADS)} |")
    click.echo(f"|{'---|' * (len(_HEADS) + 2)}")
    for row in rows:
        start = f"{row.n} | {row.n_patients}"
        click.echo(f"| {row.name} | never saw it | {start} | {_cells(row.unseen)} |")
        click.echo(f"| | saw other patients of it | | | {_cells(row.ordinary)} |")


def _cells(figures: "ShiftFigures") -> str:
    pairs = (
        (figures.auc, figures.auc_interval),
        (figures.mae, figures.mae_interval),
        (figures.calibration_error, figures.calibration_error_interval),
        (figures.coverage, figures.coverage_interval),
    )
    return " | ".join(
        "-" if value != value else f"{value:.3f} ({interval.low:.3f} to {interval.high:.3f})"
        for value, interval in pairs
    )
