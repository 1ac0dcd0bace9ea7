"""Files as carts write them, made by hand from a record: the other end of every round trip.

Each maker takes a record and returns bytes. Layouts: DICOM PS3.3 C.10.9, ANSI/HL7 V3 aECG R1, GE's restecg.dtd,
Philips' SierraECG 1.04, EN 1064 (SCP-ECG), the EDF+ specification, ISHNE 1.0, Mortara ELI, ISO 22077-1 (MFER).
"""

import base64
import binascii
import io
import struct
from collections.abc import Sequence
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pydicom
from edfio import Edf, EdfAnnotation, EdfSignal, Patient, Recording
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cardiov_core.domain import EcgRecord

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
MACHINE = {"heart_rate_bpm": 71, "pr_ms": 158, "qrs_ms": 92, "qt_ms": 402, "qrs_axis_deg": -12}
STATEMENTS = ("Sinus rhythm", "Left anterior fascicular block")
_SCP_CODES = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64, **{f"V{n}": 2 + n for n in range(1, 7)}}


def counts(record: EcgRecord, lead: str, step_uv: float) -> np.ndarray:
    """One lead in whole steps."""
    return np.round(record.lead(lead).astype(float) * 1000.0 / step_uv).astype(int)


MEASURED = (
    (("8867-4", "LN", "Heart rate"), "/min", str(MACHINE["heart_rate_bpm"])),
    (("2:15872", "MDC", "PR Interval"), "ms", str(MACHINE["pr_ms"])),
    (("2:16156", "MDC", "QRS Duration"), "ms", str(MACHINE["qrs_ms"])),
    (("2:16160", "MDC", "QT Interval"), "ms", str(MACHINE["qt_ms"])),
    (("2:16132", "MDC", "QRS Axis"), "deg", str(MACHINE["qrs_axis_deg"])),
)
"""Measurements as a DICOM file annotates them: (code, scheme, meaning), unit, value."""


# --- DICOM ------------------------------------------------------------------------------------------------------


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def dicom_group(
    record: EcgRecord,
    leads: Sequence[str],
    *,
    step_uv: float = 1.0,
    unit: str | None = "uV",
    label: str = "RHYTHM",
    offset_ms: float | None = 0.0,
    part: slice = slice(None),
    padding: int | None = None,
    pad_samples: int = 0,
) -> Dataset:
    """One multiplex group."""
    rows = np.stack([counts(record, lead, step_uv)[part] for lead in leads])
    if padding is not None:
        rows = np.pad(rows, ((0, 0), (0, pad_samples)), constant_values=padding)
    group = Dataset()
    group.WaveformOriginality = "ORIGINAL"
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = rows.shape
    group.SamplingFrequency = f"{record.sampling_rate:g}"
    if label:
        group.MultiplexGroupLabel = label
    if offset_ms is not None:
        group.MultiplexGroupTimeOffset = f"{offset_ms:g}"
    group.WaveformBitsAllocated = 16
    group.WaveformSampleInterpretation = "SS"
    if padding is not None:
        group.add_new(0x5400100A, "OW", struct.pack("<h", padding))
    group.add_new(0x54001010, "OW", rows.T.astype("<i2").tobytes())
    group.ChannelDefinitionSequence = []
    for lead in leads:
        channel = Dataset()
        channel.ChannelSourceSequence = [_code(f"2:{_SCP_CODES[lead]}", "MDC", f"Lead {lead}")]
        channel.ChannelSampleSkew = "0"
        channel.WaveformBitsStored = 16
        channel.ChannelSensitivity = f"{step_uv if unit != 'mV' else step_uv / 1000:g}"
        channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = "1", "0"
        if unit:
            channel.ChannelSensitivityUnitsSequence = [_code(unit, "UCUM", unit)]
        group.ChannelDefinitionSequence.append(channel)
    return group


def dicom(
    record: EcgRecord,
    groups: Sequence[Dataset] | None = None,
    *,
    implicit: bool = False,
    preamble: bool = True,
    uid: str = "1.2.3.4",
    measured: Sequence[tuple[tuple[str, str, str], str, str]] = MEASURED,
) -> bytes:
    """A 12-lead ECG waveform file."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.3.5"
    dataset.Modality, dataset.Manufacturer, dataset.ManufacturerModelName = "ECG", "Maker", "Cart 5"
    dataset.PatientName, dataset.PatientID = "Doe^Jane", record.patient_id or ""
    dataset.PatientSex = {"female": "F", "male": "M"}.get(record.sex or "", "")
    if record.age is not None:
        dataset.PatientAge = f"{int(record.age):03d}Y"
    if record.recorded_at is not None:
        dataset.AcquisitionDateTime = f"{record.recorded_at:%Y%m%d%H%M%S}"
    dataset.WaveformSequence = list(groups) if groups else [dicom_group(record, record.leads)]
    annotations = []
    for code, unit, value in measured:
        note = Dataset()
        note.ReferencedWaveformChannels = [1, 0]
        note.ConceptNameCodeSequence = [_code(*code)]
        note.MeasurementUnitsCodeSequence = [_code(unit, "UCUM", unit)]
        note.NumericValue = value
        annotations.append(note)
    for text in STATEMENTS:
        note = Dataset()
        note.ReferencedWaveformChannels, note.UnformattedTextValue = [1, 0], text
        annotations.append(note)
    dataset.WaveformAnnotationSequence = annotations
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    stream = io.BytesIO()
    if preamble:
        dataset.preamble = bytes(128)
        pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    else:
        del dataset.file_meta
        pydicom.dcmwrite(stream, dataset, implicit_vr=implicit, little_endian=True)
    # Written behind the library's back, as it would refuse an identifier that is none.
    return stream.getvalue().replace(b"1.2.3.5", uid.encode().ljust(7, b"\x00")[:7])


# --- HL7 aECG ---------------------------------------------------------------------------------------------------


def aecg(
    record: EcgRecord,
    *,
    step_uv: float = 1.0,
    leads: Sequence[str] | None = None,
    unit: str | None = "uV",
    head: str = "",
    prefix: str = "",
) -> bytes:
    """An annotated ECG with one rhythm series."""
    p = f"{prefix}:" if prefix else ""
    at = f"{record.recorded_at:%Y%m%d%H%M%S}" if record.recorded_at else ""
    unit_text = f' unit="{unit}"' if unit else ""
    sequences = "".join(
        f'<component><sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value xsi:type="SLIST_PQ">'
        f'<origin value="0"{unit_text}/><scale value="{step_uv:g}"{unit_text}/>'
        f"<digits>{' '.join(map(str, counts(record, lead, step_uv)))}</digits></value></sequence></component>"
        for lead in leads or record.leads
    )
    sex = {"female": "F", "male": "M"}.get(record.sex or "", "UN")
    measured = "".join(
        f'<component><annotation><code code="{code}"/><value xsi:type="PQ" value="{MACHINE[name]}" unit="{u}"/>'
        "</annotation></component>"
        for name, code, u in (
            ("heart_rate_bpm", "MDC_ECG_HEART_RATE", "bpm"),
            ("pr_ms", "MDC_ECG_TIME_PD_PR", "ms"),
            ("qrs_ms", "MDC_ECG_TIME_PD_QRS", "ms"),
            ("qt_ms", "MDC_ECG_TIME_PD_QT", "ms"),
            ("qrs_axis_deg", "MDC_ECG_ANGLE_QRS_FRONT", "deg"),
        )
    ) + "".join(
        '<component><annotation><code code="MDC_ECG_INTERPRETATION_STATEMENT"/>'
        f'<value xsi:type="ST">{escape(text)}</value></annotation></component>'
        for text in STATEMENTS
    )
    age = (
        ""
        if record.age is None
        else '<controlVariable><relatedObservation><code code="21612-7"/>'
        f'<value xsi:type="PQ" value="{record.age:g}" unit="a"/></relatedObservation></controlVariable>'
    )
    body = (
        f'<id root="1.2.3"/><effectiveTime><low value="{at}"/></effectiveTime>'
        "<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject>"
        f'<id root="1.2" extension="{record.patient_id or ""}"/><subjectDemographicPerson>'
        f'<administrativeGenderCode code="{sex}"/></subjectDemographicPerson></trialSubject></subject>'
        f"</subjectAssignment></componentOf></timepointEvent></componentOf>{age}"
        '<component><series><code code="RHYTHM"/><author><seriesAuthor><manufacturedSeriesDevice>'
        "<manufacturerModelName>Cart 5</manufacturerModelName></manufacturedSeriesDevice><manufacturerOrganization>"
        "<name>Maker</name></manufacturerOrganization></seriesAuthor></author><component><sequenceSet>"
        '<component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS">'
        f'<head value="{at}"/><increment value="{1 / record.sampling_rate:.9g}" unit="s"/></value></sequence>'
        f"</component>{sequences}</sequenceSet></component>"
        f"<subjectOf><annotationSet>{measured}</annotationSet></subjectOf></series></component>"
    )
    if prefix:
        body = body.replace("</", "\x00").replace("<", f"<{p}").replace("\x00", f"</{p}")
    namespace = f'xmlns{":" + prefix if prefix else ""}="urn:hl7-org:v3"'
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<{p}AnnotatedECG {namespace} '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{body}</{p}AnnotatedECG>'
    )
    return text.encode()


# --- GE MUSE ----------------------------------------------------------------------------------------------------


def muse(
    record: EcgRecord,
    *,
    step_uv: float = 4.88,
    units: str = "MICROVOLTS",
    doctype: str = '<!DOCTYPE RestingECG SYSTEM "restecg.dtd">',
    encoding: str = "ISO-8859-1",
) -> bytes:
    """A MUSE export: eight leads in Base64, a median before the rhythm."""

    def waveform(kind: str, stop: int | None) -> str:
        blocks = []
        for lead in EIGHT:
            data = counts(record, lead, step_uv)[:stop].astype("<i2").tobytes()
            blocks.append(
                f"<LeadData><LeadByteCountTotal>{len(data)}</LeadByteCountTotal><LeadSampleSize>2</LeadSampleSize>"
                f"<LeadSampleCountTotal>{len(data) // 2}</LeadSampleCountTotal>"
                f"<LeadAmplitudeUnitsPerBit>{step_uv:g}</LeadAmplitudeUnitsPerBit>"
                f"<LeadAmplitudeUnits>{units}</LeadAmplitudeUnits><LeadID>{lead}</LeadID>"
                f"<LeadDataCRC32>{binascii.crc32(data)}</LeadDataCRC32>"
                f"<WaveFormData>\n{base64.encodebytes(data).decode()}</WaveFormData></LeadData>"
            )
        return (
            f"<Waveform><WaveformType>{kind}</WaveformType><SampleBase>{record.sampling_rate:g}</SampleBase>"
            f"<SampleExponent>0</SampleExponent>{''.join(blocks)}</Waveform>"
        )

    at = record.recorded_at
    when = (
        f"<AcquisitionTime>{at:%H:%M:%S}</AcquisitionTime><AcquisitionDate>{at:%m-%d-%Y}</AcquisitionDate>"
        if at
        else ""
    )
    age = f"<PatientAge>{record.age:g}</PatientAge><AgeUnits>YEARS</AgeUnits>" if record.age is not None else ""
    sex = f"<Gender>{record.sex.upper()}</Gender>" if record.sex else ""
    lines = "".join(
        f"<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>{text}</StmtText></DiagnosisStatement>"
        for text in STATEMENTS
    )
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{doctype}\n<RestingECG><MuseInfo><MuseVersion>9</MuseVersion>'
        f"</MuseInfo><PatientDemographics><PatientID>{record.patient_id or ''}</PatientID>{age}{sex}"
        f"</PatientDemographics><TestDemographics><AcquisitionDevice>MAC 5</AcquisitionDevice>{when}</TestDemographics>"
        f"<RestingECGMeasurements><VentricularRate>{MACHINE['heart_rate_bpm']}</VentricularRate>"
        f"<PRInterval>{MACHINE['pr_ms']}</PRInterval><QRSDuration>{MACHINE['qrs_ms']}</QRSDuration>"
        f"<QTInterval>{MACHINE['qt_ms']}</QTInterval><QTCorrected>437</QTCorrected>"
        f"<RAxis>{MACHINE['qrs_axis_deg']}</RAxis></RestingECGMeasurements><Diagnosis>{lines}</Diagnosis>"
        f"{waveform('Median', int(1.2 * record.sampling_rate))}{waveform('Rhythm', None)}</RestingECG>"
    )
    return text.encode(encoding)


# --- Philips Sierra ---------------------------------------------------------------------------------------------


def _xli(rows: Sequence[np.ndarray]) -> bytes:
    """Philips' XLI: second differences, high bytes before low bytes, LZW with ten bits (here literals only)."""
    first, second, third, avr, avl, avf, *chest = (row.astype(np.int64) for row in rows)
    stored = [
        first, second, second - first - third, -avr - (first + second) // 2,
        (first - third) // 2 - avl, (second + third) // 2 - avf, *chest,
    ]  # fmt: skip
    chunks = []
    for row in stored:
        start = int(2 * row[1] - row[0] - row[2])
        codes = np.full(row.size, 64, dtype=np.int64)
        codes[:2] = row[:2]
        codes[2:-1] += 2 * row[2:-1] - row[1:-2] - row[3:]
        words = codes.astype(">i2").tobytes()
        bits = "".join(f"{byte:010b}" for byte in words[::2] + words[1::2]) + f"{1023:010b}"
        bits += "0" * (-len(bits) % 8)
        packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
        chunks.append(struct.pack("<iHh", len(packed), 0, start) + packed)
    return b"".join(chunks)


def sierra(
    record: EcgRecord, *, step_uv: float = 5.0, compressed: bool = True, encoding: str = "utf-16", pulse: bool = False
) -> bytes:
    """A Sierra 1.04 file, XLI-compressed in UTF-16 as TraceMasterVue writes it; `pulse` adds the final second."""
    rows = [counts(record, lead, step_uv) for lead in record.leads]
    if pulse:
        level = np.zeros(int(0.4 * record.sampling_rate), dtype=int)
        level[level.size // 4 : level.size * 3 // 4] = round(1000 / step_uv)
        rows = [np.concatenate([row, level]) for row in rows]
    data = _xli(rows) if compressed else np.concatenate(rows).astype("<i2").tobytes()
    at = record.recorded_at
    when = f'date="{at:%Y-%m-%d}" time="{at:%H:%M:%S}"' if at else ""
    age = f"<age><years>{record.age:g}</years></age>" if record.age is not None else ""
    sex = f"<sex>{record.sex.capitalize()}</sex>" if record.sex else ""
    lines = "".join(f"<statement><leftstatement>{text}</leftstatement></statement>" for text in STATEMENTS)
    kind = 'compression="XLI"' if compressed else 'compressflag="False"'
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<restingecgdata xmlns="http://www3.medical.philips.com">'
        "<documentinfo><documenttype>PhilipsECG</documenttype><documentversion>1.04</documentversion></documentinfo>"
        f'<dataacquisition {when}><machine detaildescription="Philips:860315:A.01">PageWriter 5</machine>'
        f"<signalcharacteristics><samplingrate>{record.sampling_rate:g}</samplingrate>"
        f"<resolution>{step_uv:g}</resolution><acquisitiontype>STD-12</acquisitiontype>"
        "<numberchannelsallocated>12</numberchannelsallocated></signalcharacteristics></dataacquisition>"
        f"<patient><generalpatientdata><patientid>{record.patient_id or ''}</patientid>{age}{sex}"
        "</generalpatientdata></patient><interpretations><interpretation><globalmeasurements>"
        f"<heartrate>{MACHINE['heart_rate_bpm']}</heartrate><print>{MACHINE['pr_ms']}</print>"
        f"<qrsdur>{MACHINE['qrs_ms']}</qrsdur><qtint>{MACHINE['qt_ms']}</qtint>"
        f"<qrsfrontaxis>{MACHINE['qrs_axis_deg']}</qrsfrontaxis></globalmeasurements>{lines}</interpretation>"
        f'</interpretations><waveforms><parsedwaveforms dataencoding="Base64" {kind} numberofleads="12" '
        f'leadlabels="{" ".join(record.leads)}" durationperchannel="{1000 * rows[0].size / record.sampling_rate:g}" '
        f'samplespersecond="{record.sampling_rate:g}" resolution="{step_uv:g}" signaloffset="0" signalsigned="True" '
        f'bitspersample="16">{base64.encodebytes(data).decode()}</parsedwaveforms></waveforms></restingecgdata>'
    )
    return text.encode(encoding)


# --- Mortara ----------------------------------------------------------------------------------------------------


def mortara(record: EcgRecord, *, step_uv: float = 2.5) -> bytes:
    """An ELI export."""
    channels = "".join(
        f'<CHANNEL OFFSET="0" BITS="16" FORMAT="SIGNED" UNITS_PER_MV="{1000 / step_uv:g}" '
        f'DURATION="{record.n_samples}" SAMPLE_FREQ="{record.sampling_rate:g}" NAME="{lead}" ENCODING="BASE64" '
        f'DATA="{base64.b64encode(counts(record, lead, step_uv).astype("<i2").tobytes()).decode()}"/>'
        for lead in record.leads
    )
    at = record.recorded_at
    facts = f'ACQUISITION_TIME="{at:%Y%m%d%H%M%S}" ' if at else ""
    facts += f'AGE="{record.age:g}" AGE_UNITS="YEARS" ' if record.age is not None else ""
    lines = "".join(f'<STATEMENT TEXT="{text}" REASON=""/>' for text in STATEMENTS)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ECG {facts}VENT_RATE="{MACHINE["heart_rate_bpm"]}">'
        f'<SUBJECT ID="{record.patient_id or ""}" GENDER="{(record.sex or "").capitalize()}"/>'
        f'<SOURCE MANUFACTURER="Mortara" MODEL="ELI 5"/><AUTOMATIC_INTERPRETATION>{lines}</AUTOMATIC_INTERPRETATION>'
        f'<TYPICAL_CYCLE PR_DURATION="{MACHINE["pr_ms"]}" QRS_DURATION="{MACHINE["qrs_ms"]}" QT="{MACHINE["qt_ms"]}" '
        f'QRS_AXIS="{MACHINE["qrs_axis_deg"]}"/>{channels}</ECG>'
    ).encode()


# --- SCP-ECG ----------------------------------------------------------------------------------------------------


def _scp_section(number: int, body: bytes) -> bytes:
    body += b"\x00" * (len(body) % 2)
    header = struct.pack("<HIBB6s", number, 16 + len(body), 13, 13, b"SCPECG" if number == 0 else bytes(6))
    return struct.pack("<H", binascii.crc_hqx(header + body, 0xFFFF)) + header + body


def _huffman(values: np.ndarray) -> bytes:
    """The default table of EN 1064, C.3.7.6."""

    def word(value: int) -> str:
        if value == 0:
            return "0"
        if abs(value) <= 8:
            return "1" * abs(value) + "0" + ("1" if value < 0 else "0")
        if -128 <= value <= 127:
            return "1111111110" + f"{value & 0xFF:08b}"
        return "1111111111" + f"{value & 0xFFFF:016b}"

    bits = "".join(word(int(value)) for value in values)
    bits += "0" * (-len(bits) % 16)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def scp(record: EcgRecord, *, step_uv: float = 1.0, compressed: bool = False) -> bytes:
    """An SCP-ECG 1.3 record; compressed: second differences under the default Huffman table."""

    def tag(number: int, value: bytes) -> bytes:
        return struct.pack("<BH", number, len(value)) + value

    at = record.recorded_at
    device = bytes(7) + b"\x08CART5\x00" + bytes([13, 0xA0, 1, 0, 1]) + bytes(17) + b"\x00\x00\x00\x00Maker\x00"
    facts = tag(2, (record.patient_id or "").encode() + b"\x00")
    facts += tag(4, struct.pack("<HB", int(record.age), 1)) if record.age is not None else b""
    facts += tag(8, bytes([{"male": 1, "female": 2}.get(record.sex or "", 0)])) + tag(14, device)
    if at:
        facts += tag(25, struct.pack("<HBB", at.year, at.month, at.day))
        facts += tag(26, bytes([at.hour, at.minute, at.second]))
    facts += tag(255, b"")
    leads = bytes([len(record.leads), 0x04 | len(record.leads) << 3 & 0xF8])
    data = []
    for lead in record.leads:
        leads += struct.pack("<IIB", 1, record.n_samples, _SCP_CODES[lead])
        row = counts(record, lead, step_uv)
        if compressed:
            row = np.concatenate([row[:2], row[2:] - 2 * row[1:-1] + row[:-2]])
        data.append(_huffman(row) if compressed else row.astype("<i2").tobytes())
    rhythm = struct.pack("<HHBB", round(step_uv * 1000), round(1e6 / record.sampling_rate), 2 if compressed else 0, 0)
    rhythm += b"".join(struct.pack("<H", len(one)) for one in data) + b"".join(data)
    onset = 400
    measured = struct.pack("<BBHH", 1, 0, round(60_000 / MACHINE["heart_rate_bpm"]), 0)
    measured += struct.pack(
        "<5H3h", onset - MACHINE["pr_ms"], onset - 50, onset, onset + MACHINE["qrs_ms"], onset + MACHINE["qt_ms"],
        999, MACHINE["qrs_axis_deg"], 999,
    )  # fmt: skip
    measured += struct.pack("<H", 1) + b"\x00" + struct.pack("<3HB", MACHINE["heart_rate_bpm"], 29999, 437, 0)
    lines = bytes([0]) + struct.pack("<HBB", 2019, 5, 4) + bytes([10, 20, 30, len(STATEMENTS)])
    for number, text in enumerate(STATEMENTS):
        lines += struct.pack("<BH", number + 1, len(text) + 1) + text.encode() + b"\x00"
    bodies = {1: facts, 3: leads, 6: rhythm, 7: measured, 8: lines}
    if compressed:
        bodies[2] = struct.pack("<H", 19999)
    sections = {number: _scp_section(number, body) for number, body in sorted(bodies.items())}
    at_byte = 7 + 16 + 10 * 12
    pointers = struct.pack("<HII", 0, 16 + 10 * 12, 7)
    for number in range(1, 12):
        length = len(sections.get(number, b""))
        pointers += struct.pack("<HII", number, length, at_byte if length else 0)
        at_byte += length
    body = _scp_section(0, pointers) + b"".join(sections.values())
    content = struct.pack("<I", len(body) + 6) + body
    return struct.pack("<H", binascii.crc_hqx(content, 0xFFFF)) + content


# --- EDF, ISHNE, MFER -------------------------------------------------------------------------------------------


def edf(
    record: EcgRecord, *, step_uv: float = 1.0, birth: date | None = None, unit: str = "uV", plus: bool = True
) -> bytes:
    """EDF by edfio, EDF+ where `plus`: one data record a second, the whole 16-bit range, so that a count is a step."""
    reach = (-32768 * step_uv, 32767 * step_uv)
    scale = 1000.0 if unit == "uV" else 1.0
    if unit == "mV":
        reach = (reach[0] / 1000, reach[1] / 1000)
    signals = [
        EdfSignal(
            counts(record, lead, step_uv) * step_uv * scale / 1000.0,
            record.sampling_rate,
            label=f"ECG {lead}",
            physical_dimension=unit,
            physical_range=reach,
        )
        for lead in record.leads
    ]
    # EDF's two-digit years begin in 1985.
    at = record.recorded_at if record.recorded_at and record.recorded_at.year >= 1985 else None
    document = Edf(
        signals,
        patient=Patient(
            code=record.patient_id or "X", sex={"male": "M", "female": "F"}.get(record.sex or "", "X"), birthdate=birth
        ),
        recording=Recording(startdate=at.date() if at else None, equipment_code="Cart5"),
        starttime=at.time() if at else None,
        data_record_duration=1,
        annotations=[EdfAnnotation(1.0, None, "button")] if plus else None,
    )
    return document.to_bytes()


def ishne(record: EcgRecord, *, step_uv: float = 2.5, birth: date | None = None) -> bytes:
    """ISHNE 1.0: multiplexed 16-bit samples behind a header of 522 bytes."""
    header = bytearray(512)
    put: Any = lambda form, at, *values: struct.pack_into(form, header, at - 10, *values)  # noqa: E731
    put("<iiii", 10, 0, record.n_samples, 522, 522)
    put("<h", 26, 1)
    put("20s", 108, (record.patient_id or "").encode())
    put("<h", 128, {"male": 1, "female": 2}.get(record.sex or "", 0))
    if birth:
        put("<3h", 132, birth.day, birth.month, birth.year)
    if at := record.recorded_at:
        put("<3h", 138, at.day, at.month, at.year)
        put("<3h", 150, at.hour, at.minute, at.second)
    put("<h", 156, len(record.leads))
    codes = {"I": 5, "II": 6, "III": 7, "aVR": 8, "aVL": 9, "aVF": 10, **{f"V{n}": 10 + n for n in range(1, 7)}}
    for index, lead in enumerate(record.leads):
        put("<h", 158 + 2 * index, codes[lead])
        put("<h", 206 + 2 * index, round(step_uv * 1000))
    put("40s", 232, b"Recorder 5")
    put("<h", 272, int(record.sampling_rate))
    rows = np.stack([counts(record, lead, step_uv) for lead in record.leads])
    crc = binascii.crc_hqx(bytes(header), 0xFFFF)
    return b"ISHNE1.0" + struct.pack("<H", crc) + bytes(header) + rows.T.astype("<i2").tobytes()


def mfer(record: EcgRecord, *, step_uv: float = 2.0, preamble: bool = True) -> bytes:
    """MFER: definitions tag by tag, one frame, big-endian."""

    def tag(number: int, value: bytes) -> bytes:
        size = len(value)
        length = bytes([size]) if size < 0x80 else b"\x84" + struct.pack(">I", size)
        return bytes([number]) + length + value

    head = tag(0x40, b"MFR " + b"Standard 12 leads ECG".ljust(28)) if preamble else b""
    head += tag(0x01, b"\x00") + tag(0x08, struct.pack(">H", 1))
    head += tag(0x0B, bytes([0]) + struct.pack(">bH", 0, int(record.sampling_rate)))
    head += tag(0x0C, bytes([0]) + struct.pack(">bH", -7, round(step_uv * 10)))
    head += tag(0x04, struct.pack(">I", record.n_samples)) + tag(0x05, bytes([len(record.leads)]))
    head += tag(0x06, struct.pack(">I", 1))
    for index, lead in enumerate(record.leads):
        inner = tag(0x09, struct.pack(">H", _SCP_CODES[lead]))
        head += bytes([0x3F, index, len(inner)]) + inner
    head += tag(0x82, (record.patient_id or "").encode())
    if record.age is not None:
        head += tag(0x83, bytes([int(record.age), 0, 0]))
    head += tag(0x84, bytes([{"male": 1, "female": 2}.get(record.sex or "", 0)]))
    if at := record.recorded_at:
        head += tag(0x85, struct.pack(">H5B", at.year, at.month, at.day, at.hour, at.minute, at.second))
    rows = np.stack([counts(record, lead, step_uv) for lead in record.leads])
    return head + tag(0x1E, rows.astype(">i2").tobytes()) + bytes([0x80, 0])
