"""``cardiov leads-check``: what a grader loses on records of fewer leads."""

import sys
from pathlib import Path

import click

from cardiov_core.cli.graders.train import ptbxl_of
from cardiov_core.cli.options import resamples_option


@click.command("leads-check")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL tree.")
@click.option(
    "--recipe", default="boosted", show_default=True, metavar="NAME", help="A recipe of boosted trees, or a TOML file."
)
@click.option(
    "--again",
    type=click.IntRange(min=0),
    default=300,
    show_default=True,
    help="Records that are measured again with their other leads taken away.",
)
@resamples_option(500)
def leads_check(data: Path, recipe: str, again: int, resamples: int) -> None:
    """Compare trees on the measurements of twelve, of three and of two leads, out of fold on folds 1-9.

    Numbers of no lead in particular stay as twelve leads measured them; on some records that is checked.
    """
    from cardiov_core import training
    from cardiov_core.studies import check_fewer_leads, fewer_leads_text

    chosen = training.load_recipe(recipe)
    if not isinstance(chosen, training.BoostingRecipe):
        raise click.UsageError(f"--recipe {recipe}: only boosted trees take records without some numbers.")
    figures = check_fewer_leads(
        ptbxl_of(data), chosen, n_again=again, n_resamples=resamples, progress=sys.stderr.isatty()
    )
    click.echo(fewer_leads_text(figures))
