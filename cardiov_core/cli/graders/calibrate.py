"""``cardiov calibrate``: which calibration a network's out-of-fold predictions ask for, and the one it gets."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from cardiov_core.cli.graders.train import labelled_of

if TYPE_CHECKING:
    from cardiov_core.weights import CalibrationPart, ConformalPart, DoubtPart, ModelCard

_KINDS = ("none", "temperature", "temperature_offsets")


@click.command()
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--kind", type=click.Choice(_KINDS), help="Which calibration; default: the one with the least log loss.")
@click.option("--doubt", is_flag=True, help="Only choose from which doubt on a level is warned of, of any grader.")
@click.option("--ship", is_flag=True, help="Write card and out-of-fold table beside the weights.")
def calibrate(model: str | None, data: Path | None, kind: str | None, doubt: bool, ship: bool) -> None:
    """Calibrate a network that is already trained, and measure its 90 % prediction sets.

    Prints how each kind of calibration does on patients that it was not fitted on, and the nested coverage of the sets.
    `cardiov train` does the same at its end.
    """
    from cardiov_core.training import Kind, recalibrate, ship_recalibrated
    from cardiov_core.weights import default_name, load_card

    card = load_card(model or default_name())
    if doubt:
        _doubt(card, ship)
        return
    if data is None:
        raise click.UsageError("A calibration needs the records that trained the grader: --data DIR.")
    recalibrated = recalibrate(card, labelled_of(data), cast(Kind | None, kind))
    click.echo("\n".join(_lines(recalibrated.part.calibration_part, recalibrated.part.conformal_part)))
    if ship:
        click.echo(f"Beside the weights: {ship_recalibrated(card, recalibrated).path}", err=True)


def _doubt(card: "ModelCard", ship: bool) -> None:
    """Print what warnings of doubtful levels come to; out of the out-of-fold table alone."""
    from cardiov_core.training import stored_doubt_part
    from cardiov_core.weights import update_card

    part = stored_doubt_part(card)
    click.echo("\n".join(_doubt_lines(card.name, part)))
    if ship:
        click.echo(f"In the card: {update_card(card, {part.field: part.as_json()}).path}", err=True)


def _doubt_lines(name: str, part: "DoubtPart") -> list[str]:
    lines = [f"{name} warns of a level from a doubt of {part.limit:.3f} on: the most doubtful {part.share:.0%}."]
    measured = part.measured
    if measured is None:
        return lines
    others = measured.n - measured.warned
    lines += [
        f"{measured.wrong_warned} of {measured.warned} of these were wrong, "
        f"{measured.wrong_others} of {others} others.",
        f"AUC of 'wrong': {measured.auc} by doubt, {measured.auc_most_probable} by 1 - the largest probability.",
    ]
    return lines


def _lines(chosen: "CalibrationPart", sets: "ConformalPart") -> list[str]:
    lines = [
        f"{'CALIBRATION':<20}  {'LOG LOSS':>8}  {'BRIER':>6}  {'ECE >NO':>7}  {'>LOW':>6}  {'>MEDIUM':>7}  {'MAE':>6}"
        f"  {'AUC':>6}  HIGH RISK GRADED NO OR LOW"
    ]
    for row in chosen.compared:
        no, low, medium = row.ece.values()
        auc = "-" if row.auc is None else f"{row.auc:.4f}"
        lines.append(
            f"{row.kind:<20}  {row.log_loss:>8.3f}  {row.brier:>6.4f}  {no:>7.3f}  {low:>6.3f}  {medium:>7.3f}"
            f"  {row.mae:>6.3f}  {auc:>6}  {row.high_risk_graded_no_or_low}"
        )
    offsets = ", ".join(f"{number:.3f}" for number in chosen.offsets)
    lines.append(f"Chosen: {chosen.kind}; temperature {chosen.temperature:.3f}, offsets {offsets}.")
    measured = sets.measured
    if measured is None:
        return lines
    low, high = measured.interval
    lines.append(
        f"90 % sets, limit {sets.limit:.3f}: {measured.held} of {measured.n} held the level, "
        f"{measured.coverage:.3f} ({low:.3f} to {high:.3f}), {measured.mean_size:.2f} levels on average."
    )
    lines += [f"  {title}: {one.held} of {one.n}" for title, one in measured.a_level.items()]
    return [*lines, measured.note]
