"""Checksums of samples, by which training records are known again."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cardiov_core.domain.record import EcgRecord

INDEPENDENT_LEADS: tuple[str, ...] = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
"""What carts measure and MUSE stores: the other four limb leads are computed, within a microvolt or two."""


def signal_fingerprint(record: "EcgRecord", leads: Sequence[str]) -> str:
    """Return a short checksum of a record's samples; `EcgRecord.fingerprint` computes it once.

    `record`: at its own sampling rate; file format, lead order and sub-microvolt rounding make no difference. Returns
    first 16 hexadecimal digits of the SHA-256 over the leads in microvolts (int16, little-endian; missing leads and
    samples are zero).
    """
    microvolts = np.zeros((len(leads), record.n_samples), dtype="<i2")
    limits = np.iinfo(np.int16)
    there = [lead for lead in leads if lead in record.leads]
    values = record.signal[[record.leads.index(lead) for lead in there]].astype(np.float64) * 1000
    values[np.isnan(values)] = 0.0
    microvolts[[leads.index(lead) for lead in there]] = np.clip(np.rint(values), limits.min, limits.max)
    return hashlib.sha256(microvolts.tobytes()).hexdigest()[:16]
