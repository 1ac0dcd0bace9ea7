"""``cardiov passport``: sanity checks of a network's attention maps, per level and stage."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli.graders.train import Folds, ptbxl_of

if TYPE_CHECKING:
    from cardiov_core.weights import PassportPart, ReasonsPart, SanityRow


@click.command()
@click.option("--model", metavar="NAME", help="A network's name or its weights file; default: the default grader.")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--folds", type=Folds(), default="1-9", show_default=True, metavar="FOLDS", help="10, 1-9 or 1,3,5-7.")
@click.option("--n", "n_records", type=click.IntRange(min=1), default=160, show_default=True, help="Records.")
@click.option("--ship", is_flag=True, help="Write it into the model card: what fails is withheld from then on.")
def passport(model: str | None, data: Path, folds: tuple[int, ...], n_records: int, ship: bool) -> None:
    """Test what a grader shows as its explanation.

    A network's attention maps, and the importance of its leads: against untrained weights, by deletion, and between
    shifted passes; for each level and stage the figures and what fails. The measurement grader's reasons: whether the
    leading one counts more than other numbers. A blend is explained by its members: test these.
    """
    from cardiov_core.weights import FOREST, default_name, load_card

    card = load_card(model or default_name())
    shown = ",".join(map(str, folds))
    command = f"cardiov passport --model {card.name} --data DIR --folds {shown} --n {n_records} --ship"
    if card.architecture.name == FOREST:
        from cardiov_core.studies import check_reasons, ship_reasons_check

        reasons = check_reasons(card, ptbxl_of(data), folds, n_records)
        click.echo("\n".join(_reason_lines(reasons)))
        written = ship_reasons_check(card, reasons, command) if ship else None
    else:
        from cardiov_core.studies import check_passport, ship_passport

        tested = check_passport(card, ptbxl_of(data), folds, n_records)
        click.echo("\n".join(_lines(tested)))
        written = ship_passport(card, tested, command) if ship else None
    if written is not None:
        click.echo(f"In the card: {written.path}", err=True)


def _lines(tested: "PassportPart") -> list[str]:
    lines = [
        f"{'LEVEL':>5}  {'STAGE':>5}  {'N':>3}  {'EMPTY':>5}  {'UNTRAINED':>9}  {'DELETION':>24}  {'SHIFT':>6}  FAILED"
    ]
    for level, stages in tested.levels.items():
        lines += [f"{level:>5}  {row.stage:>5}  {_figures(row)}" for row in stages]
    lines += [f"{level:>5}  leads  {_figures(row)}" for level, row in tested.leads.items()]
    lines.append("Untrained from the output down to ...: median rank correlation of each stage")
    for name, values in tested.cascade.items():
        lines.append(f"  {name:<8} " + " ".join(f"{_number(value):>6}" for value in values))
    lines += [f"{name}: {rule}" for name, rule in tested.rules.items()]
    return [*lines, f"Measured on {tested.records}."]


def _figures(row: "SanityRow") -> str:
    deletion = row.deletion
    loss = (
        "-"
        if deletion is None
        else f"{deletion.difference:.2f} ({deletion.interval[0]:.2f} to {deletion.interval[1]:.2f})"
    )
    return (
        f"{row.n:>3}  {row.n_empty:>5}  {_number(row.randomisation):>9}  {loss:>24}"
        f"  {_number(row.shift):>6}  {', '.join(row.failed) or '-'}"
    )


def _reason_lines(tested: "ReasonsPart") -> list[str]:
    lines = [f"{'LEVEL':>5}  {'N':>3}  {'TOLD DIRECTION':>14}  {'LEADING':>7}  {'OTHERS':>6}  DIFFERENCE"]
    for level, row in tested.levels.items():
        low, high = row.interval
        told_share = "-" if row.told_direction is None else f"{100 * row.told_direction:.0f}"
        lines.append(
            f"{level:>5}  {row.n:>3}  {told_share:>12} %  {_number(row.leading, 3):>7}"
            f"  {_number(row.random, 3):>6}  {row.difference:.3f} ({low:.3f} to {high:.3f})"
            f"{'' if row.passed else '  failed'}"
        )
    return [*lines, tested.rule or "", f"Measured on {tested.records}."]


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
