"""Who and what, out of an EDF header whose writer followed EDF+ without saying so.

EDF+ (Kemp & Olivan 2003, 10.1016/S1388-2457(03)00123-8) lays down subfields of the patient and the recording field;
several writers use them and leave the mark 'EDF+C' out. The subfields are taken only where the whole field has that
form.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cardiov_core.domain import Sex

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord

NO_EDF_DATE = datetime(1985, 1, 1)
"""Midnight of 1 January 1985, which EDF+ lays down for a recording whose date was removed."""

_PATIENT = re.compile(r"(?P<code>\S+) (?P<sex>[MFX]) (?P<birth>\d{2}-[A-Z]{3}-\d{4}|X) \S+.*")
_RECORDING = re.compile(r"Startdate \S+ \S+ \S+ (?P<equipment>\S+).*")
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}


@dataclass(frozen=True)
class EdfFacts:
    """What the subfields say.

    Attributes
    ----------
    patient_id, sex, age, device
        As in `EcgRecord`; None where the field says 'X'.
    """

    patient_id: str | None
    sex: Sex | None
    age: float | None
    device: str | None


def plain_edf_facts(record: "ECGRecord") -> EdfFacts | None:
    """Read the subfields of a plain EDF file.

    Parameters
    ----------
    record : ecgdatakit.models.ECGRecord
        As parsed.

    Returns
    -------
    EdfFacts or None
        None where the file is EDF+ (which ecgdatakit reads itself) or no EDF, or its patient field has another form.
    """
    if record.source_format != "edf":
        return None
    patient = _PATIENT.fullmatch(record.patient.patient_id.strip())
    if patient is None:
        return None
    recording = _RECORDING.fullmatch(str(record.raw_metadata.get("recording_id", "")).strip())
    equipment = recording["equipment"].replace("_", " ") if recording else "X"
    return EdfFacts(
        patient_id=None if patient["code"] == "X" else patient["code"].replace("_", " "),
        sex=_SEXES.get(patient["sex"]),
        age=_age(patient["birth"], record.recording.date),
        device=None if equipment == "X" else equipment,
    )


def _age(born: str, at: datetime | None) -> float | None:
    if born == "X" or at is None or at == NO_EDF_DATE:
        return None
    try:
        birth = datetime.strptime(born.title(), "%d-%b-%Y")
    except ValueError:
        return None
    years = at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day))
    return float(years) if years >= 0 else None
