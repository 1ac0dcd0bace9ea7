"""WFDB records: a checked header, then wfdb for the samples.

wfdb never sees the file's own header. It is parsed by :mod:`cardiov_core.io.formats.wfdb_header`, held against the
sizes of the signal files, and handed on in a canonical form beside copies of those files, so that nothing is
allocated that the files do not hold and no name can lead elsewhere.
"""

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from cardiov_core.domain import STANDARD_LEADS
from cardiov_core.errors import (
    RecordError,
    RecordFormatError,
    RecordNotFoundError,
    RecordUnsupportedError,
)
from cardiov_core.io.assembly import (
    MAX_FILE_BYTES,
    Channels,
    ReadOptions,
    missing,
    scale_to_mv,
    sha256_of,
    standard_rows,
)
from cardiov_core.io.formats.sniff import is_plain_text, read_bytes
from cardiov_core.io.formats.wfdb_header import (
    Header,
    SignalLine,
    facts_of,
    looks_like_header,
    parse_header,
    split_lines,
)

# Bytes a sample of the storage formats that have a fixed width.
# https://physionet.org/physiotools/wag/signal-5.htm
_BYTES_PER_SAMPLE: dict[str, float] = {
    "8": 1, "16": 2, "24": 3, "32": 4, "61": 2, "80": 1, "160": 2, "212": 1.5, "310": 4 / 3, "311": 4 / 3,
}  # fmt: skip
# The digital value that marks an invalid sample, as the same page defines it; format 8 has none.
_INVALID_SAMPLE: dict[str, int] = {
    "16": -(2**15), "24": -(2**23), "32": -(2**31), "61": -(2**15), "80": -(2**7), "160": -(2**15),
    "212": -(2**11), "310": -(2**9), "311": -(2**9),
}  # fmt: skip
# Formats that pack several samples into a block, whose last block may be filled up.
_BLOCK_FORMATS = frozenset({"212", "310", "311"})
# Everything wfdb 4.3 was seen to raise on damaged files, and what numpy raises inside it.
_WFDB_ERRORS = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, OverflowError, ZeroDivisionError, MemoryError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class _SignalFile:
    """One signal file: its name, the channels in it, its bytes."""

    name: str
    channels: tuple[int, ...]
    content: bytes


def decode_header(content: bytes) -> str:
    """Decode a header; its comments may be in UTF-8 or Latin-1.

    Parameters
    ----------
    content : bytes
        The file.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def signal_file_names(header: bytes, stem: str) -> tuple[str, ...]:
    """Return the names of the signal files that belong to a header.

    Parameters
    ----------
    header : bytes
        The header.
    stem : str
        Its stem; a header too damaged to name its files keeps the signal files of its own stem.
    """
    text = decode_header(header)
    if not looks_like_header(text):
        return (f"{stem}.dat", f"{stem}.mat")
    lines, _ = split_lines(text)
    return tuple(dict.fromkeys(line.split(maxsplit=1)[0] for line in lines[1:]))


def find_header(path: Path) -> Path | None:
    """Return the WFDB header of a record given by any of its names, or None.

    Parameters
    ----------
    path : Path
        A header, a signal file that a header of the same stem names, or a record without extension.
    """
    if not path.is_file():
        beside = path.parent / f"{path.name}.hea"
        return beside if beside.is_file() else None
    if path.suffix.lower() == ".hea":
        return path
    beside = path.with_suffix(".hea")
    if not beside.is_file():
        return None
    try:
        names = signal_file_names(read_bytes(beside), beside.stem)
    except RecordError:
        # Beside an empty header, the header's fault is the one to tell.
        names = (f"{beside.stem}.dat", f"{beside.stem}.mat")
    return beside if path.name in names else None


def read_wfdb(header_path: Path, options: ReadOptions) -> Channels:
    """Read a WFDB record.

    Parameters
    ----------
    header_path : Path
        The header; its signal files lie beside it.
    options : ReadOptions
        Rate and units for headers that do not state them.

    Raises
    ------
    RecordNotFoundError
        If a signal file is not there.
    RecordFormatError
        If header and signal files do not fit each other or are damaged, or a gain is missing, 0 or negative.
    RecordUnsupportedError
        If the storage format or a unit is not understood.
    MissingMetadataError
        If neither header nor caller state a rate, or no channel has a name.
    """
    header_bytes = read_bytes(header_path)
    name = header_path.name
    header = parse_header(decode_header(header_bytes), name)
    names, warnings = _channel_names(header, name)
    leads, _ = standard_rows(names, name)
    per_frame = _samples_per_frame(header, sorted(leads.values()), name)
    frame_rate = header.sampling_rate if header.sampling_rate is not None else options.sampling_rate
    if frame_rate is None:
        raise missing(name, ("sampling_rate",))

    files = _signal_files(header, header_path)
    n_frames = _frames(header, files, name)
    digital = _read_digital(header, files, n_frames, name)
    kept = [index for index, line in enumerate(header.signals) if line.per_frame == per_frame]
    gains = {
        index: _gain_per_mv(header.signals[index], names[index], name, options) for index in sorted(leads.values())
    }
    # Channels that are no lead have no gain per mV; they are named, but hold nothing.
    signal = np.stack([_to_mv(digital[index], header.signals[index], gains.get(index, math.nan)) for index in kept])
    warnings += _unit_warnings([header.signals[index] for index in leads.values()], options)
    warnings += _checksum_warnings(header, digital, name)
    warnings += _rate_warnings(names, kept)
    facts = facts_of(header.comments)
    return Channels(
        path=header_path,
        format="WFDB",
        signal_mv=signal,
        names=tuple(names[index] for index in kept),
        sampling_rate=frame_rate * per_frame if frame_rate > 0 else frame_rate,
        files=(name, *(file.name for file in files)),
        sha256=sha256_of(header_bytes, *(file.content for file in files)),
        gains_per_mv=tuple(gains.values()),
        age=facts.age,
        sex=facts.sex,
        recorded_at=header.recorded_at,
        patient_id=facts.patient_id,
        device=facts.device,
        comments=header.comments,
        warnings=tuple(warnings),
    )


def _channel_names(header: Header, name: str) -> tuple[list[str], list[str]]:
    names = [line.name for line in header.signals]
    if any(names):
        return names, []
    if len(names) != len(STANDARD_LEADS):
        raise missing(name, ("leads",))
    return list(STANDARD_LEADS), ["The header names no lead; its 12 channels were taken in the standard order."]


def _samples_per_frame(header: Header, leads: Sequence[int], name: str) -> int:
    counts = {header.signals[index].per_frame for index in leads}
    if len(counts) > 1 or 0 in counts:
        raise RecordUnsupportedError(
            f"{name} has leads of different rates ({', '.join(map(str, sorted(counts)))} samples a frame).",
            "Resample all leads to one rate and export the record again.",
        )
    return counts.pop()


def _gain_per_mv(line: SignalLine, lead: str, name: str, options: ReadOptions) -> float:
    if line.gain is None or line.gain == 0:
        stated = "no gain" if line.gain is None else "a gain of 0"
        raise RecordFormatError(
            f"{name} states {stated} for lead {lead}, so its samples have no size in mV.",
            "Write the true gain into the header (for example 1000/mV). WFDB's default of 200 per mV is not assumed.",
        )
    if line.gain < 0 or not math.isfinite(line.gain):
        raise RecordFormatError(
            f"{name} states a gain of {line.gain:g} for lead {lead}.", "Write the true, positive gain into the header."
        )
    return line.gain / scale_to_mv(f"{name}, lead {lead},", line.units or options.units or "mV")


def _to_mv(digital: npt.NDArray[np.int64], line: SignalLine, per_mv: float) -> npt.NDArray[np.float64]:
    values = np.asarray((digital - float(line.baseline)) / per_mv, dtype=np.float64)
    marker = _INVALID_SAMPLE.get(line.format)
    if marker is not None:
        values[digital == marker] = np.nan
    return values


def _rate_warnings(names: Sequence[str], kept: Sequence[int]) -> list[str]:
    return [
        f"Channel '{channel[:30]}' has another rate and was left out."
        for index, channel in enumerate(names)
        if index not in kept
    ]


def _unit_warnings(lines: Sequence[SignalLine], options: ReadOptions) -> list[str]:
    if options.units is not None or all(line.units for line in lines):
        return []
    return ["The header states no unit; mV was taken, as the WFDB format lays down for that case."]


def _checksum_warnings(header: Header, digital: Sequence[npt.NDArray[np.int64]], name: str) -> list[str]:
    # The checksum is the 16-bit sum of all samples; skewed signals were shifted, so theirs cannot be recomputed.
    wrong = [
        line.name or str(index + 1)
        for index, line in enumerate(header.signals)
        if line.checksum is not None and not line.skew and (int(digital[index].sum()) - line.checksum) % 65536
    ]
    if not wrong or any(line.skew for line in header.signals):
        return []
    return [
        f"The samples do not match the checksums in {name} (leads {', '.join(wrong)}): "
        "the signal file was changed or damaged after the header was written."
    ]


def _signal_files(header: Header, header_path: Path) -> tuple[_SignalFile, ...]:
    channels: dict[str, list[int]] = {}
    for index, line in enumerate(header.signals):
        channels.setdefault(line.file_name, []).append(index)
    files: list[_SignalFile] = []
    for file_name, indices in channels.items():
        first = header.signals[indices[0]]
        same = all(
            (header.signals[i].format, header.signals[i].byte_offset) == (first.format, first.byte_offset)
            for i in indices
        )
        if not same or indices != list(range(indices[0], indices[0] + len(indices))):
            raise RecordFormatError(
                f"{header_path.name} describes {file_name} in contradictory ways.", "Export the header again."
            )
        if first.format not in _BYTES_PER_SAMPLE:
            raise RecordUnsupportedError(
                f"{header_path.name} states storage format {first.format} for {file_name}.",
                f"Convert the record to format 16 (understood: {', '.join(_BYTES_PER_SAMPLE)}).",
            )
        files.append(_SignalFile(file_name, tuple(indices), _signal_bytes(header_path, file_name)))
    return tuple(files)


def _signal_bytes(header_path: Path, file_name: str) -> bytes:
    path = header_path.parent / file_name
    if not path.is_file() or path.resolve().parent != header_path.parent.resolve():
        raise RecordNotFoundError(
            f"{header_path.name} names the signal file {file_name}, which is not beside it.",
            f"Put {file_name} into the folder of {header_path.name} (or upload both files together).",
        )
    content = read_bytes(path)
    if is_plain_text(content):
        raise RecordFormatError(
            f"{file_name} is a text file, not the signal file that {header_path.name} names.",
            "Put the true signal file beside the header.",
        )
    return content


def _frames(header: Header, files: Sequence[_SignalFile], name: str) -> int:
    """Return the number of frames, after holding the header against the size of every signal file."""
    n_frames = header.n_samples
    for file in files:
        line = header.signals[file.channels[0]]
        width = _BYTES_PER_SAMPLE[line.format]
        per_frame = sum(header.signals[index].per_frame for index in file.channels)
        present = len(file.content) - line.byte_offset
        if n_frames is None:
            n_frames = math.floor(max(present, 0) / (per_frame * width) + 1e-9)
        needed = math.ceil(n_frames * per_frame * width - 1e-6)
        if present < needed or not n_frames:
            held = max(0, math.floor(present / (per_frame * width)))
            raise RecordFormatError(
                f"{file.name} is cut short: {name} announces {n_frames} samples a lead, the file holds {held}.",
                "Copy or download the signal file again.",
            )
        if present - needed > (4 if line.format in _BLOCK_FORMATS else 0):
            raise RecordFormatError(
                f"{file.name} is longer than {name} announces: {present} bytes of samples instead of {needed}.",
                "Header and signal file do not belong together, or the header's number of samples, leads or "
                "format is wrong; export the record again.",
            )
    if n_frames is None or n_frames * sum(line.per_frame for line in header.signals) * 4 > MAX_FILE_BYTES:
        raise RecordUnsupportedError(f"{name} describes a recording too long to open.", "Cut it into shorter records.")
    if any(line.skew >= n_frames for line in header.signals):
        raise RecordFormatError(f"{name} delays a lead by more than the record's length.", "Export the header again.")
    return n_frames


def _canonical_header(header: Header, files: Sequence[_SignalFile], n_frames: int) -> str:
    lines = [f"record {len(header.signals)} 500 {n_frames}"]
    number_of = {file.name: number for number, file in enumerate(files)}
    for index, line in enumerate(header.signals):
        layout = f"{line.format}x{line.per_frame}:{line.skew}+{line.byte_offset}"
        lines.append(
            f"signal{number_of[line.file_name]}.dat {layout} 1000(0)/mV 16 0 {line.initial_value or 0} 0 0 ch{index}"
        )
    return "\n".join(lines) + "\n"


def _read_digital(
    header: Header, files: Sequence[_SignalFile], n_frames: int, name: str
) -> list[npt.NDArray[np.int64]]:
    """Let wfdb decode the samples; one array a channel, in the header's order."""
    with tempfile.TemporaryDirectory(prefix="cardiov-") as folder:
        (Path(folder) / "record.hea").write_text(_canonical_header(header, files, n_frames), encoding="ascii")
        for number, file in enumerate(files):
            (Path(folder) / f"signal{number}.dat").write_bytes(file.content)
        try:
            record = wfdb.rdrecord(str(Path(folder) / "record"), physical=False, smooth_frames=False)
            digital = [np.asarray(channel, dtype=np.int64) for channel in record.e_d_signal]
        except RecordError:
            raise
        except _WFDB_ERRORS as error:
            raise RecordFormatError(
                f"{name} could not be decoded: {type(error).__name__}: {str(error)[:120]}.",
                "Header or signal file is damaged; copy or export the record again.",
            ) from error
    if len(digital) != len(header.signals):
        raise RecordFormatError(
            f"{name} announces {len(header.signals)} signals, {len(digital)} were found.", "Export the record again."
        )
    return digital
