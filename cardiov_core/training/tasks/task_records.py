"""The records of a task: windows, labels, age and sex, and who they are from."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from cardiov_core.datasets import LabelledRecords, Person, PtbXl, Task, challenge_rows, labelled_records, statement_row
from cardiov_core.domain import EcgRecord, Float64Array, InputContract, IntArray, person_numbers
from cardiov_core.errors import DatasetError
from cardiov_core.preprocessing import prepare
from cardiov_core.training.data.kept_arrays import save_arrays, saved_arrays
from cardiov_core.training.data.records import checked_table, ids_of
from cardiov_core.training.loop.windows import TrainingData

_N_FOLDS = 10
_NORMAL = frozenset({"NORM", "NSR", "SR"})

Row = tuple[float, ...]


@dataclass(frozen=True, eq=False)
class TaskRecords:
    """What networks learn a task from.

    Attributes
    ----------
    windows : torch.Tensor
        float32 ``(n_stored, leads, samples)`` by the contract.
    targets : torch.Tensor
        float32 ``(n, outputs)``: labels 0 or 1, exceedances, or a standardised number.
    table : pandas.DataFrame
        A row per record: ecg_id, patient_id, sex, age, fold, only_normal.
    rows : torch.Tensor
        int64 ``(n,)``: the row of `windows` of each record.
    """

    windows: Tensor
    targets: Tensor
    table: pd.DataFrame
    rows: Tensor

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.table)

    def data(self, chosen: IntArray, *, with_person: bool = False) -> TrainingData:
        """Return some records as a training takes them; age and sex where a network does."""
        person = None
        if with_person:
            numbers = [
                person_numbers(None if pd.isna(age) else age, sex)
                for age, sex in zip(self.table["age"], self.table["sex"], strict=True)
            ]
            person = torch.tensor(numbers, dtype=torch.float32)
        levels = torch.zeros(len(self), dtype=torch.int64)
        return TrainingData(self.windows, levels, rows=self.rows, targets=self.targets, person=person).select(chosen)


AGE_MEAN, AGE_SD = 60.0, 17.0
"""By which ages are standardised as a target, in years."""


def load_task_records(
    source: LabelledRecords | Path,
    task: Task,
    contract: InputContract,
    folds: tuple[int, ...],
    *,
    kept_in: Path | None = None,
    progress: bool = False,
) -> TaskRecords:
    """Read, prepare and label the records of some folds that have a label of a task.

    Parameters
    ----------
    source : LabelledRecords or pathlib.Path
        PTB-XL or its cache; for tasks of the challenges a folder of their records, which are put into folds by their
        names, since they have none.
    task : Task
        What is to be learned.
    contract : InputContract
        What networks are fed.
    folds : tuple of int
        Which records.
    kept_in : pathlib.Path, optional
        A file where the windows of all records of the folds are kept, so that the next task need not read them again.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    DatasetError
        If no record has a label of the task.
    """
    if isinstance(source, Path):
        records = _of_challenge(source, task, contract, folds)
    else:
        records = _of_ptbxl(source, task, contract, folds, kept_in, progress)
    if not len(records):
        raise DatasetError(
            f"No record in folds {', '.join(map(str, folds))} has a label of the task {task.name}.",
            "Give other folds or another data set.",
        )
    return records


def _of_ptbxl(
    dataset: LabelledRecords,
    task: Task,
    contract: InputContract,
    folds: tuple[int, ...],
    kept_in: Path | None,
    progress: bool,
) -> TaskRecords:
    ecg_ids = ids_of(dataset, folds)
    windows, stored = _windows(dataset, ecg_ids, contract, kept_in, progress)
    rows, targets, at = [], [], []
    for index, ecg_id in enumerate(ecg_ids):
        person, codes = dataset.person(ecg_id), dataset.scp_codes(ecg_id)
        target = _target(dataset, task, ecg_id, codes, person)
        if target is None:
            continue
        at.append(stored[index])
        targets.append(target)
        rows.append(
            {
                "ecg_id": ecg_id,
                "patient_id": person.patient_id,
                "sex": person.sex,
                "age": person.age,
                "fold": dataset.fold(ecg_id),
                "only_normal": set(codes) <= _NORMAL,
                "healthy": set(codes) & _diagnostic() == {"NORM"},
            }
        )
    return _joined(windows, targets, rows, at, task)


def _diagnostic() -> set[str]:
    from cardiov_core.datasets import statement_classes

    return {one.code for one in statement_classes().values() if one.diagnostic}


def _target(dataset: LabelledRecords, task: Task, ecg_id: int, codes: dict[str, float], person: Person) -> Row | None:
    if task.kind == "levels":
        level = int(dataset.label(ecg_id))
        return tuple(float(level > threshold) for threshold in range(len(task.outputs)))
    if task.kind == "number":
        # Ages over 89 are published as 300 and so unknown.
        age = person.age
        return None if age is None or age >= 120 else ((age - AGE_MEAN) / AGE_SD,)
    if task.name == "sex":
        return None if person.sex is None else (float(person.sex == "male"),)
    return statement_row(task, codes)


def _windows(
    dataset: LabelledRecords, ecg_ids: list[int], contract: InputContract, kept_in: Path | None, progress: bool
) -> tuple[Tensor, list[int]]:
    """Return windows and the row of each record; read from `kept_in` where they are there."""
    kept = {} if kept_in is None else saved_arrays(kept_in)
    if kept and kept["ecg_ids"].tolist() == ecg_ids and str(kept["contract"]) == repr(contract):
        return torch.from_numpy(kept["windows"]), list(range(len(ecg_ids)))
    if not isinstance(dataset, PtbXl):
        prepared = dataset.prepared(ecg_ids, contract)
        return torch.from_numpy(prepared.windows), list(prepared.rows or range(len(ecg_ids)))
    shape = (len(ecg_ids), len(contract.leads), contract.n_samples)
    windows = np.empty(shape, dtype=np.float32)
    for index, ecg_id in enumerate(tqdm(ecg_ids, disable=not progress, unit="record")):
        windows[index] = prepare(dataset.record(ecg_id), contract).values
    if kept_in is not None:
        save_arrays(kept_in, windows=windows, ecg_ids=np.array(ecg_ids), contract=np.array(repr(contract)))
    return torch.from_numpy(windows), list(range(len(ecg_ids)))


def _of_challenge(folder: Path, task: Task, contract: InputContract, folds: tuple[int, ...]) -> TaskRecords:
    rows, targets, windows = [], [], []
    for record, target, only_normal in _challenge_records(folder, task):
        fold = zlib.crc32(record.record_id.encode()) % _N_FOLDS + 1
        if fold not in folds:
            continue
        windows.append(prepare(record, contract).values)
        targets.append(target)
        rows.append(
            {
                "ecg_id": record.record_id,
                "patient_id": record.record_id,
                "sex": record.sex,
                "age": record.age,
                "fold": fold,
                "only_normal": only_normal,
                "healthy": only_normal,
            }
        )
    stacked = np.stack(windows) if windows else np.empty((0, len(contract.leads), contract.n_samples), np.float32)
    return _joined(torch.from_numpy(stacked), targets, rows, list(range(len(rows))), task)


def _challenge_records(folder: Path, task: Task) -> Iterator[tuple[EcgRecord, Row, bool]]:
    from cardiov_core.datasets import Year

    year: Year = 2020 if task.name == "cinc2020" else 2021
    for one in labelled_records(folder):
        row = challenge_rows([one.labels], year)[0]
        if row.any():
            names = {name for name, had in zip(task.outputs, row, strict=True) if had}
            yield one.record, tuple(float(had) for had in row), names <= _NORMAL


def _joined(
    windows: Tensor, targets: list[Row], rows: Sequence[Mapping[str, object]], at: list[int], task: Task
) -> TaskRecords:
    if not rows:
        return TaskRecords(
            windows, torch.empty(0, len(task.outputs)), pd.DataFrame(), torch.empty(0, dtype=torch.int64)
        )
    return TaskRecords(
        windows,
        torch.tensor(targets, dtype=torch.float32),
        checked_table(rows),
        torch.tensor(at, dtype=torch.int64),
    )


def steady(records: TaskRecords, chosen: IntArray, sd_mv: tuple[float, float] | None) -> IntArray:
    """Return the chosen records of which each lead's standard deviation lies within limits: none flat, none noisy."""
    if sd_mv is None:
        return chosen
    rows = records.rows.numpy()[chosen]
    deviations = np.stack([records.windows[row].numpy().std(axis=-1) for row in rows]).reshape(len(rows), -1)
    least, most = sd_mv
    kept: IntArray = chosen[((deviations >= least) & (deviations <= most)).all(axis=1)]
    return kept


def undersampled(records: TaskRecords, chosen: IntArray, share: float, seed: int) -> IntArray:
    """Return the chosen records without a share of those whose only label is normal.

    `share`: 0..1.
    """
    if share <= 0:
        return chosen
    normal = records.table["only_normal"].to_numpy(dtype=bool)[chosen]
    drawn: Float64Array = np.random.default_rng(seed).random(len(chosen))
    kept: IntArray = chosen[~(normal & (drawn < share))]
    return kept
