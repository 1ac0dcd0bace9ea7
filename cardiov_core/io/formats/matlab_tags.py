"""Tags of a MATLAB 5-7 file, looked through before scipy reads it, which ends the process on a type that it lacks."""

import struct
import zlib

from cardiov_core.errors import RecordFormatError
from cardiov_core.limits import limits, mib

# 'MAT-File Format' (MathWorks), data types: numbers and text, which hold no other element, and the two that do.
_PLAIN = frozenset({1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 16, 17, 18})
_MATRIX, _COMPRESSED = 14, 15
# Classes of matrices that hold matrices: cell, struct, object, function and opaque.
_HOLDERS = frozenset({1, 2, 3, 16, 17})
_HEADER_BYTES, _TAG_BYTES = 128, 8
_DEEPEST = 32


def refuse_unknown_types(content: bytes, name: str) -> None:
    """Refuse a file in which an element has a type that cannot stand there, or does not fill the one around it.

    scipy's `loadmat` takes the type of a variable's numbers for a place in a table and reads what is not there, which
    ends the process (SIGSEGV). Files of version 4, which begin with a zero, have no such tags.
    """
    if 0 not in content[:4]:
        # As scipy decides it: whatever is not marked as little-endian is read as big-endian.
        order = "<II" if content[_HEADER_BYTES - 2 : _HEADER_BYTES] == b"IM" else ">II"
        _look_through(memoryview(content)[_HEADER_BYTES:], order, name, frozenset({_MATRIX, _COMPRESSED}), 0)


def _look_through(elements: memoryview, order: str, name: str, holders: frozenset[int], depth: int) -> None:
    if depth > _DEEPEST:
        raise _fault(name, f"matrices lie more than {_DEEPEST} deep in each other")
    at = 0
    while at < len(elements):
        if len(elements) - at < _TAG_BYTES:
            raise _fault(name, f"{len(elements) - at} bytes are left over behind an element")
        kind, n_bytes = struct.unpack_from(order, elements, at)
        start, small = at + _TAG_BYTES, kind >> 16
        if small:
            # Its size stands beside its type, its bytes in the second half of the tag.
            kind, n_bytes, start = kind & 0xFFFF, small, at + _TAG_BYTES // 2
        if kind not in _PLAIN | holders:
            raise _fault(name, f"an element of type {kind} stands where none can")
        if start + n_bytes > len(elements):
            raise _fault(name, f"an element of {n_bytes} bytes is cut short")
        inner = elements[start : start + n_bytes]
        if kind == _COMPRESSED:
            _look_through(_inflated(inner, name), order, name, frozenset({_MATRIX}), depth + 1)
        elif kind == _MATRIX:
            _look_through(inner, order, name, _held(inner, order), depth + 1)
        padding = 0 if kind == _COMPRESSED else -n_bytes % _TAG_BYTES
        at += _TAG_BYTES if small else _TAG_BYTES + n_bytes + padding


def _held(matrix: memoryview, order: str) -> frozenset[int]:
    """Return what a matrix may hold beside plain elements, by the class in its flags, which come first."""
    if len(matrix) < 2 * _TAG_BYTES:
        return frozenset()
    flags, _ = struct.unpack_from(order, matrix, _TAG_BYTES)
    return frozenset({_MATRIX}) if flags & 0xFF in _HOLDERS else frozenset()


def _inflated(packed: memoryview, name: str) -> memoryview:
    most = limits().file_mib
    try:
        content = zlib.decompressobj().decompress(packed, mib(most) + 1)
    except zlib.error as error:
        raise _fault(name, f"a packed element cannot be unpacked ({error})") from error
    if len(content) > mib(most):
        raise _fault(name, f"an element unpacks to more than {most:g} MiB")
    return memoryview(content)


def _fault(name: str, what: str) -> RecordFormatError:
    return RecordFormatError(f"{name} is damaged: {what}.", "Copy, download or save the file again.")
