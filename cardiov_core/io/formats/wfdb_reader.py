"""WFDB records: a checked header, held against the sizes of the signal files before a sample is decoded.

Nothing is allocated that the files do not hold, no name can lead elsewhere, and what a header does not say is asked
for: wfdb itself takes 250 Hz where the rate is missing, and 200 units per mV where the gain is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardiov_core.domain import STANDARD_LEADS, Float64Array, IntArray
from cardiov_core.errors import (
    RecordError,
    RecordFormatError,
    RecordNotFoundError,
    RecordUnsupportedError,
)
from cardiov_core.io.assembly import (
    Channels,
    ReadOptions,
    missing,
    scale_to_mv,
    sha256_of,
    standard_rows,
)
from cardiov_core.io.formats.order import stated_order
from cardiov_core.io.formats.sniff import is_plain_text, read_bytes
from cardiov_core.io.formats.wfdb_header import (
    Header,
    SignalLine,
    decode_header,
    facts_of,
    parse_header,
    signal_file_names,
)
from cardiov_core.io.formats.wfdb_samples import (
    BLOCK_FORMATS,
    BYTES_PER_SAMPLE,
    FLAC_BITS,
    by_signal,
    decode,
    decode_flac,
    flac_size,
    invalid_samples,
    understood,
)
from cardiov_core.limits import limits, mib


@dataclass(frozen=True)
class SignalFile:
    """One signal file: its name, the channels in it, its bytes."""

    name: str
    channels: tuple[int, ...]
    content: bytes


def find_header(path: Path) -> Path | None:
    """Return the WFDB header of a record given by any of its names, or None."""
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


def read_header(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a WFDB record by its header."""
    header = parse_header(decode_header(content), path.name)
    # What the header says of its leads is looked at before the files: without leads they are not worth reading.
    _frame_rate(header, path.name, options)
    return channels_of(path, content, header, _signal_files(header, path), options)


def _frame_rate(header: Header, name: str, options: ReadOptions) -> float:
    names, _ = _channel_names(header, name)
    leads, _ = standard_rows(names, name)
    _samples_per_frame(header, sorted(leads.values()), name)
    frame_rate = header.sampling_rate if header.sampling_rate is not None else options.sampling_rate
    if frame_rate is None:
        raise missing(name, ("sampling_rate",))
    return frame_rate


def channels_of(
    path: Path, content: bytes, header: Header, files: Sequence[SignalFile], options: ReadOptions
) -> Channels:
    """Return the channels of a header, from the bytes of its signal files or of a part of them."""
    name = path.name
    frame_rate = _frame_rate(header, name, options)
    names, warnings = _channel_names(header, name)
    leads, _ = standard_rows(names, name)
    per_frame = _samples_per_frame(header, sorted(leads.values()), name)
    n_frames = _frames(header, files, name)
    digital = _read_digital(header, files, n_frames)
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
        path=path,
        format="WFDB",
        signal_mv=signal,
        names=tuple(names[index] for index in kept),
        sampling_rate=frame_rate * per_frame if frame_rate > 0 else frame_rate,
        files=(name, *(file.name for file in files)),
        sha256=sha256_of(content, *(file.content for file in files)),
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
    if (order := stated_order(header.comments, len(names))) is not None:
        return list(order), ["The header names its leads in a comment alone; that order was taken."]
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


def _to_mv(digital: IntArray, line: SignalLine, per_mv: float) -> Float64Array:
    values = np.asarray((digital - float(line.baseline)) / per_mv, dtype=np.float64)
    values[invalid_samples(digital, line.format)] = np.nan
    if not line.skew:
        return values
    # A skewed signal was recorded so many frames later: its first ones belong to no other signal's.
    shift = line.skew * line.per_frame
    return np.concatenate([values[shift:], np.full(shift, np.nan)])


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


def _checksum_warnings(header: Header, digital: Sequence[IntArray], name: str) -> list[str]:
    # The checksum is the 16-bit sum of all samples; of skewed signals writers sum different ones.
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


def _signal_files(header: Header, header_path: Path) -> tuple[SignalFile, ...]:
    channels: dict[str, list[int]] = {}
    for index, line in enumerate(header.signals):
        channels.setdefault(line.file_name, []).append(index)
    files: list[SignalFile] = []
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
        if first.format not in BYTES_PER_SAMPLE and first.format not in FLAC_BITS:
            raise RecordUnsupportedError(
                f"{header_path.name} states storage format {first.format} for {file_name}.",
                f"Convert the record to format 16 (understood: {understood()}).",
            )
        files.append(SignalFile(file_name, tuple(indices), _signal_bytes(header_path, file_name)))
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


def _frames(header: Header, files: Sequence[SignalFile], name: str) -> int:
    """Return the number of frames, after holding the header against the size of every signal file."""
    n_frames = header.n_samples
    for file in files:
        line = header.signals[file.channels[0]]
        if line.format in FLAC_BITS:
            n_frames = _flac_frames(header, file, n_frames, name)
            continue
        width = BYTES_PER_SAMPLE[line.format]
        per_frame = sum(header.signals[index].per_frame for index in file.channels)
        present = len(file.content) - line.byte_offset
        if n_frames is None:
            n_frames = math.floor(max(present, 0) / (per_frame * width) + 1e-9)
        needed = math.ceil(n_frames * per_frame * width - 1e-6)
        if present < needed or not n_frames:
            complete = max(0, math.floor(present / (per_frame * width)))
            raise RecordFormatError(
                f"{file.name} is cut short: {name} announces {n_frames} samples per lead, the file holds {complete}.",
                "Copy or download the signal file again.",
            )
        if present - needed > (4 if line.format in BLOCK_FORMATS else 0):
            raise RecordFormatError(
                f"{file.name} is longer than {name} announces: {present} bytes of samples instead of {needed}.",
                "Header and signal file do not belong together, or the header's number of samples, leads or "
                "format is wrong; export the record again.",
            )
    if n_frames is None or n_frames * sum(line.per_frame for line in header.signals) * 4 > mib(limits().file_mib):
        raise RecordUnsupportedError(f"{name} describes a recording too long to open.", "Cut it into shorter records.")
    if any(line.skew >= n_frames for line in header.signals):
        raise RecordFormatError(f"{name} delays a lead by more than the record's length.", "Export the header again.")
    return n_frames


def _flac_frames(header: Header, file: SignalFile, n_frames: int | None, name: str) -> int:
    """Return the number of frames, after holding the header against what a FLAC file announces."""
    n_samples, n_channels = flac_size(file.content, file.name)
    per_frame = {header.signals[index].per_frame for index in file.channels}
    if n_channels != len(file.channels) or len(per_frame) > 1 or not n_samples:
        raise RecordFormatError(
            f"{file.name} holds {n_channels} channels of {n_samples} samples, not what {name} describes.",
            "Header and signal file do not belong together; export the record again.",
        )
    in_file = n_samples // per_frame.pop()
    if n_frames is not None and in_file != n_frames:
        fault = "is cut short" if in_file < n_frames else "is too long"
        raise RecordFormatError(
            f"{file.name} {fault}: {name} announces {n_frames} samples per lead, the file holds {in_file}.",
            "Copy or download the signal file again.",
        )
    return in_file


def _read_digital(header: Header, files: Sequence[SignalFile], n_frames: int) -> list[IntArray]:
    """Decode the samples; one array a channel, in the header's order."""
    digital: dict[int, IntArray] = {}
    for file in files:
        lines = [header.signals[index] for index in file.channels]
        storage = lines[0].format
        if storage in FLAC_BITS:
            signals = [
                values[: n_frames * lines[0].per_frame] for values in decode_flac(file.content, storage, file.name).T
            ]
        else:
            per_frame = [line.per_frame for line in lines]
            stream = decode(file.content[lines[0].byte_offset :], storage, n_frames * sum(per_frame))
            signals = by_signal(stream, per_frame, storage, [line.initial_value for line in lines])
        if any(values.size != n_frames * line.per_frame for values, line in zip(signals, lines, strict=True)):
            raise RecordFormatError(f"{file.name} is damaged: it does not hold what it announces.", "Copy it again.")
        digital.update(zip(file.channels, signals, strict=True))
    return [digital[index] for index in range(len(header.signals))]
