"""ecgdatakit on one file: in a temporary folder (it reads paths only), its warnings collected, its errors wrapped."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cardiov_core.errors import RecordFormatError, RecordUnsupportedError
from cardiov_core.io.damage import foreign_decoder

if TYPE_CHECKING:
    from ecgdatakit.models import ECGRecord, Lead

_MAX_NOTES = 5
_OUR_OWN_DOING = "auto_scale=False"
# What ecgdatakit only warns of, though it changes what the signal means.
_CUT_SHORT = "EDF file truncated"
_JOINED = ("EDF+D file has gaps", "frames are concatenated without a gap")


@dataclass(frozen=True)
class Parsed:
    """What the library found, and what it and the preparation had to say."""

    record: "ECGRecord"  # as parsed, unscaled
    leads: "tuple[Lead, ...]"  # its leads, and those of groups recorded with it
    notes: tuple[str, ...] = ()  # for the record's warnings
    age: float | None = None  # age in years, where it is written in a way that only people read
    patient_id: str | None = None  # where the library does not look for it
    undated: bool = False  # whether the file says that its dates were removed
    derived_leads: tuple[str, ...] = ()  # channels that the file says were computed


Parse = Callable[[str, bytes, Path], Parsed]
"""Name of the file, content, temporary folder -> what is in it."""


def parse_as(format_name: str, suffix: str) -> Parse:
    """Return a function that lets ecgdatakit parse a file as it is."""

    def parse(name: str, content: bytes, folder: Path) -> Parsed:
        file = folder / f"ecg{suffix}"
        file.write_bytes(content)
        record, notes = run(file, name, format_name)
        return Parsed(record, tuple(record.leads), notes)

    return parse


def run(file: Path, name: str, format_name: str) -> tuple["ECGRecord", tuple[str, ...]]:
    """Let ecgdatakit parse a file; its Python warnings become notes.

    `name`: the reader's name for it, for messages.
    """
    from ecgdatakit import ECGDataKitError, FileParser, UnsupportedFormatError

    with warnings.catch_warnings(record=True) as caught, foreign_decoder(name, f"{format_name} file"):
        warnings.simplefilter("always")
        try:
            record = FileParser.parse(file, auto_scale=False)
        except UnsupportedFormatError as error:
            raise RecordUnsupportedError(
                f"{name} is of a variant of {format_name} that is not read: {_in_words(error, file, name)}.",
                "Export the ECG in another format: DICOM, HL7 aECG, WFDB or CSV.",
            ) from error
        except MemoryError as error:
            raise incomplete(name, format_name, "it announces more samples than memory holds") from error
        # ecgdatakit wraps what its parsers raise; the others come from telling formats apart and from the summary.
        except (ECGDataKitError, OSError, ValueError, LookupError, TypeError, ArithmeticError, RuntimeError) as error:
            raise incomplete(name, format_name, _in_words(error, file, name)) from error
    remarks = [_in_words(one.message, file, name) for one in caught if _OUR_OWN_DOING not in str(one.message)]
    if cut_short := next((text for text in remarks if _CUT_SHORT in text), None):
        raise incomplete(name, format_name, cut_short)
    if any(phrase in text for text in remarks for phrase in _JOINED):
        raise RecordUnsupportedError(
            f"{name} ({format_name}) holds stretches with gaps between them, which are no continuous rhythm.",
            "Export one uninterrupted stretch.",
        )
    if not record.leads:
        raise no_rhythm(name, format_name, only_median=bool(record.median_beats))
    notes = [f"The file's reader notes: {text}." for text in dict.fromkeys(remarks)]
    return record, tuple(notes[:_MAX_NOTES])


def no_rhythm(name: str, format_name: str, *, only_median: bool) -> RecordUnsupportedError:
    """Build the error of a file without a rhythm recording."""
    instead = ", only a median beat" if only_median else ""
    return RecordUnsupportedError(
        f"{name} ({format_name}) holds no rhythm recording{instead}.", "Export the 10-second rhythm ECG."
    )


def incomplete(name: str, format_name: str, why: str) -> RecordFormatError:
    """Build the error of a damaged or cut file."""
    return RecordFormatError(
        f"{name} ({format_name}) is damaged or incomplete: {why}.",
        "Copy the file again, or export it again from the cart.",
    )


def clean(text: str) -> str:
    """Return a text in one line, without what cannot be printed."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _in_words(message: object, file: Path, name: str) -> str:
    """Return a library's words in one line, with the reader's file name instead of the temporary one."""
    # pydicom appends the traceback to its messages.
    text = str(message).partition("\nTraceback")[0].replace(str(file), name).replace(file.name, name)
    # Other files that a parser looked for lie nowhere; where they were looked for is nobody's concern.
    text = text.replace(f"{file.parent}{os.sep}", "")
    return clean(text)[:200].rstrip(". ") or type(message).__name__
