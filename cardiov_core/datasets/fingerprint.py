"""Columns of tables by which training records are known again."""

from cardiov_core.domain import EcgRecord

FINGERPRINTS = ("fingerprint_500", "fingerprint_100", "independent_500", "independent_100")
"""Their names: see `fingerprints_of`."""


def fingerprints_of(full: EcgRecord, coarse: EcgRecord) -> dict[str, str]:
    """Return by what a record is known again: of its 500 and its 100 Hz version, whole and by eight leads."""
    return {
        "fingerprint_500": full.fingerprint,
        "fingerprint_100": coarse.fingerprint,
        "independent_500": full.independent_fingerprint,
        "independent_100": coarse.independent_fingerprint,
    }
