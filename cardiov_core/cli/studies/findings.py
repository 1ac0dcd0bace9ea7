"""``cardiov findings-check``: findings against the labels of real records."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output

if TYPE_CHECKING:
    from cardiov_core.studies import CheckRow, FindingsCheck

_HEAD = (
    f"{'FINDING':<37} {'LABELS':<6} {'WITH':>5} {'WITHOUT':>7} {'N/M':>5}  {'SENSITIVITY':<19} {'SPECIFICITY':<19} "
    f"{'PPV':>5} {'AT 2 %':>6}  SHOWN"
)


@click.command("findings-check")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PATH...",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the names of the records that differ.")
@click.option("--ship", is_flag=True, help="Write the figures on PTB-XL beside the detectors, for the page's words.")
def findings_check(paths: tuple[Path, ...], as_json: bool, ship: bool) -> None:
    """Compare findings with what cardiologists wrote.

    Each PATH is a folder of PTB-XL, of LUDB, or of CinC 2020/21 records with SNOMED codes; of PTB-XL folds 1 to 9
    count. Prints for each finding the records with and without its label (those with related labels are left out),
    in how many it was not measurable (N/M), sensitivity and specificity with 95 % intervals, and the positive
    predictive value in these data and where 2 % have the finding. Detectors are asked out of fold.
    """
    from cardiov_core.datasets import labelled_records
    from cardiov_core.signals import KeptExaminations
    from cardiov_core.studies import check_findings, figures, findings_check_to_dict
    from cardiov_core.weights import save_figures

    kept = KeptExaminations()
    check = check_findings(
        (labelled for path in paths for labelled in labelled_records(path, folds=range(1, 10))),
        lambda record: next(kept.of([record])).findings,
    )
    if ship:
        written = save_figures(figures(check))
        click.echo(f"written: {written}", err=True)
    click.echo(output.to_json(findings_check_to_dict(check)) if as_json else _table(check))


def _table(check: "FindingsCheck") -> str:
    counted = ", ".join(f"{source} {number}" for source, number in check.n_records.items())
    lines = [f"Records compared: {counted}.", "", _HEAD, *(_line(row) for row in check.rows)]
    lines += ["", "The same rules in Table 4 of Wen and Kang 2022:", *_paper()]
    meanings = {row.comparison.code: row.comparison.meaning for row in check.rows if row.comparison.meaning}
    lines += ["", "What the labels mean:", *(f"  {name}: {meaning}" for name, meaning in meanings.items())]
    lines += [f"skipped {reason}" for reason in check.skipped]
    return "\n".join(lines)


def _line(row: "CheckRow") -> str:
    from cardiov_core.signals import ROWS
    from cardiov_core.studies import LOW_PREVALENCE

    counts = row.confusion
    unmeasured = counts.unmeasured_labelled + counts.unmeasured_unlabelled
    sensitivity = _share(counts.sensitivity, counts.sensitivity_interval)
    specificity = _share(counts.specificity, counts.specificity_interval)
    return (
        f"{row.comparison.code:<37} {row.source:<6} {counts.n_with:>5} {counts.n_without:>7} {unmeasured:>5}  "
        f"{sensitivity:<19} {specificity:<19} {_per_cent(counts.positive_predictive_value):>5} "
        f"{_per_cent(counts.predictive_value_at(LOW_PREVALENCE)):>6}  "
        f"{'yes' if ROWS[row.comparison.code].shown else 'no'}"
    )


def _paper() -> list[str]:
    from cardiov_core.studies import PAPER

    return [
        f"  {code}: sensitivity {_per_cent(counts.sensitivity)}, specificity {_per_cent(counts.specificity)}, "
        f"PPV {_per_cent(counts.positive_predictive_value)}"
        for code, counts in PAPER.items()
    ]


def _share(share: float | None, interval: tuple[float, float] | None) -> str:
    if share is None or interval is None:
        return "-"
    return f"{share:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"


def _per_cent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
