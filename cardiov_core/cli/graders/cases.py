"""``cardiov cases``: the records that a grader gets wrong, as a list that the review takes in."""

import sys
from pathlib import Path

import click

from cardiov_core.cli.graders.train import Folds, ptbxl_of
from cardiov_core.cli.options import labels_option
from cardiov_core.domain import how_many


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--folds", required=True, type=Folds(), metavar="FOLDS", help="10, 1-9 or 1,3,5-7.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@labels_option
@click.option(
    "--all", "everything", is_flag=True, help="List the rightly graded records too: blind studies mix them in."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="A .json or .csv file.")
def cases(
    data: Path, folds: tuple[int, ...], model: str | None, labels_file: Path | None, everything: bool, out: Path
) -> None:
    """List the records whose grade is not their label, the farthest misses first.

    Records that trained the grader count with their out-of-fold predictions. Each case names its waveform, label,
    level, probabilities and reasons, the statements behind the label among them, and what other graders say;
    `cardiov review import-cases` takes the list in. Beside FILE lies one HTML file of the same name, with every far
    miss (three levels off) drawn and explained.
    """
    if out.suffix.lower() not in {".json", ".csv"}:
        raise click.UsageError(f"--out {out.name}: choose .json or .csv.")
    from cardiov_core.evaluation import find_cases, write_cases
    from cardiov_core.inference import load_predictor, other_graders
    from cardiov_core.reporting import default_report_path, distortion_words, write_case_report

    dataset, predictor, say = ptbxl_of(data, labels_file), load_predictor(model), _say if _shows_progress() else None
    others = other_graders(predictor)
    listed = find_cases(dataset, predictor, folds, others=others, everything=everything, progress=say)
    write_cases(listed, out)
    write_case_report(listed, dataset, predictor, default_report_path(out), progress=say)
    wrong = sum(case.error > 0 for case in listed.cases)
    click.echo(f"{how_many(listed.n_graded, 'record')} graded, {wrong} of them wrongly")
    for gap in (3, 2, 1):
        click.echo(f"  {sum(case.error == gap for case in listed.cases)} off by {how_many(gap, 'level')}")
    click.echo(distortion_words(listed))
    for reason in listed.skipped:
        click.echo(f"without a level: {reason}", err=True)
    click.echo(default_report_path(out))
    click.echo(out)


def _shows_progress() -> bool:
    return sys.stderr.isatty()


def _say(done: int, n_records: int) -> None:
    click.echo(f"\r{done} of {n_records}", nl=done == n_records, err=True)
