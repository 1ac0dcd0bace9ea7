"""The rhythm of an SCP-ECG file (EN 1064, 5.7 to 5.9), read as far as the file holds it."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cardiov_core.domain import IntArray
from cardiov_core.io.carts.scp.codec import Table, from_differences, huffman, tables_of
from cardiov_core.io.carts.scp.sections import LeadTable, ScpError, body_of, lead_table


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Decoded leads."""

    table: LeadTable  # which leads, and how many samples were announced
    rows: tuple[IntArray, ...]  # samples of each lead in counts
    nv_per_count: int  # size of a count
    interval_us: float  # time between samples

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it to the reader."""
        short = [(count, row.size) for count, row in zip(self.table.counts, self.rows, strict=True) if row.size < count]
        if not short:
            return ()
        announced, present = short[0]
        seconds = present * self.interval_us / 1e6
        return (f"The file announces {announced} samples per lead and holds {present} ({seconds:.4g} s).",)


def rhythm_of(sections: Mapping[int, bytes]) -> Rhythm:
    """Decode section 6, with the reference beat of section 5 where it was subtracted."""
    table = lead_table(body_of(sections, 3))
    tables = tables_of(body_of(sections, 2)) if 2 in sections else None
    body = body_of(sections, 6)
    nv, interval, bimodal, rows = _decoded(body, table.counts, tables)
    if bimodal:
        raise ScpError("its rhythm is packed bimodally, which is not read")
    if table.subtracted:
        nv, rows = _with_reference_beats(sections, table, tables, (nv, interval, rows))
    if any(row.size < count for row, count in zip(rows, table.counts, strict=True)):
        # Packed leads of a cut file end at slightly different samples.
        shortest = min(row.size for row in rows)
        rows = [row[:shortest] for row in rows]
    if nv == 0:
        raise ScpError("section 6 states a size of 0 for its samples")
    return Rhythm(table, tuple(rows), nv, interval)


def _decoded(
    body: bytes, counts: Sequence[int], tables: Sequence[Table] | None
) -> tuple[int, int, int, list[IntArray]]:
    if len(body) < 6 + 2 * len(counts):
        raise ScpError("the section of samples is cut short")
    nv, interval, order, bimodal = struct.unpack_from("<HHBB", body)
    sizes = struct.unpack_from(f"<{len(counts)}H", body, 6)
    if interval == 0:
        raise ScpError("its sampling interval is 0")
    at = 6 + 2 * len(counts)
    rows = []
    for count, size in zip(counts, sizes, strict=True):
        data = body[at : at + size]
        at += size
        if len(data) < size:
            raise ScpError("a lead's samples lie outside their section")
        if tables is None:
            values = np.frombuffer(data, "<i2", min(count, size // 2)).astype(np.int64)
        else:
            values = huffman(data, count, tables)
        if not values.size:
            raise ScpError("a lead holds no samples")
        rows.append(from_differences(values, order))
    return nv, interval, bimodal, rows


def _with_reference_beats(
    sections: Mapping[int, bytes],
    table: LeadTable,
    tables: Sequence[Table] | None,
    residual: tuple[int, int, list[IntArray]],
) -> tuple[int, list[IntArray]]:
    """Add the reference beat where it was subtracted, in the unit that both sections share."""
    nv, interval, rows = residual
    zones, length_ms, fiducial = _zones(body_of(sections, 4))
    (beat_interval,) = struct.unpack_from("<H", body_of(sections, 5), 2)
    if beat_interval != interval or not length_ms:
        raise ScpError("its reference beat is sampled at another rate than the rhythm")
    n = round(1000 * length_ms / interval)
    beat_nv, _, _, beats = _decoded(body_of(sections, 5), (n,) * len(rows), tables)
    unit = int(np.gcd(nv, beat_nv))
    if unit == 0:
        raise ScpError("it states a size of 0 for its samples")
    out = []
    for row, beat, start in zip(rows, beats, table.starts, strict=True):
        signal, scaled = row * (nv // unit), beat * (beat_nv // unit)
        for first, at, last in zones:
            begin = max(first, start, at - fiducial + 1)
            end = min(last, start + signal.size - 1, at - fiducial + scaled.size)
            if end >= begin:
                offset = fiducial - at + begin - 1
                signal[begin - start : end - start + 1] += scaled[offset : offset + end - begin + 1]
        out.append(signal)
    return unit, out


def _zones(body: bytes) -> tuple[list[tuple[int, int, int]], int, int]:
    """Return begin, fiducial point and end of each QRS of type 0, and length (ms) and fiducial point of the beat."""
    if len(body) < 6:
        raise ScpError("section 4 is cut short")
    length_ms, fiducial, n_qrs = struct.unpack_from("<HHH", body)
    if len(body) < 6 + 14 * n_qrs:
        raise ScpError("section 4 is cut short")
    zones = [struct.unpack_from("<HIII", body, 6 + 14 * index) for index in range(n_qrs)]
    return [(begin, at, end) for kind, begin, at, end in zones if kind == 0], length_ms, fiducial
