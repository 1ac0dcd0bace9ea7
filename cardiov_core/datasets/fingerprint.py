"""Checksums of samples, by which training records are known again."""

import hashlib
from collections.abc import Sequence

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, EcgRecord

INDEPENDENT_LEADS: tuple[str, ...] = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""What carts measure and MUSE stores: the other four limb leads are computed, within a microvolt or two."""


FINGERPRINTS = ("fingerprint_500", "fingerprint_100", "independent_500", "independent_100")
"""Columns of tables by which training records are known again: see `fingerprints_of`."""


def signal_fingerprint(record: EcgRecord, leads: Sequence[str] = STANDARD_LEADS) -> str:
    """Return a short checksum of a record's samples, by which training records are known again.

    Parameters
    ----------
    record : EcgRecord
        At its own sampling rate; file format, lead order and sub-microvolt rounding make no difference.
    leads : sequence of str
        The leads that count: all twelve, or `INDEPENDENT_LEADS` for files that store eight.

    Returns
    -------
    str
        First 16 hexadecimal digits of the SHA-256 over the leads in microvolts (int16, little-endian; missing leads
        and samples are zero).
    """
    microvolts = np.zeros((len(leads), record.n_samples), dtype="<i2")
    limits = np.iinfo(np.int16)
    for row, lead in zip(microvolts, leads, strict=True):
        if lead in record.leads:
            values = np.nan_to_num(record.lead(lead).astype(np.float64) * 1000)
            row[:] = np.clip(np.rint(values), limits.min, limits.max)
    return hashlib.sha256(microvolts.tobytes()).hexdigest()[:16]


def fingerprints_of(full: EcgRecord, coarse: EcgRecord) -> dict[str, str]:
    """Return by what a record is known again: of its 500 and its 100 Hz version, whole and by eight leads."""
    return {
        "fingerprint_500": signal_fingerprint(full),
        "fingerprint_100": signal_fingerprint(coarse),
        "independent_500": signal_fingerprint(full, INDEPENDENT_LEADS),
        "independent_100": signal_fingerprint(coarse, INDEPENDENT_LEADS),
    }
