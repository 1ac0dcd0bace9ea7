"""``cardiov convert``: write records in another format, de-identified by default."""

from pathlib import Path

import click

from cardiov_core.cli.options import reading_options
from cardiov_core.domain import how_many
from cardiov_core.errors import CardioVError


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SOURCE...")
@click.option("--to", type=click.Choice(["wfdb", "dicom", "csv"]), required=True, help="The format to write.")
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR")
@click.option(
    "--keep-identity",
    is_flag=True,
    help="Keep patient id, recording time, device and file names; by default they are removed.",
)
@reading_options
@click.pass_context
def convert(
    ctx: click.Context,
    sources: tuple[Path, ...],
    to: str,
    folder: Path,
    keep_identity: bool,
    rate: float | None,
    units: str | None,
    gain_factor: float,
) -> None:
    """Write records in another format: each SOURCE is a record, an archive or a folder.

    Patient id, recording time, device and free text are left out, ages from 90 are written as 90, and the files get
    names made of the content's checksum, unless --keep-identity is given. stdout tells which file came of which
    source; existing files are never overwritten. A record that cannot be converted is named on stderr, and the rest
    continues; the exit is then 1.
    """
    from cardiov_core.io import collect, read_record, write_record

    failed = 0
    with collect(sources) as collection:
        for source in collection.sources:
            try:
                record = read_record(source.path, sampling_rate=rate, units=units, gain_factor=gain_factor)
                written = write_record(record, folder, to, keep_identity=keep_identity)  # type: ignore[arg-type]
            except CardioVError as error:
                failed += 1
                click.echo(f"{source.shown_as}: {error.message} {error.hint}", err=True)
                continue
            click.echo(f"{source.shown_as} -> {' '.join(str(path) for path in written)}")
            for warning in record.warnings:
                click.echo(f"    {warning}", err=True)
        for fault in collection.errors:
            failed += 1
            click.echo(f"{fault.shown_as}: {fault.error.message} {fault.error.hint}", err=True)
        n_sources = len(collection.sources) + len(collection.errors)
    if collection.passed_over:
        click.echo(f"passed over {how_many(len(collection.passed_over), 'file')} that are no ECG", err=True)
    if not n_sources:
        click.echo("no ECG found", err=True)
    if failed:
        click.echo(f"{how_many(failed, 'record')} of {n_sources} could not be converted", err=True)
        ctx.exit(1)
