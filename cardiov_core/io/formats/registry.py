"""The formats that are opened, a row each. To add one: a reader in a file of its own, and a row here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cardiov_core.io.assembly import Channels, ReadOptions
from cardiov_core.io.carts import formats as carts
from cardiov_core.io.carts.cart_file import knows, read_cart, read_rarer
from cardiov_core.io.carts.contec import read_contec
from cardiov_core.io.carts.dicom import parse_dicom
from cardiov_core.io.carts.ecgdatakit_file import Parse, parse_as
from cardiov_core.io.carts.edf import parse_edf
from cardiov_core.io.carts.ishne import parse_ishne
from cardiov_core.io.carts.scp import parse_scp
from cardiov_core.io.carts.xml.aecg import parse_aecg
from cardiov_core.io.carts.xml.muse import choose_rhythm
from cardiov_core.io.carts.xml.parse import parse_xml_as
from cardiov_core.io.carts.xml.schiller import read_schiller
from cardiov_core.io.formats.archives import is_npz, npz_names
from cardiov_core.io.formats.array_files import SIGNAL_KEYS, read_mat, read_npy, read_npz
from cardiov_core.io.formats.sniff import (
    decode_text,
    foreign_format,
    is_mat4,
    is_mat5,
    is_other_archive,
    is_text,
    is_zip,
)
from cardiov_core.io.formats.text_tables import claims_to_be_ecg, read_table
from cardiov_core.io.formats.wfdb_header import is_header
from cardiov_core.io.formats.wfdb_reader import read_header

HEAD_BYTES = 65536
"""So much of a file is looked at; XML may begin with long comments before the element that says what it is."""


def _always(_: Path, __: bytes) -> bool:
    return True


def _never(_: Path, __: bytes) -> bool:
    return False


@dataclass(frozen=True)
class Format:
    """A format."""

    title: str  # its name for people, in hints and on the drop zone; empty where it is not listed
    # Path and first bytes -> whether a file is of this format, whatever its name.
    recognises: Callable[[Path, bytes], bool]
    reads: Callable[[Path, bytes, ReadOptions], Channels]  # path, content, options -> what is in the file
    # Path and first bytes -> whether such a file in a folder is meant to be an ECG. A table of anything is text.
    claims: Callable[[Path, bytes], bool] = _always
    # A file with this ending that no format recognises is a damaged one of this format, not one to pass over.
    suffixes: tuple[str, ...] = ()


def _cart(title: str, recognises: carts.Recognises, parse: Parse, name: str = "") -> Format:
    return Format(title, recognises, partial(read_cart, name=name or title, parse=parse))


def _xml(title: str, root: str, name: str, parse: Parse | None = None) -> Format:
    return _cart(title, carts.has_root(root), parse or parse_xml_as(name), name)


def _holds_signal(path: Path, _: bytes) -> bool:
    names = npz_names(path)
    # One that is too damaged to list its arrays may be an ECG: it must not vanish among the files passed over.
    return not names or any(name.casefold() in SIGNAL_KEYS for name in names)


def _is_mat(_: Path, head: bytes) -> bool:
    return is_mat5(head) or (foreign_format(head) is None and not is_other_archive(head) and is_mat4(head))


def _is_rarer(path: Path, head: bytes) -> bool:
    others = foreign_format(head) is not None or is_other_archive(head) or is_zip(head)
    return not others and decode_text(head) is None and knows(path, path.read_bytes())


# The first row that recognises a file reads it: magic numbers stand before text, and text before a table.
FORMATS: tuple[Format, ...] = (
    _cart("DICOM", carts.is_dicom, parse_dicom),
    _xml("HL7 aECG", "annotatedecg", "HL7 aECG", parse_aecg),
    _xml("MUSE", "restingecg", "GE MUSE XML", parse_xml_as("GE MUSE XML", choose_rhythm)),
    _xml("Sierra", "restingecgdata", "Philips Sierra XML"),
    _xml("Mortara", "ecg", "Mortara XML"),
    Format("Schiller", carts.has_root("com.xiriuz.sema.xml.schilleredi.schilleredi"), read_schiller),
    _cart("SCP-ECG", carts.is_scp, parse_scp),
    _cart("EDF", carts.is_edf, parse_edf),
    _cart("ISHNE", carts.is_ishne, parse_ishne),
    _cart("MFER", carts.is_mfer, parse_as("MFER", ".mwf")),
    _cart("", carts.is_kardia, parse_as("Kardia JSON", ".json"), "Kardia JSON"),
    Format("Contec", carts.is_contec, read_contec),
    Format("WFDB (.hea with .dat or .mat)", is_header, read_header, suffixes=(".hea",)),
    Format("NPZ", lambda path, head: is_zip(head) and is_npz(path), read_npz, _holds_signal, (".npz",)),
    Format("NPY", lambda _, head: head[:6] == b"\x93NUMPY", read_npy, suffixes=(".npy",)),
    Format("MATLAB .mat", _is_mat, read_mat, suffixes=(".mat",)),
    Format("CSV", lambda _, head: is_text(head), read_table, lambda _, head: claims_to_be_ecg(head)),
    Format("", _is_rarer, read_rarer, _never),
)


def format_of(path: Path, head: bytes) -> Format | None:
    """Return the format of a file, or None."""
    head = head[:HEAD_BYTES]
    return next((row for row in FORMATS if row.recognises(path, head)), None)


def claims_to_be(path: Path, head: bytes) -> bool:
    """Tell whether a file that was not named but found in a folder is meant to be an ECG."""
    candidates = (row for row in FORMATS if row.claims is not _never)
    claimant = next((row for row in candidates if row.recognises(path, head)), None)
    named = [row for row in FORMATS if path.suffix.lower() in row.suffixes]
    # Text under the name of an array, and bytes of no format: what was meant is damaged.
    return (
        claimant.claims(path, head) or (bool(named) and claimant.reads is read_table)
        if claimant is not None
        else bool(named)
    )


def titles() -> str:
    """Name the formats for people: 'DICOM, HL7 aECG, ..., or a .zip of records'."""
    return f"{', '.join(row.title for row in FORMATS if row.title)}, or a .zip of records"
