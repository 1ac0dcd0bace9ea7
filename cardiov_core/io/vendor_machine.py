"""What the cart itself measured and stated, out of what ecgdatakit found in its file.

Nothing is computed here but the intervals between two wave boundaries that the file itself states (SCP-ECG section
7, representative beats of aECG): PR from P onset to QRS onset, QRS from onset to offset, QT from QRS onset to T
offset, as EN 1064, 5.10 defines them.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cardiov_core.domain import MachineReading

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
# What makers call measurements for which ecgdatakit has no field; folded case, without blanks and underscores.
_NAMED = {
    "qtcorrected": "qtc_ms",  # MUSE
    "qtc": "qtc_ms",  # Sierra 1.03, SCP-ECG with another formula, Mortara
    "qtcinterval": "qtc_ms",  # DICOM
    "mdcecgtimepdqtc": "qtc_ms",  # aECG
    "mindrayecgtimepdqtch": "qtc_hodges_ms",
    "mdcecgtimepdqtch": "qtc_hodges_ms",
    "mdcecgtimepdp": "p_ms",
    "mdcecgtimepdpgl": "p_ms",
    "pdur": "p_ms",  # Sierra
    "pduration": "p_ms",  # Mortara, DICOM
    "pdurationglobal": "p_ms",
    "atrialrate": "atrial_rate_bpm",
    "mdcecgheartrateatrial": "atrial_rate_bpm",
    "ppinterval": "pp_ms",
    "mdcecgtimepdpp": "pp_ms",
}
_NUMBER = re.compile(r"\A\s*(-?\d+(?:\.\d+)?)\s*(ms|bpm|deg|/min)?\b")
# Beyond these a number is a placeholder (999, 29999, 32767 ...), not a measurement.
_LARGEST = {"bpm": 400.0, "ms": 10_000.0, "deg": 360.0}
_SCP_UNDEFINED = 29999


def machine_reading(record: "ECGRecord", source: str) -> MachineReading | None:
    """Gather the machine's own measurements and statements.

    Parameters
    ----------
    record : ecgdatakit.models.ECGRecord
        As parsed.
    source : str
        Device or format, for `MachineReading.source`.

    Returns
    -------
    MachineReading or None
        None where the file holds neither a measurement nor a statement.
    """
    measurements: dict[str, float] = {}
    for name, value in (*_stated(record), *_between_boundaries(record)):
        if name not in measurements and _is_measured(name, value):
            measurements[name] = value
    machine, confirmed = _statements(record)
    severity = _one_line(record.interpretation.severity)
    if not (measurements or machine or confirmed):
        return None
    return MachineReading(source, measurements, machine, confirmed, severity)


def _stated(record: "ECGRecord") -> Iterator[tuple[str, float]]:
    for theirs, ours in _GLOBAL.items():
        value = getattr(record.measurements, theirs)
        if value is not None:
            yield ours, float(value)
    for key, text in record.annotations.items():
        name = _NAMED.get(re.sub(r"[\s_]", "", str(key)).casefold())
        number = _NUMBER.match(str(text))
        if name and number:
            yield name, float(number[1])


def _between_boundaries(record: "ECGRecord") -> Iterator[tuple[str, float]]:
    blocks = record.raw_metadata.get("measurement_blocks")
    stated: Mapping[str, Any] = blocks[0] if blocks else record.raw_metadata.get("fiducials_ms", {})
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
        if (line := _one_line(f"{left} ({right})" if left and right else left or right))
    )
    kept = str(record.annotations.get("machine_interpretation", ""))
    machine = tuple(line for text in kept.splitlines() if (line := _one_line(text.replace(" | ", ": "))))
    if interpretation.source in {"overread", "confirmed"}:
        return machine, lines
    return lines or machine, ()


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
