"""SCP-ECG: ecgdatakit where it can, and a reader that forgives more where a writer bent the standard."""

import struct
from pathlib import Path

import numpy as np

from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.io.carts.ecgdatakit_file import Parsed, incomplete, parse_as, run
from cardiov_core.io.carts.scp.healforce import healforce_rhythm, is_healforce
from cardiov_core.io.carts.scp.rhythm import Rhythm, rhythm_of
from cardiov_core.io.carts.scp.sections import ScpError, canonical, sections_of

_FORMAT = "SCP-ECG"
_PARSE = parse_as(_FORMAT, ".scp")
# What a parser of others refuses is told in its words where ours refuses as well.
_Refusal = (RecordFormatError, RecordUnsupportedError)


def parse_scp(name: str, content: bytes, folder: Path) -> Parsed:
    """Parse an SCP-ECG file."""
    if is_healforce(content):
        return _healforce(name, content, folder)
    try:
        return _PARSE(name, content, folder)
    except _Refusal as refusal:
        try:
            sections = sections_of(content, base=1)
            rhythm = rhythm_of(sections)
            return _with_facts(name, content, folder, sections, rhythm, rhythm.notes)
        except (ScpError, struct.error, *_Refusal):
            raise refusal from None


def _healforce(name: str, content: bytes, folder: Path) -> Parsed:
    try:
        sections = sections_of(content, base=0)
        rhythm = healforce_rhythm(sections)
        remarks = (
            "This is Healforce's variant of SCP-ECG, which names no lead; its channels fit leads I, II and III in "
            "that order and were taken as such.",
        )
        parsed = _with_facts(name, content, folder, {}, rhythm, remarks)
    except (ScpError, struct.error) as fault:
        raise incomplete(name, "Healforce's variant of SCP-ECG", str(fault)) from fault
    parsed.record.recording.device.manufacturer = "Healforce"
    return parsed


def _with_facts(
    name: str, content: bytes, folder: Path, sections: dict[int, bytes], rhythm: Rhythm, remarks: tuple[str, ...]
) -> Parsed:
    """Let ecgdatakit read the facts of a file whose rhythm was decoded here."""
    file = folder / "facts.scp"
    file.write_bytes(canonical(content, sections, rhythm.table.codes, round(rhythm.interval_us)))
    record, notes = run(file, name, _FORMAT)
    for lead, row, start in zip(record.leads, rhythm.rows, rhythm.table.starts, strict=True):
        lead.samples = row.astype(np.float64)
        lead.resolution, lead.resolution_unit = rhythm.nv_per_count / 1000.0, "uV"
        lead.is_raw, lead.units = True, ""
        if start != 1:
            lead.annotations["start_sample"] = str(start)
    record.raw_metadata["rhythm_sample_interval_us"] = rhythm.interval_us
    # The checksums of the file that was made for the parser are nobody's.
    return Parsed(record, tuple(record.leads), (*remarks, *(note for note in notes if "CRC" not in note)))
