"""What one network is trained on: windows with their levels, and what else may teach it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cardiov_core.domain import IntArray
from cardiov_core.errors import TrainingError


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Records for one training.

    Attributes
    ----------
    windows : torch.Tensor
        ``(n_stored, leads, samples)`` in mV by the recipe's contract; may be memory-mapped: only the rows of a batch
        are read.
    levels : torch.Tensor
        int64 ``(n,)``, 0-3.
    teacher : torch.Tensor or None
        float32 ``(n, 3)``: exceedances by a grader that has not seen the record's patient, for distillation.
    side : torch.Tensor or None
        float32 ``(n, k)``: standardised numbers for the side head, NaN where a record lacks one.
    rows : torch.Tensor or None
        int64 ``(n,)``: the row of `windows` that each record stands in; None where they are as many and in order.
    targets : torch.Tensor or None
        float32 ``(n, outputs)``: labels of a task other than the critical value.
    person : torch.Tensor or None
        float32 ``(n, 2)``: age and sex as networks take them, NaN where unknown.
    hearts : TrainingData or None
        Records without labels from which some stand in every batch: their levels mean nothing, their teacher counts.
    """

    windows: Tensor
    levels: Tensor
    teacher: Tensor | None = None
    side: Tensor | None = None
    rows: Tensor | None = None
    hearts: "TrainingData | None" = None
    targets: Tensor | None = None
    person: Tensor | None = None

    def __post_init__(self) -> None:
        """Refuse parts that are not about the same records."""
        n_records = len(self.levels)
        lengths = {
            "windows": len(self.windows if self.rows is None else self.rows),
            "teacher": n_records if self.teacher is None else len(self.teacher),
            "side": n_records if self.side is None else len(self.side),
            "targets": n_records if self.targets is None else len(self.targets),
            "person": n_records if self.person is None else len(self.person),
        }
        for name, length in lengths.items():
            if length != n_records:
                raise TrainingError(
                    f"There are {n_records} levels but {length} rows of {name}.", "Give each record one row."
                )

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.levels)

    def windows_of(self, records: Tensor) -> Tensor:
        """Return the windows of some records, float32 ``(len(records), leads, samples)``."""
        return self.windows[records if self.rows is None else self.rows[records]].float()

    def select(self, records: IntArray) -> "TrainingData":
        """Return some of the records; the windows themselves stay where they are.

        Parameters
        ----------
        records : numpy.ndarray of int
            Indices within this data.
        """
        kept = torch.from_numpy(np.ascontiguousarray(records, dtype=np.int64))
        return TrainingData(
            windows=self.windows,
            levels=self.levels[kept],
            teacher=None if self.teacher is None else self.teacher[kept],
            side=None if self.side is None else self.side[kept],
            rows=kept if self.rows is None else self.rows[kept],
            hearts=self.hearts,
            targets=None if self.targets is None else self.targets[kept],
            person=None if self.person is None else self.person[kept],
        )
