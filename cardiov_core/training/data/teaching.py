"""What teaches a network beside the labels: measurements, trees on them, and random hearts.

A network that learns to measure (on the patients beside their level, and where a recipe asks for it on hearts that
were drawn at random before) and that hears what trees on those measurements say of each patient, and of any heart,
comes close to the trees; docs/method/training.md has what each part brought.

Nothing of this may leak: a network that is to grade a group of patients hears trees that were grown without them,
and of each patient whom it learns from, what trees say that were grown without that patient's group, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cardiov_core.domain import EcgRecord, Float64Array, IntArray
from cardiov_core.errors import ConfigurationError
from cardiov_core.inference import boosting_probabilities, exceedances_of, forest_probabilities
from cardiov_core.signals import FEATURES, features_of, measure
from cardiov_core.training.data.kept_arrays import save_arrays, saved_arrays
from cardiov_core.training.data.random_hearts import Hearts, random_hearts
from cardiov_core.training.data.records import TrainingRecords, groups_of
from cardiov_core.training.data.split import Split, training_data
from cardiov_core.training.loop.boosting_growth import boost
from cardiov_core.training.loop.curve import Report
from cardiov_core.training.loop.fit import fit, weights_in
from cardiov_core.training.loop.forest_growth import grow
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.training.recipes.network import Distillation, Recipe, Stage, Validation
from cardiov_core.training.recipes.recipe_files import load_recipe

_FARTHEST = 4.0
"""Standardised numbers are kept within this: a few that were measured wrongly must not lead."""

_QUARTILES_OF_A_NORMAL = 1.349
_PRETRAINING = "pretraining"


@dataclass(frozen=True)
class Scale:
    """How numbers are standardised: median, and the standard deviation that their quartiles stand for."""

    # Shape (k,), of the numbers that are ever measured and differ.
    centre: Float64Array
    width: Float64Array
    columns: IntArray  # shape (k,), which of all numbers these are

    @classmethod
    def of(cls, numbers: Float64Array) -> "Scale":
        """Return the scale of some records' numbers ``(n, n_numbers)``."""
        low, centre, high = (_quantile(numbers, share) for share in (0.25, 0.5, 0.75))
        width = np.where(high > low, (high - low) / _QUARTILES_OF_A_NORMAL, _spread(numbers))
        columns = np.flatnonzero(np.isfinite(centre) & (width > 0))
        return cls(centre[columns], width[columns], columns)

    def __call__(self, numbers: Float64Array) -> Tensor:
        """Return numbers ``(n, n_numbers)`` as targets of the side head: float32 ``(n, k)``, NaN where missing."""
        standard = (numbers[:, self.columns] - self.centre) / self.width
        return torch.from_numpy(np.clip(standard, -_FARTHEST, _FARTHEST)).float()


class PatientNumbers:
    """What is measured of the patients while their records are read, or was measured before.

    Forests must not change on the way, so what was measured is kept in the training's folder.
    """

    def __init__(self, out: Path, ecg_ids: list[int]) -> None:
        self._kept_in, self._ecg_ids = out / "teaching" / "patients.npz", ecg_ids
        self._rows: dict[int, Float64Array] = {}
        kept = saved_arrays(self._kept_in)
        if kept and kept["ecg_ids"].tolist() == ecg_ids and kept["numbers"].shape[1] == len(FEATURES):
            self._rows = dict(zip(ecg_ids, kept["numbers"].astype(np.float64), strict=True))

    def take(self, ecg_id: int, record: EcgRecord) -> None:
        """Measure a record, unless it was measured before."""
        if ecg_id not in self._rows:
            self._rows[ecg_id] = features_of(record, measure(record))

    def measured(self) -> Float64Array:
        """Return the numbers of all records, ``(n, len(FEATURES))``, and keep them."""
        numbers = np.stack([self._rows[ecg_id] for ecg_id in self._ecg_ids])
        save_arrays(self._kept_in, ecg_ids=np.asarray(self._ecg_ids), numbers=numbers)
        return numbers


class Teaching:
    """All that teaches the networks of one training beside the labels.

    `numbers`: shape (n, len(FEATURES)), what was measured of the patients, from `PatientNumbers`. `out`: folder of the
    training: hearts are kept in its ``teaching``.
    """

    def __init__(
        self, recipe: Recipe, numbers: Float64Array, records: TrainingRecords, out: Path, *, progress: bool = False
    ) -> None:
        self._recipe, self._records, self._out = recipe, records, out
        self._teacher = _teacher_of(recipe)
        self._numbers = numbers
        self._levels = records.levels.numpy()
        self._groups = (
            groups_of(records.table, recipe.cv_groups) if self._teacher else np.zeros(len(records), dtype=np.int64)
        )
        n_hearts = recipe.pretraining.hearts
        kept = out / "teaching" / "hearts.npz"
        self._hearts = random_hearts(n_hearts, recipe.contract, kept, progress=progress) if n_hearts else None
        # Hearts have no patients, so that one scale serves all networks, and the side head that has learned on it.
        self._scale = None if self._hearts is None else Scale.of(self._hearts.numbers)

    def data_for(self, split: Split) -> TrainingData:
        """Return what one network learns from."""
        rows = split.trained
        scale = self._scale or Scale.of(self._numbers[rows])
        data = replace(training_data(self._records, rows), side=scale(self._numbers[rows]))
        if self._teacher is None:
            return data
        data = replace(data, teacher=torch.from_numpy(self._exceedances_of_patients(rows)).float())
        if self._hearts is None or not self._recipe.distillation.hearts_a_batch:
            return data
        exceedances = _teacher_exceedances(self._teacher, self._numbers[rows], self._levels[rows], self._hearts.numbers)
        return replace(data, hearts=_unlabelled(self._hearts, scale, torch.from_numpy(exceedances).float()))

    def pretrained(self, resume: bool, report: Report) -> Mapping[str, Tensor] | None:
        """Return weights and a side head that can measure hearts; None where the recipe begins with random ones."""
        before = self._recipe.pretraining
        if self._hearts is None or self._scale is None or not before.epochs:
            return None
        recipe = replace(
            self._recipe,
            stages=(Stage("measurements", before.epochs, before.learning_rate),),
            distillation=Distillation(),
            validation=Validation(),
            schedule="one_cycle",
        )
        checkpoint = self._out / "checkpoints" / f"{_PRETRAINING}.pt"
        fit(
            recipe,
            _unlabelled(self._hearts, self._scale, None),
            run=_PRETRAINING,
            seed=recipe.seed,
            checkpoint=checkpoint,
            resume=resume,
            report=report,
        )
        return weights_in(checkpoint, recipe, _PRETRAINING)

    def _exceedances_of_patients(self, rows: IntArray) -> Float64Array:
        """Return what trees say that were grown on the other groups among these patients."""
        if self._teacher is None:
            raise ConfigurationError("The recipe names no teacher.", "Give distillation.teacher.")
        exceedances = np.full((len(rows), 3), np.nan)
        groups = self._groups[rows]
        for group in np.unique(groups):
            kept, asked = rows[groups != group], rows[groups == group]
            exceedances[groups == group] = _teacher_exceedances(
                self._teacher, self._numbers[kept], self._levels[kept], self._numbers[asked]
            )
        return exceedances


def _teacher_of(recipe: Recipe) -> ForestRecipe | BoostingRecipe | None:
    name = recipe.distillation.teacher
    if not name:
        return None
    teacher = load_recipe(name)
    if not isinstance(teacher, ForestRecipe | BoostingRecipe):
        raise ConfigurationError(
            f"The teacher {name!r} grows no trees.", "Name the recipe 'measurements' or 'boosted'."
        )
    return teacher


def _teacher_exceedances(
    teacher: ForestRecipe | BoostingRecipe, numbers: Float64Array, levels: IntArray, asked: Float64Array
) -> Float64Array:
    """Return the exceedances ``(n, 3)`` that trees, grown on some records, say of the numbers asked about."""
    if isinstance(teacher, ForestRecipe):
        return exceedances_of(forest_probabilities(grow(teacher, numbers, levels, teacher.seed), asked))
    return exceedances_of(boosting_probabilities(boost(teacher, numbers, levels, teacher.seed), asked))


def _unlabelled(hearts: Hearts, scale: Scale, teacher: Tensor | None) -> TrainingData:
    nothing = torch.zeros(len(hearts.windows), dtype=torch.int64)
    return TrainingData(hearts.windows, nothing, teacher=teacher, side=scale(hearts.numbers))


def _quantile(numbers: Float64Array, share: float) -> Float64Array:
    """Return a quantile a column; NaN where nothing was measured, without a warning."""
    quantiles = np.full(numbers.shape[1], np.nan)
    measured = np.isfinite(numbers).any(axis=0)
    quantiles[measured] = np.nanquantile(numbers[:, measured], share, axis=0)
    return quantiles


def _spread(numbers: Float64Array) -> Float64Array:
    spreads = np.zeros(numbers.shape[1])
    measured = np.isfinite(numbers).any(axis=0)
    spreads[measured] = np.nanstd(numbers[:, measured], axis=0)
    return spreads
