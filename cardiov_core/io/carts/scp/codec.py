"""How SCP-ECG packs samples: Huffman codes (EN 1064, 5.5) and differences (5.8.3)."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import IntArray
from cardiov_core.io.carts.scp.sections import ScpError

_DEFAULT_TABLE = 19999
_MAX_PREFIX_BITS = 32
_FILLING_BITS = 15


@dataclass(frozen=True)
class Code:
    """One code: bits in all, whether it switches to another table, and its value (or that table's number)."""

    bits: int
    switches: bool
    value: int


Table = dict[tuple[int, int], Code]
"""(number of prefix bits, the bits, first one highest) -> code."""


def _default() -> Table:
    table: Table = {(1, 0): Code(1, False, 0)}
    for size in range(1, 9):
        for sign, value in ((0, size), (1, -size)):
            table[size + 2, (((1 << size) - 1) << 2) | sign] = Code(size + 2, False, value)
    # Ten bits before a value of 8 or of 16 bits.
    table[10, 0b1111111110] = Code(18, False, 0)
    table[10, 0b1111111111] = Code(26, False, 0)
    return table


def tables_of(body: bytes) -> tuple[Table, ...]:
    """Parse section 2."""
    if len(body) < 2:
        raise ScpError("section 2 is empty")
    (n_tables,) = struct.unpack_from("<H", body)
    if n_tables == _DEFAULT_TABLE:
        return (_default(),)
    tables: list[Table] = []
    at = 2
    for _ in range(n_tables):
        (n_codes,) = struct.unpack_from("<H", body, at) if len(body) >= at + 2 else (0,)
        at += 2
        if not n_codes or len(body) < at + 9 * n_codes:
            raise ScpError("section 2 is cut short")
        table: Table = {}
        for index in range(n_codes):
            prefix, bits, mode, value, code = struct.unpack_from("<BBBhI", body, at + 9 * index)
            prefix, bits = min(prefix, bits), max(prefix, bits)
            if not 1 <= prefix <= _MAX_PREFIX_BITS:
                raise ScpError(f"section 2 has a code of {prefix} bits")
            # The first bit of a code is stored as the lowest.
            table[prefix, int(f"{code & ((1 << prefix) - 1):0{prefix}b}"[::-1], 2)] = Code(bits, mode == 0, value)
        at += 9 * n_codes
        tables.append(table)
    if not tables:
        raise ScpError("section 2 has no table")
    return tuple(tables)


def huffman(data: bytes, count: int, tables: Sequence[Table]) -> IntArray:
    """Decode at most `count` values; fewer where the bits end."""
    bits = bin(int.from_bytes(b"\x01" + data, "big"))[3:]
    table, at = tables[0], 0
    values: list[int] = []
    while len(values) < count:
        prefix = 1
        while (code := table.get((prefix, int(bits[at : at + prefix] or "0", 2)))) is None:
            prefix += 1
            if prefix > _MAX_PREFIX_BITS:
                raise ScpError("a lead's bits are no code of its table")
            if at + prefix > len(bits):
                return _without_filling(values)
        end = at + (prefix if code.switches else code.bits)
        if end > len(bits):
            return _without_filling(values)
        if code.switches:
            if not 1 <= code.value <= len(tables):
                raise ScpError(f"a lead switches to table {code.value}, which is not there")
            table = tables[code.value - 1]
        else:
            raw = bits[at + prefix : end]
            extra = int(raw, 2) - (1 << len(raw) if raw[0] == "1" else 0) if raw else 0
            values.append(code.value + extra)
        at = end
    return np.array(values, dtype=np.int64)


def _without_filling(values: list[int]) -> IntArray:
    """Leave out what the bits that fill up the last two bytes stand for: zeros."""
    whole = len(values)
    while whole and len(values) - whole < _FILLING_BITS and values[whole - 1] == 0:
        whole -= 1
    return np.array(values[:whole], dtype=np.int64)


def from_differences(values: IntArray, order: int) -> IntArray:
    """Undo first or second differences, in 16 bits as writers compute them.

    `values`: shape ``(n_samples,)``. `order`: 0: amplitudes; 1 or 2: the first sample, or the first two, and then
    differences.
    """
    if order not in {0, 1, 2}:
        raise ScpError(f"differences of order {order} are unknown")
    if order == 0 or values.size <= order:
        return values
    if order == 1:
        out = np.cumsum(values)
    else:
        slopes = np.cumsum(np.concatenate([[values[1] - values[0]], values[2:]]))
        out = values[0] + np.concatenate([[0], np.cumsum(slopes)])
    return out.astype(np.int16).astype(np.int64)
