"""Files of carts and archives: DICOM, HL7 aECG, MUSE, Sierra, Mortara, SCP-ECG, EDF, ISHNE, MFER and the like.

ecgdatakit parses them. Around it: content in a temporary folder (it reads paths only), XML guarded and made plain
before it sees it, its warnings collected, its errors wrapped, and units taken to mV by what the file states, never by
what the numbers look like.
"""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from cardiov_core.domain import Sex
from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.io.assembly import Channels, ReadOptions, sha256_of
from cardiov_core.io.carts.dicom import split_dicom
from cardiov_core.io.carts.edf import NO_EDF_DATE, plain_edf_facts
from cardiov_core.io.carts.ends import without_ends
from cardiov_core.io.carts.formats import VendorFormat
from cardiov_core.io.carts.machine import machine_reading
from cardiov_core.io.carts.samples import channel_rows, on_one_axis
from cardiov_core.io.carts.xml_guard import parse_xml, plain_xml
from cardiov_core.io.leads import standard_lead

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord, Lead

MAX_VENDOR_BYTES = 128 * 1024**2
"""Ten seconds measure a few MB at most; parsing takes up to ten times the size of the file in memory."""

_SUFFIXES = {
    VendorFormat.DICOM: ".dcm",
    VendorFormat.SCP: ".scp",
    VendorFormat.EDF: ".edf",
    VendorFormat.ISHNE: ".ecg",
    VendorFormat.MFER: ".mwf",
    VendorFormat.KARDIA: ".json",
}
_SEXES: dict[str, Sex] = {"M": "male", "F": "female"}
_MAX_NOTES = 5
_OUR_OWN_DOING = "auto_scale=False"
# What ecgdatakit only warns of, though it changes what the signal means.
_CUT_SHORT = "EDF file truncated"
_JOINED = ("EDF+D file has gaps", "frames are concatenated without a gap")
_INVALID_VALUE = "Invalid value for VR"


@dataclass(frozen=True)
class _Parsed:
    """What the library found, and what it and the preparation had to say."""

    record: "ECGRecord"
    leads: "tuple[Lead, ...]"
    notes: tuple[str, ...]
    age: float | None = None
    patient_id: str | None = None
    undated: bool = False
    derived_leads: tuple[str, ...] = ()


def read_vendor(path: Path, content: bytes, kind: VendorFormat | None, options: ReadOptions) -> Channels:
    """Read a cart's or an archive's file.

    Parameters
    ----------
    path : Path
        The file, for its name.
    content : bytes
        Its content.
    kind : VendorFormat or None
        What it is; None leaves that to ecgdatakit (rarer formats without a magic number).
    options : ReadOptions
        Units for files that do not state them.

    Raises
    ------
    NotAnEcgError
        If a DICOM file holds no waveform.
    RecordFormatError
        If the file is damaged.
    RecordUnsupportedError
        If it is too large, or of a variant that is not read.
    MissingMetadataError
        If the unit of the samples is nowhere stated.
    """
    if len(content) > MAX_VENDOR_BYTES:
        raise RecordUnsupportedError(
            f"{path.name} has {len(content) / 1024**2:.0f} MiB; such files are opened up to "
            f"{MAX_VENDOR_BYTES // 1024**2} MiB.",
            "Cut the recording into shorter records.",
        )
    with tempfile.TemporaryDirectory(prefix="cardiov-") as folder:
        parsed = _parse(path, content, kind, Path(folder))
    rows, notes = channel_rows(parsed.record, parsed.leads, path.name, options)
    signal, cut = without_ends(on_one_axis(rows, path.name), [row.name for row in rows], rows[0].rate_hz)
    record = parsed.record
    edf = plain_edf_facts(record)
    device = edf.device if edf else _device(record)
    name = _format_name(record, kind)
    gains = [row.gain_per_mv for row in rows if standard_lead(row.name) is not None]
    return Channels(
        path=path,
        format=name,
        signal_mv=signal,
        names=tuple(row.name for row in rows),
        sampling_rate=rows[0].rate_hz,
        files=(path.name,),
        sha256=sha256_of(content),
        gains_per_mv=tuple(gain for gain in gains if gain is not None) if all(gains) and gains else None,
        age=edf.age if edf else _age(record, parsed.age),
        sex=edf.sex if edf else _SEXES.get(record.patient.sex),
        recorded_at=None if parsed.undated or record.recording.date == NO_EDF_DATE else record.recording.date,
        patient_id=edf.patient_id if edf else _clean(record.patient.patient_id) or parsed.patient_id,
        device=device,
        comments=_comments(record, undated=parsed.undated),
        warnings=(*parsed.notes, *notes, *cut),
        machine=machine_reading(record, device or name),
        derived_leads=parsed.derived_leads,
    )


def knows(path: Path, content: bytes) -> bool:
    """Tell whether ecgdatakit recognises a file that has no magic number (MFER without preamble, XLE, ARC).

    Parameters
    ----------
    path : Path
        The file, for its extension.
    content : bytes
        Its content.
    """
    from ecgdatakit import ECGDataKitError, FileParser

    with tempfile.TemporaryDirectory(prefix="cardiov-") as folder:
        alone = Path(folder) / f"ecg{path.suffix[:16]}"
        alone.write_bytes(content)
        try:
            return FileParser.detect_format(alone) is not None
        except (ECGDataKitError, OSError, ValueError, LookupError, TypeError, RuntimeError):
            return False


# --- parsing ----------------------------------------------------------------------------------------------------


def _parse(path: Path, content: bytes, kind: VendorFormat | None, folder: Path) -> _Parsed:
    if kind is VendorFormat.DICOM:
        return _parse_dicom(path.name, content, folder)
    root: Element | None = None
    if kind is not None and kind.is_xml:
        root = parse_xml(content, path.name)
        content = plain_xml(root)
    suffix = path.suffix[:16] if kind is None else _SUFFIXES.get(kind, ".xml")
    file = folder / f"ecg{suffix}"
    file.write_bytes(content)
    record, notes = _run(file, path.name, str(kind or "a rarer format"))
    age, patient_id = _outside_the_schema(root) if kind is VendorFormat.AECG and root is not None else (None, None)
    return _Parsed(record, tuple(record.leads), notes, age, patient_id)


def _parse_dicom(name: str, content: bytes, folder: Path) -> _Parsed:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files = split_dicom(content, name, folder)
    record, notes = _run(files.paths[0], name, "DICOM")
    broken = any(_INVALID_VALUE in text for text in (*(str(one.message) for one in caught), *notes))
    leads = {lead.label: lead for lead in record.leads}
    for path in files.paths[1:]:
        for lead in _run(path, name, "DICOM")[0].leads:
            leads.setdefault(lead.label, lead)
    ours = [*files.notes, *(["Identifiers or texts in the file break rules of DICOM."] if broken else [])]
    # Which groups were left out, `split_dicom` says itself.
    theirs = [note for note in notes if _INVALID_VALUE not in note and "multiplex group" not in note]
    return _Parsed(
        record, tuple(leads.values()), (*ours, *theirs), files.age, undated=files.undated, derived_leads=files.derived
    )


def _run(file: Path, name: str, format_name: str) -> tuple["ECGRecord", tuple[str, ...]]:
    """Let ecgdatakit parse a file; its Python warnings become notes."""
    from ecgdatakit import ECGDataKitError, FileParser, UnsupportedFormatError

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            record = FileParser.parse(file, auto_scale=False)
        except UnsupportedFormatError as error:
            raise RecordUnsupportedError(
                f"{name} is of a variant of {format_name} that is not read: {_told(error, file, name)}.",
                "Export the ECG in another format: DICOM, HL7 aECG, WFDB or CSV.",
            ) from error
        # ecgdatakit wraps what its parsers raise; the others come from telling formats apart and from the summary.
        except (ECGDataKitError, OSError, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError) as error:
            raise _damaged(name, format_name, _told(error, file, name)) from error
        except MemoryError as error:
            raise _damaged(name, format_name, "it announces more samples than memory holds") from error
    told = [_told(one.message, file, name) for one in caught if _OUR_OWN_DOING not in str(one.message)]
    if cut_short := next((text for text in told if _CUT_SHORT in text), None):
        raise _damaged(name, format_name, cut_short)
    if any(phrase in text for text in told for phrase in _JOINED):
        raise RecordUnsupportedError(
            f"{name} ({format_name}) holds stretches with gaps between them, which are no continuous rhythm.",
            "Export one uninterrupted stretch.",
        )
    if not record.leads:
        raise RecordUnsupportedError(
            f"{name} holds no rhythm recording{', only a median beat' if record.median_beats else ''}.",
            "Export the 10-second rhythm ECG.",
        )
    notes = [f"The file's reader notes: {text}." for text in dict.fromkeys(told)]
    return record, tuple(notes[:_MAX_NOTES])


def _damaged(name: str, format_name: str, why: str) -> RecordFormatError:
    return RecordFormatError(
        f"{name} ({format_name}) is damaged or incomplete: {why}.",
        "Copy the file again, or export it again from the cart.",
    )


def _told(said: object, file: Path, name: str) -> str:
    """Return a library's words in one line, with the reader's file name instead of the temporary one."""
    # pydicom appends the traceback to its messages.
    text = str(said).partition("\nTraceback")[0].replace(str(file), name).replace(file.name, name)
    return _clean(text)[:200].rstrip(". ") or type(said).__name__


def _outside_the_schema(root: Element) -> tuple[float | None, str | None]:
    """Read age and patient where makers write them beside the aECG schema (Mindray: <Age>, <PatientID>)."""
    person = next(root.iter("subjectDemographicPerson"), None)
    if person is None:
        return None, None
    years = _clean(person.findtext("Age") or "").rstrip("YyAa ")
    return float(years) if years.isdecimal() else None, _clean(person.findtext("PatientID") or "") or None


# --- facts ------------------------------------------------------------------------------------------------------


def _format_name(record: "ECGRecord", kind: VendorFormat | None) -> str:
    if kind is VendorFormat.EDF and str(record.file_format.version).startswith("EDF+"):
        return "EDF+"
    return str(kind or record.file_format.name)


def _device(record: "ECGRecord") -> str | None:
    info = record.recording.device
    maker, model = _clean(info.manufacturer), _clean(info.model) or _clean(info.name)
    text = model if maker.casefold() in model.casefold() else f"{maker} {model}"
    return text.strip() or None


def _age(record: "ECGRecord", otherwise: float | None) -> float | None:
    age = record.patient.age
    return otherwise if age is None or age < 0 else float(age)


def _comments(record: "ECGRecord", *, undated: bool) -> tuple[str, ...]:
    filters = record.recording.acquisition.filters
    parts = []
    if filters.highpass and filters.lowpass:
        parts.append(f"{filters.highpass:g}-{filters.lowpass:g} Hz")
    elif filters.highpass or filters.lowpass:
        parts.append(f"from {filters.highpass:g} Hz" if filters.highpass else f"up to {filters.lowpass:g} Hz")
    if filters.notch and filters.notch_active:
        parts.append(f"notch {filters.notch:g} Hz")
    comments = [f"Filters stated in the file: {', '.join(parts)}."] if parts else []
    if not undated and record.recording.date is None and (day := record.raw_metadata.get("acquisition_date")):
        comments.append(f"Recorded on {_clean(str(day))}; the file states no time of day.")
    return tuple(comments)


def _clean(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
