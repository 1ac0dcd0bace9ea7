"""How files of carts and archives are recognised by their content; each takes a path (unused) and a file's head."""

import re
import struct
from collections.abc import Callable
from pathlib import Path

from cardiov_core.io.carts.xml.guard import root_name

_SECTION_HEADER_BYTES = 16
_POINTER_BYTES = 10
_DICM = b"DICM"
# Value representations of the elements that a DICOM data set begins with (PS3.5, 6.2).
_FIRST_VRS = frozenset({b"UL", b"OB", b"CS", b"UI", b"DA", b"TM", b"LO", b"SH", b"DT", b"SQ", b"PN", b"UC", b"UR"})
_LONG_VRS = frozenset({b"OB", b"SQ", b"UC", b"UR"})
_LONGEST_FIRST = 1024

Recognises = Callable[[Path, bytes], bool]


def is_dicom(_: Path, head: bytes) -> bool:
    """Tell whether a file is DICOM, with its preamble, with the prefix alone, or as a bare data set."""
    return head[128:132] == _DICM or head[:4] == _DICM or _is_bare_dicom(head)


def _is_bare_dicom(head: bytes) -> bool:
    """Tell whether a file begins with three elements of group 2 or 8 in rising order (PS3.5, 7.1)."""
    order = "little" if head[1:2] == b"\x00" else "big"
    at, before = 0, (0, -1)
    for _ in range(3):
        if len(head) < at + 8:
            return False
        group = int.from_bytes(head[at : at + 2], order)  # type: ignore[arg-type]
        element = int.from_bytes(head[at + 2 : at + 4], order)  # type: ignore[arg-type]
        if group not in {2, 8} or (group, element) <= before:
            return False
        before = (group, element)
        vr = head[at + 4 : at + 6]
        if vr in _LONG_VRS:
            at, length = at + 12, int.from_bytes(head[at + 8 : at + 12], order)  # type: ignore[arg-type]
        elif vr in _FIRST_VRS:
            at, length = at + 8, int.from_bytes(head[at + 6 : at + 8], order)  # type: ignore[arg-type]
        else:
            at, length = at + 8, int.from_bytes(head[at + 4 : at + 8], order)  # type: ignore[arg-type]
        if length > _LONGEST_FIRST:
            # A sequence may have any length; it stands behind other elements.
            return vr == b"SQ" and at > 12
        at += length
    return True


def is_ishne(_: Path, head: bytes) -> bool:
    """Tell whether a file is ISHNE's Holter format."""
    return head[:8] == b"ISHNE1.0"


def is_edf(_: Path, head: bytes) -> bool:
    """Tell whether a file is EDF: version 0 in eight characters, and a number of signals that is text as well.

    Some writers pad with NUL where the format lays down blanks.
    """
    padded = head[:256].replace(b"\x00", b" ")
    return padded[:8] == b"0       " and (len(head) < 256 or padded[252:256].strip().isdigit())


def is_mfer(_: Path, head: bytes) -> bool:
    """Tell whether a file is MFER: the preamble tag, its length, 'MFR ' (ISO 22077-1)."""
    return head[:1] == b"@" and head[2:6] == b"MFR "


def is_scp(_: Path, head: bytes) -> bool:
    """Tell whether a file begins like SCP-ECG: record length, then section 0 that points at itself (EN 1064, 5.3).

    The standard counts bytes from 1, so section 0 lies at 7; Healforce counts from 0.
    """
    if len(head) < 32:
        return False
    (record_bytes,) = struct.unpack_from("<I", head, 2)
    section, section_bytes = struct.unpack_from("<HI", head, 8)
    own_id, own_bytes, own_index = struct.unpack_from("<HII", head, 22)
    pointers = section_bytes - _SECTION_HEADER_BYTES
    standard = record_bytes >= 6 + section_bytes and own_index == 7
    healforce = own_bytes == section_bytes and own_index == 6
    return bool(
        section == 0
        and pointers >= _POINTER_BYTES
        and pointers % _POINTER_BYTES == 0
        and own_id == 0
        and (standard or healforce)
    )


def is_kardia(_: Path, head: bytes) -> bool:
    """Tell whether a file is Kardia's JSON."""
    return _start(head).startswith(b"{") and b'"recordedAt"' in head


def is_contec(_: Path, head: bytes) -> bool:
    """Tell whether a file is of Contec's ECG90A: a number of seven digits, then the time of the recording."""
    return re.match(rb"[0-9]{7}\x00[\x00-\xff]{2}[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}\x00", head) is not None


def has_root(name: str) -> Recognises:
    """Return a function that tells whether a file is XML whose root element has that name."""

    def recognises(_: Path, head: bytes) -> bool:
        return _start(head).startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")) and _root(head) == name

    return recognises


def _root(head: bytes) -> str:
    return (root_name(head) or "").casefold()


def _start(head: bytes) -> bytes:
    return head[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
