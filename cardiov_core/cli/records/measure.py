"""``cardiov measure``: the measurements of records, or their errors against the marks of LUDB."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cardiov_core.cli import output
from cardiov_core.domain import how_many
from cardiov_core.errors import CardioVError, ConfigurationError

if TYPE_CHECKING:
    from cardiov_core.datasets import Ludb
    from cardiov_core.domain import Measurements
    from cardiov_core.evaluation import Row
    from cardiov_core.studies import DelineationCheck, MachineRow, MachineSummary, Method

_COLUMNS = (
    ("HR", "heart_rate_bpm"),
    ("P", "p_ms"),
    ("PR", "pr_ms"),
    ("QRS", "qrs_ms"),
    ("QT", "qt_ms"),
    ("QTCF", "qtc_fridericia_ms"),
    ("QTCB", "qtc_bazett_ms"),
    ("AXIS P", "p_axis_deg"),
    ("QRS", "qrs_axis_deg"),
    ("T", "t_axis_deg"),
)
_UNIT = "HR in 1/min, durations in ms (QTc by Fridericia and Bazett), axes in degrees, -: not measurable."
_OF_A_ROW = f"{'METHOD':<18}  {'FOUND':>9}  {'BIAS':>6}  {'KNOWN':>6}  {'MAE':>6}"
_BOUNDARY_HEAD = f"{'BOUNDARY':<14}  {_OF_A_ROW}  {'2 SD':>6}  {'CSE':>6}"
_INTERVAL_HEAD = f"{'INTERVAL':<14}  {_OF_A_ROW}  {'SD':>6}"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a record and line instead of a table.")
@click.option(
    "--against-annotations", is_flag=True, help="PATH is LUDB: errors against its marks, beside NeuroKit2's errors."
)
@click.option(
    "--against-machine", is_flag=True, help="Differences from the intervals that the files' own machines measured."
)
@click.pass_context
def measure(
    ctx: click.Context, paths: tuple[Path, ...], as_json: bool, against_annotations: bool, against_machine: bool
) -> None:
    """Measure records: each PATH is a record, an archive or a folder.

    Heart rate, intervals, QTc, axes, ST levels and voltages, each a number or the reason why there is none. A record
    that cannot be read becomes an error row, and the rest goes on; the exit is then 1.
    """
    if against_annotations:
        for path in paths:
            click.echo(_compared(path, as_json=as_json))
        return
    if against_machine:
        _against_machine(paths, as_json=as_json)
        return
    if _measure_all(paths, as_json=as_json):
        ctx.exit(1)


def _measure_all(paths: tuple[Path, ...], *, as_json: bool) -> int:
    """Print a row per record and return how many could not be measured."""
    from cardiov_core.inference import measurements_to_dict
    from cardiov_core.io import collect, read_source
    from cardiov_core.signals import measure as measure_record

    failing = output.error_json if as_json else partial(output.error_lines, what="not measured")
    failed = 0
    with collect(paths) as collection:
        if not as_json and collection.sources:
            click.echo(_UNIT)
            click.echo(_cells("RECORD", [head for head, _ in _COLUMNS]))
        for source in collection.sources:
            try:
                record = read_source(source)
            except CardioVError as error:
                click.echo(failing(source.shown_as, error))
                failed += 1
                continue
            measured = measure_record(record)
            if as_json:
                known = {"id": record.record_id, "path": source.shown_as}
                click.echo(output.to_json({"record": known, "measurements": measurements_to_dict(measured)}))
            else:
                click.echo(_lines(record.record_id, measured))
        for fault in collection.errors:
            click.echo(failing(fault.shown_as, fault.error))
            failed += 1
        n_rows = len(collection.sources) + len(collection.errors)
    if failed:
        click.echo(f"{how_many(failed, 'record')} of {n_rows} could not be measured", err=True)
    if not n_rows:
        click.echo("no ECG found", err=True)
    return failed


def _cells(name: str, cells: list[str]) -> str:
    return f"{name:<24}" + "".join(f"  {cell:>6}" for cell in cells)


def _lines(record_id: str, measured: "Measurements") -> str:
    """Write a record's row for people: one line, and one for each reason and each thing to know."""
    values: list[float | None] = [getattr(measured, name) for _, name in _COLUMNS]
    # Rounded from the tenths that JSON has, so that both agree.
    lines = [_cells(record_id, ["-" if value is None else f"{round(value, 1):.0f}" for value in values])]
    reasons: dict[str, list[str]] = {}
    for name, reason in measured.not_measurable.items():
        reasons.setdefault(reason, []).append(name)
    lines += [f"    not measurable: {', '.join(names)}: {reason}" for reason, names in reasons.items()]
    lines += [f"    {name}: {note}" for name, note in measured.notes.items()]
    return "\n".join(lines)


def _against_machine(paths: tuple[Path, ...], *, as_json: bool) -> None:
    from dataclasses import asdict

    from cardiov_core.io import collect, read_source
    from cardiov_core.studies import beside_machine, summarise

    rows, n_unread = [], 0
    with collect(paths) as collection:
        for source in collection.sources:
            try:
                row = beside_machine(read_source(source))
            except CardioVError:
                n_unread += 1
            else:
                rows += [] if row is None else [row]
        n_unread += len(collection.errors)
    if not rows:
        raise ConfigurationError(
            "No file states what its machine measured.", "Give files as carts export them, such as XML, SCP or DICOM."
        )
    summaries = summarise(rows)
    if as_json:
        click.echo(output.to_json({"rows": [asdict(row) for row in rows], "summary": [asdict(s) for s in summaries]}))
    else:
        click.echo("\n".join(_machine_table(rows, summaries)))
    if n_unread:
        click.echo(f"{how_many(n_unread, 'file')} could not be read", err=True)


def _machine_table(rows: "list[MachineRow]", summaries: "tuple[MachineSummary, ...]") -> list[str]:
    names = [summary.name for summary in summaries]
    lines = [
        "CardioV minus machine, in 1/min and ms; behind it what the machine stated. -: not stated, or not measured.",
        f"{'RECORD':<24}" + "".join(f"  {name:>14}" for name in names) + "  MACHINE",
    ]
    for row in rows:
        cells = [
            "-"
            if name not in row.machine
            else f"{f'{row.difference[name]:+.0f}' if name in row.difference else '-'} ({row.machine[name]:.0f})"
            for name in names
        ]
        lines.append(f"{row.record_id:<24}" + "".join(f"  {cell:>14}" for cell in cells) + f"  {row.source[-40:]}")
    return [
        *lines,
        "",
        f"{'':<8}  {'COMPARED':>9}  {'MEDIAN':>7}  {'MEAN':>7}  {'SD':>7}  {'LOWEST':>7}  {'HIGHEST':>7}"
        "  ON MARKS' SCALE",
        *(
            f"{item.name:<8}  {f'{item.n_compared}/{item.n_stated}':>9}  {item.median:7.1f}  {item.mean:7.1f}  "
            f"{item.sd:7.1f}  {item.lowest:7.1f}  {item.highest:7.1f}  {item.median_on_marks:15.1f}"
            for item in summaries
        ),
    ]


def _compared(folder: Path, *, as_json: bool) -> str:
    from dataclasses import asdict

    from cardiov_core.datasets import Ludb
    from cardiov_core.studies import check_delineation

    ludb = Ludb(folder)
    if not ludb.ids():
        raise ConfigurationError(f"{folder} lists records, but has none of them.", "Unpack LUDB's folder data as well.")
    methods = _methods()
    check = check_delineation(ludb, methods)
    if as_json:
        return output.to_json(asdict(check))
    return "\n".join([_tables(check), *_blindness(ludb)])


def _blindness(ludb: "Ludb") -> list[str]:
    """Say by which networks records that trained the delineator were measured."""
    from cardiov_core.signals import trained_delineator

    weights = trained_delineator()
    if weights is None:
        return []
    ids = ludb.ids()
    n_seen = sum(ludb.record(number).fingerprint in weights.fold_of for number in ids)
    return [
        "",
        f"Networks: {n_seen} of {len(ids)} records trained the delineator; each of them was measured by the one of its "
        f"{len(weights.nets)} networks that never saw it, the others by all.",
    ]


def _methods() -> "dict[str, Method]":
    from importlib.util import find_spec

    from cardiov_core.signals import by_networks, by_slopes, trained_delineator
    from cardiov_core.studies import cardiov, neurokit

    methods: dict[str, Method] = {"CardioV": cardiov()}
    if trained_delineator() is None:
        click.echo("The trained delineator is not installed: boundaries are found by slopes.", err=True)
    else:
        methods["networks alone"] = cardiov(by_networks)
        methods["slopes alone"] = cardiov(by_slopes)
    if find_spec("neurokit2") is None:
        click.echo("NeuroKit2 is not installed, so there is no comparison: pip install 'cardiov[compare]'.", err=True)
    else:
        methods["NeuroKit2"] = neurokit()
    return methods


def _tables(check: "DelineationCheck") -> str:
    from cardiov_core.evaluation import CSE_TOLERANCE_MS, INTERVALS

    lines = [
        f"{check.n_records} records. Errors are found minus marked, in ms, one value a record. KNOWN is the offset of "
        "the carts' scale against the marks; MAE is what is left after it."
    ]
    for scope, title in (
        ("global", "All leads (marks: second earliest onset, second latest offset of at least six leads)"),
        ("lead II", "Lead II alone against its own marks"),
    ):
        rows = [row for row in check.rows if row.scope == scope]
        lines += ["", title, "", _INTERVAL_HEAD]
        lines += [_row(row, row.sd_ms) for name in INTERVALS for row in rows if row.name == name]
        lines += ["", _BOUNDARY_HEAD]
        lines += [
            f"{_row(row, 2.0 * row.sd_ms)}  {tolerance:6.1f}"
            for name, tolerance in CSE_TOLERANCE_MS.items()
            for row in rows
            if row.name == name
        ]
    lines += ["", "P waves"]
    lines += [
        f"  {name}: found in {waves.n_found} of {waves.n_marked} records with marked P waves, "
        f"claimed in {waves.n_false} of {waves.n_without} without"
        for name, waves in check.p_waves.items()
    ]
    rates = check.heart_rates
    lines += [
        "",
        f"Heart rate: within 2/min in {rates.n_within_same_span} of {rates.n_records} records over the marked stretch "
        f"(mean absolute error {rates.mae_bpm:.2f}/min), in {rates.n_within} over the whole record, whose first and "
        "last beats carry no marks",
    ]
    return "\n".join(lines)


def _row(row: "Row", spread_ms: float) -> str:
    n_found = f"{row.n_found}/{row.n_marked}"
    return (
        f"{row.name:<14}  {row.method:<18}  {n_found:>9}  {row.bias_ms:6.1f}  {row.offset_ms:6.1f}  {row.mae_ms:6.1f}  "
        f"{spread_ms:6.1f}"
    )
