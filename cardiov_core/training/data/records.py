"""The records of a training: read and prepared once and held in memory, or mapped from a cache."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from cardiov_core.datasets import LabelledRecords
from cardiov_core.domain import EcgRecord, IntArray
from cardiov_core.errors import DatasetError, TrainingError
from cardiov_core.evaluation import ORIGINS, VALIDATED, origin_of
from cardiov_core.training.recipes.network import Recipe


@dataclass(frozen=True, eq=False)
class TrainingRecords:
    """Inputs, labels and who they are from.

    Attributes
    ----------
    windows : torch.Tensor
        float32 ``(n_stored, leads, samples)`` by the recipe's contract; of a cache, the mapped file itself.
    levels : torch.Tensor
        int64 ``(n,)``: critical value by highest likelihood.
    table : pandas.DataFrame
        A row per record: ecg_id, patient_id, sex, age, fold, label, and the record's fingerprints (`fingerprint_500`,
        `fingerprint_100`, and of the independent leads `independent_500`, `independent_100`).
    rows : torch.Tensor or None
        int64 ``(n,)``: the row of `windows` of each record; None where they are as many and in order.
    """

    windows: Tensor
    levels: Tensor
    table: pd.DataFrame
    rows: Tensor | None = None

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.table)

    def groups(self, n_groups: int) -> IntArray:
        """Return the cross-validation group of each record, 0 ... n_groups - 1.

        Whole PTB-XL folds go into a group, and PTB-XL puts no patient into two folds.
        """
        return groups_of(self.table, n_groups)


def load_records(
    dataset: LabelledRecords, recipe: Recipe, each: Callable[[int, EcgRecord], None] | None = None
) -> TrainingRecords:
    """Read, prepare and label all records of the recipe's folds.

    Parameters
    ----------
    dataset : LabelledRecords
        Where the records are.
    recipe : Recipe
        Folds and input contract.
    each : callable, optional
        Gets every record whole while it is read.

    Returns
    -------
    TrainingRecords
        In the order of the data set's table.

    Raises
    ------
    DatasetError
        If there is no record in the recipe's folds, a patient stands in two folds, or a cache is damaged, of another
        contract, or asked for whole records.
    """
    ecg_ids = ids_of(dataset, recipe.read_folds)
    prepared = dataset.prepared(ecg_ids, recipe.contract, each)
    table = checked_table([row_of(dataset, *one) for one in zip(ecg_ids, prepared.fingerprints, strict=True)])
    return TrainingRecords(
        windows=torch.from_numpy(prepared.windows),
        levels=torch.tensor(table["label"].to_numpy(), dtype=torch.int64),
        table=table,
        rows=None if prepared.rows is None else torch.tensor(prepared.rows, dtype=torch.int64),
    )


def row_of(dataset: LabelledRecords, ecg_id: int, fingerprints: Mapping[str, str]) -> dict[str, object]:
    """Return a record's row of a training's table (see `TrainingRecords.table`)."""
    person = dataset.person(ecg_id)
    return {
        "ecg_id": ecg_id,
        "patient_id": person.patient_id,
        "sex": person.sex,
        "age": person.age,
        "fold": dataset.fold(ecg_id),
        "label": int(dataset.label(ecg_id)),
        **origin_of(dataset, ecg_id),
        **fingerprints,
    }


def ids_of(dataset: LabelledRecords, folds: Sequence[int]) -> list[int]:
    """Return the records of some folds."""
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        raise DatasetError(
            f"{dataset.source_name} has no record in folds {', '.join(map(str, folds))}.",
            "Give a PTB-XL tree that has them, or other folds in the recipe.",
        )
    return ecg_ids


def checked_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return the rows as a table."""
    table = pd.DataFrame(rows)
    folds_a_patient = table.groupby("patient_id")["fold"].nunique()
    if (folds_a_patient > 1).any():
        patient = str(folds_a_patient.idxmax())
        raise DatasetError(
            f"Patient {patient} stands in {folds_a_patient.max()} folds: training and validation would share records.",
            "Use PTB-XL's own column strat_fold.",
        )
    return table


def with_people(table: pd.DataFrame, dataset: LabelledRecords) -> pd.DataFrame:
    """Return a table of records, which has a column ``ecg_id``, with what the data set states of each.

    Sex, age, device, site and whether a human validated the statements.
    """
    people = [dataset.person(int(ecg_id)) for ecg_id in table["ecg_id"]]
    ages = np.array([np.nan if person.age is None else person.age for person in people], dtype=np.float64)
    origins = [origin_of(dataset, int(ecg_id)) for ecg_id in table["ecg_id"]]
    named = {name: [origin[name] for origin in origins] for name in (*ORIGINS, VALIDATED)}
    return table.assign(sex=pd.Series([person.sex for person in people], index=table.index), age=ages, **named)


def groups_of(table: pd.DataFrame, n_groups: int) -> IntArray:
    """Return the cross-validation group of each record by its fold, 0 ... n_groups - 1."""
    codes, _ = pd.factorize(table["fold"], sort=True)
    groups: IntArray = np.asarray(codes, dtype=np.int64) % n_groups
    return groups


def refuse_absent(ecg_ids: Iterable[int], dataset: LabelledRecords, wanted: str) -> None:
    """Refuse a data set that lacks records by which a grader was trained; `wanted` says how many and which grader."""
    absent = sorted(set(ecg_ids) - set(dataset.table.index))
    if absent:
        raise TrainingError(
            f"{dataset.source_name} lacks {len(absent)} of {wanted}: {absent[0]} is the first.",
            "Give the data set that it was trained on.",
        )
