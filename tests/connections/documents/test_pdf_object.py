"""The report as a DICOM object: whole, under a UID that stays, in the patient's study only where that is kept."""

import io
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import EncapsulatedPDFStorage

from cardiov_core.connections.documents.pdf_object import DicomIdentity, dicom_identity, encapsulated_pdf
from cardiov_core.domain import EcgRecord
from cardiov_core.io import write_record

PDF = b"%PDF-1.7 odd length!!!"


def test_the_pdf_comes_out_as_it_went_in() -> None:
    dataset = dcmread(io.BytesIO(encapsulated_pdf(PDF, "ab12", DicomIdentity(), sex="female")))
    assert dataset.SOPClassUID == EncapsulatedPDFStorage
    assert dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength] == PDF
    assert dataset.PatientSex == "F"
    assert dataset.PatientIdentityRemoved == "YES"
    assert (str(dataset.PatientName), dataset.PatientID) == ("", "")


def test_the_same_case_is_the_same_object() -> None:
    first, again, other = (
        dcmread(io.BytesIO(encapsulated_pdf(PDF, case, DicomIdentity()))).SOPInstanceUID for case in ("a", "a", "b")
    )
    assert first == again != other


def test_a_kept_identity_joins_the_ecgs_own_study(ecg: EcgRecord, tmp_path: Path) -> None:
    (file,) = write_record(ecg, tmp_path, "dicom", keep_identity=True)
    source = dcmread(file)
    identity = dicom_identity(file)
    dataset = dcmread(io.BytesIO(encapsulated_pdf(PDF, "ab12", identity)))
    assert dataset.StudyInstanceUID == source.StudyInstanceUID
    assert dataset.SeriesInstanceUID != source.SeriesInstanceUID
    assert dataset.PatientID == ecg.patient_id
    assert "PatientIdentityRemoved" not in dataset


@pytest.mark.parametrize("content", [b"", b"no DICOM", b"\0" * 128 + b"DICM" + b"\xff" * 40])
def test_a_file_that_is_no_dicom_names_nobody(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.dcm"
    file.write_bytes(content)
    assert dicom_identity(file) == DicomIdentity()
