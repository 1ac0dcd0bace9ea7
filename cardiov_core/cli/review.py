"""``cardiov review``: cases in, reads and labels out, retention, roles, and how far the review is."""

import getpass
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.domain import how_many
from cardiov_core.errors import ExchangeError

if TYPE_CHECKING:
    from cardiov_core.domain import ReviewStudy
    from cardiov_core.review import ImportReport, Store

_ROLES = ("reader", "adjudicator", "administrator")
_by = click.option("--by", metavar="NAME", help="Who does it, for the audit; default: the name you are logged in with.")
_STUDY_HELP = "Which study; default: 'review'."


@click.group()
def review() -> None:
    """Cases, reads and labels of the review: in, out, and how far it is.

    The database is the one of CARDIOV_DATABASE_URL, otherwise the SQLite file of CARDIOV_REVIEW_DB, otherwise a file
    in your data folder; `cardiov review status` names it.
    """


@review.command("import-cases")
@click.argument("source", type=click.Path(exists=True, path_type=Path), metavar="FILE|DIR")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Data set that a list of cases is of.")
@click.option("--study", default="review", metavar="NAME", help=_STUDY_HELP)
@click.option("--all", "everything", is_flag=True, help="Of a predictions.csv, take rightly graded records too.")
@click.option("--model", metavar="NAME", help="Grader for a folder of records; default: the default grader.")
@_by
@click.pass_context
def import_cases(
    ctx: click.Context, source: Path, data: Path | None, study: str, everything: bool, model: str | None, by: str | None
) -> None:
    """Take cases into the review, each with its own copy of the waveform.

    FILE is what `cardiov cases` wrote (JSON or CSV), or the predictions.csv of `cardiov evaluate` (wrongly graded
    records only, unless --all); both need --data. A folder or an archive of records is graded now and comes without
    labels. What is there already stays as it is; a grade by other weights is added to it as an event.
    """
    from cardiov_core.review import import_cases as take_list
    from cardiov_core.review import import_folder, open_store

    listed = source.suffix.lower() in {".json", ".csv"} and source.is_file()
    if listed and data is None:
        raise click.UsageError("A list of cases needs --data DIR, the folder of its data set.")
    with closing(open_store()) as store:
        if listed and data is not None:
            report = take_list(store, source, data, _who(by), study=study, everything=everything)
            _warn_of_misses_alone(store, study)
        else:
            from cardiov_core.inference import load_predictor

            report = import_folder(store, source, load_predictor(model), _who(by), study=study)
    _say(ctx, report, "case")


def _warn_of_misses_alone(store: "Store", name: str) -> None:
    """Say so where a blind study has nothing to mix in: its readers could tell that every case was graded wrongly."""
    from cardiov_core.review import CaseFilter, list_cases, list_studies

    share = next((study.correct_share for study in list_studies(store) if study.name == name), 0.0)
    by_error = list_cases(store, CaseFilter(study=name), limit=1).by_error
    if share and any(by_error) and not by_error.get(0):
        click.echo(
            f"{name}: no rightly graded case to mix in, so a blind reader can tell that all were graded wrongly.\n"
            "    List them too, with cardiov cases --all, and import the list again.",
            err=True,
        )


@review.command("import-reads")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_by
@click.pass_context
def import_reads(ctx: click.Context, file: Path, by: str | None) -> None:
    """Take in reads that were made elsewhere, from CSV or JSON.

    Columns: case_id, ecg_id or record_id; reader, level, confidence, kind (blind or unblinded), time (ISO with zone);
    and, where there are any, reasons, text, revised_level, verdict, verdict_level. A wrong row is named, the rest is
    taken.
    """
    from cardiov_core.review import import_reads as take
    from cardiov_core.review import open_store

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ExchangeError(f"{file.name} cannot be read: {error}.", "Save it as UTF-8 text.") from error
    with closing(open_store()) as store:
        report = take(store, text, _who(by))
    _say(ctx, report, "read")


def _say(ctx: click.Context, report: "ImportReport", noun: str) -> None:
    for error in report.errors:
        click.echo(f"{error.message}\n    {error.hint}", err=True)
    click.echo(f"{how_many(report.added, noun)} added, {report.known} known already, {len(report.errors)} wrong")
    if report.left_out:
        click.echo(f"{report.left_out} left out: graded as labelled")
    if report.errors:
        ctx.exit(1)


@review.command()
@click.argument("what", type=click.Choice(["reads", "labels", "audit"]))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="A .csv or .json file.")
@click.option("--study", metavar="NAME", help="Of one study; default: all.")
def export(what: str, out: Path, study: str | None) -> None:
    """Write reads with their verdicts (CSV or JSON), corrected labels (CSV) or the audit (JSON).

    The file of labels is what --labels of `cardiov train` and `cardiov evaluate` takes.
    """
    suffix = out.suffix.lower().removeprefix(".")
    allowed = {"reads": ("csv", "json"), "labels": ("csv",), "audit": ("json",)}[what]
    if suffix not in allowed:
        raise click.UsageError(
            f"--out {out.name}: {what} are written as {' or '.join(f'.{name}' for name in allowed)}."
        )
    from cardiov_core.review import export_audit, export_labels, export_reads, open_store

    with closing(open_store()) as store:
        if what == "reads":
            text = export_reads(store, "json" if suffix == "json" else "csv", study)
        else:
            text = export_labels(store, study) if what == "labels" else export_audit(store)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ExchangeError(f"{out} cannot be written: {error.strerror}.", "Name another file.") from error
    click.echo(out)


@review.command()
@click.option("--days", required=True, type=click.IntRange(min=1), metavar="N", help="Retention time in days.")
@click.confirmation_option(prompt="Waveforms are deleted for good. Go on?")
@_by
def expire(days: int, by: str | None) -> None:
    """Delete the waveforms of cases that came in more than N days ago, for good; the audit keeps that they were."""
    from cardiov_core.review import expire_waveforms, open_store

    with closing(open_store()) as store:
        n_cases = expire_waveforms(store, datetime.now(UTC) - timedelta(days=days), _who(by))
    click.echo(f"{how_many(n_cases, 'case')} lost the waveform")


@review.command()
@click.argument("name")
@click.argument("roles", nargs=-1, type=click.Choice(_ROLES))
@_by
def grant(name: str, roles: tuple[str, ...], by: str | None) -> None:
    """Set what the reader NAME may do; without ROLES, nothing.

    This is how the first administrator comes about where people sign in. NAME is as the page has it on which they did.
    """
    from cardiov_core.domain import Role
    from cardiov_core.review import grant as give
    from cardiov_core.review import open_store

    with closing(open_store()) as store:
        reader = give(store, name, [Role(role) for role in roles], _who(by), at_the_machine=True)
    click.echo(f"{reader.name}: {', '.join(sorted(reader.roles)) or 'no role'}")


@review.command("back-up")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def back_up(file: Path) -> None:
    """Write all of the review into the new SQLite FILE, as it stands now; people may go on reading meanwhile."""
    from cardiov_core.review import back_up as copy
    from cardiov_core.review import open_store

    with closing(open_store()) as store:
        n_rows = copy(store, file)
    click.echo(f"{file}: {how_many(n_rows, 'row')}")


@review.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill the empty database that is set from the back-up FILE: after a loss, or to move to PostgreSQL."""
    from cardiov_core.review import open_store
    from cardiov_core.review import restore as fill

    with closing(open_store()) as store:
        n_rows = fill(store, file)
        click.echo(f"{store.place}: {how_many(n_rows, 'row')}")


@review.command()
def status() -> None:
    """Say where the database is, and how far each study is."""
    from cardiov_core.review import list_studies, open_store

    with closing(open_store()) as store:
        click.echo(f"database  {store.place}")
        studies = list_studies(store)
        for study in studies:
            _say_study(store, study)
    if not studies:
        click.echo("no cases yet: cardiov review import-cases brings some in")


def _say_study(store: "Store", study: "ReviewStudy") -> None:
    from cardiov_core.domain import CaseStatus
    from cardiov_core.review import CaseFilter, list_cases, study_progress

    page = list_cases(store, CaseFilter(study=study.name), limit=1)
    wanted = how_many(study.reads_wanted, "blind read")
    verdict = "with" if study.with_verdict else "without"
    click.echo(
        f"\n{study.name}: {how_many(page.total, 'case')}, {wanted} each, {verdict} verdict, "
        f"{100 * study.correct_share:.0f} % correct ones mixed in"
    )
    for state in CaseStatus:
        click.echo(f"  {state.value:<14} {page.by_status.get(state, 0):>7}")
    for reader, n_reads in study_progress(store, study.name).items():
        click.echo(f"  {how_many(n_reads, 'read')} by {reader}")


def _who(by: str | None) -> str:
    return by or f"{getpass.getuser()} (command line)"
