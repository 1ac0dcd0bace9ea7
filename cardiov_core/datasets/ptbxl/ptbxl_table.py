"""PTB-XL's table: who a record is from, in which fold it lies, what its statements and its label are.

Age, sex, patient and statements of a record stand in ``ptbxl_database.csv`` and not in its header. The same table lies
in a tree (`PtbXl`) and in a cache of one (`cardiov_core.datasets.cache.PtbXlCache`).
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cardiov_core.datasets.corrected_labels import CorrectedLabels
from cardiov_core.domain import FloatArray, Severity, Sex
from cardiov_core.errors import DatasetError, LabelError
from cardiov_core.statements import LabelRule, label_of

if TYPE_CHECKING:
    import pandas as pd

TABLE_NAME = "ptbxl_database.csv"
"""The table that makes a folder PTB-XL."""

FILE_COLUMNS: Mapping[int, str] = {500: "filename_hr", 100: "filename_lr"}
"""Sampling rate in Hz -> the column with the name of the record's file."""

_COLUMNS = (
    "patient_id",
    "age",
    "sex",
    "device",
    "recording_date",
    "scp_codes",
    "strat_fold",
    *FILE_COLUMNS.values(),
)
_SEXES: Mapping[int, Sex] = {0: "male", 1: "female"}


@dataclass(frozen=True)
class Person:
    """What the table knows of a record's patient and recording, by the names of `EcgRecord`'s fields.

    Attributes
    ----------
    age : float or None
        In years; 300 over 89.
    sex : {"male", "female"} or None
    patient_id, device : str or None
    recorded_at : datetime.datetime or None
        None where the table has nothing.
    """

    age: float | None = None
    sex: Sex | None = None
    patient_id: str | None = None
    device: str | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, eq=False)
class PreparedRecords:
    """What a network is fed of some records, and by what they are recognised."""

    windows: FloatArray  # float32 ``(n_stored, leads, samples)``; of a cache, the mapped file itself
    # Of each record, as `cardiov_core.datasets.fingerprint.fingerprints_of` names them.
    fingerprints: tuple[Mapping[str, str], ...]
    rows: tuple[int, ...] | None = None  # the row of `windows` of each record; None where they are as many and in order


class PtbXlTable:
    """A folder with ``ptbxl_database.csv``: all that is known of PTB-XL's records but their samples.

    `corrected`: levels that count instead of those of the statements, where `label` is asked for by the default rule.
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
    def table(self) -> "pd.DataFrame":
        """Rows of ``ptbxl_database.csv`` by ``ecg_id``.

        ``scp_codes`` are dictionaries (statement -> likelihood in per cent, in the record's own order) and
        ``label`` is the critical value by highest likelihood (int). Ages over 89 stay 300, as published.
        """
        # Only here: who names the class alone, as the app's first page does, need not wait for pandas.
        import pandas as pd

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

        Returns ``ecg_id`` in the order of the table; empty where the folder has none of them.
        """
        return [int(ecg_id) for ecg_id in self.table.index[self.table["strat_fold"].isin(list(folds))]]

    def scp_codes(self, ecg_id: int) -> dict[str, float]:
        """Return a record's statements with their likelihoods in per cent, in the record's own order."""
        return dict(self._row(ecg_id)["scp_codes"])

    def label(self, ecg_id: int, rule: LabelRule = "highest_likelihood") -> Severity:
        """Return a record's critical value: the corrected one where there is one and no other rule is asked for."""
        codes = self.scp_codes(ecg_id)
        if self.corrected is not None and rule == "highest_likelihood" and ecg_id in self.corrected.levels:
            return self.corrected.levels[ecg_id]
        return label_of(codes, rule)

    def own_label(self, ecg_id: int) -> Severity:
        """Return a record's critical value by its statements, whoever corrected it."""
        return label_of(self.scp_codes(ecg_id))

    def fold(self, ecg_id: int) -> int:
        """Return a record's fold, 1..10."""
        return int(self._row(ecg_id)["strat_fold"])

    def person(self, ecg_id: int) -> Person:
        """Return what the table knows of a record's patient and recording."""
        row = {name: None if value is None or value != value else value for name, value in self._row(ecg_id).items()}
        return Person(
            age=None if row["age"] is None else float(row["age"]),
            sex=None if row["sex"] is None else _SEXES.get(int(row["sex"])),
            patient_id=None if row["patient_id"] is None else str(int(row["patient_id"])),
            device=None if row["device"] is None else " ".join(str(row["device"]).split()),
            recorded_at=_parse_time(row["recording_date"]),
        )

    def _row(self, ecg_id: int) -> Mapping[str, Any]:
        if ecg_id not in self.table.index:
            raise DatasetError(
                f"{self.root / TABLE_NAME} has no record {ecg_id}.", "Use an ecg_id that the table lists."
            )
        return {str(name): value for name, value in self.table.loc[ecg_id].items()}


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
