"""``cardiov attributions-check``: whether attributions lie on premature beats and at pacemaker spikes."""

from pathlib import Path

import click

from cardiov_core.cli.graders.train import ptbxl_of
from cardiov_core.cli.options import resamples_option


@click.command("attributions-check")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="PTB-XL tree.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@click.option(
    "--model",
    default="xresnet1d18",
    show_default=True,
    metavar="NAME|CARD",
    help="A grader, or the card of a network on the task 'all'; one of convolutions and ReLUs.",
)
@click.option(
    "--most", type=click.IntRange(min=1), default=60, show_default=True, help="Records of a statement, the first ones."
)
@resamples_option()
def attributions_check(data: Path, out: Path, model: str, most: int, resamples: int) -> None:
    """Attribute a network's outputs on records with PVC and PACE in three ways.

    Prints which share lies on beats of another shape, and at pacemaker spikes, and draws the first record of each in
    --out.
    """
    from cardiov_core.studies import attributions_text, check_attributions, draw_attributions

    checked = check_attributions(ptbxl_of(data), model, most=most, n_resamples=resamples)
    draw_attributions(checked, out / f"attributions-{checked.model}.png")
    click.echo(attributions_text(checked))
