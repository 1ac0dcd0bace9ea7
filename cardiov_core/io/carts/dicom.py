"""DICOM waveforms before they are parsed: which of a file's multiplex groups is the rhythm ECG.

A file may hold a rhythm strip, a median beat and leads recorded one group after another. The parser reads the first
group that is not labelled a median; here that group is chosen by what is in it.
"""

import io
import math
import struct
import warnings
import zlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.errors import NotAnEcgError, RecordUnsupportedError
from cardiov_core.io.carts.dicom_samples import Mended, delayed, mend_group
from cardiov_core.io.carts.ecgdatakit_file import Parsed, no_rhythm, run
from cardiov_core.io.damage import foreign_decoder
from cardiov_core.limits import limits, mib

if TYPE_CHECKING:
    from ecgdatakit.models import Lead
    from pydicom.dataset import Dataset

_MEDIAN_WORDS = ("MEDIAN", "REPRESENTATIVE", "AVERAGE")
_DEFLATED, _EXPLICIT = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1"
_RHYTHM_S = 5.0
_STANDARD_LEADS = 12
_INVALID_VALUE = "Invalid value for VR"


@dataclass(frozen=True, eq=False)
class DicomPart:
    """A file of one multiplex group, and what is still to be done with its samples."""

    path: Path
    mended: Mended


@dataclass(frozen=True)
class DicomFiles:
    """A DICOM file, cut into files of one multiplex group each."""

    parts: tuple[DicomPart, ...]  # the rhythm group's file first, then those of groups recorded at the same time
    notes: tuple[str, ...]  # what was chosen and left out
    age: float | None  # age in years, where it is written in a way that only people read
    undated: bool  # whether the file says that its dates were removed, so that those in it are dummies
    derived: tuple[str, ...]  # names of channels that the file says were computed from others


@dataclass(frozen=True)
class _Group:
    index: int
    channels: int
    samples: int
    rate_hz: float
    offset_ms: float | None
    median: bool

    @property
    def duration_s(self) -> float:
        return self.samples / self.rate_hz if self.rate_hz > 0 else 0.0

    @property
    def worth(self) -> tuple[bool, bool, int, float]:
        """Order of preference: no median, long enough for a rhythm, most leads, longest."""
        return (
            not self.median,
            self.duration_s >= _RHYTHM_S,
            min(self.channels, _STANDARD_LEADS),
            self.duration_s,
        )

    def simultaneous(self, other: "_Group") -> bool:
        """Whether two groups were recorded at the same time, as far as the file says."""
        same_time = self.offset_ms == other.offset_ms
        return same_time and (self.rate_hz, self.samples) == (other.rate_hz, other.samples)


def parse_dicom(name: str, content: bytes, folder: Path) -> Parsed:
    """Parse a DICOM file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files = split_dicom(content, name, folder)
    record, notes = run(files.parts[0].path, name, "DICOM")
    broken = any(_INVALID_VALUE in text for text in (*(str(one.message) for one in caught), *notes))
    leads: dict[str, Lead] = {}
    for part in files.parts:
        own = record.leads if part is files.parts[0] else run(part.path, name, "DICOM")[0].leads
        _apply(part.mended, own)
        for lead in own:
            leads.setdefault(lead.label, lead)
    ours = [*files.notes, *(["Identifiers or texts in the file break rules of DICOM."] if broken else [])]
    if any(part.mended.skew for part in files.parts):
        ours.append("The file states that its channels were sampled one after another; they were brought to one time.")
    # Which groups were left out, `split_dicom` says itself.
    theirs = [note for note in notes if _INVALID_VALUE not in note and "multiplex group" not in note]
    return Parsed(
        record,
        tuple(leads.values()),
        (*ours, *theirs),
        files.age,
        undated=files.undated,
        derived_leads=files.derived,
    )


def _apply(mended: Mended, leads: "Sequence[Lead]") -> None:
    """Mark gaps in a group's leads, and shift them to the time at which they were sampled."""
    if mended.gaps is not None:
        for lead, gap in zip(leads, mended.gaps.T, strict=False):
            lead.samples = np.where(gap, np.nan, lead.samples)
    for lead, skew in zip(leads, mended.skew, strict=False):
        if skew:
            lead.samples = delayed(lead.samples, skew)


def split_dicom(content: bytes, name: str, folder: Path) -> DicomFiles:
    """Write the rhythm group of a DICOM file, and groups recorded with it, as files of their own."""
    from pydicom import dcmread

    with foreign_decoder(name, "DICOM file", "Copy or export the file again."):
        content = _inflated(_with_preamble(content), name)
        dataset = dcmread(io.BytesIO(content), force=True)
        items = list(dataset.get("WaveformSequence") or [])
        groups = [_group(index, item) for index, item in enumerate(items)]
        if not items:
            raise _without_waveform(dataset, name)
        if all(group.median for group in groups):
            raise no_rhythm(name, "DICOM", only_median=True)
        main = max(groups, key=lambda group: group.worth)
        beside = [group for group in groups if group is not main and not group.median and main.simultaneous(group)]
        chosen = [main, *beside]
        little = bool(dataset.original_encoding[1])
        mended = [mend_group(items[group.index], name, little=little) for group in chosen]
        parts = [DicomPart(folder / f"group{number}.dcm", one) for number, one in enumerate(mended)]
        first = next((group for group in groups if not group.median), main)
        if chosen == [first] and content[128:132] == b"DICM" and not mended[0].changed:
            # The parser would choose the same: the file stays as it is.
            parts[0].path.write_bytes(content)
        else:
            for group, part in zip(chosen, parts, strict=True):
                _write_group(dataset, items[group.index], part.path)
        undated = dataset.get("LongitudinalTemporalInformationModified") == "REMOVED"
        notes = (*_notes(groups, chosen), *(note for one in mended for note in one.notes))
        return DicomFiles(tuple(parts), notes, _age(dataset), undated, _derived(items[main.index]))


def _with_preamble(content: bytes) -> bytes:
    """Put the preamble before a file that begins with the prefix behind it."""
    return bytes(128) + content if content[:4] == b"DICM" else content


def _inflated(content: bytes, name: str) -> bytes:
    """Return a file with a deflated data set as one with a plain data set, unpacked within a limit."""
    meta_end = _end_of_meta(content)
    head = content[:meta_end]
    if _DEFLATED.encode() not in head:
        return content
    most = limits().inflated_mib
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    body = unpacking.decompress(content[meta_end:], mib(most))
    if unpacking.unconsumed_tail:
        raise RecordUnsupportedError(
            f"{name} grows to more than {most:g} MiB when it is unpacked, as no ECG does.",
            "Do not trust this file; export the ECG with the transfer syntax Explicit VR Little Endian.",
        )
    # A unique identifier is padded with NUL (PS3.5, 6.2); the length of the element stays.
    return head.replace(_DEFLATED.encode(), _EXPLICIT.encode().ljust(len(_DEFLATED), b"\x00")) + body


def _end_of_meta(content: bytes) -> int:
    """Return where the data set begins behind the file meta information, whose first element says how long it is."""
    if content[128:132] != b"DICM" or content[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        return 0
    return 144 + int(struct.unpack_from("<I", content, 140)[0])


def _without_waveform(dataset: "Dataset", name: str) -> NotAnEcgError:
    kind = getattr(dataset.get("SOPClassUID"), "name", "") or str(dataset.get("Modality", "") or "no ECG")
    return NotAnEcgError(
        f"{name} is a DICOM file without a waveform ({kind[:60]}).",
        "Export the ECG as DICOM waveform (12-lead or general ECG), not as an image or a PDF.",
    )


def _group(index: int, item: "Dataset") -> _Group:
    label = str(item.get("MultiplexGroupLabel", "") or "").upper()
    return _Group(
        index=index,
        channels=int(item.get("NumberOfWaveformChannels") or 0),
        samples=int(item.get("NumberOfWaveformSamples") or 0),
        rate_hz=_number(item.get("SamplingFrequency")) or 0.0,
        offset_ms=_number(item.get("MultiplexGroupTimeOffset")),
        median=any(word in label for word in _MEDIAN_WORDS),
    )


def _number(value: object) -> float | None:
    if value is None or str(value).strip() == "":
        return None
    number = float(str(value))
    return number if math.isfinite(number) else None


def _write_group(dataset: "Dataset", item: "Dataset", path: Path) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import dcmwrite
    from pydicom.sequence import Sequence as DicomSequence
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    single = copy(dataset)
    single.WaveformSequence = DicomSequence([item])
    meta = getattr(dataset, "file_meta", None)
    single.file_meta = copy(meta) if meta else FileMetaDataset()
    if "TransferSyntaxUID" not in single.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        single.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    single.preamble = bytes(128)
    dcmwrite(path, single, enforce_file_format=False)


def _notes(groups: Sequence[_Group], chosen: Sequence[_Group]) -> tuple[str, ...]:
    left = [group for group in groups if group not in chosen and not group.median and group.channels]
    if not left:
        return ()
    listed = ", ".join(f"{group.channels} channels of {group.duration_s:.1f} s" for group in left)
    return (f"The file holds other waveform groups, not recorded at the same time, that were left out: {listed}.",)


def _derived(item: "Dataset") -> tuple[str, ...]:
    """Return the channels of a group that carry a description of how they were computed."""
    names = []
    for channel in item.get("ChannelDefinitionSequence") or []:
        sources = channel.get("ChannelSourceSequence")
        if channel.get("ChannelDerivationDescription") and sources:
            names.append(str(sources[0].get("CodeMeaning", "") or ""))
    return tuple(names)


def _age(dataset: "Dataset") -> float | None:
    """Read an age that lacks DICOM's leading zeros or unit ('61', '61Y')."""
    text = str(dataset.get("PatientAge", "") or "").strip().upper()
    return float(text.removesuffix("Y")) if text.removesuffix("Y").isdecimal() else None
