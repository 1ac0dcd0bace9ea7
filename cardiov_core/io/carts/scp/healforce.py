"""Healforce's SCP-ECG: a file of the standard's frame whose rhythm is stored in another way.

Found by looking at a file of the Prince 180D: pointers count bytes from 0; section 6 states the sampling rate in Hz
where the standard has an interval, and the number of bytes once; its samples are of 10 bits around 512, the leads
one after another, four samples in three words of 16 bits: the lower ten bits of each word, and the fourth from two bits
of the first and four bits each of the others. Section 3 names no lead; of the leads I, II and III the second is the
sum of the others (Einthoven 1913), which is what is asked of the three channels before they are called so.
"""

import struct
from collections.abc import Mapping

import numpy as np

from cardiov_core.domain import IntArray
from cardiov_core.io.carts.scp.rhythm import Rhythm
from cardiov_core.io.carts.scp.sections import LeadTable, ScpError, body_of

_HEADER_BYTES = 8
_ZERO = 512
_N_LEADS = 3
# Lead codes of EN 1064 for I, II, III.
_CODES = (1, 2, 61)
# Of the leads' standard deviation: filtered and rounded leads do not add up to the last count.
_LARGEST_MISFIT = 0.25


def is_healforce(content: bytes) -> bool:
    """Tell whether a file's pointers count bytes from 0."""
    return bool(struct.unpack_from("<I", content, 28)[0] == 6)


def healforce_rhythm(sections: Mapping[int, bytes]) -> Rhythm:
    """Decode the rhythm."""
    body = body_of(sections, 6)
    if len(body) < _HEADER_BYTES:
        raise ScpError("section 6 is cut short")
    nv, rate_hz, _, n_bytes = struct.unpack_from("<HHHH", body)
    n_words = 3 * (min(n_bytes, len(body) - _HEADER_BYTES) // 6)
    if not rate_hz or not nv or n_words < 3:
        raise ScpError("section 6 states no rate, no size of its samples, or holds none")
    words = np.frombuffer(body, "<u2", n_words, _HEADER_BYTES).reshape(-1, 3).astype(np.int64)
    rows = _unpacked(words)
    first, second, third = rows - rows.mean(axis=1, keepdims=True)
    if np.std(second - first - third) > _LARGEST_MISFIT * np.std(rows):
        raise ScpError("its three channels are not leads I, II and III, and it names none")
    table = LeadTable(_CODES, (1,) * _N_LEADS, (rows.shape[1],) * _N_LEADS, subtracted=False)
    return Rhythm(table, tuple(rows), nv, 1e6 / rate_hz)


def _unpacked(words: IntArray) -> IntArray:
    low, high = words & 0x3FF, words >> 10
    fourth = ((high[:, 0] & 0x3) << 8) | ((high[:, 1] & 0xF) << 4) | (high[:, 2] & 0xF)
    samples = np.concatenate([low, fourth[:, None]], axis=1).ravel() - _ZERO
    n = samples.size // _N_LEADS
    return samples[: n * _N_LEADS].reshape(n, _N_LEADS).T
