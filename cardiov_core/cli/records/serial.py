"""``cardiov serial``: two ECGs of one patient, compared."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output
from cardiov_core.cli.options import computing_options, reading_options
from cardiov_core.errors import DifferentPatientsError

if TYPE_CHECKING:
    from cardiov_core.comparison import IdentityCheck, SerialComparison
    from cardiov_core.domain import EcgRecord


@click.command()
@click.argument("earlier", type=click.Path(path_type=Path), metavar="EARLIER")
@click.argument("later", type=click.Path(path_type=Path), metavar="LATER")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every item, unchanged ones, too.")
@click.option("--same-patient", is_flag=True, help="Both are of one patient, whatever the files state.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@reading_options
@computing_options
def serial(
    earlier: Path,
    later: Path,
    as_json: bool,
    same_patient: bool,
    model: str | None,
    rate: float | None,
    units: str | None,
    gain_factor: float,
) -> None:
    """Compare two ECGs of one patient: what is new, gone, changed, unchanged or not compared, and why.

    A difference counts as a change where it is larger than ECGs differ by without one, as `cardiov noise-floor`
    measured. Where the stated times of recording say that EARLIER is the later one, the two are exchanged.
    """
    from cardiov_core.comparison import check_identity, compare_ecgs, comparison_to_dict, recorded_first
    from cardiov_core.computing import computing_for
    from cardiov_core.inference import analyze, load_predictor
    from cardiov_core.io import read_record
    from cardiov_core.review import installation_rules

    first, second = (
        read_record(path, sampling_rate=rate, units=units, gain_factor=gain_factor) for path in (earlier, later)
    )
    if recorded_first(first, second) is second:
        first, second = second, first
        click.echo(f"{later} was recorded first: the two are exchanged.", err=True)
    identity = check_identity(first, second)
    if identity.identity != "same patient" and not same_patient:
        raise _refused(identity, first, second)
    with computing_for(2):
        grader, rules = load_predictor(model), installation_rules()
        comparison = compare_ecgs(analyze(first, grader, rule_set=rules), analyze(second, grader, rule_set=rules))
    click.echo(output.to_json(comparison_to_dict(comparison, identity)) if as_json else _words(comparison))


def _refused(identity: "IdentityCheck", first: "EcgRecord", second: "EcgRecord") -> DifferentPatientsError:
    from cardiov_core.reporting import identity_words

    what = "do not seem to be" if identity.identity == "contradicting" else "cannot be checked to be"
    return DifferentPatientsError(
        f"The two ECGs {what} of one patient. {' '.join(identity_words(identity, first, second))}",
        "Where you know that they are, add --same-patient.",
    )


def _words(comparison: "SerialComparison") -> str:
    from cardiov_core.reporting import compared_rows, summary_words

    lines = [*summary_words(comparison), ""]
    for states in (("new", "gone", "changed"), ("not compared",), ("unchanged",)):
        rows = compared_rows(comparison, *states)
        lines += [
            f"{row.name}: {row.earlier}; {row.later}. {row.outcome}." if row.earlier else f"{row.name}: {row.outcome}."
            for row in rows
        ]
        lines += [""] if rows else []
    return "\n".join(lines).rstrip()
