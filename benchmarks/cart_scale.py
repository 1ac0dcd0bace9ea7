"""How QRS and QTc separate stated blocks and long QT from the rest, which fixes the scale of the carts.

``python benchmarks/cart_scale.py FOLDER`` takes a folder of PTB-XL; ``--every 4`` takes every fourth record without a
block or long QT, and all with.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from cardiov_core.datasets import LabelledRecord, labelled_records
from cardiov_core.signals import LONG_QTC_MS, WIDE_QRS_MS, measure

BLOCKS = ("CLBBB", "CRBBB", "ILBBB", "IRBBB", "IVCD")
WIDE = {*BLOCKS, "WPW", "PACE"}
"""Statements that make a QRS wide, or may."""

IRREGULAR = {"AFIB", "AFLT"}


class Case(NamedTuple):
    """One record: statements, sex, QRS and QTc."""

    labels: frozenset[str]
    sex: str | None
    qrs_ms: float | None
    qtc_ms: float | None


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--every", default=1, show_default=True, help="Take every so many of the records without such statements."
)
def main(folder: Path, every: int) -> None:
    """Print QRS by block, and QTc with and without stated long QT."""
    cases = []
    for index, labelled in enumerate(labelled_records(folder)):
        if index % every == 0 or labelled.labels & {*BLOCKS, "LNGQT"}:
            cases.append(_case(labelled))
    click.echo(f"{len(cases)} records.  QRS in ms: 2nd, 50th and 98th percentile; share from {WIDE_QRS_MS:g} ms on")
    groups: dict[str, Callable[[Case], bool]] = {
        "no statement of a block": lambda case: not case.labels & WIDE,
        "NORM, men": lambda case: "NORM" in case.labels and not case.labels & WIDE and case.sex == "male",
        "NORM, women": lambda case: "NORM" in case.labels and not case.labels & WIDE and case.sex == "female",
    }
    for name, belongs in groups.items():
        _line(name, [case.qrs_ms for case in cases if belongs(case)], WIDE_QRS_MS)
    for block in BLOCKS:
        _line(block, [case.qrs_ms for case in cases if block in case.labels], WIDE_QRS_MS)
    click.echo("QTc (Fridericia) in ms, likewise; share from the limit of the sex on")
    narrow = [case for case in cases if not case.labels & (WIDE | IRREGULAR)]
    for sex, limit_ms in LONG_QTC_MS.items():
        of_sex = [case for case in narrow if case.sex == sex]
        _line(f"NORM, {sex}", [case.qtc_ms for case in of_sex if "NORM" in case.labels], limit_ms)
        _line(f"no LNGQT, {sex}", [case.qtc_ms for case in of_sex if "LNGQT" not in case.labels], limit_ms)
        _line(f"LNGQT, {sex}", [case.qtc_ms for case in cases if "LNGQT" in case.labels and case.sex == sex], limit_ms)


def _case(labelled: LabelledRecord) -> Case:
    found = measure(labelled.record)
    return Case(labelled.labels, labelled.record.sex, found.qrs_ms, found.qtc_fridericia_ms)


def _line(name: str, values: list[float | None], limit: float) -> None:
    known = np.array([value for value in values if value is not None])
    if not known.size:
        click.echo(f"{name:<26} {0:>5} of {len(values):<5}")
        return
    low, middle, high = np.percentile(known, [2, 50, 98])
    beyond = int((np.round(known) >= limit).sum())
    click.echo(
        f"{name:<26} {known.size:>5} of {len(values):<5} {low:6.0f} {middle:6.0f} {high:6.0f}   "
        f"{beyond:>4} ({100 * beyond / known.size:.1f} %)"
    )


if __name__ == "__main__":
    main()
