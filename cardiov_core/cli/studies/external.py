"""``cardiov outside-check``: graders on records of other sources."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cardiov_core.domain import Tally


@click.command("outside-check")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FOLDER...")
@click.option(
    "--levels",
    "levels_file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Table of diagnoses and their critical values: source, pattern, critical_value.",
)
@click.option("--model", "names", multiple=True, metavar="NAME", help="A grader; may be given again. Default: all.")
def outside_check(folders: tuple[Path, ...], levels_file: Path, names: tuple[str, ...]) -> None:
    """Compare graders with the diagnoses of LUDB or of CinC records; nothing is tuned on it.

    Also how far probabilities, sets and warnings hold there, where patients and machines are others.
    """
    from cardiov_core.inference import load_predictor
    from cardiov_core.studies import check_outside, read_levels
    from cardiov_core.weights import list_cards

    levels = read_levels(levels_file)
    predictors = [load_predictor(name) for name in names or [card.name for card in list_cards()]]
    click.echo(
        "| records | grader | n (withheld) | no, low, medium, high | MAE | accuracy | AUC no | AUC medium or high |"
    )
    click.echo("|---|---|---|---|---|---|---|---|")
    trust = []
    for folder in folders:
        for predictor in predictors:
            outcome = check_outside(folder, levels, predictor)
            low, high = outcome.mae_interval
            click.echo(
                f"| {outcome.source} | {outcome.model_name} | {outcome.n} ({outcome.n_withheld}) "
                f"| {', '.join(map(str, outcome.n_per_level))} | {outcome.mae:.2f} ({low:.2f} to {high:.2f}) "
                f"| {outcome.accuracy:.2f} | {outcome.auc['no']:.2f} | {outcome.auc['above_low']:.2f} |"
            )
            trust.append(
                f"| {outcome.source} | {outcome.model_name} | {outcome.stated:.2f} | {outcome.observed:.2f} "
                f"| {outcome.calibration_error:.2f} | {outcome.held.n - outcome.held.wrong} of {outcome.held.n} "
                f"| {_wrong(outcome.flagged)} | {_wrong(outcome.warned)} | {_wrong(outcome.others)} |"
            )
    click.echo(
        "\n| records | grader | medium or higher: stated | is so | calibration error | sets that held "
        "| wrong: flagged as unlike | warned of as unsure | neither |"
    )
    click.echo("|---|---|---|---|---|---|---|---|---|")
    for line in trust:
        click.echo(line)


def _wrong(tally: "Tally") -> str:
    return f"{tally.wrong} of {tally.n}"
