"""Recordings of hours, a stretch at a time: of the file only that stretch is read.

The stretch is put together as a file of the same format that holds it alone, and read by the format's own reader, so
that units, leads, gaps and warnings come out as they do for a short record.

References
----------
EDF: Kemp et al. 1992, 10.1016/0013-4694(92)90009-7. ISHNE: Badilini 1998, 10.1111/j.1542-474X.1998.tb00353.x.
"""

import math
import struct
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import RecordFormatError, RecordNotFoundError, RecordUnsupportedError
from cardiov_core.io.assembly import Channels, ReadOptions, assemble
from cardiov_core.io.carts.formats import is_edf, is_ishne
from cardiov_core.io.formats.registry import HEAD_BYTES, format_of
from cardiov_core.io.formats.sniff import read_bytes
from cardiov_core.io.formats.wfdb_header import Header, decode_header, parse_header
from cardiov_core.io.formats.wfdb_reader import SignalFile, channels_of, find_header
from cardiov_core.io.formats.wfdb_samples import BYTES_PER_SAMPLE
from cardiov_core.io.records import checked_options

# The header fields that say how many data records an EDF file has, how long each is, and how many signals.
_EDF_COUNT, _EDF_SECONDS, _EDF_SIGNALS, _EDF_RESERVED = (
    slice(236, 244),
    slice(244, 252),
    slice(252, 256),
    slice(192, 236),
)
_EDF_SAMPLES_AT = 216
_ISHNE_CRC, _ISHNE_COUNT, _ISHNE_DATA, _ISHNE_LEADS, _ISHNE_RATE = 8, 14, 22, 156, 272
_HINT = "Copy the file again, or export it again from its source."


class Recording(ABC):
    """A file of which stretches can be read."""

    path: Path  # the file: a WFDB header, an EDF or an ISHNE file
    duration_s: float  # by the file's own statement, as far as the file holds it

    def part(
        self,
        start_s: float,
        length_s: float,
        *,
        sampling_rate: float | None = None,
        units: str | None = None,
        gain_factor: float = 1.0,
    ) -> EcgRecord:
        """Read one stretch, which ends with the recording at the latest; the options are those of `read_record`.

        The record holds that stretch alone, and its time of recording is that of the stretch's beginning.
        """
        if not 0 <= start_s < self.duration_s or length_s <= 0:
            raise RecordUnsupportedError(
                f"{self.path.name} has no {length_s:g} s from {start_s:g} s on: it lasts {self.duration_s:g} s.",
                "Choose another one.",
            )
        asked = checked_options(sampling_rate, units, gain_factor)
        unit_s = self._unit_s
        first = math.floor(start_s / unit_s + 1e-6)
        last = min(math.ceil((start_s + length_s) / unit_s - 1e-6), self._n_units)
        record = assemble(self._channels(first, last, asked), asked)
        # Blocks of the file rarely begin where the stretch does.
        begin = round((start_s - first * unit_s) * record.sampling_rate)
        signal = record.signal[:, begin : begin + round(length_s * record.sampling_rate)]
        at = record.recorded_at
        return replace(
            record,
            signal=signal,
            recorded_at=None if at is None else at + timedelta(seconds=start_s),
            provenance=replace(record.provenance, path=str(self.path)),
        )

    _unit_s: float
    _n_units: int

    @abstractmethod
    def _channels(self, first: int, last: int, options: ReadOptions) -> Channels:
        """Read the blocks from `first` to before `last`."""

    def _read(self, path: Path, start: int, n_bytes: int) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(start)
                content = file.read(n_bytes)
        except OSError as error:
            raise RecordNotFoundError(f"{path.name} cannot be read: {error.strerror or error}.", _HINT) from error
        if len(content) < n_bytes:
            raise RecordFormatError(f"{path.name} is shorter than it says.", _HINT)
        return content


def open_recording(path: Path) -> Recording | None:
    """Open a file of which stretches can be read.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    Recording or None
        None where its format cannot be read in stretches; all formats can be read whole.

    Raises
    ------
    RecordError
        If its header is damaged.
    """
    header = find_header(path)
    if header is not None:
        content = read_bytes(header)
        parsed = parse_header(decode_header(content), header.name)
        return _Wfdb(header, content, parsed) if _Wfdb.can(parsed) else None
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise RecordNotFoundError(f"{path.name} cannot be read: {error.strerror or error}.", _HINT) from error
    try:
        if is_edf(path, head):
            return _Edf(path, head)
        return _Ishne(path, head) if is_ishne(path, head) else None
    except (ValueError, struct.error, ZeroDivisionError) as error:
        raise RecordFormatError(f"{path.name} has a damaged header: {error}.", _HINT) from error


class _Wfdb(Recording):
    """A WFDB record whose samples have a fixed width; a block is two frames, which begin at a whole byte."""

    def __init__(self, path: Path, content: bytes, header: Header) -> None:
        self.path, self._content, self._header = path, content, header
        self._files = [
            (name, tuple(at for at, line in enumerate(header.signals) if line.file_name == name))
            for name in dict.fromkeys(line.file_name for line in header.signals)
        ]
        for name, _ in self._files:
            if Path(name).name != name or not (path.parent / name).is_file():
                raise RecordNotFoundError(
                    f"{path.name} names the signal file {name}, which is not beside it.", "Put it there."
                )
        n_frames = min(self._n_frames_in(name, channels) for name, channels in self._files)
        self._n_units = min(header.n_samples or n_frames, n_frames) // 2
        self._unit_s = 2 / (header.sampling_rate or math.nan)
        self.duration_s = self._n_units * self._unit_s

    @staticmethod
    def can(header: Header) -> bool:
        """Tell whether frames lie at places that can be computed, each by itself."""
        return bool(header.sampling_rate) and all(
            not line.skew and line.format not in {"8", "310", "311"} and line.format in BYTES_PER_SAMPLE
            for line in header.signals
        )

    def _pair_bytes(self, channels: tuple[int, ...]) -> int:
        lines = [self._header.signals[at] for at in channels]
        return round(2 * BYTES_PER_SAMPLE[lines[0].format] * sum(line.per_frame for line in lines))

    def _n_frames_in(self, name: str, channels: tuple[int, ...]) -> int:
        there = (self.path.parent / name).stat().st_size - self._header.signals[channels[0]].byte_offset
        return max(there, 0) * 2 // self._pair_bytes(channels)

    def _channels(self, first: int, last: int, options: ReadOptions) -> Channels:
        # A checksum is of the whole.
        lines = tuple(replace(line, checksum=None, byte_offset=0) for line in self._header.signals)
        header = replace(self._header, n_samples=2 * (last - first), signals=lines)
        files = []
        for name, channels in self._files:
            size, offset = self._pair_bytes(channels), self._header.signals[channels[0]].byte_offset
            content = self._read(self.path.parent / name, offset + first * size, (last - first) * size)
            files.append(SignalFile(name, channels, content))
        return channels_of(self.path, self._content, header, files, options)


class _Blocks(Recording):
    """A file of a header and blocks of one size."""

    _header: bytes
    _block_bytes: int

    def _channels(self, first: int, last: int, options: ReadOptions) -> Channels:
        start = len(self._header) + first * self._block_bytes
        content = self._with_count(last - first) + self._read(self.path, start, (last - first) * self._block_bytes)
        its_format = format_of(self.path, content)
        if its_format is None:
            raise RecordFormatError(f"{self.path.name} has a damaged header.", _HINT)
        return its_format.reads(self.path, content, options)

    def _count_in(self, path: Path) -> int:
        return (path.stat().st_size - len(self._header)) // self._block_bytes

    @abstractmethod
    def _with_count(self, n_units: int) -> bytes:
        """Return the header of a file of so many blocks."""


class _Edf(_Blocks):
    """EDF and EDF+; a block is a data record."""

    def __init__(self, path: Path, head: bytes) -> None:
        self.path = path
        if head[_EDF_RESERVED].startswith(b"EDF+D"):
            raise RecordUnsupportedError(
                f"{path.name} is discontinuous (EDF+D): its blocks do not follow one another in time.",
                "Export it as EDF+C, or cut it where it pauses.",
            )
        n_signals = _number(head[_EDF_SIGNALS])
        at = 256 + n_signals * _EDF_SAMPLES_AT
        samples = [_number(head[at + 8 * index : at + 8 * index + 8]) for index in range(n_signals)]
        self._header = head[: 256 * (1 + n_signals)]
        self._block_bytes = 2 * sum(samples)
        self._unit_s = float(_text(head[_EDF_SECONDS]))
        stated = _number(head[_EDF_COUNT])
        n_frames = self._count_in(path)
        # -1 while it is being recorded.
        self._n_units = n_frames if stated < 0 else min(stated, n_frames)
        if not self._unit_s > 0 or self._n_units < 1:
            raise RecordFormatError(f"{path.name} announces {stated} data records of {self._unit_s:g} s.", _HINT)
        self.duration_s = self._n_units * self._unit_s

    def _with_count(self, n_units: int) -> bytes:
        return self._header[: _EDF_COUNT.start] + str(n_units).ljust(8).encode() + self._header[_EDF_COUNT.stop :]


class _Ishne(_Blocks):
    """ISHNE; a block is one sample of every lead."""

    def __init__(self, path: Path, head: bytes) -> None:
        self.path = path
        (at,) = struct.unpack_from("<i", head, _ISHNE_DATA)
        (n_leads,) = struct.unpack_from("<h", head, _ISHNE_LEADS)
        (rate_hz,) = struct.unpack_from("<h", head, _ISHNE_RATE)
        if not (0 < at <= len(head) and n_leads > 0 and rate_hz > 0):
            raise RecordFormatError(f"{path.name} announces {n_leads} leads at {rate_hz} Hz from byte {at} on.", _HINT)
        self._header, self._block_bytes, self._unit_s = head[:at], 2 * n_leads, 1 / rate_hz
        self._n_units = self._count_in(path)
        self.duration_s = self._n_units * self._unit_s

    def _with_count(self, n_units: int) -> bytes:
        header = bytearray(self._header)
        # The checksum is of the header as it was.
        header[_ISHNE_CRC : _ISHNE_CRC + 2] = b"\x00\x00"
        struct.pack_into("<i", header, _ISHNE_COUNT, n_units)
        return bytes(header)


def _text(field: bytes) -> str:
    return field.replace(b"\x00", b" ").decode("ascii", errors="replace").strip()


def _number(field: bytes) -> int:
    return int(_text(field))
