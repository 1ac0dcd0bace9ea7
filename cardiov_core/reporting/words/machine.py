"""The machine's own measurements beside ours, as rows for readers."""

from collections.abc import Mapping
from types import MappingProxyType

from cardiov_core.domain import MachineReading, Measurements
from cardiov_core.reporting.words.measurements import NOT_MEASURABLE, QUANTITIES, number

MACHINE_ONLY: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "qtc_ms": ("QTc, formula not stated", "ms"),
        "atrial_rate_bpm": ("Atrial rate", "/min"),
        "rr_mean_ms": ("RR interval", "ms"),
        "pp_ms": ("PP interval", "ms"),
    }
)
"""Name and unit of what only machines measure, or name otherwise."""


def machine_rows(machine: MachineReading, measured: Measurements | None) -> tuple[tuple[str, str, str], ...]:
    """Put each number of the machine beside ours.

    Parameters
    ----------
    machine : MachineReading
        What the cart itself measured.
    measured : Measurements or None
        What CardioV measured; None where nothing could be.

    Returns
    -------
    tuple of tuple of str
        Name, the machine's value, our value ('-' where we measure no such thing); in the order of our own table, then
        what only the machine has.
    """
    rows = [
        (quantity.name, number(machine.measurements[quantity.field], quantity.unit), _ours(measured, quantity.field))
        for quantity in QUANTITIES
        if quantity.field in machine.measurements
    ]
    known = {quantity.field for quantity in QUANTITIES}
    for field, value in machine.measurements.items():
        if field not in known:
            name, unit = MACHINE_ONLY.get(field, (field.replace("_", " "), ""))
            rows.append((name, number(value, unit), "-"))
    return tuple(rows)


def _ours(measured: Measurements | None, field: str) -> str:
    quantity = next(quantity for quantity in QUANTITIES if quantity.field == field)
    value = None if measured is None else getattr(measured, field)
    return NOT_MEASURABLE if value is None else number(value, quantity.unit, quantity.decimals)
