"""``cardiov report``: a page to sign for each record, a picture of its trace, or FHIR JSON."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output
from cardiov_core.cli.options import computing_options, reading_options
from cardiov_core.errors import CardioVError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cardiov_core.domain import Analysis, EcgRecord, RuleSet
    from cardiov_core.inference import Grader
    from cardiov_core.io import Collection, Source
    from cardiov_core.reporting import FilterName, Layout, LeadOrder, PaperOptions

_SUFFIXES = ("pdf", "png", "svg", "json")


@dataclass(frozen=True)
class _Wish:
    """What the caller wants to have of each record."""

    suffix: str
    paper: "PaperOptions"
    patient_name: str | None
    analyse_anyway: bool
    start_s: float | None
    rule_set: "RuleSet"
    read: "Callable[[Source], EcgRecord]"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE|DIR", help="A file, or a folder.")
@click.option(
    "--format", "suffix", type=click.Choice(_SUFFIXES), help="In a folder: PDF (the default), picture or FHIR JSON."
)
@click.option("--model", metavar="NAME", help="A grader's name or its weights file; default: the default grader.")
@click.option("--layout", type=click.Choice(["3x4+1", "3x4+3", "6x2", "12x1"]), default="3x4+1", show_default=True)
@click.option("--speed", type=click.Choice(["12.5", "25", "50"]), default="25", show_default=True, help="In mm/s.")
@click.option("--gain", type=click.Choice(["2.5", "5", "10", "20"]), default="10", show_default=True, help="In mm/mV.")
@click.option("--filter", "band", type=click.Choice(["diagnostic", "monitor"]), default="diagnostic", show_default=True)
@click.option("--notch", type=click.Choice(["0", "50", "60"]), default="0", show_default=True, help="In Hz.")
@click.option("--lead-order", type=click.Choice(["standard", "cabrera"]), default="standard", show_default=True)
@click.option("--start", "start_s", type=click.FloatRange(min=0), metavar="S", help="Grade and draw from here on.")
@click.option("--patient-name", metavar="NAME", help="Printed on the report; none is ever taken from a file.")
@reading_options
@computing_options
@click.option("--analyse-anyway", is_flag=True, help="Give a level even where the quality gate withholds it.")
@click.pass_context
def report(
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    suffix: str | None,
    model: str | None,
    layout: "Layout",
    speed: str,
    gain: str,
    band: "FilterName",
    notch: str,
    lead_order: "LeadOrder",
    start_s: float | None,
    patient_name: str | None,
    rate: float | None,
    units: str | None,
    gain_factor: float,
    analyse_anyway: bool,
) -> None:
    """Write a report of each record: a PDF to sign, the trace as PNG or SVG, or FHIR JSON.

    Each PATH is a record, an archive or a folder. --out FILE.pdf, .png, .svg or .json holds one record; anything else
    is a folder, with one file per record. Prints what was written. The PDF is A4 and true to scale: print it at 100 %.
    """
    as_file = _suffix_in(out, suffix)
    from cardiov_core.computing import computing_for
    from cardiov_core.inference import load_predictor, other_graders
    from cardiov_core.io import collect, read_source
    from cardiov_core.reporting import PaperOptions
    from cardiov_core.review import deciding, installation_rules

    wish = _Wish(
        as_file or suffix or "pdf",
        PaperOptions(layout, float(speed), float(gain), band, int(notch), lead_order, start_s=start_s or 0.0),
        patient_name,
        analyse_anyway,
        start_s,
        installation_rules(),
        partial(read_source, sampling_rate=rate, units=units, gain_factor=gain_factor),
    )
    with collect(paths) as collection, computing_for(len(collection.sources)):
        predictor = load_predictor(model)
        graders = deciding((predictor, *other_graders(predictor)))
        if len(collection.sources) > 1 and (as_file or patient_name is not None):
            raise click.UsageError(
                f"{len(collection.sources)} records were found: --out FILE and --patient-name are for one record."
            )
        failed = _write_all(collection, graders, out, wish, as_file=bool(as_file))
        if not collection.sources and not failed:
            raise ConfigurationError("No ECG was found.", "Name a record, an archive or a folder that holds one.")
    if failed:
        ctx.exit(1)


def _suffix_in(out: Path, suffix: str | None) -> str:
    """Return what a single file is to hold by its name; empty where `out` is a folder."""
    named = out.suffix.lower().removeprefix(".") if out.suffix and not out.is_dir() else ""
    if named and named not in _SUFFIXES:
        raise click.UsageError(f"--out {out.name}: choose .pdf, .png, .svg or .json, or name a folder.")
    if named and suffix not in (None, named):
        raise click.UsageError(f"--out {out.name} and --format {suffix} do not agree.")
    return named


def _write_all(
    collection: "Collection", graders: "tuple[Grader, ...]", out: Path, wish: _Wish, *, as_file: bool
) -> int:
    """Write a file per record and return how many failed."""
    failed = len(collection.errors)
    for fault in collection.errors:
        click.echo(output.error_lines(fault.shown_as, fault.error), err=True)
    written: set[Path] = set()
    for source in collection.sources:
        target = out if as_file else _free(out / f"{source.path.stem}.{wish.suffix}", written)
        written.add(target)
        try:
            _write(source, graders, target, wish)
        except CardioVError as error:
            click.echo(output.error_lines(source.shown_as, error), err=True)
            failed += 1
        else:
            click.echo(target)
    return failed


def _free(path: Path, taken: set[Path]) -> Path:
    """Return a name that no record of this run has: folders may hold records of one name."""
    free, number = path, 2
    while free in taken:
        free, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return free


def _write(source: "Source", graders: "tuple[Grader, ...]", target: Path, wish: _Wish) -> None:
    """Analyse one record and write its file; nothing is left of a file that could not be finished.

    The first grader's level is reported, and said to be disputed where the others differ.
    """
    from cardiov_core.inference import analyze

    record = wish.read(source)
    if wish.suffix in ("png", "svg"):
        content = _picture(record, wish.paper, wish.suffix)
    else:
        predictor, *others = graders
        analysis = analyze(
            record,
            predictor,
            others=others,
            analyse_anyway=wish.analyse_anyway,
            start_s=wish.start_s,
            rule_set=wish.rule_set,
        )
        start_s = wish.start_s or (analysis.prediction.window.start_s if analysis.prediction is not None else 0.0)
        content = _document(analysis, predictor, replace(wish.paper, start_s=start_s), wish)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written: {error.strerror}.", "Choose another place for --out."
        ) from error


def _picture(record: "EcgRecord", paper: "PaperOptions", suffix: str) -> bytes:
    import io

    from cardiov_core.reporting import write_trace

    buffer = io.BytesIO()
    write_trace(record, buffer, "png" if suffix == "png" else "svg", options=paper)
    return buffer.getvalue()


def _document(analysis: "Analysis", predictor: "Grader", paper: "PaperOptions", wish: _Wish) -> bytes:
    import io

    from cardiov_core.reporting import fhir_report, write_pdf

    if wish.suffix == "json":
        document = fhir_report(analysis, predictor.card, patient_name=wish.patient_name)
        return (output.to_json(document) + "\n").encode()
    buffer = io.BytesIO()
    write_pdf(analysis, predictor.card, buffer, options=paper, patient_name=wish.patient_name)
    return buffer.getvalue()
