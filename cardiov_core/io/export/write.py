"""`write_record`: one record into one format."""

from pathlib import Path
from typing import Literal, get_args

from cardiov_core.domain import EcgRecord
from cardiov_core.errors import ConfigurationError
from cardiov_core.io.export.identity import deidentified

ExportFormat = Literal["wfdb", "dicom", "csv"]
FORMATS: tuple[str, ...] = get_args(ExportFormat)
"""Formats that records are written in."""

_SUFFIXES = {"wfdb": ".hea", "dicom": ".dcm", "csv": ".csv"}


def write_record(
    record: EcgRecord, folder: Path | str, to: ExportFormat, *, name: str | None = None, keep_identity: bool = False
) -> tuple[Path, ...]:
    """Write a record, de-identified unless the identity is to be kept.

    Reading it back gives every sample within half a count of the gain written (`digitise`), the same rate and leads,
    age and sex. Nothing is ever overwritten.

    Parameters
    ----------
    record : EcgRecord
        As read.
    folder : Path or str
        Where to; made if it is not there.
    to : {"wfdb", "dicom", "csv"}
        The format.
    name : str, optional
        Stem of the files; by default the record's id, which is a pseudonym unless the identity is kept.
    keep_identity : bool
        Keep patient id, recording time, device and the record's own name.

    Returns
    -------
    tuple of Path
        The files written; for WFDB header and signal file.

    Raises
    ------
    ConfigurationError
        If the format is unknown, or the folder cannot be made or written to.
    RecordUnsupportedError
        If the format cannot hold the record: its amplitudes or its rate.
    """
    if to not in FORMATS:
        raise ConfigurationError(f"'{to}' is no format to write.", f"Choose one of {', '.join(FORMATS)}.")
    written = record if keep_identity else deidentified(record)
    try:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        path = _free_path(folder, _plain(name or written.record_id), _SUFFIXES[to])
        return _write(written, path, to, keep_identity=keep_identity)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written to: {error.strerror or error}.", "Choose another folder."
        ) from error


def _write(record: EcgRecord, path: Path, to: ExportFormat, *, keep_identity: bool) -> tuple[Path, ...]:
    # Imported here, because wfdb and pydicom take long to load.
    if to == "wfdb":
        from cardiov_core.io.export.wfdb_writer import write_wfdb

        return write_wfdb(record, path.with_suffix(""))
    if to == "dicom":
        from cardiov_core.io.export.dicom_writer import write_dicom

        return write_dicom(record, path, identity_kept=keep_identity)
    from cardiov_core.io.export.csv_writer import write_csv

    return write_csv(record, path)


def _plain(name: str) -> str:
    """Return a name of letters, digits, '-' and '_' only, as WFDB asks for."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in name)
    return plain[:100].strip("_") or "ecg"


def _free_path(folder: Path, stem: str, suffix: str) -> Path:
    """Return a path that is not taken, by the header or by the signal file of a WFDB record."""
    number = 1
    path = folder / f"{stem}{suffix}"
    while path.exists() or (suffix == ".hea" and path.with_suffix(".dat").exists()):
        number += 1
        path = folder / f"{stem}_{number}{suffix}"
    return path
