"""What a file is, by its content: magic numbers and structure, never the extension alone."""

import struct
from enum import StrEnum
from pathlib import Path

from cardiov_core.errors import RecordFormatError, RecordNotFoundError, RecordUnsupportedError
from cardiov_core.io.assembly import MAX_FILE_BYTES
from cardiov_core.io.carts.formats import vendor_format
from cardiov_core.io.formats.wfdb_header import looks_like_header

_TEXT_SAMPLE = 4096
_TEXT_BYTES = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
# UTF-8 and Latin-1 letters in comments and column names.
_CONTROL_BYTES = frozenset(range(0x20)) - {0x09, 0x0A, 0x0D, 0x0C} | {0x7F}


class Kind(StrEnum):
    """Kinds of content that are told apart."""

    WFDB_HEADER = "WFDB header"
    ZIP = "zip archive"
    TAR = "tar archive"
    NPY = "NPY"
    MAT4 = "MATLAB 4"
    MAT5 = "MATLAB 5"
    HDF5 = "HDF5"
    VENDOR = "file of a cart or an archive"
    TEXT = "text"
    FOREIGN = "foreign format"
    BINARY = "binary"


# Formats that are recognised in order to say what they are.
_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "an image"),
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"GIF8", "an image"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document"),
    (0, b"\xffBIOSEMI", "a BDF file"),
)
_TAR_MAGIC: tuple[tuple[int, bytes], ...] = (
    (257, b"ustar"),
    (0, b"\x1f\x8b\x08"),
    (0, b"BZh"),
    (0, b"\xfd7zXZ\x00"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"Rar!\x1a\x07"),
    (0, b"\x28\xb5\x2f\xfd"),
)


def read_bytes(path: Path) -> bytes:
    """Read a file whole, after a look at its size.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    RecordNotFoundError
        If it cannot be opened.
    RecordFormatError
        If it is empty.
    RecordUnsupportedError
        If it is larger than 512 MiB.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise RecordUnsupportedError(
                f"{path.name} has {size / 1024**2:.0f} MiB; at most {MAX_FILE_BYTES // 1024**2} MiB are opened.",
                "Cut the recording into shorter records.",
            )
        content = path.read_bytes()
    except OSError as error:
        raise RecordNotFoundError(
            f"{path.name} cannot be opened: {error.strerror or error}.", "Check that it is there and may be read."
        ) from error
    if not content:
        raise RecordFormatError(f"{path.name} is empty.", "Copy, download or export the file again.")
    return content


def is_plain_text(content: bytes) -> bool:
    """Tell whether the beginning of a file is printable ASCII throughout, which no signal is.

    Parameters
    ----------
    content : bytes
        The file; fewer than 16 bytes are never called text.
    """
    head = content[:_TEXT_SAMPLE]
    return len(head) >= 16 and _TEXT_BYTES.issuperset(head)


def decode_text(content: bytes) -> str | None:
    """Return the text in a file, or None where it is none.

    Parameters
    ----------
    content : bytes
        The file: UTF-8, UTF-16 with a byte-order mark, or Latin-1.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            return None
    if not _CONTROL_BYTES.isdisjoint(content[:_TEXT_SAMPLE]):
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    # Bytes 0x80-0x9F are control characters in Latin-1: such a file is binary by all likelihood.
    return None if any("\x80" <= letter <= "\x9f" for letter in text[:_TEXT_SAMPLE]) else text


def foreign_format(content: bytes) -> str | None:
    """Name a recognised format that CardioV does not read, or None.

    Parameters
    ----------
    content : bytes
        The file.
    """
    for offset, magic, name in _FOREIGN:
        if content[offset : offset + len(magic)] == magic:
            return name
    head = content[:512].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\x00", b"")
    return "an XML document" if head.startswith((b"<?xml", b"<!DOCTYPE", b"<")) else None


def kind_of(content: bytes) -> Kind:
    """Tell what a file is.

    Parameters
    ----------
    content : bytes
        The file, or its beginning where only magic numbers matter.
    """
    if content[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return Kind.ZIP
    if content[:6] == b"\x93NUMPY":
        return Kind.NPY
    if content[:8] == b"\x89HDF\r\n\x1a\n" or content[:10] == b"MATLAB 7.3":
        return Kind.HDF5
    if content[:10] == b"MATLAB 5.0":
        return Kind.MAT5
    if vendor_format(content) is not None:
        return Kind.VENDOR
    if foreign_format(content) is not None:
        return Kind.FOREIGN
    if any(content[offset : offset + len(magic)] == magic for offset, magic in _TAR_MAGIC):
        return Kind.TAR
    if _is_mat4(content):
        return Kind.MAT4
    text = decode_text(content)
    if text is None:
        return Kind.BINARY
    return Kind.WFDB_HEADER if looks_like_header(text) else Kind.TEXT


def _is_mat4(content: bytes) -> bool:
    # Five 32-bit numbers: type (MOPT digits), rows, columns, imaginary flag, length of the name that follows.
    if len(content) < 24:
        return False
    kind, rows, columns, imaginary, name_length = struct.unpack("<5i", content[:20])
    name = content[20 : 20 + max(0, min(name_length, 64))]
    return (
        0 <= kind <= 52
        and rows > 0
        and columns > 0
        and imaginary in {0, 1}
        and 1 < name_length <= 64
        and name.endswith(b"\x00")
        and name[:-1].decode("latin-1").isidentifier()
    )
