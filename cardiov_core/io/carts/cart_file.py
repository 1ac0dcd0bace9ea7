"""Files of carts and archives that ecgdatakit parses: DICOM, HL7 aECG, MUSE, Sierra, SCP-ECG, EDF and the like.

Around it: content in a temporary folder, prepared by the format's own module where the library would read it wrong,
units taken to mV by what the file states, never by what the numbers look like, and placeholders among the facts left
out.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.domain import Sex
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.io.assembly import Channels, ReadOptions, sha256_of
from cardiov_core.io.carts.ecgdatakit_file import Parse, Parsed, clean, parse_as
from cardiov_core.io.carts.edf import NO_EDF_DATE, plain_edf_facts
from cardiov_core.io.carts.ends import without_ends
from cardiov_core.io.carts.machine import machine_reading
from cardiov_core.io.carts.scaled_samples import Row, channel_rows, on_one_axis
from cardiov_core.io.leads import standard_leads
from cardiov_core.io.scratch import scratch_folder
from cardiov_core.limits import limits, mib

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord

_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}
# Born 1900 stands for 'not known' in many archives, as do the first days of SQL's and of spreadsheets' calendars.
_LAST_PLACEHOLDER_YEAR = 1900
_OLDEST_STATED = 95
# ecgdatakit knows more formats without a magic number. Its WFDB reader is none of them: it follows the header's file
# names wherever they lead, to other files of this machine.
_RARER = frozenset({"MFER", "XLE ECG", "EDAN ARC Holter"})


def read_cart(path: Path, content: bytes, options: ReadOptions, *, name: str, parse: Parse) -> Channels:
    """Read a cart's or an archive's file.

    `options`: units for files that do not state them. `parse`: takes the file's name, its content and a temporary
    folder.
    """
    most = limits().cart_mib
    if len(content) > mib(most):
        raise RecordUnsupportedError(
            f"{path.name} has {len(content) / 1024**2:.0f} MiB; such files are opened up to {most:g} MiB.",
            "Cut the recording into shorter records.",
        )
    with scratch_folder() as folder:
        parsed = parse(path.name, content, folder)
    rows, notes = channel_rows(parsed, path.name, options)
    return _channels(path, content, parsed, rows, notes, name)


def read_rarer(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a file of a rarer format without a magic number, which `knows` recognised."""
    parse = parse_as("a rarer format", path.suffix[:16])
    return read_cart(path, content, options, name="", parse=parse)


def knows(path: Path, content: bytes) -> bool:
    """Tell whether ecgdatakit recognises a file that has no magic number (MFER without preamble, XLE, ARC)."""
    from ecgdatakit import ECGDataKitError, FileParser

    with scratch_folder() as folder:
        alone = folder / f"ecg{path.suffix[:16]}"
        alone.write_bytes(content)
        try:
            known = FileParser.detect_format(alone)
            return known is not None and known["name"] in _RARER
        except (ECGDataKitError, OSError, ValueError, LookupError, TypeError, RuntimeError):
            return False


def _channels(
    path: Path, content: bytes, parsed: Parsed, rows: list[Row], notes: list[str], format_name: str
) -> Channels:
    record, names = parsed.record, tuple(row.name for row in rows)
    leads = standard_leads(names)
    steps = [0.0 if row.gain_per_mv is None else 1.0 / row.gain_per_mv for row in rows]
    signal, cut = without_ends(on_one_axis(rows, path.name), names, rows[0].rate_hz, steps)
    edf = plain_edf_facts(record)
    device = edf.device if edf else _device(record)
    name = "EDF+" if str(record.file_format.version).startswith("EDF+") else format_name or record.file_format.name
    gains = [row.gain_per_mv for row, lead in zip(rows, leads, strict=True) if lead is not None]
    return Channels(
        path=path,
        format=name,
        signal_mv=signal,
        names=names,
        sampling_rate=rows[0].rate_hz,
        files=(path.name,),
        sha256=sha256_of(content),
        gains_per_mv=tuple(gain for gain in gains if gain is not None) if all(gains) and gains else None,
        age=edf.age if edf else _age(record, parsed.age),
        sex=edf.sex if edf else _SEXES.get(record.patient.sex),
        recorded_at=None if parsed.undated or record.recording.date == NO_EDF_DATE else record.recording.date,
        patient_id=edf.patient_id if edf else clean(record.patient.patient_id) or parsed.patient_id,
        device=device,
        comments=_comments(record, undated=parsed.undated),
        warnings=(*parsed.notes, *notes, *cut),
        machine=machine_reading(record, device or name),
        derived_leads=parsed.derived_leads,
    )


def _device(record: "ECGRecord") -> str | None:
    info = record.recording.device
    maker, model = clean(info.manufacturer), clean(info.model) or clean(info.name)
    text = model if maker.casefold() in model.casefold() else f"{maker} {model}"
    return text.strip() or None


def _age(record: "ECGRecord", otherwise: float | None) -> float | None:
    age = record.patient.age
    if age is None or _is_of_a_placeholder(record.patient.birth_date, record.recording.date, age):
        return otherwise
    return float(age)


def _is_of_a_placeholder(born: datetime | None, recorded: datetime | None, age: float) -> bool:
    """Whether an age was computed from a date of birth that stands for 'not known'."""
    if born is None or born.year > _LAST_PLACEHOLDER_YEAR:
        return False
    # An age that the file states beside such a date is another one.
    return age > _OLDEST_STATED if recorded is None else abs(recorded.year - born.year - age) <= 1


def _comments(record: "ECGRecord", *, undated: bool) -> tuple[str, ...]:
    filters = record.recording.acquisition.filters
    parts = []
    if filters.highpass and filters.lowpass:
        parts.append(f"{filters.highpass:g}-{filters.lowpass:g} Hz")
    elif filters.highpass or filters.lowpass:
        parts.append(f"from {filters.highpass:g} Hz" if filters.highpass else f"up to {filters.lowpass:g} Hz")
    if filters.notch and filters.notch_active:
        parts.append(f"notch {filters.notch:g} Hz")
    comments = [f"Filters stated in the file: {', '.join(parts)}."] if parts else []
    if not undated and record.recording.date is None and (day := record.raw_metadata.get("acquisition_date")):
        comments.append(f"Recorded on {clean(str(day))}; the file states no time of day.")
    return tuple(comments)
