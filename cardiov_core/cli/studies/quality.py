"""``cardiov quality-check``: the quality gate against PTB-XL's notes and against faults put into real records."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output

if TYPE_CHECKING:
    from cardiov_core.studies import QualityCheck

_LIMITS = (
    "Asked for: at most 1 % of the records not analysable, at most 15 % limited of those noted as free of noise. "
    "Limits were chosen on PTB-XL's folds 1-5."
)


@click.command("quality-check")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="PATH...",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the tables.")
@click.option(
    "--records",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    metavar="N",
    help="Records of a source that get each fault.",
)
def quality_check(paths: tuple[Path, ...], as_json: bool, records: int) -> None:
    """Judge real records, as they are and with faults put in.

    Each PATH is a folder of PTB-XL, of LUDB, or of CinC 2020/21 records with SNOMED codes. Prints the verdicts; how
    the measured noise agrees with the disturbances that PTB-XL's readers noted; in how many records each fault is
    found; and pacemaker spikes against the labels.
    """
    from cardiov_core.studies import check_quality, quality_check_to_dict

    check = check_quality(paths, n_faulty=records)
    click.echo(output.to_json(quality_check_to_dict(check)) if as_json else _tables(check))


def _tables(check: "QualityCheck") -> str:
    blocks = [_verdicts(check), _notes(check), _faults(check), _pacing(check)]
    if check.skipped:
        blocks.append([f"skipped {reason}" for reason in check.skipped])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _verdicts(check: "QualityCheck") -> list[str]:
    lines = [f"{'VERDICTS':<38}  {'N':>5}  {'ACCEPTABLE':>12}  {'LIMITED':>12}  {'NOT ANALYSABLE':>14}"]
    for row in check.verdicts:
        cells = [
            f"{count} ({_per_cent(count / row.n if row.n else None)})"
            for count in (row.acceptable, row.limited, row.not_analysable)
        ]
        lines.append(f"{row.group:<38}  {row.n:>5}  {cells[0]:>12}  {cells[1]:>12}  {cells[2]:>14}")
        if row.reasons:
            lines.append("    " + ", ".join(f"{kind} {count}" for kind, count in row.reasons.items()))
    return [*lines, _LIMITS]


def _notes(check: "QualityCheck") -> list[str]:
    if not check.notes:
        return []
    lines = [
        f"{'NOTE OF PTB-XL':<20}  {'FOLDS':<11}  {'NOTED':>5}  {'OTHER':>5}  {'NUMBER':<9}  {'AUC':>5}  {'SENS':>6}"
        f"  {'SPEC':>6}"
    ]
    for row in check.notes:
        auc = "-" if row.auc is None else f"{row.auc:.2f}"
        lines.append(
            f"{row.note:<20}  {row.group:<11}  {row.n_noted:>5}  {row.n_other:>5}  {row.score or '-':<9}  {auc:>5}"
            f"  {_per_cent(row.sensitivity):>6}  {_per_cent(row.specificity):>6}"
        )
    return [*lines, "SENS: noted records that are limited. SPEC: records without any note that are acceptable."]


def _faults(check: "QualityCheck") -> list[str]:
    if not check.faults:
        return []
    lines = [f"{'FAULT PUT IN':<44}  {'SOURCE':<6}  {'N':>4}  {'SENS':>6}  {'UNCHANGED':>9}  {'SPEC':>7}  FALSE ALARMS"]
    for row in check.faults:
        alarms = ", ".join(row.false_alarms[:4]) + (" ..." if len(row.false_alarms) > 4 else "")
        lines.append(
            f"{row.fault:<44}  {row.source:<6}  {row.n:>4}  {_per_cent(row.sensitivity):>6}  {row.n_unchanged:>9}"
            f"  {_per_cent(row.specificity, 1):>7}  {alarms}".rstrip()
        )
    return [*lines, "Unchanged records are those of no fold used to choose limits; a false alarm may be a real fault."]


def _pacing(check: "QualityCheck") -> list[str]:
    lines = [f"{'PACEMAKER SPIKES':<16}  {'PACED':>5}  {'FOUND':>5}  {'OTHERS':>6}  FALSE ALARMS; MISSED"]
    for row in check.pacing:
        named = f"{', '.join(row.false_alarms) or 'none'}; {', '.join(row.missed) or 'none'}"
        lines.append(f"{row.source:<16}  {row.n_paced:>5}  {row.found:>5}  {row.n_other:>6}  {named}")
    return lines


def _per_cent(share: float | None, digits: int = 0) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f} %"
