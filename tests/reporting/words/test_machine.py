"""The machine's numbers beside ours, each called what it is."""

from cardiov_core.domain import MachineReading, Measurements
from cardiov_core.reporting.words.machine import machine_rows

MACHINE = MachineReading("Cart 5", {"qtc_ms": 437.0, "qrs_ms": 92.0, "qrs_axis_deg": -12.0, "heart_rate_bpm": 71.0})


def test_rows_stand_in_our_order_with_both_values():
    rows = machine_rows(MACHINE, Measurements(heart_rate_bpm=70.6, qrs_ms=100.0))
    assert [name for name, *_ in rows] == ["Heart rate", "QRS duration", "QRS axis", "QTc, formula not stated"]
    assert [value[:3].strip("\u2009") for _, value, _ in rows] == ["71", "92", "\u221212", "437"]
    assert [value[:3].strip("\u2009") for _, _, value in rows[:2]] == ["71", "100"]
    assert rows[2][2] == "not measurable"
    assert rows[3][2] == "-"


def test_a_record_that_cannot_be_measured_still_shows_the_machines_numbers():
    rows = machine_rows(MACHINE, None)
    assert {ours for _, _, ours in rows} == {"not measurable", "-"}
