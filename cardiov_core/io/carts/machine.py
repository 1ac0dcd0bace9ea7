"""What the cart itself measured and stated, out of what ecgdatakit found in its file.

Nothing is computed here but the intervals between two wave boundaries that the file itself states (SCP-ECG section
7, representative beats of aECG): PR from P onset to QRS onset, QRS from onset to offset, QT from QRS onset to T
offset, as EN 1064, 5.10 defines them.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cardiov_core.domain import MachineReading
from cardiov_core.io.carts.ecgdatakit_file import clean

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord

# ecgdatakit's global measurements -> ours.
_GLOBAL = {
    "heart_rate": "heart_rate_bpm",
    "rr_interval": "rr_mean_ms",
    "pr_interval": "pr_ms",
    "qrs_duration": "qrs_ms",
    "qt_interval": "qt_ms",
    "qtc_bazett": "qtc_bazett_ms",
    "qtc_fridericia": "qtc_fridericia_ms",
    "p_axis": "p_axis_deg",
    "qrs_axis": "qrs_axis_deg",
    "t_axis": "t_axis_deg",
}
# What makers call measurements that ecgdatakit does not place; in folded case, without separators, and without
# 'MDC_ECG_', 'MINDRAY_ECG_', '_GL' and 'global'.
_NAMED = {
    "heart_rate_bpm": ("heartrate", "ventricularrate", "ventricularheartrate", "ventrate"),
    "atrial_rate_bpm": ("atrialrate", "heartrateatrial", "atrialheartrate"),
    "rr_mean_ms": ("rrinterval", "timepdrr", "meanrrinterval"),
    "pp_ms": ("ppinterval", "timepdpp"),
    "p_ms": ("pdur", "pduration", "pwaveduration", "timepdp"),
    "pr_ms": ("printerval", "pqinterval", "prduration", "timepdpr", "timepdpq"),
    "qrs_ms": ("qrsduration", "qrsinterval", "qrsdur", "timepdqrs"),
    "qt_ms": ("qtinterval", "qtduration", "timepdqt"),
    "qtc_ms": ("qtcorrected", "qtc", "qtcinterval", "qtintervalcorrected", "timepdqtc"),
    "qtc_bazett_ms": ("qtcb", "qtcbazett", "timepdqtcb"),
    "qtc_fridericia_ms": ("qtcf", "qtcfridericia", "timepdqtcf"),
    "qtc_hodges_ms": ("qtch", "qtchodges", "timepdqtch"),
    "qtc_framingham_ms": ("qtcfm", "qtcframingham", "timepdqtcfm"),
    "p_axis_deg": ("paxis", "pwaveaxis", "pfrontaxis", "anglepfront"),
    "qrs_axis_deg": ("raxis", "qrsaxis", "qrswaveaxis", "qrsfrontaxis", "angleqrsfront"),
    "t_axis_deg": ("taxis", "twaveaxis", "tfrontaxis", "angletfront"),
}
_BY_NAME = {spelling: name for name, spellings in _NAMED.items() for spelling in spellings}
_SEPARATORS = re.compile(r"[\s_.\-]")
_DRESSING = re.compile(r"^(?:mdcecg|mindrayecg)|(?:global|gl)$")
_NUMBER = re.compile(r"\A\s*(-?\d+(?:\.\d+)?)\s*([^\s(]*)")
# Unit of our names -> units that files write, with the factor; none counts as right.
_UNITS: dict[str, dict[str, float]] = {
    "ms": {"": 1.0, "ms": 1.0, "s": 1000.0},
    "bpm": dict.fromkeys(("", "bpm", "/min", "1/min", "{beats}/min", "{beat}/min", "beats/min"), 1.0),
    "deg": {"": 1.0, "deg": 1.0, "degrees": 1.0, "rad": 180.0 / math.pi},
}
# Beyond these a number is a placeholder (999, 29999, 32767 ...), not a measurement.
_LARGEST = {"bpm": 400.0, "ms": 10_000.0, "deg": 360.0}
_SCP_UNDEFINED = 29999


def machine_reading(record: "ECGRecord", source: str) -> MachineReading | None:
    """Gather the machine's own measurements and statements."""
    measurements: dict[str, float] = {}
    for name, value in (*_stated(record), *_between_boundaries(record)):
        if name not in measurements and _is_measured(name, value):
            measurements[name] = value
    machine, confirmed = _statements(record)
    severity = clean(record.interpretation.severity)
    if not (measurements or machine or confirmed):
        return None
    return MachineReading(source, measurements, machine, confirmed, severity)


def _stated(record: "ECGRecord") -> Iterator[tuple[str, float]]:
    for theirs, ours in _GLOBAL.items():
        value = getattr(record.measurements, theirs)
        if value is not None:
            yield ours, float(value)
    for key, text in record.annotations.items():
        name = _BY_NAME.get(_DRESSING.sub("", _SEPARATORS.sub("", str(key)).casefold()))
        number = _NUMBER.match(str(text))
        if name is None or number is None:
            continue
        factor = _UNITS[name.rpartition("_")[2]].get(number[2].casefold())
        if factor is not None:
            yield name, float(number[1]) * factor


def _between_boundaries(record: "ECGRecord") -> Iterator[tuple[str, float]]:
    blocks = record.raw_metadata.get("measurement_blocks")
    stated: Mapping[str, float] = blocks[0] if blocks else record.raw_metadata.get("fiducials_ms", {})
    known = {name: float(value) for name, value in stated.items() if value not in (_SCP_UNDEFINED, 0xFFFF)}
    for name, start, end in (
        ("p_ms", "p_onset", "p_offset"),
        ("pr_ms", "p_onset", "qrs_onset"),
        ("qrs_ms", "qrs_onset", "qrs_offset"),
        ("qt_ms", "qrs_onset", "t_offset"),
    ):
        if start in known and end in known:
            yield name, known[end] - known[start]


def _is_measured(name: str, value: float) -> bool:
    unit = name.rpartition("_")[2]
    # Carts write 0 for an interval or a rate that they could not measure; an axis may be 0.
    lowest_is_measured = unit == "deg" or value > 0
    return math.isfinite(value) and abs(value) <= _LARGEST[unit] and lowest_is_measured


def _statements(record: "ECGRecord") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the machine's statements and those that a physician edited or confirmed."""
    interpretation = record.interpretation
    lines = tuple(
        line
        for left, right in interpretation.statements
        if (line := clean(f"{left} ({right})" if left and right else left or right))
    )
    kept = str(record.annotations.get("machine_interpretation", ""))
    machine = tuple(line for text in kept.splitlines() if (line := clean(text.replace(" | ", ": "))))
    if interpretation.source in {"overread", "confirmed"}:
        return machine, lines
    return lines or machine, ()
