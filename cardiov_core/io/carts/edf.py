"""EDF: a header padded with NUL, signals without a scale, a padded last data record, and facts in EDF+'s form.

EDF+ (Kemp & Olivan 2003, 10.1016/S1388-2457(03)00123-8) lays down subfields of the patient and the recording field;
several writers use them and leave the mark 'EDF+C' out. The subfields are taken only where the whole field has that
form.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.domain import Sex
from cardiov_core.errors import RecordFormatError
from cardiov_core.io.carts.ecgdatakit_file import Parsed, parse_as
from cardiov_core.io.leads import standard_leads

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord

NO_EDF_DATE = datetime(1985, 1, 1)
"""Midnight of 1 January 1985, which EDF+ lays down for a recording whose date was removed."""

_PATIENT = re.compile(r"(?P<code>\S+) (?P<sex>[MFX]) (?P<birth>\d{2}-[A-Z]{3}-\d{4}|X) \S+.*")
_RECORDING = re.compile(r"Startdate \S+ \S+ \S+ (?P<equipment>\S+).*")
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}


_PARSE = parse_as("EDF", ".edf")
_MAX_SIGNALS = 4096
# Real recordings stand still for a tenth of a second at their end (PTB-XL 102): no padding.
_MIN_PADDING_S = 0.5
_LAST_PLACEHOLDER_YEAR = 1900


def parse_edf(name: str, content: bytes, folder: Path) -> Parsed:
    """Parse an EDF or EDF+ file."""
    content, notes = _with_blanks(content)
    parsed = _PARSE(name, content, folder)
    _refuse_without_scale(parsed, name)
    return _without_padding(replace(parsed, notes=(*notes, *_without_repeats(parsed.notes))))


def _with_blanks(content: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Write blanks where a header has NUL: the format lays down printable characters (Kemp et al. 1992)."""
    signals = content[252:256].replace(b"\x00", b" ").strip()
    n_bytes = 256 * (1 + min(int(signals), _MAX_SIGNALS)) if signals.isdigit() else 256
    if b"\x00" not in content[:n_bytes]:
        return content, ()
    return content[:n_bytes].replace(b"\x00", b" ") + content[n_bytes:], (
        "The header is padded with NUL instead of blanks, against the format.",
    )


def _refuse_without_scale(parsed: Parsed, name: str) -> None:
    names = [lead.label for lead in parsed.leads]
    for lead, standard in zip(parsed.leads, standard_leads(names), strict=True):
        low, high = lead.annotations.get("digital_minimum", "0"), lead.annotations.get("digital_maximum", "1")
        least, most = lead.annotations.get("physical_minimum", "0"), lead.annotations.get("physical_maximum", "1")
        if standard is not None and (int(high) <= int(low) or least == most):
            raise RecordFormatError(
                f"{name} states no scale for lead {lead.label}: counts {low} to {high} stand for {least} to {most}.",
                "Write the true physical minimum and maximum into the file, or export it again.",
            )


def _without_repeats(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what the parser says of channels without a scale: those that are leads were refused."""
    return tuple(note for note in notes if "samples left uncalibrated" not in note)


def _without_padding(parsed: Parsed) -> Parsed:
    """Cut the end of the last data record, where a writer filled it up: every lead stands still to the end."""
    meta = parsed.record.raw_metadata
    record_s, n_records = float(meta.get("record_duration", 0.0)), int(meta.get("num_records", 0))
    names = [lead.label for lead in parsed.leads]
    leads = [lead for lead, standard in zip(parsed.leads, standard_leads(names), strict=True) if standard is not None]
    rates = {lead.samples.size / (record_s * n_records) for lead in leads} if record_s and n_records else set()
    if len(rates) != 1:
        return parsed
    rate_hz = rates.pop()
    last = round(record_s * rate_hz)
    moving = [np.flatnonzero(np.diff(lead.samples[-last:])) for lead in leads]
    count = min(last - (int(moved[-1]) + 1 if moved.size else 0) for moved in moving)
    if count < _MIN_PADDING_S * rate_hz or count >= leads[0].samples.size - 1:
        return parsed
    for lead in leads:
        lead.samples = lead.samples[:-count]
    note = f"The last {count / rate_hz:.3g} s of the file are padding of its last data record, and were left out."
    return replace(parsed, notes=(*parsed.notes, note))


@dataclass(frozen=True)
class EdfFacts:
    """What the subfields say."""

    # As in `EcgRecord`; None where the field says 'X'.
    patient_id: str | None
    sex: Sex | None
    age: float | None
    device: str | None


def plain_edf_facts(record: "ECGRecord") -> EdfFacts | None:
    """Read the subfields of a plain EDF file.

    Returns None where the file is EDF+ (which ecgdatakit reads itself) or no EDF, or its patient field has another
    form.
    """
    if record.source_format != "edf":
        return None
    patient = _PATIENT.fullmatch(record.patient.patient_id.strip())
    if patient is None:
        return None
    recording = _RECORDING.fullmatch(str(record.raw_metadata.get("recording_id", "")).strip())
    equipment = recording["equipment"].replace("_", " ") if recording else "X"
    return EdfFacts(
        patient_id=None if patient["code"] == "X" else patient["code"].replace("_", " "),
        sex=_SEXES.get(patient["sex"]),
        age=_age(patient["birth"], record.recording.date),
        device=None if equipment == "X" else equipment,
    )


def _age(born: str, at: datetime | None) -> float | None:
    if born == "X" or at is None or at == NO_EDF_DATE:
        return None
    try:
        birth = datetime.strptime(born.title(), "%d-%b-%Y")
    except ValueError:
        return None
    if birth.year <= _LAST_PLACEHOLDER_YEAR:
        return None
    years = at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day))
    return float(years) if years >= 0 else None
