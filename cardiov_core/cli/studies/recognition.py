"""``cardiov recognition-check``: how surely training records are known again, and no other is taken for one."""

from pathlib import Path

import click

from cardiov_core.cli.graders.train import ptbxl_of

_FOLDS = tuple(range(1, 10))


@click.command("recognition-check")
@click.argument("data", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, help="Change each Nth record.")
def recognition_check(data: Path, every: int) -> None:
    """Change records of PTB-XL's folds 1 to 9 as carts and formats do, and see whether they are known again.

    The marks of all records are held against each other, too: no record may be taken for another.
    """
    from cardiov_core.studies import check_recognition

    check = check_recognition(ptbxl_of(data), _FOLDS, every=every, progress=True)
    click.echo(f"| change | records | known again (at most {check.limit_bits} bits) | median bits | most |")
    click.echo("|---|---|---|---|---|")
    for row in check.changes:
        click.echo(f"| {row.name} | {row.n} | {row.n_known} | {row.median_bits:g} | {row.most_bits} |")
    twins = ", ".join(f"{one} and {other}" for one, other in check.twins) or "none"
    click.echo(f"\n{check.n_records} records, each held against all others. The same recording twice: {twins}.")
    click.echo(f"Others taken for one: {len(check.mistaken)}; the nearest two differ in {check.nearest_bits} bits.")
    for one, other in check.mistaken:
        click.echo(f"  {one} and {other}")
