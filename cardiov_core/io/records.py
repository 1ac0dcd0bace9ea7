"""`read_record`: any file that holds one ECG, chosen by content."""

import math
from dataclasses import replace
from pathlib import Path

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import (
    ConfigurationError,
    NotAnEcgError,
    RecordError,
    RecordFormatError,
    RecordNotFoundError,
    RecordUnsupportedError,
)
from cardiov_core.io.apart.client import can_read_apart, reader
from cardiov_core.io.assembly import Channels, ReadOptions, assemble
from cardiov_core.io.collection import Source, collect
from cardiov_core.io.formats.registry import HEAD_BYTES, Format, format_of, titles
from cardiov_core.io.formats.sniff import foreign_format, is_other_archive, is_text, is_zip, read_bytes
from cardiov_core.io.formats.text_tables import read_table
from cardiov_core.io.formats.wfdb_reader import find_header, read_header
from cardiov_core.io.leads import UNITS_HINT, mv_per_unit

_SIGNAL_SUFFIXES = (".dat", ".mat")
# Under these names text is another file than the one that was meant.
_BINARY_SUFFIXES = (*_SIGNAL_SUFFIXES, ".npy", ".npz", ".zip")
_EXPORT_HINT = "Export the ECG as DICOM, HL7 aECG, WFDB or CSV."
_HDF5 = "HDF5"


def read_record(
    path: Path | str,
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
    gain_factor: float = 1.0,
) -> EcgRecord:
    """Open one ECG.

    WFDB records are given by their header, a signal file, or the name without extension; files of all other formats
    (`cardiov_core.io.formats.registry` lists them), and zip archives that hold one record, by their file. What a file
    is, its content decides.

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
    record = assemble(read_channels(Path(path), options), options)
    return replace(record, provenance=replace(record.provenance, path=str(path)))


def read_source(
    source: Source,
    *,
    sampling_rate: float | None = None,
    units: str | None = None,
    gain_factor: float = 1.0,
    apart: bool = False,
) -> EcgRecord:
    """Open one record of a collection, under the name that its owner knows.

    Parameters
    ----------
    source : Source
        As `collect` found it.
    sampling_rate, units, gain_factor
        As in `read_record`.
    apart : bool
        Read in a process of its own, within limits of time and memory, where the system has them: for strangers' files.

    Returns
    -------
    EcgRecord
        Where another record of the collection has the same name, its id says in brackets which one it is.

    Raises
    ------
    CardioVError
        As `read_record`.
    """
    if apart and can_read_apart():
        record = reader().read(source.path, checked_options(sampling_rate, units, gain_factor))
    else:
        record = read_record(source.path, sampling_rate=sampling_rate, units=units, gain_factor=gain_factor)
    name = f"{record.record_id} ({source.mark})" if source.mark else record.record_id
    return replace(record, record_id=name, provenance=replace(record.provenance, path=source.shown_as))


def checked_options(sampling_rate: float | None, units: str | None, gain_factor: float) -> ReadOptions:
    """Bundle the caller's arguments."""
    if sampling_rate is not None and not (math.isfinite(sampling_rate) and sampling_rate > 0):
        raise ConfigurationError(f"A sampling rate of {sampling_rate:g} Hz makes no sense.", "Give the rate in Hz.")
    if units is not None and mv_per_unit(units) is None:
        raise ConfigurationError(f"'{units}' is no unit of an ECG.", UNITS_HINT)
    if not (math.isfinite(gain_factor) and gain_factor > 0):
        raise ConfigurationError(
            f"A gain factor of {gain_factor:g} makes no sense.", "Give a positive number, for example 4.88."
        )
    return ReadOptions(sampling_rate, units, gain_factor)


def read_channels(path: Path, options: ReadOptions) -> Channels:
    """Read a file with the reader that its content asks for."""
    header = find_header(path)
    if header is not None and header != path:
        return read_header(header, read_bytes(header), options)
    if path.is_dir():
        raise RecordUnsupportedError(f"{path.name} is a folder, not a record.", "Name one record of the folder.")
    if not path.is_file():
        raise _not_found(path)
    content = read_bytes(path)
    its_format = format_of(path, content)
    if header is not None and (its_format is None or its_format.reads is read_table):
        # A damaged header is told what is wrong with it as a header.
        return read_header(path, content, options)
    if its_format is not None and not _is_text_under_another_name(path, its_format):
        return its_format.reads(path, content, options)
    if is_zip(content):
        return _read_archive(path, options)
    raise _refusal(path, content[:HEAD_BYTES])


def _is_text_under_another_name(path: Path, its_format: Format) -> bool:
    return its_format.reads is read_table and path.suffix.lower() in _BINARY_SUFFIXES


def _read_archive(path: Path, options: ReadOptions) -> Channels:
    with collect([path]) as collection:
        if collection.errors:
            raise collection.errors[0].error
        if not collection.sources:
            raise NotAnEcgError(f"{path.name} holds no ECG.", "Pack the header together with its signal file.")
        if len(collection.sources) > 1:
            raise RecordUnsupportedError(
                f"{path.name} holds {len(collection.sources)} records, not one.",
                "Analyse the archive as a whole, or pack one record.",
            )
        return read_channels(collection.sources[0].path, options)


def _not_found(path: Path) -> RecordNotFoundError:
    for suffix in _SIGNAL_SUFFIXES:
        signal = path.parent / f"{path.name}{suffix}"
        if signal.is_file():
            return RecordNotFoundError(
                f"{signal.name} has no header: {path.name}.hea is not beside it.",
                "Put the header (.hea) into the same folder.",
            )
    return RecordNotFoundError(
        f"{path} does not exist.", "Check the path; WFDB records may be given with or without .hea."
    )


def _refusal(path: Path, head: bytes) -> RecordError:
    suffix = path.suffix.lower()
    if is_other_archive(head):
        return RecordUnsupportedError(
            f"{path.name} is an archive that is not opened here.", "Unpack it, or pack the records as a zip."
        )
    if (foreign := foreign_format(head)) is not None:
        return RecordUnsupportedError(f"{path.name} is {foreign}, which is not read.", _way_out(foreign, head))
    if is_text(head):
        return RecordFormatError(f"{path.name} is a text file, not a {suffix} file.", "Export the record again.")
    if suffix == ".dat":
        return RecordNotFoundError(
            f"{path.name} has no header: no {path.stem}.hea beside it names it.",
            "Put the header (.hea) into the same folder, or upload both files together.",
        )
    return RecordFormatError(f"{path.name} is of no known format or damaged.", f"Open {titles()}.")


def _way_out(foreign: str, head: bytes) -> str:
    if _HDF5 not in foreign:
        return _EXPORT_HINT
    if head[:10] == b"MATLAB 7.3":
        return "Save it in MATLAB with the option '-v7'."
    return "Save the samples as NPZ (signal, leads, sampling_rate, units), or in MATLAB with the option '-v7'."
