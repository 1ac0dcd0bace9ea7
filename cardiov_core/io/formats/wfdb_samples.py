"""The storage formats of WFDB signal files, from bytes to digital values.

References
----------
https://physionet.org/physiotools/wag/signal-5.htm
"""

import io
from collections.abc import Callable, Sequence

import numpy as np

from cardiov_core.domain import BoolArray, IntArray
from cardiov_core.errors import RecordFormatError
from cardiov_core.io.damage import foreign_decoder

BYTES_PER_SAMPLE: dict[str, float] = {
    "8": 1, "16": 2, "24": 3, "32": 4, "61": 2, "80": 1, "160": 2, "212": 1.5, "310": 4 / 3, "311": 4 / 3,
}  # fmt: skip
"""Of the formats whose samples have a fixed width."""

FLAC_BITS: dict[str, int] = {"508": 8, "516": 16, "524": 24}
"""Of the formats that are FLAC files."""

# The digital value that marks an invalid sample, as the page above defines it; format 8 has none.
_INVALID_SAMPLE: dict[str, int] = {
    "16": -(2**15), "24": -(2**23), "32": -(2**31), "61": -(2**15), "80": -(2**7), "160": -(2**15),
    "212": -(2**11), "310": -(2**9), "311": -(2**9), "508": -(2**7), "516": -(2**15), "524": -(2**23),
}  # fmt: skip

BLOCK_FORMATS = frozenset({"212", "310", "311"})
"""Formats that pack several samples into a block, whose last block may be filled up."""


def understood() -> str:
    """Name the formats that are read: '8, 16, ...'."""
    return ", ".join((*BYTES_PER_SAMPLE, *FLAC_BITS))


def invalid_samples(digital: IntArray, storage: str) -> BoolArray:
    """Return which samples a format marks as invalid."""
    marker = _INVALID_SAMPLE.get(storage)
    return np.zeros(digital.shape, dtype=bool) if marker is None else digital == marker


def decode(content: bytes, storage: str, count: int) -> IntArray:
    """Decode the samples of one file, as they lie in it.

    `content`: the file from its first sample on, long enough for `count` samples. `storage`: one of `BYTES_PER_SAMPLE`.
    Returns int64, shape ``(count,)``; for format 8 the differences.
    """
    return _DECODERS[storage](content, count)[:count]


def _plain(code: str, zero: int = 0) -> Callable[[bytes, int], IntArray]:
    def decoder(content: bytes, count: int) -> IntArray:
        return np.frombuffer(content, code, count).astype(np.int64) - zero

    return decoder


def _three_bytes(content: bytes, count: int) -> IntArray:
    parts = np.frombuffer(content, np.uint8, 3 * count).reshape(-1, 3).astype(np.int64)
    return _signed(parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16, 24)


def _packed_212(content: bytes, count: int) -> IntArray:
    parts = _blocks(content, -(-count // 2), 3)
    first = parts[:, 0] | (parts[:, 1] & 0x0F) << 8
    second = parts[:, 2] | (parts[:, 1] & 0xF0) << 4
    return _signed(np.stack([first, second], axis=1).ravel(), 12)


def _packed_310(content: bytes, count: int) -> IntArray:
    parts = _blocks(content, -(-count // 3), 4)
    low, high = parts[:, 0] | parts[:, 1] << 8, parts[:, 2] | parts[:, 3] << 8
    three = [low >> 1 & 0x3FF, high >> 1 & 0x3FF, low >> 11 | high >> 11 << 5]
    return _signed(np.stack(three, axis=1).ravel(), 10)


def _packed_311(content: bytes, count: int) -> IntArray:
    parts = _blocks(content, -(-count // 3), 4)
    word = parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16 | parts[:, 3] << 24
    return _signed(np.stack([word >> shift & 0x3FF for shift in (0, 10, 20)], axis=1).ravel(), 10)


def _blocks(content: bytes, n_blocks: int, width: int) -> IntArray:
    # The last block may be cut behind its last sample.
    padded = content[: n_blocks * width].ljust(n_blocks * width, b"\x00")
    return np.frombuffer(padded, np.uint8).reshape(n_blocks, width).astype(np.int64)


def _signed(values: IntArray, bits: int) -> IntArray:
    return np.where(values >= 1 << (bits - 1), values - (1 << bits), values)


_DECODERS: dict[str, Callable[[bytes, int], IntArray]] = {
    "8": _plain("i1"),
    "16": _plain("<i2"),
    "24": _three_bytes,
    "32": _plain("<i4"),
    "61": _plain(">i2"),
    "80": _plain("u1", 128),
    "160": _plain("<u2", 32768),
    "212": _packed_212,
    "310": _packed_310,
    "311": _packed_311,
}


def flac_size(content: bytes, name: str) -> tuple[int, int]:
    """Return how many samples a channel and how many channels a FLAC file announces."""
    # STREAMINFO is the first block (RFC 9639, 8.2): its channels and samples are 3 bits and 36 bits from byte 20 on.
    if content[:4] != b"fLaC" or len(content) < 42:
        raise RecordFormatError(f"{name} is no FLAC file, as its header states.", "Copy or export the record again.")
    packed = int.from_bytes(content[18:26], "big")
    return packed & (1 << 36) - 1, (packed >> 41 & 7) + 1


def decode_flac(content: bytes, storage: str, name: str) -> IntArray:
    """Decode a FLAC file.

    Returns int64, shape ``(n_samples, n_channels)``.
    """
    import soundfile

    with foreign_decoder(name, "FLAC file"):
        values, _ = soundfile.read(io.BytesIO(content), dtype="int32", always_2d=True)
    # The library puts samples of any width into the highest bits.
    return np.asarray(values, dtype=np.int64) >> (32 - FLAC_BITS[storage])


def by_signal(
    stream: IntArray, per_frame: Sequence[int], storage: str, initial: Sequence[int | None]
) -> list[IntArray]:
    """Part the samples of a file by signal."""
    frames = stream.reshape(-1, sum(per_frame))
    signals = []
    for index, count in enumerate(per_frame):
        start = sum(per_frame[:index])
        values = frames[:, start : start + count].ravel()
        signals.append(np.cumsum(values) + (initial[index] or 0) if storage == "8" else values)
    return signals
