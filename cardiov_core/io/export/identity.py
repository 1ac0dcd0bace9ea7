"""Taking out of a record what says whose it is."""

from dataclasses import replace

from cardiov_core.domain import EcgRecord

OLDEST_YEARS = 90.0
"""Ages from 90 are written as 90: so few people are older that the age could name one (45 CFR 164.514(b)(2)(i)(C))."""

_PSEUDONYM_DIGITS = 12


def pseudonym(record: EcgRecord) -> str:
    """Return a name for a record's files that says nothing of the patient: file names often hold the patient's."""
    return f"ecg-{record.provenance.sha256[:_PSEUDONYM_DIGITS] or 'unnamed'}"


def deidentified(record: EcgRecord) -> EcgRecord:
    """Return the record without what could say whose it is.

    Gone are patient id, recording time, device, free text (header comments, the machine's statements, which may name
    people and places), the path and the file names. Kept are the signal, the sex, the age (from 90 on: 90) and the
    machine's numbers. What the samples themselves may reveal is not touched.
    """
    machine = record.machine
    name = pseudonym(record)
    return replace(
        record,
        record_id=name,
        age=None if record.age is None else min(record.age, OLDEST_YEARS),
        recorded_at=None,
        patient_id=None,
        device=None,
        comments=(),
        machine=None
        if machine is None
        else replace(machine, source="machine", statements=(), confirmed_statements=(), severity=machine.severity),
        provenance=replace(record.provenance, path=name, files=()),
    )
