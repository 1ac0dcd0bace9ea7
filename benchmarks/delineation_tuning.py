"""The delineator's parameters chosen on four fifths of LUDB and measured on the rest, five times.

``python benchmarks/delineation_tuning.py [LUDB]`` prints what each fold chose and the errors on the records that did
not choose, in the table of ``cardiov measure --against-annotations``.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import click
import numpy as np

from cardiov_core.datasets import Ludb, find_ludb
from cardiov_core.evaluation import AnnotatedBeat, Row, Scope, TimedBeats, boundary_errors_ms, compare, group_beats
from cardiov_core.signals import DEFAULT, Parameters, Slopes, Waves, delineate, find_waves
from cardiov_core.studies import at_beats, lead_of, overall_of

N_FOLDS = 5
QT_S = (0.55, 0.60, 0.65)
GRID: dict[str, tuple[Sequence[float], Sequence[float]]] = {
    "qrs": ((0.006, 0.008, 0.010, 0.012), (0.02, 0.03, 0.04, 0.05, 0.06, 0.08)),
    "p": ((0.008, 0.010, 0.012, 0.016), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)),
    "t": ((0.012, 0.016, 0.020, 0.024), (0.10, 0.15, 0.20, 0.25, 0.30)),
    "lead_qrs": ((0.004, 0.006, 0.008, 0.010), (0.03, 0.05, 0.08, 0.12, 0.16)),
    "lead_p": ((0.008, 0.010, 0.012, 0.016), (0.2, 0.3, 0.4, 0.5, 0.6)),
    "lead_t": ((0.012, 0.016, 0.020, 0.024), (0.2, 0.3, 0.4, 0.5)),
}
"""Widths in s and shares that were tried, by the field of `Parameters`."""

Case = tuple[Waves, list[AnnotatedBeat]]


def main(folder: Path | None) -> None:
    """Choose and measure."""
    ludb = Ludb(folder) if folder is not None else find_ludb()
    if ludb is None:
        raise click.ClickException("There is no LUDB: name its folder.")
    cases: list[Case] = []
    for number in ludb.ids():
        waves = find_waves(ludb.record(number))
        if waves is not None:
            cases.append((waves, group_beats(ludb.boundaries(number))))
    errors = {candidate: [_errors(case, candidate) for case in cases] for candidate in _candidates()}
    folds = np.arange(len(cases)) % N_FOLDS
    found: dict[int, Parameters] = {}
    for fold in range(N_FOLDS):
        chosen = _choose(errors, folds != fold)
        click.echo(f"fold {fold}: {chosen}")
        found |= dict.fromkeys(np.flatnonzero(folds == fold).tolist(), chosen)
    click.echo(f"all: {_choose(errors, folds >= 0)}")
    for name, parameters in (("cross-validated", found), ("shipped", dict.fromkeys(range(len(cases)), DEFAULT))):
        for scope in ("global", "lead II"):
            for row in _rows(name, scope, cases, parameters):
                click.echo(_line(row))


def _candidates() -> list[Parameters]:
    """Vary one wave at a time: the waves hardly depend on one another."""
    one_share = [
        replace(DEFAULT, **{name: Slopes(width, share, share)})
        for name, (widths, shares) in GRID.items()
        for width, share in product(widths, shares)
    ]
    return [*one_share, *(replace(DEFAULT, longest_qt_s=longest) for longest in QT_S)]


def _found(case: Case, parameters: Parameters, scope: Scope) -> TimedBeats:
    series = case[0].series
    found = delineate(series.median_beat, parameters)
    return at_beats(series, found if scope == "global" else found.leads.get("II"))


def _errors(case: Case, parameters: Parameters) -> dict[str, float]:
    wanted = {"global": overall_of(case[1]), "lead II": lead_of(case[1])}
    return {
        f"{scope} {name}": error
        for scope in ("global", "lead II")
        for name, error in boundary_errors_ms(wanted[scope], _found(case, parameters, scope)).items()
    }


def _choose(errors: dict[Parameters, list[dict[str, float]]], training: np.ndarray) -> Parameters:
    """Return the parameters with the smallest mean absolute boundary errors on the training records."""

    def mae(candidate: Parameters, name: str) -> float:
        values = [case[name] for case, used in zip(errors[candidate], training, strict=True) if used and name in case]
        return float(np.abs(values).mean())

    chosen = DEFAULT
    for name, (widths, shares) in GRID.items():
        wave = name.removeprefix("lead_").upper()
        scope = "lead II" if name.startswith("lead_") else "global"
        best: tuple[float, Slopes] | None = None
        for width in widths:
            tried = {share: replace(DEFAULT, **{name: Slopes(width, share, share)}) for share in shares}
            onset = {share: mae(candidate, f"{scope} {wave} onset") for share, candidate in tried.items()}
            offset = {share: mae(candidate, f"{scope} {wave} offset") for share, candidate in tried.items()}
            on, off = min(onset, key=onset.__getitem__), min(offset, key=offset.__getitem__)
            # T onsets enter no measurement.
            total = offset[off] + (0.0 if wave == "T" else onset[on])
            if best is None or total < best[0]:
                best = total, Slopes(width, on, off)
        if best is not None:
            chosen = replace(chosen, **{name: best[1]})
    return replace(
        chosen, longest_qt_s=min(QT_S, key=lambda qt: mae(replace(DEFAULT, longest_qt_s=qt), "global T offset"))
    )


def _rows(name: str, scope: Scope, cases: list[Case], parameters: dict[int, Parameters]) -> list[Row]:
    return compare(
        name,
        scope,
        [
            (overall_of(case[1]) if scope == "global" else lead_of(case[1]), _found(case, parameters[index], scope))
            for index, case in enumerate(cases)
        ],
    )


def _line(row: Row) -> str:
    return (
        f"{row.method:<16}  {row.scope:<8}  {row.name:<10}  {row.n_found:>3}/{row.n_marked:<3}"
        f"  bias {row.bias_ms:6.1f}  MAE {row.mae_ms:5.1f}  SD {row.sd_ms:5.1f}"
    )


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def command(folder: Path | None) -> None:
    """Cross-validate the delineator's parameters on LUDB."""
    main(folder)


if __name__ == "__main__":
    command()
