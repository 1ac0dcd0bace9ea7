"""``cardiov analyze``: grade records, a row each."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output
from cardiov_core.cli.options import computing_options, reading_options
from cardiov_core.domain import how_many
from cardiov_core.errors import CardioVError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardiov_core.domain import Analysis, Contributions, EcgRecord, Explanation, RuleSet
    from cardiov_core.inference import DecisionRule, Grader
    from cardiov_core.io import Collection, Source

_TARGETS = ("0", "1", "2", "3", "above_no", "above_low", "above_medium")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per record and line instead of a table.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option(
    "--decision",
    type=click.Choice(["installation", "shipped", "paper"]),
    default="installation",
    show_default=True,
    help="By this installation's own costs where it has some; by the grader's own; or the most probable (the paper's).",
)
@click.option("--explain", is_flag=True, help="Add where the network looked, or which measurements support it.")
@click.option("--target", type=click.Choice(_TARGETS), help="What to explain: a level or a threshold; with --explain.")
@click.option("--start", "start_s", type=click.FloatRange(min=0), metavar="S", help="Analyse from this second on.")
@click.option("--critical-rules", metavar="NAME|FILE", help="Rules for critical results; default: the installation's.")
@reading_options
@computing_options
@click.option("--analyse-anyway", is_flag=True, help="Give a level even where the quality gate withholds it.")
@click.pass_context
def analyze(
    ctx: click.Context,
    paths: tuple[Path, ...],
    as_json: bool,
    model: str | None,
    decision: "DecisionRule",
    explain: bool,
    target: str | None,
    start_s: float | None,
    critical_rules: str | None,
    rate: float | None,
    units: str | None,
    gain_factor: float,
    analyse_anyway: bool,
) -> None:
    """Grade records: each PATH is a record, an archive or a folder.

    A record that cannot be read becomes an error row, and the rest goes on; the exit is then 1. A level that is
    withheld is no error.
    """
    if target is not None and not explain:
        raise click.UsageError("--target says what to explain, so it needs --explain.")
    from cardiov_core.computing import computing_for
    from cardiov_core.critical import load_rule_set
    from cardiov_core.inference import load_predictor, other_graders
    from cardiov_core.io import collect, read_source
    from cardiov_core.review import deciding, installation_rules

    with collect(paths) as collection, computing_for(len(collection.sources)):
        predictor = load_predictor(model)
        predictor, *others = deciding((predictor, *other_graders(predictor)), decision)
        asked = _Asked(
            predictor,
            tuple(others),
            explained=_target(target) if explain else False,
            start_s=start_s,
            rule_set=installation_rules() if critical_rules is None else load_rule_set(critical_rules),
            # The paper knows levels of graders and nothing that raises them.
            raise_level=decision != "paper",
            read=partial(read_source, sampling_rate=rate, units=units, gain_factor=gain_factor),
            analyse_anyway=analyse_anyway,
        )
        failed = _print_rows(collection, asked, as_json=as_json)
        _say_what_was_left(collection.passed_over, failed, n_rows=len(collection.sources) + len(collection.errors))
    if failed:
        ctx.exit(1)


@dataclass(frozen=True)
class _Asked:
    """What is wanted of each record; `explained` is False for no explanation, None for that of the level on show."""

    predictor: "Grader"
    others: "tuple[Grader, ...]"
    explained: int | str | bool | None
    start_s: float | None
    rule_set: "RuleSet"
    raise_level: bool
    read: "Callable[[Source], EcgRecord]"
    analyse_anyway: bool


def _print_rows(collection: "Collection", asked: _Asked, *, as_json: bool) -> int:
    """Print a row per record and return how many failed."""
    from cardiov_core.inference import analysis_to_dict

    failing = output.error_json if as_json else output.error_lines
    failed = len(collection.errors)
    if not as_json and collection.sources:
        click.echo(output.TABLE_HEAD)
    for source in collection.sources:
        try:
            analysis, explanation = _analyze_one(source, asked)
        except CardioVError as error:
            click.echo(failing(source.shown_as, error, source.mark))
            failed += 1
            continue
        if as_json:
            click.echo(output.to_json(analysis_to_dict(analysis, explanation, card=asked.predictor.card)))
        else:
            click.echo(output.table_row(analysis, explanation))
    for fault in collection.errors:
        click.echo(failing(fault.shown_as, fault.error))
    return failed


def _analyze_one(source: "Source", asked: _Asked) -> "tuple[Analysis, Explanation | Contributions | None]":
    from cardiov_core.inference import analyze as grade
    from cardiov_core.signals import Examination

    examination = Examination(asked.read(source))
    analysis = grade(
        examination,
        asked.predictor,
        others=asked.others,
        analyse_anyway=asked.analyse_anyway,
        start_s=asked.start_s,
        rule_set=asked.rule_set,
        raise_level=asked.raise_level,
    )
    explanation: Explanation | Contributions | None = None
    if asked.explained is not False and analysis.prediction is not None:
        # The level on show may be the out-of-fold one, which the shipped network need not predict.
        wanted = int(analysis.prediction.severity) if asked.explained is None else asked.explained
        explanation = asked.predictor.explain(examination, target=wanted, start_s=asked.start_s)
    return analysis, explanation


def _target(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text


def _say_what_was_left(passed_over: tuple[str, ...], failed: int, *, n_rows: int) -> None:
    if passed_over:
        click.echo(f"passed over {how_many(len(passed_over), 'file')} that are no ECG", err=True)
    if failed:
        click.echo(f"{how_many(failed, 'record')} of {n_rows} could not be analysed", err=True)
    if not n_rows:
        click.echo("no ECG found", err=True)
