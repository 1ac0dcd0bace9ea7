"""Findings: what a reader of an ECG expects to be told, each with its numbers, its limit and what speaks against it.

A row per finding in `table`; the modules look for the findings of one group each. What rules find is found by rules;
atrial fibrillation, flutter, premature beats and the pattern of an infarct are found by small trained detectors. All
limits are those of adults.
"""

from collections.abc import Callable, Iterator, Mapping

from cardiov_core.domain import EcgRecord, Finding, Measurements, Quality, RhythmLine
from cardiov_core.signals.findings import (
    conduction,
    extra_beats,
    hypertrophy,
    infarct,
    rates,
    repolarisation,
    rhythm,
    st,
)
from cardiov_core.signals.findings.catalogue import ROWS
from cardiov_core.signals.findings.evidence import Evidence

_Search = Callable[[Evidence, Mapping[str, Finding]], Iterator[Finding]]

# In this order, since one looks at what those before it found.
_SEARCHES: tuple[_Search, ...] = (
    rhythm.find,
    rates.find,
    extra_beats.find,
    conduction.find,
    hypertrophy.find,
    infarct.find,
    st.find,
    repolarisation.find,
)


def find_findings(record: EcgRecord, measurements: Measurements, quality: Quality | None = None) -> tuple[Finding, ...]:
    """Look for every finding of the table.

    Parameters
    ----------
    record : EcgRecord
        As measured.
    measurements : Measurements
        Of this record.
    quality : Quality, optional
        Verdict of the gate: leads that it rejects count as not there; a wrong gain forbids what rests on voltage, and
        electrodes that look swapped what rests on a lead's place.

    Returns
    -------
    tuple of Finding
        One per row, always the same rows in the order of the table.
    """
    return _found(Evidence(record, measurements, quality))


def read_rhythm(record: EcgRecord, measurements: Measurements, findings: tuple[Finding, ...]) -> RhythmLine:
    """Say the rhythm in one line.

    Parameters
    ----------
    record : EcgRecord
        As measured.
    measurements : Measurements
        Of this record.
    findings : tuple of Finding
        What `find_findings` found on it.

    Returns
    -------
    RhythmLine
        'not classified' where nothing tells it.
    """
    return rhythm.rhythm_line(Evidence(record, measurements), {finding.code: finding for finding in findings})


def _found(evidence: Evidence) -> tuple[Finding, ...]:
    findings: dict[str, Finding] = {}
    for search in _SEARCHES:
        for finding in search(evidence, findings):
            findings[finding.code] = finding
    return tuple(findings[code] for code in ROWS)


__all__ = ["ROWS", "find_findings", "read_rhythm"]
