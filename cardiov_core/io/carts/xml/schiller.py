"""Schiller's XML export (SEMA's SchillerEDI): read here, because ecgdatakit does not know it."""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from cardiov_core.domain import Float64Array, MachineReading, Sex
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.io.assembly import Channels, ReadOptions, missing, scale_to_mv, sha256_of
from cardiov_core.io.carts.ecgdatakit_file import clean, incomplete, no_rhythm
from cardiov_core.io.carts.ends import without_ends
from cardiov_core.io.carts.xml.guard import parse_xml

FORMAT = "Schiller XML"
_RHYTHM, _MEDIAN = "ECG_RHYTHMS", "ECG_AVERAGES"
_SEXES: dict[str, Sex] = {"MALE": "male", "FEMALE": "female"}
# The file's names of global measurements -> ours.
_MEASURED = {
    "HR": "heart_rate_bpm",
    "RR": "rr_mean_ms",
    "P": "p_ms",
    "PQ": "pr_ms",
    "QRS": "qrs_ms",
    "QT": "qt_ms",
    "QTC": "qtc_ms",
    "AXIS_P": "p_axis_deg",
    "AXIS_QRS": "qrs_axis_deg",
    "AXIS_T": "t_axis_deg",
}


def read_schiller(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a Schiller export."""
    root = parse_xml(content, path.name)
    waves = list(root.iter("wavedata"))
    rhythms = [wave for wave in waves if _text(wave, "type") == _RHYTHM and wave.findall("channel")]
    if not rhythms:
        raise no_rhythm(path.name, FORMAT, only_median=any(_text(wave, "type") == _MEDIAN for wave in waves))
    wave = max(rhythms, key=lambda one: len(_text(one, "channel/data")))
    signal, names, per_mv = _signal(wave, path.name, options)
    signal, cut = without_ends(signal, names, _rate(wave, path.name), [1.0 / per_mv] * len(names))
    measurements = dict(_measurements(root))
    statements = tuple(_statements(root))
    device = " ".join(filter(None, (_text(root, ".//hardware/vendor"), _text(root, ".//hardware/model"))))
    recorded = _recorded_at(root)
    return Channels(
        path=path,
        format=FORMAT,
        signal_mv=signal,
        names=names,
        sampling_rate=_rate(wave, path.name),
        files=(path.name,),
        sha256=sha256_of(content),
        gains_per_mv=(per_mv,) * len(names),
        age=_age(_text(root, "patdata/birthdate"), recorded),
        sex=_SEXES.get(_text(root, "patdata/gender").upper()),
        recorded_at=recorded,
        patient_id=_text(root, "patdata/id") or None,
        device=device or None,
        comments=tuple(_filters(root)),
        warnings=(*_left_out(rhythms), *cut),
        machine=MachineReading(device or FORMAT, measurements, statements, (), "")
        if measurements or statements
        else None,
    )


def _text(element: Element, path: str) -> str:
    return clean(element.findtext(path) or "")


def _left_out(rhythms: list[Element]) -> tuple[str, ...]:
    if len(rhythms) == 1:
        return ()
    return (f"The file holds {len(rhythms)} rhythm recordings; the longest was taken.",)


def _rate(wave: Element, name: str) -> float:
    value, exponent = _number(wave, "resolution/samplerate/value"), _number(wave, "resolution/samplerate/exponent")
    # Written as a value with an exponent; files have exponent 1, which leaves the value as it is.
    if value is None or exponent not in {None, 0.0, 1.0}:
        raise incomplete(name, FORMAT, "its sampling rate is missing or written in an unknown way")
    return value


def _number(element: Element, path: str) -> float | None:
    try:
        number = float(_text(element, path))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _signal(wave: Element, name: str, options: ReadOptions) -> tuple[Float64Array, tuple[str, ...], float]:
    unit = _text(wave, "resolution/yres/units") or options.units or ""
    per_count = _number(wave, "resolution/yres/unitperbit")
    if not unit:
        raise missing(name, ("units",))
    if per_count is None or per_count <= 0:
        raise incomplete(name, FORMAT, "it states no size of its samples")
    step_mv = per_count * scale_to_mv(name, unit)
    channels = wave.findall("channel")
    rows = [_samples(channel, name) for channel in channels]
    if len({row.size for row in rows}) > 1:
        raise incomplete(name, FORMAT, "its leads have different lengths")
    return np.stack(rows) * step_mv, tuple(_text(channel, "name") for channel in channels), 1.0 / step_mv


def _samples(channel: Element, name: str) -> Float64Array:
    lead, coding = _text(channel, "name"), _text(channel, "datatype")
    if coding not in {"COMMASEPARATE", ""}:
        raise RecordUnsupportedError(
            f"{name} ({FORMAT}) holds its samples in the coding {coding[:30]}, which is not read.",
            "Export the ECG in another format: DICOM, HL7 aECG or SCP-ECG.",
        )
    try:
        row = np.array((channel.findtext("data") or "").split(","), dtype=np.float64)
    except ValueError as error:
        raise incomplete(name, FORMAT, f"lead {lead} holds something else than numbers") from error
    announced = _text(channel, "samplecount")
    if announced.isdecimal() and int(announced) != row.size:
        raise incomplete(name, FORMAT, f"lead {lead} announces {announced} samples and holds {row.size}")
    return row


def _recorded_at(root: Element) -> datetime | None:
    day, clock = _text(root, ".//startdatetime/date"), _text(root, ".//startdatetime/time")
    try:
        return datetime.strptime(f"{day} {clock[:6]}", "%Y%m%d %H%M%S")
    except ValueError:
        return None


def _age(born: str, at: datetime | None) -> float | None:
    try:
        birth = datetime.strptime(born, "%Y%m%d")
    except ValueError:
        return None
    # 1900 and before stand for 'not known'.
    if at is None or birth.year <= 1900:
        return None
    return float(at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day)))


def _measurements(root: Element) -> Iterator[tuple[str, float]]:
    stated: Mapping[str, str] = {
        _text(one, "name"): _text(one, "value") for one in root.iter("annotation_global") if _text(one, "name")
    }
    for theirs, ours in _MEASURED.items():
        try:
            value = float(stated.get(theirs, ""))
        except ValueError:
            continue
        # Zero and 999 stand for 'not measured'; an axis may be zero.
        if math.isfinite(value) and abs(value) not in {999.0, 29999.0} and (value > 0 or ours.endswith("_deg")):
            yield ours, value


def _statements(root: Element) -> Iterator[str]:
    for one in root.iter("textdata"):
        if _text(one, "type") == "INTERPRETATION":
            for line in (one.findtext("textdata") or "").splitlines():
                if clean(line):
                    yield clean(line)


def _filters(root: Element) -> Iterator[str]:
    stated = {_text(one, "name"): _text(one, "value") for one in root.iter("filter")}
    low, high = stated.get("HIGHPASS_CUTOFF_FREQ", ""), stated.get("LOWPASS_CUTOFF_FREQ", "")
    if low and high and {low, high}.isdisjoint({"-", "OFF"}):
        yield f"Filters stated in the file: {low}-{high} Hz."
