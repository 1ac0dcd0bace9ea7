"""DICOM waveforms before they are parsed: which of a file's multiplex groups is the rhythm ECG.

A file may hold a rhythm strip, a median beat and leads recorded one group after another. The parser reads the first
group that is not labelled a median; here that group is chosen by what is in it.
"""

import io
import math
import struct
import zlib
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiov_core.errors import NotAnEcgError, RecordFormatError, RecordUnsupportedError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_MEDIAN_WORDS = ("MEDIAN", "REPRESENTATIVE", "AVERAGE")
_DEFLATED = "1.2.840.10008.1.2.1.99"
_RHYTHM_S = 5.0
_STANDARD_LEADS = 12
# What pydicom 3.0 was seen to raise on damaged files, beside its own errors.
_PYDICOM_ERRORS = (
    AttributeError, TypeError, ValueError, LookupError, EOFError, OSError, NotImplementedError, ArithmeticError,
    RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class DicomFiles:
    """A DICOM file, cut into files of one multiplex group each.

    Attributes
    ----------
    paths : tuple of Path
        The rhythm group's file first, then those of groups recorded at the same time.
    notes : tuple of str
        What was chosen and left out.
    age : float or None
        Age in years, where it is written in a way that only people read.
    undated : bool
        Whether the file says that its dates were removed, so that those in it are dummies.
    derived : tuple of str
        Names of channels that the file says were computed from others.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...]
    age: float | None
    undated: bool
    derived: tuple[str, ...]


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


def split_dicom(content: bytes, name: str, folder: Path) -> DicomFiles:
    """Write the rhythm group of a DICOM file, and groups recorded with it, as files of their own.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        Its name, for messages.
    folder : Path
        A temporary folder.

    Raises
    ------
    NotAnEcgError
        If it holds no waveform.
    RecordFormatError
        If it is damaged.
    RecordUnsupportedError
        If its data set is deflated.
    """
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        _refuse_deflated(content, name)
        dataset = dcmread(io.BytesIO(content), force=True)
        items = list(dataset.get("WaveformSequence") or [])
        groups = [_group(index, item) for index, item in enumerate(items)]
        if not items:
            raise _without_waveform(dataset, name)
        main = max(groups, key=lambda group: group.worth)
        beside = [group for group in groups if group is not main and not group.median and main.simultaneous(group)]
        chosen = [main, *beside]
        paths = [folder / f"group{number}.dcm" for number in range(len(chosen))]
        first = next((group for group in groups if not group.median), main)
        if chosen == [first] and content[128:132] == b"DICM":
            # The parser would choose the same: the file stays as it is.
            paths[0].write_bytes(content)
        else:
            for group, path in zip(chosen, paths, strict=True):
                _write_group(dataset, items[group.index], path)
        undated = dataset.get("LongitudinalTemporalInformationModified") == "REMOVED"
        return DicomFiles(tuple(paths), _notes(groups, chosen), _age(dataset), undated, _derived(items[main.index]))
    except (*_PYDICOM_ERRORS, BytesLengthException, InvalidDicomError) as error:
        raise RecordFormatError(
            f"{name} is a damaged DICOM file: {type(error).__name__}: {_first_line(error)}.",
            "Copy or export the file again.",
        ) from error


def _first_line(error: BaseException) -> str:
    # pydicom appends the traceback to its messages.
    return str(error).partition("\n")[0][:120].rstrip(".")


def _refuse_deflated(content: bytes, name: str) -> None:
    # The transfer syntax stands in the first 400 bytes or so; unpacking has no limit in the library.
    if _DEFLATED.encode() in content[:2048]:
        raise RecordUnsupportedError(
            f"{name} is a DICOM file with a deflated data set, which is not unpacked here.",
            "Export it with the transfer syntax Explicit VR Little Endian.",
        )


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


def _number(value: Any) -> float | None:
    if value is None or str(value).strip() == "":
        return None
    number = float(value)
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
