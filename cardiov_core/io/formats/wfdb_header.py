"""WFDB headers: parsed strictly, because wfdb itself fills in what a header does not say.

wfdb 4.3 takes 250 Hz where the rate is missing, 200 units per mV where the gain is 0 or missing, and refuses record
names with a dot in them (Georgia's 'E00007.mat'). Here each of these is seen before a sample is read.

References
----------
Header format: https://physionet.org/physiotools/wag/header-5.htm
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from cardiov_core.domain import Sex
from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.io.formats.order import LONGEST_COMMENT
from cardiov_core.io.formats.sniff import decode_text, foreign_format

_MAX_SIGNALS = 256
_RECORD_LINE = re.compile(
    r"^(?P<name>\S+?)(?:/(?P<segments>\d+))?[ \t]+(?P<n_signals>\d{1,6})(?:[ \t]+(?P<rest>.*))?$",
)
_RATE = re.compile(r"^(?P<rate>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)(?:/\S*)?$")
_FORMAT = re.compile(
    r"^(?P<format>\d{1,4})(?:x(?P<per_frame>\d{1,4}))?(?::(?P<skew>\d{1,9}))?(?:\+(?P<offset>\d{1,9}))?$"
)
_GAIN = re.compile(
    r"^(?P<gain>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)(?:\((?P<baseline>[+-]?\d{1,10})\))?(?:/(?P<units>\S+))?$",
)
_AGE = re.compile(r"^<?age>?\s*[:=]?\s*(?P<years>\d{1,3}(?:\.\d+)?)\b", re.IGNORECASE)
_SEX = re.compile(r"^<?(?:sex|gender)>?\s*[:=]\s*(?P<sex>male|female|m|f)\b", re.IGNORECASE)
_PATIENT = re.compile(r"^<?(?:patient(?:[ _]?id)?|subject(?:[ _]?id)?)>?\s*[:=]\s*(?P<id>\S.*)$", re.IGNORECASE)
_DEVICE = re.compile(r"^<?(?:device|recorder|machine)>?\s*[:=]\s*(?P<device>\S.*)$", re.IGNORECASE)
_LARGEST_DIGITAL = 1 << 31
_LONGEST_NAME_BYTES = 255
_UNKNOWN = frozenset({"", "nan", "unknown", "n/a", "na", "none", "null", "-"})
_DATE_FORMATS = ("%d/%m/%Y", "%d-%b-%Y", "%Y-%m-%d")
_TIME_FORMATS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%M:%S.%f")


@dataclass(frozen=True)
class SignalLine:
    """One signal of a header."""

    file_name: str  # name of the signal file, never a path
    format: str  # WFDB's storage format: '16', '212', ...
    # Samples a frame, frames of delay, bytes before the first sample.
    per_frame: int
    skew: int
    byte_offset: int
    gain: float | None  # digital units per physical unit; None where the header has none
    baseline: int  # digital value of 0 mV
    units: str | None
    initial_value: int | None
    checksum: int | None
    name: str  # the channel's name, empty where there is none


@dataclass(frozen=True)
class Header:
    """A parsed header."""

    record_name: str  # as written in the first line
    sampling_rate: float | None  # frames a second; None where the header has none
    n_samples: int | None  # frames; None where the header does not say
    recorded_at: datetime | None  # only where both date and time are readable
    signals: tuple[SignalLine, ...]  # one a channel
    comments: tuple[str, ...]  # without their '#', not stripped of their keys


@dataclass(frozen=True)
class CommentFacts:
    """What the free text of a header says of the patient."""

    # As in `EcgRecord`; None where it is not stated.
    age: float | None
    sex: Sex | None
    patient_id: str | None
    device: str | None


def _fault(name: str, what: str, hint: str = "Export the header again from its source.") -> RecordFormatError:
    return RecordFormatError(f"{name} is no valid WFDB header: {what}.", hint)


def split_lines(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Split a header into its lines and its comments."""
    lines: list[str] = []
    comments: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            comments.append(bare[1:].strip())
        elif bare:
            lines.append(bare)
    return lines, tuple(comment for comment in comments if comment)


def looks_like_header(text: str) -> bool:
    """Tell whether a text is built like a WFDB header: a record line, then a line per signal."""
    lines, _ = split_lines(text)
    match = _RECORD_LINE.match(lines[0]) if lines else None
    if match is None or not 0 < int(match["n_signals"]) <= _MAX_SIGNALS:
        return False
    signals = [line.split(maxsplit=2) for line in lines[1:]]
    return bool(signals) and all(len(tokens) >= 2 and _FORMAT.match(tokens[1]) for tokens in signals)


def is_header(_: Path, head: bytes) -> bool:
    """Tell whether a file is a WFDB header, whatever its name. The one place where that is decided."""
    text = decode_text(head)
    return text is not None and foreign_format(head) is None and looks_like_header(text)


def decode_header(content: bytes) -> str:
    """Decode a header; its comments may be in UTF-8 or Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def signal_file_names(header: bytes, stem: str) -> tuple[str, ...]:
    """Return the names of the signal files that belong to a header."""
    text = decode_header(header)
    if not looks_like_header(text):
        return (f"{stem}.dat", f"{stem}.mat")
    lines, _ = split_lines(text)
    return tuple(dict.fromkeys(line.split(maxsplit=1)[0] for line in lines[1:]))


def parse_header(text: str, name: str) -> Header:
    """Parse a header."""
    lines, comments = split_lines(text)
    if not lines:
        raise _fault(name, "it is empty")
    match = _RECORD_LINE.match(lines[0])
    if match is None:
        raise _fault(name, f"its first line reads '{lines[0][:60]}' instead of a record name and a number of signals")
    if match["segments"] is not None:
        raise RecordUnsupportedError(
            f"{name} describes a record of {match['segments']} segments.", "Open one of its segments instead."
        )
    n_signals = int(match["n_signals"])
    if not 0 < n_signals <= _MAX_SIGNALS:
        raise _fault(name, f"it announces {n_signals} signals")
    if len(lines) - 1 != n_signals:
        raise _fault(name, f"it announces {n_signals} signals but describes {len(lines) - 1}")
    rest = (match["rest"] or "").split()
    return Header(
        record_name=match["name"],
        sampling_rate=_rate(rest[0], name) if rest else None,
        n_samples=_n_samples(rest[1], name) if len(rest) > 1 else None,
        recorded_at=_recorded_at(rest[2:]),
        signals=tuple(_signal_line(line, name) for line in lines[1:]),
        comments=comments,
    )


def _rate(token: str, name: str) -> float:
    match = _RATE.match(token)
    if match is None:
        raise _fault(name, f"its sampling rate reads '{token[:30]}'")
    return float(match["rate"])


def _n_samples(token: str, name: str) -> int | None:
    if not token.isascii() or not token.isdigit() or len(token) > 12:
        raise _fault(name, f"its number of samples reads '{token[:30]}'")
    # 0 stands for 'not known' in the format.
    return int(token) or None


def _recorded_at(tokens: Sequence[str]) -> datetime | None:
    if len(tokens) < 2:
        return None
    clock: time | None = None
    day: date | None = None
    for pattern in _TIME_FORMATS:
        try:
            clock = datetime.strptime(tokens[0], pattern).time()
            break
        except ValueError:
            continue
    for pattern in _DATE_FORMATS:
        try:
            day = datetime.strptime(tokens[1], pattern).date()
            break
        except ValueError:
            continue
    if day is None and clock is None and len(tokens) == 2:
        # CinC's headers write the date before the time.
        return _recorded_at([tokens[1], tokens[0], ""])
    return datetime.combine(day, clock) if day is not None and clock is not None else None


def _integer(tokens: Sequence[str], index: int) -> int | None:
    try:
        return int(tokens[index])
    except (IndexError, ValueError):
        return None


def _digital_value(tokens: Sequence[str], index: int, name: str) -> int | None:
    value = _integer(tokens, index)
    if value is not None and abs(value) > _LARGEST_DIGITAL:
        raise _fault(name, f"the digital value '{tokens[index][:30]}' is larger than any storage format holds")
    return value


def _signal_line(line: str, name: str) -> SignalLine:
    # file, format, gain, ADC resolution, ADC zero, first value, checksum, block size, description (may hold spaces)
    tokens = line.split(maxsplit=8)
    file_name = tokens[0]
    no_name = file_name.startswith(("~", "-")) or len(file_name.encode()) > _LONGEST_NAME_BYTES
    if "/" in file_name or "\\" in file_name or ".." in file_name or no_name:
        raise RecordFormatError(
            f"{name} names the signal file '{file_name[:60]}', which is not a plain file name beside the header.",
            "Put the signal file beside its header and write its bare name into the header.",
        )
    match = _FORMAT.match(tokens[1]) if len(tokens) > 1 else None
    if match is None:
        raise _fault(name, f"the signal line '{line[:60]}' has no storage format")
    gain = _GAIN.match(tokens[2]) if len(tokens) > 2 else None
    if len(tokens) > 2 and gain is None:
        raise _fault(name, f"the gain reads '{tokens[2][:30]}'")
    baseline = gain["baseline"] if gain else None
    return SignalLine(
        file_name=file_name,
        format=match["format"],
        per_frame=int(match["per_frame"] or 1),
        skew=int(match["skew"] or 0),
        byte_offset=int(match["offset"] or 0),
        gain=float(gain["gain"]) if gain else None,
        baseline=int(baseline) if baseline is not None else (_digital_value(tokens, 4, name) or 0),
        units=gain["units"] if gain else None,
        initial_value=_digital_value(tokens, 5, name),
        checksum=_integer(tokens, 6),
        name=tokens[8].strip() if len(tokens) > 8 else "",
    )


def facts_of(comments: Sequence[str]) -> CommentFacts:
    """Find age, sex, patient and device in a header's comments."""
    # LUDB and some others write several '<key>: value' on one line.
    parts = [part.strip()[:LONGEST_COMMENT] for comment in comments for part in re.split(r"\s(?=<\w+>)", comment)]

    def first(pattern: re.Pattern[str], group: str) -> str | None:
        first_match = next((match[group].strip() for part in parts if (match := pattern.match(part))), None)
        return None if first_match is None or first_match.casefold() in _UNKNOWN else first_match

    age, sex = first(_AGE, "years"), first(_SEX, "sex")
    return CommentFacts(
        age=float(age) if age is not None else None,
        sex=None if sex is None else ("male" if sex.casefold().startswith("m") else "female"),
        patient_id=first(_PATIENT, "id"),
        device=first(_DEVICE, "device"),
    )
