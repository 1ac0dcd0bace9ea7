"""The formats of carts and archives, told apart by their content."""

import re
import struct
from enum import StrEnum

from cardiov_core.io.carts.xml_guard import root_name

_HEAD_BYTES = 65536


class VendorFormat(StrEnum):
    """Formats that carts and archives write, named as a record's provenance names them."""

    DICOM = "DICOM"
    AECG = "HL7 aECG"
    MUSE = "GE MUSE XML"
    SIERRA = "Philips Sierra XML"
    MORTARA = "Mortara XML"
    SCP = "SCP-ECG"
    EDF = "EDF"
    ISHNE = "ISHNE"
    MFER = "MFER"
    KARDIA = "Kardia JSON"

    @property
    def is_xml(self) -> bool:
        """Whether files of this format are XML documents."""
        return self in {VendorFormat.AECG, VendorFormat.MUSE, VendorFormat.SIERRA, VendorFormat.MORTARA}


_BY_ROOT = {
    "annotatedecg": VendorFormat.AECG,
    "restingecg": VendorFormat.MUSE,
    "restingecgdata": VendorFormat.SIERRA,
    "ecg": VendorFormat.MORTARA,
}
# First elements of a DICOM data set without the 128-byte preamble: group length, character set, SOP class.
_BARE_DICOM = re.compile(
    rb"\A(?:\x02\x00\x00\x00UL|\x02\x00\x01\x00OB|\x08\x00\x00\x00(?:UL|\x04\x00\x00\x00)|\x08\x00\x05\x00CS|\x08\x00\x16\x00UI)"
)
_SECTION_HEADER_BYTES = 16
_POINTER_BYTES = 10


def vendor_format(content: bytes) -> VendorFormat | None:
    """Tell which cart's or archive's format a file has, or None.

    Parameters
    ----------
    content : bytes
        The file, or its beginning (512 bytes at least for DICOM and SCP-ECG; XML may begin with long comments).
    """
    head = content[:_HEAD_BYTES]
    if head[128:132] == b"DICM" or _BARE_DICOM.match(head):
        return VendorFormat.DICOM
    if head[:8] == b"ISHNE1.0":
        return VendorFormat.ISHNE
    # EDF: version 0 in eight characters, then patient and recording; the number of signals is text as well.
    if head[:8] == b"0       " and (len(head) < 256 or head[252:256].strip().isdigit()):
        return VendorFormat.EDF
    # ISO 22077-1: the preamble tag, its length, 'MFR '.
    if head[:1] == b"@" and head[2:6] == b"MFR ":
        return VendorFormat.MFER
    if _is_scp(head):
        return VendorFormat.SCP
    start = head[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        return VendorFormat.KARDIA if b'"recordedAt"' in head else None
    if start.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<")):
        return _BY_ROOT.get((root_name(head) or "").casefold())
    return None


def _is_scp(head: bytes) -> bool:
    """Tell whether a file begins like SCP-ECG: record length, then section 0 that points at itself (EN 1064, 5.3)."""
    if len(head) < 32:
        return False
    (record_bytes,) = struct.unpack_from("<I", head, 2)
    section, section_bytes = struct.unpack_from("<HI", head, 8)
    own_id, _, own_index = struct.unpack_from("<HII", head, 22)
    pointers = section_bytes - _SECTION_HEADER_BYTES
    return bool(
        section == 0
        and pointers >= _POINTER_BYTES
        and pointers % _POINTER_BYTES == 0
        and record_bytes >= 6 + section_bytes
        and own_id == 0
        and own_index == 7
    )
