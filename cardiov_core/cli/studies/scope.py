"""``cardiov scope-check``: where a grader's training records lie, and which other records lie outside."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli.graders.train import ptbxl_of

if TYPE_CHECKING:
    from cardiov_core.studies import ScopeCheck


@click.command("scope-check")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="A grader's name or its weights file; may be given again. Default: the default grader.",
)
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option(
    "--foreign",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Folder of another source (LUDB, CinC 2020/21); may be repeated.",
)
@click.option("--ship", is_flag=True, help="Write the known range beside the weights, for the scope flag.")
def scope_check(models: tuple[str, ...], data: Path, foreign: tuple[Path, ...], ship: bool) -> None:
    """Fit what a grader's training records look like, and try the flag on records that are something else.

    Prints how well the distance tells them apart from training records that were held out, and the share that is
    flagged: altered records, made-up rhythms, other sources. Graders of the same records share one range.
    """
    from cardiov_core.studies import check_scope, ship_scope, training_folds
    from cardiov_core.weights import default_name, load_card

    checks: list[tuple[dict[int, int], ScopeCheck]] = []
    for card in map(load_card, models or (default_name(),)):
        trained = training_folds(card)
        check = next((one for known, one in checks if known == trained), None)
        if check is None:
            check = check_scope(card, ptbxl_of(data), foreign)
            checks.append((trained, check))
            click.echo("\n".join(_lines(check)))
        if ship:
            given = "".join(f" --foreign {folder.name}" for folder in foreign)
            written = ship_scope(card, check, f"cardiov scope-check --model {card.name} --data DIR{given} --ship")
            click.echo(f"Beside the weights: {written.path}", err=True)


def _lines(check: "ScopeCheck") -> list[str]:
    from cardiov_core.inference import SHARE_INSIDE, limit_of

    n_records = len(check.known.held_out)
    lines = [f"{'RECORDS':<34}  {'N':>4}  {'AUC':>5}  FLAGGED"]
    for row in check.rows:
        auc = "-" if row.auc is None else f"{row.auc:.3f}"
        lines.append(f"{row.what:<34}  {row.n:>4}  {auc:>5}  {100 * row.flagged:>5.1f} %")
    return [
        *lines,
        f"Limit {limit_of(check.known):.2f}: {100 * SHARE_INSIDE:.0f} % of {n_records} training records, each measured "
        f"from a range without its fold, lie within it ({len(check.known.components)} components).",
    ]
