"""What every training ends with, whatever it trained: the out-of-fold table, the card and the files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cardiov_core.datasets import LabelledRecords
from cardiov_core.domain import Float64Array
from cardiov_core.training.cards.grader import AnyRecipe, Described, build_card
from cardiov_core.training.cards.probabilities import NestedCalibration, bare_table, graded_table
from cardiov_core.weights import Figures, NewCard


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves behind."""

    card_path: Path  # model card; the weights and the out-of-fold table lie beside it
    metrics: Figures  # the card's cross-validated figures


def finish(
    recipe: AnyRecipe,
    dataset: LabelledRecords,
    table: pd.DataFrame,
    predictions: NestedCalibration | Float64Array,
    described: Described,
    write: Callable[[NewCard, pd.DataFrame | None], Path],
) -> TrainingResult:
    """Make table and card of a trained grader and write them with its weights.

    `table`: its records, as in `cardiov_core.training.data.records.TrainingRecords`. `predictions`: what was said of
    them: calibrated and proven; or, where there was no cross-validation, bare exceedances ``(n, 3)``, which get no
    out-of-fold table, for that they are not. `described`: what only this kind of grader can say of itself. `write`:
    writes the weights with the card and, where there is one, the out-of-fold table; returns the card's path.
    """
    nested = predictions if isinstance(predictions, NestedCalibration) else None
    graded = (
        graded_table(table, predictions)
        if isinstance(predictions, NestedCalibration)
        else bare_table(table, predictions, predictions)
    )
    card = build_card(recipe, graded, dataset, described, nested)
    return TrainingResult(write(card, None if nested is None else graded), card.metrics)
