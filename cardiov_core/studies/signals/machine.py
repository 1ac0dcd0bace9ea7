"""Heart rate, PR, QRS and QT beside those that the carts wrote into their own files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import EcgRecord, MachineReading
from cardiov_core.signals import KNOWN_OFFSETS_MS, measure

COMPARED: Mapping[str, str] = {"HR": "heart_rate_bpm", "PR": "pr_ms", "QRS": "qrs_ms", "QT": "qt_ms"}
"""What is compared -> field of `Measurements`, and name in `MachineReading.measurements`."""


@dataclass(frozen=True)
class MachineRow:
    """One record beside its machine.

    Attributes
    ----------
    record_id, source : str
        The record, and the device or format that measured.
    machine, difference : mapping of str to float
        'HR', 'PR', 'QRS', 'QT' -> what the machine stated, and CardioV minus it; absent where one has no number.
    """

    record_id: str
    source: str
    machine: Mapping[str, float]
    difference: Mapping[str, float]


@dataclass(frozen=True)
class MachineSummary:
    """CardioV minus machine over the records.

    Attributes
    ----------
    name : str
        'HR', 'PR', 'QRS' or 'QT'.
    n_stated, n_compared : int
        Records whose machine stated it, and those of them that CardioV measured.
    median, mean, sd, lowest, highest : float
        In 1/min or ms; NaN where there is nothing to compare.
    median_on_marks : float
        Median without the move to the carts' scale.
    """

    name: str
    n_stated: int
    n_compared: int
    median: float
    mean: float
    sd: float
    lowest: float
    highest: float
    median_on_marks: float


def beside_machine(record: EcgRecord) -> MachineRow | None:
    """Measure a record and compare it with its machine.

    Parameters
    ----------
    record : EcgRecord
        As read.

    Returns
    -------
    MachineRow or None
        None where the file holds none of the four numbers.
    """
    stated = _stated(record.machine)
    if record.machine is None or not stated:
        return None
    measured = measure(record)
    ours = {name: getattr(measured, field) for name, field in COMPARED.items()}
    difference = {name: ours[name] - value for name, value in stated.items() if ours[name] is not None}
    return MachineRow(record.record_id, record.machine.source, stated, difference)


def summarise(rows: Iterable[MachineRow]) -> tuple[MachineSummary, ...]:
    """Summarise the differences, one row for each of HR, PR, QRS and QT."""
    listed = list(rows)
    return tuple(_summary(name, listed) for name in COMPARED)


def _stated(machine: MachineReading | None) -> dict[str, float]:
    if machine is None:
        return {}
    stated = {name: machine.measurements[field] for name, field in COMPARED.items() if field in machine.measurements}
    if "HR" not in stated and machine.measurements.get("rr_mean_ms"):
        stated = {"HR": 60_000.0 / machine.measurements["rr_mean_ms"], **stated}
    return stated


def _summary(name: str, rows: list[MachineRow]) -> MachineSummary:
    values = np.array([row.difference[name] for row in rows if name in row.difference])
    n_stated = sum(name in row.machine for row in rows)
    some = values if values.size else np.array([np.nan])
    median = float(np.median(some))
    return MachineSummary(
        name,
        n_stated,
        int(values.size),
        median,
        float(some.mean()),
        float(some.std()),
        float(some.min()),
        float(some.max()),
        median - KNOWN_OFFSETS_MS.get(name, 0.0),
    )
