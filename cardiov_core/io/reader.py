"""`read_record`: any file that holds one ECG, chosen by content."""

import math
from pathlib import Path

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import (
    ConfigurationError,
    NotAnEcgError,
    RecordFormatError,
    RecordNotFoundError,
    RecordUnsupportedError,
)
from cardiov_core.io.assembly import Channels, ReadOptions, assemble
from cardiov_core.io.leads import UNITS_HINT, mv_per_unit
from cardiov_core.io.sniff import Kind, foreign_format, kind_of, read_bytes
from cardiov_core.io.wfdb_header import looks_like_header, split_lines
from cardiov_core.io.wfdb_reader import decode_header, read_wfdb

_SIGNAL_SUFFIXES = (".dat", ".mat")


def read_record(
    path: Path | str,
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
    gain_factor: float = 1.0,
) -> EcgRecord:
    """Open one ECG.

    WFDB records are given by their header, a signal file, or the name without extension; CSV, NPY, NPZ, MATLAB
    files and zip archives that hold one record by their file. What a file is, its content decides.

    Parameters
    ----------
    path : Path or str
        The record.
    sampling_rate : float, optional
        In Hz, for files that do not state it. A rate in the file is never overruled.
    units : str, optional
        'mV', 'uV', 'V' or 'nV', for files that do not state them.
    gain_factor : float
        Factor for a wrong gain, once a reader confirmed it; every sample is multiplied by it.

    Returns
    -------
    EcgRecord
        Leads in mV, standard leads in standard order.

    Raises
    ------
    RecordNotFoundError
        If the record or one of its files is not there.
    RecordFormatError
        If a file is empty, damaged or not what it claims to be.
    RecordUnsupportedError
        If rate, leads, units, length or format cannot be analysed.
    MissingMetadataError
        If rate, units or leads are nowhere stated.
    NotAnEcgError
        If the file does not claim to be an ECG.
    ArchiveError
        If an archive breaks a limit.
    ConfigurationError
        If an argument makes no sense.
    """
    options = checked_options(sampling_rate, units, gain_factor)
    return assemble(read_channels(Path(path), options), options)


def checked_options(sampling_rate: float | None, units: str | None, gain_factor: float) -> ReadOptions:
    """Bundle the caller's arguments.

    Parameters
    ----------
    sampling_rate, units, gain_factor
        As in `read_record`.

    Raises
    ------
    ConfigurationError
        If a number is not positive and finite, or the unit is unknown.
    """
    if sampling_rate is not None and not (math.isfinite(sampling_rate) and sampling_rate > 0):
        raise ConfigurationError(f"A sampling rate of {sampling_rate:g} Hz makes no sense.", "Give the rate in Hz.")
    if units is not None and mv_per_unit(units) is None:
        raise ConfigurationError(f"'{units}' is no unit of an ECG.", UNITS_HINT)
    if not (math.isfinite(gain_factor) and gain_factor > 0):
        raise ConfigurationError(
            f"A gain factor of {gain_factor:g} makes no sense.", "Give a positive number, for example 4.88."
        )
    return ReadOptions(sampling_rate, units, gain_factor)


def find_header(path: Path) -> Path | None:
    """Return the WFDB header of a record given by any of its names, or None.

    Parameters
    ----------
    path : Path
        A header, a signal file that a header of the same stem names, or a record without extension.
    """
    if path.is_file():
        if path.suffix.lower() == ".hea":
            return path
        beside = path.with_suffix(".hea")
        return beside if beside.is_file() and _names_file(beside, path.name) else None
    beside = path.parent / f"{path.name}.hea"
    return beside if beside.is_file() else None


def _names_file(header: Path, file_name: str) -> bool:
    try:
        lines, _ = split_lines(decode_header(read_bytes(header)))
    except RecordFormatError:
        # An empty header beside a signal file of its name: the header's fault is the one to tell.
        return Path(file_name).suffix.lower() in _SIGNAL_SUFFIXES
    except (RecordNotFoundError, RecordUnsupportedError):
        return False
    named = [line.split(maxsplit=1)[0] for line in lines[1:]]
    damaged = not looks_like_header("\n".join(lines)) and Path(file_name).suffix.lower() == ".dat"
    return file_name in named or damaged


def read_channels(path: Path, options: ReadOptions) -> Channels:
    """Read a file with the reader that its content asks for.

    Parameters
    ----------
    path : Path
        The record.
    options : ReadOptions
        What the caller said.

    Raises
    ------
    RecordError
        As `read_record`.
    """
    header = find_header(path)
    if header is not None:
        return read_wfdb(header, options)
    if path.is_dir():
        raise RecordUnsupportedError(f"{path.name} is a folder, not a record.", "Name one record of the folder.")
    if not path.is_file():
        raise _not_found(path)
    content = read_bytes(path)
    kind = kind_of(content)
    if kind is Kind.WFDB_HEADER:
        return read_wfdb(path, options)
    raise _refusal(path, kind, content)


def _not_found(path: Path) -> RecordNotFoundError:
    for suffix in _SIGNAL_SUFFIXES:
        signal = path.parent / f"{path.name}{suffix}"
        if signal.is_file():
            return RecordNotFoundError(
                f"{signal.name} has no header: {path.name}.hea is not beside it.",
                "Put the header (.hea) into the same folder.",
            )
    return RecordNotFoundError(f"{path} does not exist.", "Check the path; WFDB records may be given with or without .hea.")


def _refusal(
    path: Path, kind: Kind, content: bytes
) -> RecordNotFoundError | RecordFormatError | RecordUnsupportedError | NotAnEcgError:
    suffix = path.suffix.lower()
    if kind is Kind.TAR:
        return RecordUnsupportedError(
            f"{path.name} is an archive that is not opened here.", "Unpack it, or pack the records as a zip."
        )
    if kind is Kind.HDF5:
        return RecordUnsupportedError(
            f"{path.name} is an HDF5 file (MATLAB 7.3).", "Save it in MATLAB with the option '-v7'."
        )
    if kind is Kind.FOREIGN:
        return RecordUnsupportedError(
            f"{path.name} is {foreign_format(content)}, which is not read.", "Export the ECG as WFDB, CSV, NPZ or .mat."
        )
    if kind is Kind.TEXT and suffix in (*_SIGNAL_SUFFIXES, ".npy", ".npz", ".zip"):
        return RecordFormatError(f"{path.name} is a text file, not a {suffix} file.", "Export the record again.")
    if kind is Kind.TEXT:
        return NotAnEcgError(
            f"{path.name} is a text without columns named by lead.",
            "Name the columns I, II, III, aVR, aVL, aVF, V1-V6 if this is an ECG.",
        )
    if suffix == ".dat":
        return RecordNotFoundError(
            f"{path.name} has no header: no {path.stem}.hea beside it names it.",
            "Put the header (.hea) into the same folder, or upload both files together.",
        )
    return RecordFormatError(
        f"{path.name} is of no known format or damaged.", "Open WFDB, CSV, NPY, NPZ, MATLAB .mat, or a zip of a record."
    )
