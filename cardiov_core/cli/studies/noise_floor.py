"""``cardiov noise-floor``: how far two ECGs of one person differ without a change."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output

if TYPE_CHECKING:
    from cardiov_core.comparison import NoiseFloor

_ALL_FOLDS = tuple(range(1, 10))


@click.command("noise-floor")
@click.argument("ptb_xl", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="PTB-XL")
@click.argument("unseen", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER...")
@click.option(
    "--fold",
    "folds",
    multiple=True,
    type=click.IntRange(1, 10),
    help="Halve the records of this fold; may be given again. Default: 1 to 9. Repeats are looked for in all.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--ship", is_flag=True, help="Write the limits where serial comparison reads them.")
def noise_floor(ptb_xl: Path, unseen: tuple[Path, ...], folds: tuple[int, ...], as_json: bool, ship: bool) -> None:
    """Measure how far ECGs differ without a change, for serial comparison.

    Compares the two halves of PTB-XL's records, and whole ECGs of one person within a week. FOLDER: LUDB or CinC, whose
    halves show how far levels and trained detectors differ, since they learned from PTB-XL.
    """
    from cardiov_core.comparison import noise_floor_to_dict, save_noise_floor
    from cardiov_core.inference import load_predictor
    from cardiov_core.studies import measure_noise_floor

    noise = measure_noise_floor(ptb_xl, unseen, load_predictor(), folds or _ALL_FOLDS)
    if ship:
        click.echo(f"written: {save_noise_floor(noise)}", err=True)
    click.echo(output.to_json(noise_floor_to_dict(noise)) if as_json else _tables(noise))


def _tables(noise: "NoiseFloor") -> str:
    source = noise.source
    lines = [
        f"Halves of {source.n_halved} records of PTB-XL, folds {source.folds}; of {source.n_unseen_halved} "
        f"records that trained neither graders nor detectors; {source.n_repeats} pairs of ECGs of one person within "
        f"{source.repeat_days:g} days, {source.n_same_day} of them of one day.",
        "",
        "| number | lead | halves: n | median | 95th percentile | repeats: n | median | 95th percentile | limit |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (code, lead), one in noise.numbers.items():
        spreads = " | ".join(f"{spread.n} | {spread.median:g} | {spread.p95:g}" for spread in (one.halves, one.repeats))
        lines.append(f"| {code} | {lead} | {spreads} | {one.limit:g} |")
    lines += ["", "| finding | halves that differ | repeats that differ |", "|---|---|---|"]
    for code, flips in noise.flips.items():
        lines.append(
            f"| {code} | {flips.flipped_halves} of {flips.n_halves} | {flips.flipped_repeats} of {flips.n_repeats} |"
        )
    return "\n".join(lines)
