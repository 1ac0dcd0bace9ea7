"""A PTB-XL tree prepared for training: windows in one memory-mapped file, and the tables that go with them.

The folder holds ``windows.npy`` (float32, one row per record, by one input contract), ``records.csv`` (row,
fingerprints and checksum of each record), the tree's own tables as they were, and ``cache.json``, which is written
last: a folder without it is not finished. Since statements, patients, ages and folds come out of the tree's own table,
both label rules and corrected labels work as they do on the tree.

Windows are float32 and not float16, although half of the size costs little (docs/method/data.md): so the network is fed
to the last bit what `cardiov_core.preprocessing.prepare` gives it ever after, and a training on the cache gives the
weights that a training on the tree gives.
"""

import csv
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from cardiov_core.datasets.corrected_labels import CorrectedLabels
from cardiov_core.datasets.fingerprint import FINGERPRINTS
from cardiov_core.datasets.ptbxl import TABLE_NAME, PreparedRecords, PtbXlTable, no_whole_records
from cardiov_core.domain import Document, EcgRecord, FloatArray, InputContract, as_json_values, fault_of
from cardiov_core.errors import DatasetError

CACHE_NAME, WINDOWS_NAME, RECORDS_NAME = "cache.json", "windows.npy", "records.csv"
PARTIAL = ".part"
"""What the name of a file ends with until it is whole."""

TABLES = (TABLE_NAME, "scp_statements.csv")
"""Tables of the tree that a cache keeps as they are; the second may be missing."""

RECORD_COLUMNS = ("ecg_id", "row", *FINGERPRINTS, "crc32")
"""Columns of ``records.csv``; ``crc32`` is of the record's float32 window."""

VERSION = 2
"""Of the folder's layout."""

_AGAIN = "Delete the folder and run `cardiov data prepare` again."
_SHOWN = 10


@dataclass(frozen=True)
class CachedRecord:
    """Where a record's window stands and by what it is recognised."""

    row: int  # in ``windows.npy``
    fingerprints: Mapping[str, str]  # by the names of `FINGERPRINTS`
    crc32: int  # of the window's bytes


class CachedFile(Document):
    """Size of a file of the cache in bytes, and its checksum; windows have one per record instead."""

    bytes: int
    sha256: str | None = None


class CacheSource(Document):
    """The tree that was prepared: its name, and the checksum of its table."""

    name: str
    table_sha256: str


class CacheCard(Document):
    """What ``cache.json`` states."""

    version: int
    contract: InputContract
    source: CacheSource
    unreadable: dict[int, str]
    files: dict[str, CachedFile]


class PtbXlCache(PtbXlTable):
    """A folder that ``cardiov data prepare`` wrote.

    Tables, folds and labels are those of the tree; whole records are not in it.

    Parameters
    ----------
    root : pathlib.Path
        The folder.
    corrected : CorrectedLabels, optional
        As for `PtbXl`.

    Raises
    ------
    DatasetError
        If the preparation was not finished, or a file is missing, damaged or of another version.
    """

    def __init__(self, root: Path, corrected: CorrectedLabels | None = None) -> None:
        root = Path(root)
        self._card = _read_card(root)
        for name, expected in self._card.files.items():
            _check_file(root / name, expected)
        super().__init__(root, corrected)

    @property
    def source_name(self) -> str:
        """Name of the tree that was prepared."""
        return self._card.source.name

    @property
    def table_sha256(self) -> str:
        """Checksum of the tree's ``ptbxl_database.csv``."""
        return self._card.source.table_sha256

    @property
    def unreadable(self) -> Mapping[int, str]:
        """The records that could not be prepared and were left out, with the reason."""
        return self._card.unreadable

    @property
    def contract(self) -> InputContract:
        """What the windows are prepared by."""
        return self._card.contract

    @cached_property
    def cached(self) -> Mapping[int, CachedRecord]:
        """The records whose windows are here, by ``ecg_id``."""
        path = self.root / RECORDS_NAME
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return {
                    int(row["ecg_id"]): CachedRecord(
                        int(row["row"]), {name: row[name] for name in FINGERPRINTS}, int(row["crc32"])
                    )
                    for row in csv.DictReader(file)
                }
        except (OSError, ValueError, KeyError, csv.Error) as error:
            raise DatasetError(f"{path} cannot be read: {error!r}.", _AGAIN) from error

    def ecg_ids(self, folds: Iterable[int]) -> list[int]:
        """Return the records of some folds whose windows are here, in the order of the table."""
        return [ecg_id for ecg_id in super().ecg_ids(folds) if ecg_id in self.cached]

    def prepared(
        self, ecg_ids: Sequence[int], contract: InputContract, each: Callable[[int, EcgRecord], None] | None = None
    ) -> PreparedRecords:
        """Return the windows, checked, as they stand in the file; as in `cardiov_core.datasets.LabelledRecords`.

        Raises
        ------
        DatasetError
            If they were prepared by another contract or are damaged, or whole records are asked for: there are none.
        """
        if each is not None:
            raise no_whole_records(self.source_name)
        self.require(contract)
        self.verify(ecg_ids)
        cached = [self.cached[ecg_id] for ecg_id in ecg_ids]
        return PreparedRecords(
            self.windows(), tuple(one.fingerprints for one in cached), tuple(one.row for one in cached)
        )

    def require(self, contract: InputContract) -> None:
        """Refuse a training that would be fed by another contract than the one it asks for.

        Raises
        ------
        DatasetError
            If the contracts differ; says in what.
        """
        ours, asked = as_json_values(self.contract), as_json_values(contract)
        differ = [f"{name} {ours[name]!r} instead of {asked[name]!r}" for name in asked if ours[name] != asked[name]]
        if differ:
            raise DatasetError(
                f"{self.root} was prepared by another contract than the recipe's: {'; '.join(differ)}.",
                "Run `cardiov data prepare` with this recipe into another folder.",
            )

    def windows(self) -> FloatArray:
        """Return all windows, ``(n_rows, leads, samples)``: mapped, so that only what is touched is read.

        Copy-on-write: what is written to the array stays in memory and never reaches the file.

        Raises
        ------
        DatasetError
            If the file is not the array that ``cache.json`` describes.
        """
        path = self.root / WINDOWS_NAME
        try:
            mapped = np.load(path, mmap_mode="c", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(f"{path} cannot be opened: {error}.", _AGAIN) from error
        contract = self.contract
        if mapped.dtype != np.float32 or mapped.shape[1:] != (len(contract.leads), contract.n_samples):
            raise DatasetError(f"{path} holds {mapped.dtype} of shape {mapped.shape}, not the contract's.", _AGAIN)
        windows: FloatArray = mapped
        return windows

    def verify(self, ecg_ids: Sequence[int]) -> None:
        """Compare the windows of some records with their checksums."""
        windows = self.windows()
        damaged = [
            ecg_id
            for ecg_id in ecg_ids
            if self.cached[ecg_id].row >= len(windows)
            or zlib.crc32(windows[self.cached[ecg_id].row].data) != self.cached[ecg_id].crc32
        ]
        if damaged:
            raise DatasetError(
                f"{self.root / WINDOWS_NAME} is damaged: the windows of {shortened(damaged)} are not those prepared.",
                _AGAIN,
            )


def is_cache(folder: Path) -> bool:
    """Tell whether a folder is a cache, finished or not."""
    return (folder / CACHE_NAME).is_file() or (folder / f"{CACHE_NAME}{PARTIAL}").is_file()


def shortened(values: Sequence[object]) -> str:
    """Return the first ten values, and how many more there are."""
    rest = len(values) - _SHOWN
    return ", ".join(map(str, values[:_SHOWN])) + (f" and {rest} more" if rest > 0 else "")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_card(root: Path) -> CacheCard:
    path = root / CACHE_NAME
    if not path.is_file() and is_cache(root):
        raise DatasetError(
            f"The preparation of {root} was not finished.", "Run the same `cardiov data prepare` again: it goes on."
        )
    try:
        card = CacheCard.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise DatasetError(f"{path} cannot be read: {fault_of(error).words()}.", _AGAIN) from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {error!r}.", _AGAIN) from error
    if card.version != VERSION:
        raise DatasetError(f"{path} has version {card.version!r}; this CardioV reads {VERSION}.", _AGAIN)
    return card


def _check_file(path: Path, expected: CachedFile) -> None:
    """Compare size and, where there is one, checksum; windows have a checksum per record instead."""
    try:
        whole = path.stat().st_size == expected.bytes and _digest_is(expected.sha256, path)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.", _AGAIN) from error
    if not whole:
        raise DatasetError(f"{path} is damaged: it is not the file that {CACHE_NAME} describes.", _AGAIN)


def _digest_is(expected: str | None, path: Path) -> bool:
    return expected is None or expected == sha256_of(path)
