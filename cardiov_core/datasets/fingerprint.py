"""By what training records are known again: checksums of samples, and a mark that small changes leave alone."""

import hashlib
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import INDEPENDENT_LEADS, EcgRecord, InputContract, once
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.preprocessing import prepare

FINGERPRINTS = ("fingerprint_500", "fingerprint_100", "independent_500", "independent_100", "mark")
"""Columns of tables by which training records are known again: see `fingerprints_of`."""

MARK_BITS = 256
"""Bits of a mark."""

SAME_MARK = 26
"""Two records are the same where at most so many bits of their marks differ (docs/method/uncertainty.md)."""

_MARK_CONTRACT = InputContract(
    leads=INDEPENDENT_LEADS,
    sampling_rate_hz=100.0,
    n_samples=1000,
    band_hz=(0.5, 20.0),
    filter_order=3,
    normalisation="none",
)
_AVERAGED = 4
# A lead whose standard deviation is below a microvolt carries nothing by which a record could be known.
_SMALLEST_MV = 1e-3
_CLOSE = 0.01  # of sums of 2,000 numbers around 1, which float32 adds up to within a thousandth
_NONE = "-"


def fingerprints_of(full: EcgRecord, coarse: EcgRecord | None) -> dict[str, str]:
    """Return by what a record is known again: checksums of its 500 and 100 Hz versions, and its mark.

    Parameters
    ----------
    full : EcgRecord
        At 500 Hz.
    coarse : EcgRecord or None
        At 100 Hz; None where the tree has none: its mark knows that version all the same.
    """
    return {
        "fingerprint_500": full.fingerprint,
        "fingerprint_100": _NONE if coarse is None else coarse.fingerprint,
        "independent_500": full.independent_fingerprint,
        "independent_100": _NONE if coarse is None else coarse.independent_fingerprint,
        # A record without a mark is like no other.
        "mark": signal_mark(full) or hashlib.sha256(full.fingerprint.encode()).hexdigest(),
    }


def signal_mark(record: EcgRecord) -> str | None:
    """Return a mark that is nearly the same for the same recording with other rounding, gain, rate or derived leads.

    Eight independent leads of the first 10 s, each over its own standard deviation, at 25 Hz; of each of `MARK_BITS`
    fixed sums of them with signs plus and minus, the mark keeps whether it is above 0. The bits that differ between
    two records grow with the angle between their signals, whatever their size (Charikar 2002,
    doi:10.1145/509907.509965).

    Parameters
    ----------
    record : EcgRecord
        Any record.

    Returns
    -------
    str or None
        64 hexadecimal digits; None where a lead is missing, the record is too short, or all leads are flat.
    """
    return once(_mark, record)


def _mark(record: EcgRecord) -> str | None:
    try:
        prepared = prepare(record, _MARK_CONTRACT)
    except RecordUnsupportedError:
        return None
    values = prepared.values.astype(np.float64).reshape(len(INDEPENDENT_LEADS), -1, _AVERAGED).mean(axis=2)
    values -= values.mean(axis=1, keepdims=True)
    spread = values.std(axis=1, keepdims=True)
    if not bool((spread > _SMALLEST_MV).any()):
        return None
    scaled = np.where(spread > _SMALLEST_MV, values / np.maximum(spread, _SMALLEST_MV), 0.0)
    numbers = scaled.ravel()
    sums = _signs() @ numbers.astype(np.float32)
    # What float32 may have put on the wrong side of 0.
    close = np.abs(sums) < _CLOSE
    sums[close] = _signs()[close].astype(np.float64) @ numbers
    return np.packbits(sums > 0).tobytes().hex()


def differing_bits(mark: str, marks: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return in how many bits a mark differs from each of others."""
    ours = _words_of((mark,))
    return np.asarray(np.bitwise_count(ours ^ _words_of(tuple(marks))).sum(axis=1), dtype=np.int64)


@lru_cache(maxsize=8)
def _words_of(marks: tuple[str, ...]) -> npt.NDArray[np.uint64]:
    """Return marks as words of 64 bits, ``(n_marks, 4)``."""
    return np.frombuffer(bytes.fromhex("".join(marks)), dtype=np.uint64).reshape(len(marks), -1)


@cache
def _signs() -> npt.NDArray[np.float32]:
    """Return the fixed signs, ``(MARK_BITS, numbers)``: bits of SHAKE-256, the same on every machine and for ever."""
    n_numbers = len(INDEPENDENT_LEADS) * _MARK_CONTRACT.n_samples // _AVERAGED
    stream = hashlib.shake_256(b"CardioV signal mark 1").digest(MARK_BITS * n_numbers // 8)
    bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8)).reshape(MARK_BITS, n_numbers)
    return np.asarray(bits, dtype=np.float32) * 2.0 - 1.0
