"""Files by their first bytes: text or not, archives, and formats that are known in order to say what they are."""

import struct
from pathlib import Path

from cardiov_core.errors import RecordFormatError, RecordNotFoundError, RecordUnsupportedError
from cardiov_core.limits import limits, mib

_TEXT_SAMPLE = 4096
_TEXT_BYTES = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
# UTF-8 and Latin-1 letters in comments and column names.
_CONTROL_BYTES = frozenset(range(0x20)) - {0x09, 0x0A, 0x0D, 0x0C} | {0x7F}


# Formats that are recognised in order to say what they are.
_FOREIGN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "an image"),
    (0, b"\xff\xd8\xff", "an image"),
    (0, b"GIF8", "an image"),
    (0, b"\xd0\xcf\x11\xe0", "an old Office document"),
    (0, b"\xffBIOSEMI", "a BDF file"),
    (0, b"MATLAB 7.3", "an HDF5 file (MATLAB 7.3)"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
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
    """Read a file whole, after a look at its size."""
    try:
        size = path.stat().st_size
        most = limits().file_mib
        if size > mib(most):
            raise RecordUnsupportedError(
                f"{path.name} has {size / 1024**2:.0f} MiB; at most {most:g} MiB are opened.",
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
    """Tell whether the beginning of a file is printable ASCII throughout, which no signal is."""
    head = content[:_TEXT_SAMPLE]
    return len(head) >= 16 and _TEXT_BYTES.issuperset(head)


def decode_text(content: bytes) -> str | None:
    """Return the text in a file, or None where it is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            return None
    if not _CONTROL_BYTES.isdisjoint(content[:_TEXT_SAMPLE]):
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start >= max(len(content) - 3, 1):
            # The beginning of a file may end within a letter.
            return content[: error.start].decode("utf-8-sig")
        text = content.decode("latin-1")
    # Bytes 0x80-0x9F are control characters in Latin-1: such a file is binary by all likelihood.
    return None if any("\x80" <= letter <= "\x9f" for letter in text[:_TEXT_SAMPLE]) else text


def foreign_format(content: bytes) -> str | None:
    """Name a recognised format that CardioV does not read, or None."""
    for offset, magic, name in _FOREIGN:
        if content[offset : offset + len(magic)] == magic:
            return name
    head = content[:512].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\x00", b"")
    return "an XML document" if head.startswith((b"<?xml", b"<!DOCTYPE", b"<")) else None


def is_zip(head: bytes) -> bool:
    """Tell whether a file is a zip archive (or an array file that is one inside)."""
    return head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def is_other_archive(head: bytes) -> bool:
    """Tell whether a file is an archive or a packed file that is not opened: tar, gzip, 7z, rar and the like."""
    return any(head[offset : offset + len(magic)] == magic for offset, magic in _TAR_MAGIC)


def is_text(head: bytes) -> bool:
    """Tell whether a file is text and of no recognised format that is text as well."""
    return foreign_format(head) is None and not is_other_archive(head) and decode_text(head) is not None


def is_mat5(head: bytes) -> bool:
    """Tell whether a file is MATLAB's, of versions 5 to 7."""
    return head[:10] == b"MATLAB 5.0"


def is_mat4(content: bytes) -> bool:
    """Tell whether a file is MATLAB's, of version 4."""
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
