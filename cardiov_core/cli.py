"""The command line: ``cardiov analyze | train | evaluate | models | app | doctor``.

Parses, calls, prints. Exit 0 on success, 2 on wrong usage, 1 on a :class:`~cardiov_core.errors.CardioVError`, whose
message and hint go to stderr. Rows go to stdout, everything that is said about them to stderr. Rooms that load
torch, pandas or wfdb are imported inside the commands, so that ``cardiov --help`` answers at once.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cardiov_core import cli_output as output
from cardiov_core.errors import CardioVError, ConfigurationError

if TYPE_CHECKING:
    from cardiov_core.datasets import PtbXl
    from cardiov_core.domain import Explanation
    from cardiov_core.inference import Predictor
    from cardiov_core.io import Source

_TARGETS = ("0", "1", "2", "3", "above_no", "above_low", "above_medium")
_FOLDS = range(1, 11)


class _Refusal(click.ClickException):
    """A CardioVError on its way to stderr: message, hint, exit 1."""

    def __init__(self, error: CardioVError) -> None:
        super().__init__(f"{error.message}\n{error.hint}")


class _Commands(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CardioVError as error:
            raise _Refusal(error) from error


class _Folds(click.ParamType[tuple[int, ...]]):
    """Folds as ``10``, ``1-9`` or ``1,3,5-7``."""

    name = "folds"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        folds: set[int] = set()
        for part in value.split(","):
            first, _, last = part.strip().partition("-")
            if not (first.isdecimal() and (not last or last.isdecimal())):
                self.fail(f"{value!r} is no list of folds: write 10, 1-9 or 1,3,5-7.", param, ctx)
            folds.update(range(int(first), int(last or first) + 1))
        if not folds or not folds <= set(_FOLDS):
            self.fail(f"{value!r}: PTB-XL's folds are 1 to 10, the smaller one first.", param, ctx)
        return tuple(sorted(folds))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="cardiov", message="CardioV %(version)s")
def main() -> None:
    """CardioV: the critical value of a 12-lead ECG, and why.

    For research and education. Not a medical device.
    """


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record and line instead of a table.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--backend", type=click.Choice(["auto", "torch"]), default="auto", show_default=True)
@click.option("--explain", is_flag=True, help="Add where the network looked (Grad-CAM, seven stages).")
@click.option("--target", type=click.Choice(_TARGETS), help="What to explain: a level or a threshold; with --explain.")
@click.option("--start", "start_s", type=click.FloatRange(min=0), metavar="S", help="Analyse from this second on.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="HZ", help="For files without a rate.")
@click.option("--units", metavar="UNIT", help="For files without units: mV, uV ...")
@click.option(
    "--gain-factor",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    metavar="F",
    help="Multiply the signal by F: confirms that a file's gain is wrong.",
)
@click.option("--analyse-anyway", is_flag=True, help="Give a level even where the quality gate withholds it.")
@click.pass_context
def analyze(
    ctx: click.Context,
    paths: tuple[Path, ...],
    as_json: bool,
    model: str | None,
    backend: str,
    explain: bool,
    target: str | None,
    start_s: float | None,
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
    from cardiov_core.inference import load_predictor
    from cardiov_core.io import collect

    del backend  # torch is the only backend, and so what auto chooses.
    predictor = load_predictor(model)
    write = output.json_row if as_json else output.table_row
    failed = 0
    with collect(paths) as collection:
        if not as_json and collection.sources:
            click.echo(output.TABLE_HEAD)
        for source in collection.sources:
            try:
                row = _analyze_one(
                    source,
                    predictor,
                    explained=_target(target) if explain else False,
                    start_s=start_s,
                    reading={"sampling_rate": rate, "units": units, "gain_factor": gain_factor},
                    analyse_anyway=analyse_anyway,
                )
            except CardioVError as error:
                row = output.error_row(source.shown_as, error)
                failed += 1
            click.echo(write(row))
        for fault in collection.errors:
            click.echo(write(output.error_row(fault.shown_as, fault.error)))
            failed += 1
        _say_what_was_left(collection.passed_over, failed, n_rows=len(collection.sources) + len(collection.errors))
    if failed:
        ctx.exit(1)


def _analyze_one(
    source: "Source",
    predictor: "Predictor",
    *,
    explained: int | str | bool | None,
    start_s: float | None,
    reading: dict[str, Any],
    analyse_anyway: bool,
) -> dict[str, Any]:
    """Return one record's row; `explained` is False for no explanation, None for that of the level on show."""
    from cardiov_core.inference import analysis_to_dict
    from cardiov_core.inference import analyze as grade
    from cardiov_core.io import read_record

    record = read_record(source.path, **reading)
    analysis = grade(record, predictor, analyse_anyway=analyse_anyway, start_s=start_s)
    explanation: Explanation | None = None
    if explained is not False and analysis.prediction is not None:
        # The level on show may be the out-of-fold one, which the shipped network need not predict.
        wanted = int(analysis.prediction.severity) if explained is None else explained
        explanation = predictor.explain(record, target=wanted, start_s=start_s)
    row: dict[str, Any] = analysis_to_dict(analysis, explanation, card=predictor.card)
    # A member of an archive was read from a temporary folder: show the name that the caller knows.
    row["record"]["path"] = source.shown_as
    return row


def _target(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdecimal() else text


def _say_what_was_left(passed_over: tuple[str, ...], failed: int, *, n_rows: int) -> None:
    if passed_over:
        click.echo(f"passed over {output.count(len(passed_over), 'file')} that are no ECG", err=True)
    if failed:
        click.echo(f"{output.count(failed, 'record')} of {n_rows} could not be analysed", err=True)
    if not n_rows:
        click.echo("no ECG found", err=True)


@main.command()
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="A recipe as a TOML file.")
@click.option("--recipe", "recipe_name", metavar="NAME", help="A recipe that comes with CardioV.")
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoints in --out.")
def train(config: Path | None, recipe_name: str | None, data: Path, out: Path, resume: bool) -> None:
    """Train a grader: checkpoints, log, and at the end weights with their model card."""
    if (config is None) == (recipe_name is None):
        raise click.UsageError("Give either --config FILE or --recipe NAME.")
    from cardiov_core import training

    recipe = training.load_recipe(config or recipe_name or "")
    result = training.train(recipe, _ptbxl(data), out, resume=resume, progress=sys.stderr.isatty())
    click.echo(result.card_path)


@main.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of PTB-XL.")
@click.option("--folds", required=True, type=_Folds(), metavar="FOLDS", help="10, 1-9 or 1,3,5-7.")
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder of the results.")
def evaluate(data: Path, folds: tuple[int, ...], model: str | None, out: Path) -> None:
    """Compare a grader with the cardiologists' labels: MAE and AUC a level.

    Records that trained the grader count with their out-of-fold predictions. Writes predictions.csv, metrics.json
    and report.md to --out.
    """
    from cardiov_core.evaluation.study import evaluate_folds, write_study
    from cardiov_core.inference import load_predictor

    study = evaluate_folds(_ptbxl(data), load_predictor(model), folds)
    write_study(study, out)
    click.echo((out / "report.md").read_text(encoding="utf-8"), nl=False)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def models(as_json: bool) -> None:
    """List networks and graders: paper, parameters, weights, cross-validated figures."""
    rows = output.model_rows()
    click.echo(output.to_json(rows) if as_json else output.models_table(rows))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("streamlit_options", nargs=-1, type=click.UNPROCESSED)
def app(streamlit_options: tuple[str, ...]) -> None:
    """Start the app in the browser; further options go to streamlit."""
    entry = Path(__file__).resolve().parents[1] / "app.py"
    if not entry.is_file():
        raise ConfigurationError(
            f"There is no {entry}: the app's pages are not part of this installation.",
            "Start CardioV from its repository: make app.",
        )
    environment = dict(os.environ)
    if environment.get("CARDIOV_DATA"):
        # The server runs in the repository, where .streamlit/ is; a relative path means the caller's folder.
        environment["CARDIOV_DATA"] = str(Path(environment["CARDIOV_DATA"]).resolve())
    # Fixed program and script; streamlit gets the caller's own options as separate arguments, without a shell.
    command = [sys.executable, "-m", "streamlit", "run", str(entry), "--server.showEmailPrompt=false"]
    # A plain kill of this process must not leave the server behind: as an exception it makes call() end it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        code = subprocess.call([*command, *streamlit_options], cwd=entry.parent, env=environment)  # noqa: S603
    except KeyboardInterrupt:
        code = 0
    sys.exit(code)


@main.command()
@click.pass_context
def doctor(ctx: click.Context) -> None:
    """Check the installation: versions, weights' checksums, backend, data."""
    lines, healthy = output.examine()
    click.echo("\n".join(lines))
    if not healthy:
        ctx.exit(1)


def _ptbxl(folder: Path) -> "PtbXl":
    from cardiov_core.datasets import PtbXl

    inner = folder / "ptb-xl-subset"
    return PtbXl(inner if inner.is_dir() else folder)
