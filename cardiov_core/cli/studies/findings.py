"""``cardiov findings-check``: the rules against the labels of real records."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output

if TYPE_CHECKING:
    from cardiov_core.studies.signals.findings import Confusion, FindingsCheck

_HEAD = (
    f"{'RULE':<40}  {'LABELS':<6}  {'TP':>4}  {'FP':>4}  {'TN':>4}  {'FN':>4}  {'N/M':>4}  {'SENS':>5}  {'PPV':>5}"
    f"  {'PAPER SENS':>10}  {'PAPER PPV':>9}"
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
def findings_check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Compare findings with what cardiologists wrote.

    Each PATH is a folder of PTB-XL, of LUDB, or of CinC 2020/21 records with SNOMED codes. Prints true and false
    positives and negatives a rule, and what was not measurable (N/M), beside the sensitivity and the positive
    predictive value of Table 4 of Wen and Kang 2022.
    """
    from cardiov_core.datasets.labelled import labelled_records
    from cardiov_core.studies.signals.findings import check_findings, check_to_dict

    check = check_findings(labelled for path in paths for labelled in labelled_records(path))
    click.echo(output.to_json(check_to_dict(check)) if as_json else _table(check))


def _table(check: "FindingsCheck") -> str:
    from cardiov_core.studies.signals.findings import PAPER

    counted = ", ".join(f"{source} {number}" for source, number in check.n_records.items())
    lines = [f"Records compared: {counted}.", "", _HEAD]
    for row in check.rows:
        paper = PAPER.get(row.comparison.topic)
        lines.append(
            f"{row.comparison.name:<40}  {row.source:<6}  {_counts(row.confusion)}"
            f"  {_per_cent(None if paper is None else paper.sensitivity):>10}"
            f"  {_per_cent(None if paper is None else paper.positive_predictive_value):>9}"
        )
    meanings = {row.comparison.name: row.comparison.meaning for row in check.rows}
    lines += ["", "What the labels mean:", *(f"  {name}: {meaning}" for name, meaning in meanings.items())]
    lines += [f"skipped {reason}" for reason in check.skipped]
    return "\n".join(lines)


def _counts(confusion: "Confusion") -> str:
    numbers = (
        confusion.true_positive,
        confusion.false_positive,
        confusion.true_negative,
        confusion.false_negative,
        confusion.unmeasured_labelled + confusion.unmeasured_unlabelled,
    )
    shares = (confusion.sensitivity, confusion.positive_predictive_value)
    return "  ".join([*(f"{number:>4}" for number in numbers), *(f"{_per_cent(share):>5}" for share in shares)])


def _per_cent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"
