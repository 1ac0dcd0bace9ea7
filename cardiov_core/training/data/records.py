"""The records of a training: prepared once and held in memory, or mapped from a cache and read a batch at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from cardiov_core.datasets import PtbXl, PtbXlCache
from cardiov_core.domain import EcgRecord
from cardiov_core.errors import DatasetError
from cardiov_core.preprocessing import prepare
from cardiov_core.training.recipes.network import Recipe
from cardiov_core.weights import INDEPENDENT_LEADS, signal_fingerprint

IntArray = npt.NDArray[np.int64]


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
        A row a record: ecg_id, patient_id, sex, age, fold, label, and the record's fingerprints (`fingerprint_500`,
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


def load_records(dataset: PtbXl, recipe: Recipe) -> TrainingRecords:
    """Read, prepare and label all records of the recipe's folds.

    Parameters
    ----------
    dataset : PtbXl
        Where the records are.
    recipe : Recipe
        Folds and input contract.

    Returns
    -------
    TrainingRecords
        In the order of the data set's table.

    Raises
    ------
    DatasetError
        If there is no record in the recipe's folds, a patient stands in two folds, or a cache is damaged or of another
        contract.
    """
    if isinstance(dataset, PtbXlCache):
        return _mapped(dataset, recipe)
    windows: list[npt.NDArray[np.float32]] = []
    rows: list[dict[str, Any]] = []
    for record, row in labelled_rows(dataset, recipe.read_folds):
        windows.append(prepare(record, recipe.contract).values)
        rows.append(row)
    table = checked_table(rows)
    return TrainingRecords(
        windows=torch.from_numpy(np.stack(windows)),
        levels=torch.tensor(table["label"].to_numpy(), dtype=torch.int64),
        table=table,
    )


def _mapped(cache: PtbXlCache, recipe: Recipe) -> TrainingRecords:
    """Label the records of a cache; their windows stay in the file."""
    cache.require(recipe.contract)
    ecg_ids = _ids(cache, recipe.read_folds)
    cache.verify(ecg_ids)
    table = checked_table([row_of(cache, ecg_id, cache.cached[ecg_id].fingerprints) for ecg_id in ecg_ids])
    return TrainingRecords(
        windows=torch.from_numpy(cache.windows()),
        levels=torch.tensor(table["label"].to_numpy(), dtype=torch.int64),
        table=table,
        rows=torch.tensor([cache.cached[ecg_id].row for ecg_id in ecg_ids], dtype=torch.int64),
    )


def labelled_rows(dataset: PtbXl, folds: Sequence[int]) -> Iterator[tuple[EcgRecord, dict[str, Any]]]:
    """Read the records of some folds, each with its row of a training's table (see `TrainingRecords.table`).

    Yields
    ------
    EcgRecord
        At 500 Hz.
    dict
        Label, patient, fold and fingerprints.

    Raises
    ------
    DatasetError
        If there is no record in these folds.
    """
    for ecg_id in _ids(dataset, folds):
        full = dataset.record(ecg_id, 500)
        yield full, row_of(dataset, ecg_id, fingerprints_of(full, dataset.record(ecg_id, 100)))


def row_of(dataset: PtbXl, ecg_id: int, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """Return a record's row of a training's table (see `TrainingRecords.table`)."""
    person = dataset.person(ecg_id)
    return {
        "ecg_id": ecg_id,
        "patient_id": person["patient_id"],
        "sex": person["sex"],
        "age": person["age"],
        "fold": dataset.fold(ecg_id),
        "label": int(dataset.label(ecg_id)),
        **fingerprints,
    }


def fingerprints_of(full: EcgRecord, coarse: EcgRecord) -> dict[str, str]:
    """Return by what a record is known again: of its 500 and its 100 Hz version, whole and by eight leads."""
    return {
        "fingerprint_500": signal_fingerprint(full),
        "fingerprint_100": signal_fingerprint(coarse),
        "independent_500": signal_fingerprint(full, INDEPENDENT_LEADS),
        "independent_100": signal_fingerprint(coarse, INDEPENDENT_LEADS),
    }


def _ids(dataset: PtbXl, folds: Sequence[int]) -> list[int]:
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        raise DatasetError(
            f"{dataset.root.name} has no record in folds {', '.join(map(str, folds))}.",
            "Give a PTB-XL tree that has them, or other folds in the recipe.",
        )
    return ecg_ids


def checked_table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows as a table.

    Raises
    ------
    DatasetError
        If a patient stands in two folds.
    """
    table = pd.DataFrame(rows)
    folds_a_patient = table.groupby("patient_id")["fold"].nunique()
    if (folds_a_patient > 1).any():
        patient = str(folds_a_patient.idxmax())
        raise DatasetError(
            f"Patient {patient} stands in {folds_a_patient.max()} folds: training and validation would share records.",
            "Use PTB-XL's own column strat_fold.",
        )
    return table


def with_people(table: pd.DataFrame, dataset: PtbXl) -> pd.DataFrame:
    """Return a table of records, which has a column ``ecg_id``, with the sex and age that the data set states of each.

    Raises
    ------
    DatasetError
        If the data set lacks a record.
    """
    people = [dataset.person(int(ecg_id)) for ecg_id in table["ecg_id"]]
    ages = np.array([np.nan if person["age"] is None else person["age"] for person in people], dtype=np.float64)
    return table.assign(sex=[person["sex"] for person in people], age=ages)


def groups_of(table: pd.DataFrame, n_groups: int) -> IntArray:
    """Return the cross-validation group of each record by its fold, 0 ... n_groups - 1."""
    codes, _ = pd.factorize(table["fold"], sort=True)
    groups: IntArray = np.asarray(codes, dtype=np.int64) % n_groups
    return groups
