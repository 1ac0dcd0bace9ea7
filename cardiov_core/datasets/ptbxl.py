"""PTB-XL (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6) as PhysioNet publishes it, whole or a part of it.

Age, sex, patient and statements of a record stand in ``ptbxl_database.csv`` and not in its header: they are added
here.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cardiov_core.datasets.corrected_labels import CorrectedLabels
from cardiov_core.datasets.locate import data_root
from cardiov_core.domain import EcgRecord, Severity, Sex
from cardiov_core.errors import DatasetError, LabelError, RecordError
from cardiov_core.io import read_record
from cardiov_core.statements import LabelRule, label_of

TABLE_NAME = "ptbxl_database.csv"
"""The table that makes a folder PTB-XL."""

_FILE_COLUMNS: Mapping[int, str] = {500: "filename_hr", 100: "filename_lr"}
_COLUMNS = (
    "patient_id",
    "age",
    "sex",
    "device",
    "recording_date",
    "scp_codes",
    "strat_fold",
    *_FILE_COLUMNS.values(),
)
_SEXES: Mapping[int, Sex] = {0: "male", 1: "female"}
# 00005_hr and 00005_lr are PTB-XL's own names, HR00005 is that of the CinC 2020 and 2021 collections.
_STEM = re.compile(r"(?P<own>\d{5})_(?:hr|lr)|HR(?P<cinc>\d{5})")
# Published samples are multiples of 1 uV; equal records differ by rounding alone.
_SAME_MV = 0.0015


class PtbXl:
    """A folder with ``ptbxl_database.csv`` and the records that it names.

    Parameters
    ----------
    root : pathlib.Path
        The folder.
    corrected : CorrectedLabels, optional
        Levels that count instead of those of the statements, where `label` is asked for by the default rule.

    Raises
    ------
    DatasetError
        If the folder has no ``ptbxl_database.csv``.
    """

    corrected: CorrectedLabels | None = None

    def __init__(self, root: Path, corrected: CorrectedLabels | None = None) -> None:
        self.root = Path(root)
        self.corrected = corrected
        if not (self.root / TABLE_NAME).is_file():
            raise DatasetError(
                f"{self.root} has no {TABLE_NAME}, so it is not PTB-XL.",
                "Name the folder that PhysioNet's download unpacks to.",
            )

    @property
    def source_name(self) -> str:
        """Name of the folder, for cards and messages."""
        return self.root.resolve().name

    @cached_property
    def table(self) -> pd.DataFrame:
        """Rows of ``ptbxl_database.csv`` by ``ecg_id``.

        ``scp_codes`` are dictionaries (statement -> likelihood in per cent, in the record's own order) and
        ``label`` is the critical value by highest likelihood (int). Ages over 89 stay 300, as published.

        Raises
        ------
        DatasetError
            If the table cannot be read, lacks a column or has statements without a critical value.
        """
        path = self.root / TABLE_NAME
        try:
            table = pd.read_csv(path, index_col="ecg_id")
        except (OSError, ValueError) as exc:
            raise DatasetError(f"{path} cannot be read: {exc}.", "Download the table from PhysioNet again.") from exc
        missing = [name for name in _COLUMNS if name not in table.columns]
        if missing:
            raise DatasetError(f"{path} lacks the columns {', '.join(missing)}.", "Use the table as published.")
        parsed = [_parse_codes(text, path, ecg_id) for ecg_id, text in table["scp_codes"].items()]
        table["scp_codes"] = pd.Series(parsed, index=table.index, dtype=object)
        try:
            table["label"] = [int(label_of(codes)) for codes in parsed]
        except LabelError as exc:
            raise DatasetError(f"{path} has a record without a label: {exc.message}", exc.hint) from exc
        return table

    def ecg_ids(self, folds: Iterable[int]) -> list[int]:
        """Return the records of some folds; no patient is in two folds.

        Parameters
        ----------
        folds : iterable of int
            Folds, 1..10: 1-8 train, 9 validates, 10 tests.

        Returns
        -------
        list of int
            ``ecg_id`` in the order of the table; empty where the folder has none of them.
        """
        return [int(ecg_id) for ecg_id in self.table.index[self.table["strat_fold"].isin(list(folds))]]

    def scp_codes(self, ecg_id: int) -> dict[str, float]:
        """Return a record's statements with their likelihoods in per cent, in the record's own order.

        Raises
        ------
        DatasetError
            If the table has no such record.
        """
        return dict(self._row(ecg_id)["scp_codes"])

    def label(self, ecg_id: int, rule: LabelRule = "highest_likelihood") -> Severity:
        """Return a record's critical value: the corrected one where there is one and no other rule is asked for.

        Raises
        ------
        DatasetError
            If the table has no such record.
        LabelError
            If there is no such rule.
        """
        codes = self.scp_codes(ecg_id)
        if self.corrected is not None and rule == "highest_likelihood" and ecg_id in self.corrected.levels:
            return self.corrected.levels[ecg_id]
        return label_of(codes, rule)

    def fold(self, ecg_id: int) -> int:
        """Return a record's fold, 1..10.

        Raises
        ------
        DatasetError
            If the table has no such record.
        """
        return int(self._row(ecg_id)["strat_fold"])

    def person(self, ecg_id: int) -> Mapping[str, Any]:
        """Return what the table knows of a record's patient and recording, by the names of `EcgRecord`'s fields.

        Returns
        -------
        mapping
            age (years; 300 over 89), sex, patient_id, device and recorded_at; None where the table has nothing.

        Raises
        ------
        DatasetError
            If the table has no such record.
        """
        row = self._row(ecg_id)
        return {
            "age": None if pd.isna(row["age"]) else float(row["age"]),
            "sex": None if pd.isna(row["sex"]) else _SEXES.get(int(row["sex"])),
            "patient_id": None if pd.isna(row["patient_id"]) else str(int(row["patient_id"])),
            "device": None if pd.isna(row["device"]) else " ".join(str(row["device"]).split()),
            "recorded_at": _parse_time(row["recording_date"]),
        }

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
        if sampling_rate_hz not in _FILE_COLUMNS:
            raise DatasetError(f"PTB-XL has no records at {sampling_rate_hz} Hz.", "Use 500 or 100 Hz.")
        path = self.root / str(row[_FILE_COLUMNS[sampling_rate_hz]])
        try:
            record = read_record(path)
        except RecordError as exc:
            raise DatasetError(
                f"PTB-XL record {ecg_id} cannot be read: {exc.message}", "Complete or repeat the download."
            ) from exc
        return replace(record, **self.person(ecg_id))

    def _row(self, ecg_id: int) -> Mapping[str, Any]:
        if ecg_id not in self.table.index:
            raise DatasetError(
                f"{self.root / TABLE_NAME} has no record {ecg_id}.", "Use an ecg_id that the table lists."
            )
        return {str(name): value for name, value in self.table.loc[ecg_id].items()}


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
    for rate, column in _FILE_COLUMNS.items():
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


def _parse_codes(text: object, path: Path, ecg_id: object) -> dict[str, float]:
    try:
        codes = ast.literal_eval(str(text))
        return {str(code): float(likelihood) for code, likelihood in codes.items()}
    except (ValueError, SyntaxError, TypeError, AttributeError) as exc:
        raise DatasetError(
            f"{path}: the statements of record {ecg_id} are no dictionary: {text!r}.", "Use the table as published."
        ) from exc


def _parse_time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
