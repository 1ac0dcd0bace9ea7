"""``cardiov evaluate``: a grader against the cardiologists' labels, as tables, figures and one report."""

from pathlib import Path

import click

from cardiov_core.cli.graders.train import Folds, labelled_of, ptbxl_of
from cardiov_core.cli.options import computing_options, labels_option, resamples_option

_POINTS = ("medium_or_higher", "high")


class Prevalence(click.ParamType[tuple[str, float]]):
    """A share of positive records for one alarm, as ``high=0.01``."""

    name = "prevalence"

    def convert(
        self, value: str | tuple[str, float], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Return alarm and share; what is none is a wrong use of the option."""
        if isinstance(value, tuple):
            return value
        point, _, text = value.partition("=")
        try:
            share = float(text)
        except ValueError:
            share = float("nan")
        if point not in _POINTS or not 0.0 < share < 1.0:
            self.fail(f"{value!r}: write {' or '.join(_POINTS)}, '=' and a share between 0 and 1.", param, ctx)
        return point, share


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--folds", required=True, type=Folds(), metavar="FOLDS", help="10, 1-9 or 1,3,5-7.")
@click.option(
    "--model",
    metavar="NAME",
    help="A grader's name or its weights file, or the card of a network on a task (.task.json); default: the default "
    "grader.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@labels_option
@computing_options
@click.option(
    "--prevalence",
    type=Prevalence(),
    multiple=True,
    metavar="ALARM=SHARE",
    help="high=0.01 or medium_or_higher=0.1: PPV and NPV at this share of positive records, too.",
)
@resamples_option(help_text="Bootstrap resamples of an interval and its test.")
@click.option(
    "--against",
    "others",
    multiple=True,
    metavar="NAME",
    help="Another grader on the same records: differences with intervals and a paired test. May be given again.",
)
@click.option(
    "--rules", is_flag=True, help="Of a network on a challenge's task: let findings override and join its answers, too."
)
@click.option("--ship", is_flag=True, help="Put metrics.json and predictions.csv beside the weights, for the app.")
def evaluate(
    data: Path,
    folds: tuple[int, ...],
    model: str | None,
    out: Path | None,
    labels_file: Path | None,
    prevalence: tuple[tuple[str, float], ...],
    resamples: int,
    others: tuple[str, ...],
    rules: bool,
    ship: bool,
) -> None:
    """Compare a grader with the cardiologists' labels: errors, AUC, alarms, calibration, subgroups, with intervals.

    Records that trained the grader count with their out-of-fold predictions; folds that trained one that has none are
    refused. Writes predictions.csv, metrics.json,
    report.md, report.html (one file that needs nothing else) and figures/ to --out.
    """
    if model is not None and model.endswith(".task.json"):
        if ship or others or prevalence:
            raise click.UsageError(
                "--ship, --against and --prevalence are for graders, and this is a network on a task."
            )
        _evaluate_task(Path(model), data, folds, out, labels_file, resamples, rules)
        return
    if rules:
        raise click.UsageError("--rules goes with a network on a challenge's task (.task.json).")
    if out is None and not ship:
        raise click.UsageError("Give --out DIR, or --ship, or both.")
    if ship and labels_file is not None:
        raise click.UsageError("What ships stands beside the paper's figures: it needs PTB-XL's own labels.")
    from cardiov_core.evaluation import evaluate_folds, ship_evaluation, write_evaluation
    from cardiov_core.inference import load_predictor
    from cardiov_core.reporting import report_of, write_report

    predictor = load_predictor(model)
    evaluation = evaluate_folds(
        ptbxl_of(data, labels_file),
        predictor,
        folds,
        n_resamples=resamples,
        prevalence=dict(prevalence),
        against=[load_predictor(name) for name in others],
    )
    if out is not None:
        write_evaluation(evaluation, out)
        write_report(evaluation.document, out)
    if ship:
        click.echo(f"Beside the weights: {ship_evaluation(evaluation, predictor.card)}", err=True)
    click.echo(report_of(evaluation.document), nl=False)


def _evaluate_task(
    card: Path,
    data: Path,
    folds: tuple[int, ...],
    out: Path | None,
    labels_file: Path | None,
    resamples: int,
    rules: bool,
) -> None:
    import json

    from cardiov_core import training
    from cardiov_core.datasets import task_of

    _, stated = training.load_task_network(card)
    of_challenge = task_of(stated.task).source == "cinc"
    if rules and not of_challenge:
        raise click.UsageError("--rules is for the challenges' tasks; cardiov statements-check has PTB-XL's.")
    source = data if of_challenge else labelled_of(data, labels_file)
    evaluation = training.evaluate_task(card, source, folds, n_resamples=resamples, with_rules=rules)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "metrics.json").write_text(json.dumps(evaluation.as_json(), indent=1) + "\n", encoding="utf-8")
    click.echo(evaluation.words())
