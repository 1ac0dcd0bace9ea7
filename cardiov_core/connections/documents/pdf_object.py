"""The printed report as a DICOM object, encapsulated PDF (PS3.3 A.45.1)."""

import io
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.version import installed_version

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TITLE = "ECG report (research use, unconfirmed)"


@dataclass(frozen=True)
class DicomIdentity:
    """What of the ECG's own DICOM file puts the report into the same patient's study."""

    # As in the file; empty where they are not stated or not to be kept.
    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    study_uid: str = ""
    study_id: str = ""
    accession_number: str = ""
    study_date: str = ""
    study_time: str = ""


_TAGS = {
    "patient_id": "PatientID",
    "patient_name": "PatientName",
    "birth_date": "PatientBirthDate",
    "study_uid": "StudyInstanceUID",
    "study_id": "StudyID",
    "accession_number": "AccessionNumber",
    "study_date": "StudyDate",
    "study_time": "StudyTime",
}


def dicom_identity(path: Path) -> DicomIdentity:
    """Return what a DICOM file says of patient and study; of another file nothing."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        with warnings.catch_warnings():
            # The reader of ECGs has told what is wrong with the file.
            warnings.simplefilter("ignore")
            dataset = dcmread(path, stop_before_pixels=True, specific_tags=list(_TAGS.values()))
        return DicomIdentity(**{name: str(dataset.get(tag, "") or "") for name, tag in _TAGS.items()})
    except (InvalidDicomError, OSError, ValueError, KeyError, AttributeError, NotImplementedError):
        return DicomIdentity()


def encapsulated_pdf(
    pdf: bytes, case_id: str, identity: DicomIdentity, *, sex: str | None = None, made_at: datetime | None = None
) -> bytes:
    """Wrap a report's PDF into a DICOM file, explicit VR little endian.

    The object's UID follows from `case_id`, so that an archive that gets the report again knows it. An empty `identity`
    names nobody and says that the identity was removed. `made_at` is now by default.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, EncapsulatedPDFStorage, ExplicitVRLittleEndian, generate_uid

    moment = (made_at or datetime.now(UTC)).astimezone(UTC)
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = EncapsulatedPDFStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["CardioV report", case_id])
    dataset.StudyInstanceUID = identity.study_uid or generate_uid(entropy_srcs=["CardioV study", case_id])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["CardioV series", case_id])
    dataset.Modality = "DOC"
    # WSD: made on a workstation, from what the ECG holds.
    dataset.ConversionType = "WSD"
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.SeriesDescription = _TITLE
    dataset.Manufacturer, dataset.SoftwareVersions = "CardioV", installed_version()
    _whose(dataset, identity, sex)
    dataset.ContentDate, dataset.ContentTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S}"
    dataset.AcquisitionDateTime = ""
    dataset.BurnedInAnnotation = "YES" if identity.patient_id else "NO"
    dataset.DocumentTitle = _TITLE
    dataset.ConceptNameCodeSequence = [_coded("11524-6", "LN", "EKG study")]
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    # Bytes come in pairs; the length says how many count.
    dataset.EncapsulatedDocument = pdf + b"\x00" * (len(pdf) % 2)
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _whose(dataset: "Dataset", identity: DicomIdentity, sex: str | None) -> None:
    dataset.PatientName, dataset.PatientID = identity.patient_name, identity.patient_id
    dataset.PatientBirthDate = identity.birth_date
    dataset.PatientSex = {"male": "M", "female": "F"}.get(sex or "", "")
    dataset.StudyID, dataset.AccessionNumber = identity.study_id, identity.accession_number
    dataset.StudyDate, dataset.StudyTime = identity.study_date, identity.study_time
    dataset.ReferringPhysicianName = ""
    if identity == DicomIdentity():
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = "CardioV: no identity is put in"


def _coded(value: str, scheme: str, meaning: str) -> "Dataset":
    from pydicom.dataset import Dataset

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return code
