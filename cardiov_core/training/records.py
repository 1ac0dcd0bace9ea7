"""The records of a training, prepared once and held in memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from cardiov_core.datasets import PtbXl
from cardiov_core.errors import DatasetError
from cardiov_core.preprocessing import prepare
from cardiov_core.training.recipe import Recipe
from cardiov_core.weights import INDEPENDENT_LEADS, signal_fingerprint

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TrainingRecords:
    """Inputs, labels and who they are from.

    Attributes
    ----------
    windows : torch.Tensor
        float32 ``(n, leads, samples)`` by the recipe's contract.
    levels : torch.Tensor
        int64 ``(n,)``: critical value by highest likelihood.
    table : pandas.DataFrame
        A row a record: ecg_id, patient_id, sex, age, fold, label, and the record's fingerprints (`fingerprint_500`,
        `fingerprint_100`, and of the independent leads `independent_500`, `independent_100`).
    """

    windows: Tensor
    levels: Tensor
    table: pd.DataFrame

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.table)

    def groups(self, n_groups: int) -> IntArray:
        """Return the cross-validation group of each record, 0 ... n_groups - 1.

        Whole PTB-XL folds go into a group, and PTB-XL puts no patient into two folds.
        """
        codes, _ = pd.factorize(self.table["fold"], sort=True)
        groups: IntArray = np.asarray(codes, dtype=np.int64) % n_groups
        return groups


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
        If there is no record in the recipe's folds, or a patient stands in two folds.
    """
    ecg_ids = dataset.ecg_ids(recipe.folds)
    if not ecg_ids:
        raise DatasetError(
            f"{dataset.root.name} has no record in folds {', '.join(map(str, recipe.folds))}.",
            "Give a PTB-XL tree that has them, or other folds in the recipe.",
        )
    windows: list[npt.NDArray[np.float32]] = []
    folds = dataset.table["strat_fold"].to_dict()
    rows: list[dict[str, Any]] = []
    for ecg_id in ecg_ids:
        full, coarse = dataset.record(ecg_id, 500), dataset.record(ecg_id, 100)
        windows.append(prepare(full, recipe.contract).values)
        rows.append(
            {
                "ecg_id": ecg_id,
                "patient_id": full.patient_id,
                "sex": full.sex,
                "age": full.age,
                "fold": int(folds[ecg_id]),
                "label": int(dataset.label(ecg_id)),
                "fingerprint_500": signal_fingerprint(full),
                "fingerprint_100": signal_fingerprint(coarse),
                "independent_500": signal_fingerprint(full, INDEPENDENT_LEADS),
                "independent_100": signal_fingerprint(coarse, INDEPENDENT_LEADS),
            }
        )
    table = pd.DataFrame(rows)
    folds_a_patient = table.groupby("patient_id")["fold"].nunique()
    if (folds_a_patient > 1).any():
        patient = str(folds_a_patient.idxmax())
        raise DatasetError(
            f"Patient {patient} stands in {folds_a_patient.max()} folds: training and validation would share records.",
            "Use PTB-XL's own column strat_fold.",
        )
    return TrainingRecords(
        windows=torch.from_numpy(np.stack(windows)),
        levels=torch.tensor(table["label"].to_numpy(), dtype=torch.int64),
        table=table,
    )
