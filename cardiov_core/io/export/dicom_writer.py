"""A record as DICOM waveform (PS3.3 A.34): one multiplex group, 16 bits, microvolts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import RecordUnsupportedError
from cardiov_core.io.export.digital import INVALID, digitise

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# PS3.16 CID 3001, ECG leads: ISO/IEEE 11073-10102 codes.
_LEAD_CODES = {
    "I": "2:1", "II": "2:2", "III": "2:61", "aVR": "2:62", "aVL": "2:63", "aVF": "2:64",
    "V1": "2:3", "V2": "2:4", "V3": "2:5", "V4": "2:6", "V5": "2:7", "V6": "2:8",
}  # fmt: skip
_TWELVE_LEAD = "1.2.840.10008.5.1.4.1.1.9.1.1"
_GENERAL = "1.2.840.10008.5.1.4.1.1.9.1.2"
_AMBULATORY = "1.2.840.10008.5.1.4.1.1.9.1.3"
_TWELVE_LEAD_SAMPLES = 16384
_MIN_RESTING_HZ, _MAX_HZ = 200.0, 1000.0
NO_DATE = "19000101000000"
"""Acquisition time of a de-identified file: PS3.15 asks for a dummy where the attribute is mandatory."""

# PS3.16 CID 7050.
_METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113108", "Retain Patient Characteristics Option"),
)


def write_dicom(record: EcgRecord, path: Path, *, identity_kept: bool) -> tuple[Path, ...]:
    """Write a DICOM waveform file with new UIDs.

    12-lead ECG storage at 200-1000 Hz and up to 16384 samples; longer ones as general ECG, slower ones as ambulatory
    ECG, as the limits of these kinds demand (PS3.3 A.34.3.4, A.34.4.4, A.34.5.4).

    `identity_kept`: whether patient and times were kept; otherwise the file says that the basic profile of PS3.15 annex
    E was applied, with patient characteristics (age, sex) retained.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    dataset = Dataset()
    _instance(dataset, _kind(record))
    _patient(dataset, record, identity_kept=identity_kept)
    dataset.AcquisitionContextSequence = []
    dataset.WaveformSequence = [_group(record)]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return (path,)


def _kind(record: EcgRecord) -> str:
    rate = record.sampling_rate
    if rate > _MAX_HZ:
        raise RecordUnsupportedError(
            f"{record.record_id} is sampled at {rate:g} Hz; DICOM's ECG kinds end at {_MAX_HZ:g} Hz.",
            "Write it as WFDB or CSV.",
        )
    if rate < _MIN_RESTING_HZ:
        return _AMBULATORY
    return _TWELVE_LEAD if record.n_samples <= _TWELVE_LEAD_SAMPLES else _GENERAL


def _instance(dataset: "Dataset", kind: str) -> None:
    from pydicom.uid import generate_uid

    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = kind
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.Modality = "ECG"
    dataset.Manufacturer = ""
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1
    for empty in ("StudyID", "AccessionNumber", "ReferringPhysicianName"):
        setattr(dataset, empty, "")


def _patient(dataset: "Dataset", record: EcgRecord, *, identity_kept: bool) -> None:
    from pydicom.dataset import Dataset

    dataset.PatientName = ""
    dataset.PatientID = record.patient_id or ""
    dataset.PatientBirthDate = ""
    dataset.PatientSex = {"male": "M", "female": "F"}.get(record.sex or "", "")
    if record.age is not None:
        dataset.PatientAge = f"{min(999, int(record.age)):03d}Y"
    at = record.recorded_at
    dataset.StudyDate = "" if at is None else f"{at:%Y%m%d}"
    dataset.StudyTime = "" if at is None else f"{at:%H%M%S}"
    dataset.ContentDate = NO_DATE[:8] if at is None else f"{at:%Y%m%d}"
    dataset.ContentTime = NO_DATE[8:] if at is None else f"{at:%H%M%S}"
    dataset.AcquisitionDateTime = NO_DATE if at is None else _date_time(at)
    if at is None:
        dataset.LongitudinalTemporalInformationModified = "REMOVED"
    if identity_kept:
        dataset.PatientIdentityRemoved = "NO"
        if record.device:
            dataset.Manufacturer = record.device[:64]
        return
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = [f"DICOM PS3.15 {title}"[:64] for _, title in _METHODS]
    methods = []
    for code, title in _METHODS:
        method = Dataset()
        method.CodeValue, method.CodingSchemeDesignator, method.CodeMeaning = code, "DCM", title
        methods.append(method)
    dataset.DeidentificationMethodCodeSequence = methods


def _date_time(at: datetime) -> str:
    text = f"{at:%Y%m%d%H%M%S}" + (f".{at.microsecond:06d}" if at.microsecond else "")
    return text if at.tzinfo is None else text + ("+0000" if at.tzinfo is UTC else f"{at:%z}"[:5])


def _group(record: EcgRecord) -> "Dataset":
    from pydicom.dataset import Dataset

    digital = digitise(record)
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels = len(record.leads)
    group.NumberOfWaveformSamples = record.n_samples
    group.SamplingFrequency = f"{record.sampling_rate:.10g}"
    group.MultiplexGroupLabel = "RHYTHM"
    group.MultiplexGroupTimeOffset = "0"
    group.ChannelDefinitionSequence = [_channel(record, lead, digital.per_mv) for lead in record.leads]
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    group.add_new(0x5400100A, "OW", np.array([INVALID], dtype="<i2").tobytes())  # Waveform Padding Value
    group.add_new(0x54001010, "OW", digital.counts.T.astype("<i2").tobytes())  # Waveform Data, sample by sample
    return group


def _channel(record: EcgRecord, lead: str, per_mv: float) -> "Dataset":
    from pydicom.dataset import Dataset

    source, unit, channel = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = _LEAD_CODES[lead], "MDC", f"Lead {lead}"
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    channel.ChannelSourceSequence = [source]
    if lead in record.derived_leads:
        channel.ChannelDerivationDescription = "Computed from other limb leads, not recorded"
    channel.ChannelSensitivity = f"{1000.0 / per_mv:.12g}"
    channel.ChannelSensitivityUnitsSequence = [unit]
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = "0"
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = 16
    return channel
