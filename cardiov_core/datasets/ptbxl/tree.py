"""PTB-XL (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6) as PhysioNet publishes it, whole or a part of it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from cardiov_core.datasets.fingerprint import fingerprints_of
from cardiov_core.datasets.locate import data_root
from cardiov_core.datasets.ptbxl.ptbxl_table import FILE_COLUMNS, TABLE_NAME, PreparedRecords, PtbXlTable
from cardiov_core.domain import EcgRecord, InputContract
from cardiov_core.errors import DatasetError, RecordError
from cardiov_core.io import read_record
from cardiov_core.preprocessing import prepare

# 00005_hr and 00005_lr are PTB-XL's own names, HR00005 is that of the CinC 2020 and 2021 collections.
_STEM = re.compile(r"(?P<own>\d{5})_(?:hr|lr)|HR(?P<cinc>\d{5})")
# Published samples are multiples of 1 uV; equal records differ by rounding alone.
_SAME_MV = 0.0015


class PtbXl(PtbXlTable):
    """A folder with ``ptbxl_database.csv`` and the records that it names; parameters as of `PtbXlTable`."""

    def record(self, ecg_id: int, sampling_rate_hz: Literal[500, 100] = 500) -> EcgRecord:
        """Read a record and add what the table knows of it.

        Parameters
        ----------
        ecg_id : int
            The record.
        sampling_rate_hz : {500, 100}
            Which of the two published versions.

        Returns
        -------
        EcgRecord
            With age, sex, patient, device and recording time from the table.

        Raises
        ------
        DatasetError
            If the table has no such record, PTB-XL no such rate, or the record's files are missing or damaged.
        """
        row = self._row(ecg_id)
        if sampling_rate_hz not in FILE_COLUMNS:
            raise DatasetError(f"PTB-XL has no records at {sampling_rate_hz} Hz.", "Use 500 or 100 Hz.")
        path = self.root / str(row[FILE_COLUMNS[sampling_rate_hz]])
        try:
            record = read_record(path)
        except RecordError as exc:
            raise DatasetError(
                f"PTB-XL record {ecg_id} cannot be read: {exc.message}", "Complete or repeat the download."
            ) from exc
        return replace(record, **vars(self.person(ecg_id)))

    def read(self, ecg_ids: Sequence[int]) -> Iterator[tuple[EcgRecord, Mapping[str, str]]]:
        """Read some records at 500 Hz, each with the fingerprints of the published versions that are there.

        Raises
        ------
        DatasetError
            As `record`.
        """
        for ecg_id in ecg_ids:
            full = self.record(ecg_id, 500)
            yield full, fingerprints_of(full, self.record(ecg_id, 100) if self._has_coarse(ecg_id) else None)

    def _has_coarse(self, ecg_id: int) -> bool:
        """Tell whether the tree has a record's version of 100 Hz; one of 500 Hz alone has none of any."""
        return (self.root / f"{self.table.loc[ecg_id, 'filename_lr']!s}.hea").is_file()

    def prepared(
        self, ecg_ids: Sequence[int], contract: InputContract, each: Callable[[int, EcgRecord], None] | None = None
    ) -> PreparedRecords:
        """Read and prepare some records; as in `cardiov_core.datasets.LabelledRecords`.

        Raises
        ------
        DatasetError
            As `record`.
        """
        windows, fingerprints = [], []
        for ecg_id, (record, own) in zip(ecg_ids, self.read(ecg_ids), strict=True):
            windows.append(prepare(record, contract).values)
            fingerprints.append(own)
            if each is not None:
                each(ecg_id, record)
        return PreparedRecords(np.stack(windows), tuple(fingerprints))


def find_ptbxl() -> PtbXl | None:
    """Return the PTB-XL of this computer.

    Returns
    -------
    PtbXl or None
        ``ptb-xl-subset`` in the folder of real records, or that folder itself; None where neither has PTB-XL's
        table.
    """
    root = data_root()
    if root is None:
        return None
    for folder in (root / "ptb-xl-subset", root):
        if (folder / TABLE_NAME).is_file():
            return PtbXl(folder)
    return None


def ptbxl_ecg_id_of(record: EcgRecord) -> int | None:
    """Tell which PTB-XL record a record is.

    A name alone proves nothing: the samples must be those of the published record, up to one factor (HR00004 states
    a fifth of PTB-XL's gain).

    Parameters
    ----------
    record : EcgRecord
        Any record.

    Returns
    -------
    int or None
        Its ``ecg_id``; None where it is another record, or where PTB-XL is not on this computer to compare with.
    """
    match = _STEM.fullmatch(record.record_id)
    ptbxl = find_ptbxl() if match else None
    if match is None or ptbxl is None:
        return None
    ecg_id = int(match["own"] or match["cinc"])
    for rate, column in FILE_COLUMNS.items():
        if rate == record.sampling_rate and ecg_id in ptbxl.table.index:
            try:
                published = read_record(ptbxl.root / str(ptbxl.table.loc[ecg_id, column]))
            except RecordError:
                return None
            return ecg_id if _same_samples(record, published) else None
    return None


def _same_samples(record: EcgRecord, published: EcgRecord) -> bool:
    if record.leads != published.leads or record.signal.shape != published.signal.shape:
        return False
    ours = np.nan_to_num(record.signal.astype(np.float64))
    theirs = np.nan_to_num(published.signal.astype(np.float64))
    energy = float(np.vdot(ours, ours))
    if energy == 0.0:
        return False
    factor = float(np.vdot(ours, theirs)) / energy
    return factor > 0.0 and bool(np.abs(ours * factor - theirs).max() <= _SAME_MV)
