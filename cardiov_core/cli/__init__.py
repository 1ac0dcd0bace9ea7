"""The command line: ``cardiov COMMAND``, one module a command.

Parses, calls, prints. Exit 0 on success, 2 on wrong usage, 1 on a :class:`~cardiov_core.errors.CardioVError`, whose
message and hint go to stderr. Rows go to stdout, everything that is said about them to stderr. Rooms that load
torch, pandas or wfdb are imported inside the commands, so that ``cardiov --help`` answers at once.
"""

import os

import click

from cardiov_core.cli.alerts import alerts
from cardiov_core.cli.app import app
from cardiov_core.cli.connections import deliveries, watch
from cardiov_core.cli.doctor import doctor
from cardiov_core.cli.graders.calibrate import calibrate
from cardiov_core.cli.graders.cases import cases
from cardiov_core.cli.graders.data import data
from cardiov_core.cli.graders.evaluate import evaluate
from cardiov_core.cli.graders.export import export
from cardiov_core.cli.graders.models import models, networks
from cardiov_core.cli.graders.train import train
from cardiov_core.cli.graders.train_delineator import train_delineator
from cardiov_core.cli.graders.train_findings import train_findings
from cardiov_core.cli.graders.train_statements import train_statements
from cardiov_core.cli.metrics import metrics
from cardiov_core.cli.records.analyze import analyze
from cardiov_core.cli.records.convert import convert
from cardiov_core.cli.records.measure import measure
from cardiov_core.cli.records.report import report
from cardiov_core.cli.records.score import score
from cardiov_core.cli.records.serial import serial
from cardiov_core.cli.review import review
from cardiov_core.cli.serve import serve
from cardiov_core.cli.studies.ablate import ablate
from cardiov_core.cli.studies.external import outside_check
from cardiov_core.cli.studies.fewer_leads import leads_check
from cardiov_core.cli.studies.findings import findings_check
from cardiov_core.cli.studies.nets.attributions import attributions_check
from cardiov_core.cli.studies.nets.compare import compare
from cardiov_core.cli.studies.nets.statements import statements_check
from cardiov_core.cli.studies.nets.transfer import transfer_check
from cardiov_core.cli.studies.noise_floor import noise_floor
from cardiov_core.cli.studies.passport import passport
from cardiov_core.cli.studies.quality import quality_check
from cardiov_core.cli.studies.recognition import recognition_check
from cardiov_core.cli.studies.scope import scope_check
from cardiov_core.cli.studies.shift import shift_check
from cardiov_core.errors import CardioVError
from cardiov_core.logs import set_up_logs


class _Refusal(click.ClickException):
    """A CardioVError on its way to stderr: message, hint, exit 1."""

    def __init__(self, error: CardioVError) -> None:
        super().__init__(f"{error.message}\n{error.hint}")


_TRAINING = frozenset(
    {"train", "ablate", "compare", "transfer-check", "train-delineator", "train-findings", "train-statements"}
)
"""Commands that take as many threads as their libraries find, unless the environment states a number."""


class _Commands(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        from cardiov_core.computing import collect_rarely, set_threads

        collect_rarely()
        if name not in _TRAINING or os.environ.get("CARDIOV_THREADS"):
            set_threads()
        return name, command, rest

    def invoke(self, ctx: click.Context) -> object:
        try:
            set_up_logs()
            return super().invoke(ctx)
        except CardioVError as error:
            raise _Refusal(error) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cardiov", message="CardioV %(version)s")
def main() -> None:
    """CardioV: the critical value of a 12-lead ECG, and why.

    For research and education. Not a medical device.
    """


for _command in (
    analyze,
    score,
    serial,
    report,
    convert,
    data,
    train,
    ablate,
    compare,
    train_delineator,
    train_findings,
    train_statements,
    calibrate,
    evaluate,
    cases,
    review,
    alerts,
    watch,
    deliveries,
    metrics,
    findings_check,
    leads_check,
    statements_check,
    transfer_check,
    attributions_check,
    measure,
    quality_check,
    noise_floor,
    outside_check,
    passport,
    recognition_check,
    scope_check,
    shift_check,
    models,
    networks,
    export,
    app,
    serve,
    doctor,
):
    main.add_command(_command)
