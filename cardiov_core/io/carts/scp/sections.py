"""The frame of an SCP-ECG file: its sections, and a lead table (EN 1064, 5.2, 5.3 and 5.6)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

SECTION_HEADER_BYTES = 16
_POINTER_BYTES = 10
_PREAMBLE_BYTES = 6
_LAST_STANDARD_SECTION = 11


class ScpError(ValueError):
    """What is wrong with the frame or the samples, in words."""


@dataclass(frozen=True)
class LeadTable:
    """Section 3."""

    codes: tuple[int, ...]  # lead codes of EN 1064, table 6
    starts: tuple[int, ...]  # first sample of each lead, counted from 1
    counts: tuple[int, ...]  # announced samples of each lead
    subtracted: bool  # whether a reference beat was subtracted from the rhythm


def sections_of(content: bytes, base: int) -> dict[int, bytes]:
    """Return the sections of a file, headers included."""
    (length,) = struct.unpack_from("<I", content, _PREAMBLE_BYTES + 4)
    sections: dict[int, bytes] = {}
    for at in range(
        _PREAMBLE_BYTES + SECTION_HEADER_BYTES, min(_PREAMBLE_BYTES + length, len(content) - 9), _POINTER_BYTES
    ):
        number, size, index = struct.unpack_from("<HII", content, at)
        start = index - base
        if size == 0 or number > _LAST_STANDARD_SECTION:
            continue
        if start < _PREAMBLE_BYTES or start + size > len(content) or size < SECTION_HEADER_BYTES:
            raise ScpError(f"section {number} lies outside the file")
        (stated,) = struct.unpack_from("<H", content, start + 2)
        if stated != number:
            raise ScpError(f"section 0 points to section {number}, where section {stated} is")
        sections[number] = content[start : start + size]
    return sections


def body_of(sections: Mapping[int, bytes], number: int) -> bytes:
    """Return a section without its header."""
    if number not in sections:
        raise ScpError(f"section {number} is missing")
    return sections[number][SECTION_HEADER_BYTES:]


def lead_table(body: bytes) -> LeadTable:
    """Parse section 3."""
    n_leads = body[0] if body else 0
    if n_leads == 0 or len(body) < 2 + 9 * n_leads:
        raise ScpError("section 3 names no leads")
    rows = [struct.unpack_from("<IIB", body, 2 + 9 * index) for index in range(n_leads)]
    if any(end < start for start, end, _ in rows):
        raise ScpError("section 3 states leads that end before they begin")
    # Samples are counted from 1; writers who count from 0 mean the end as the number of samples.
    return LeadTable(
        codes=tuple(code for _, _, code in rows),
        starts=tuple(max(start, 1) for start, _, _ in rows),
        counts=tuple(end - max(start, 1) + 1 for start, end, _ in rows),
        subtracted=bool(body[1] & 1),
    )


def canonical(content: bytes, sections: Mapping[int, bytes], codes: tuple[int, ...], interval_us: int) -> bytes:
    """Return a small file with a file's facts and two samples per lead, for a parser that knows the facts' sections."""
    leads = b"".join(struct.pack("<IIB", 1, 2, code) for code in codes)
    rhythm = struct.pack("<HHBB", 1000, interval_us, 0, 0) + struct.pack("<H", 4) * len(codes) + bytes(4 * len(codes))
    kept = {number: sections[number] for number in (1, 7, 8, 10, 11) if number in sections}
    version = content[_PREAMBLE_BYTES + 8 : _PREAMBLE_BYTES + 10]
    kept[3] = _section(3, bytes([len(codes), 0x04 | (min(len(codes), 31) << 3)]) + leads, version)
    kept[6] = _section(6, rhythm, version)
    pointer_bytes = SECTION_HEADER_BYTES + _POINTER_BYTES * 12
    at = _PREAMBLE_BYTES + pointer_bytes
    pointers = struct.pack("<HII", 0, pointer_bytes, _PREAMBLE_BYTES + 1)
    bodies = b""
    for number in range(1, 12):
        section = kept.get(number, b"")
        pointers += struct.pack("<HII", number, len(section), at + len(bodies) + 1 if section else 0)
        bodies += section
    body = _section(0, pointers, version) + bodies
    return b"\x00\x00" + struct.pack("<I", _PREAMBLE_BYTES + len(body)) + body


def _section(number: int, body: bytes, version: bytes) -> bytes:
    return b"\x00\x00" + struct.pack("<HI", number, SECTION_HEADER_BYTES + len(body)) + version + bytes(6) + body
