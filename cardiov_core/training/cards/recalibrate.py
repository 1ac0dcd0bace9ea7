"""A grader that is already trained gets its calibration and prediction sets, out of its own out-of-fold table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cardiov_core.datasets import LabelledRecords
from cardiov_core.errors import TrainingError
from cardiov_core.inference import output_of
from cardiov_core.training.cards import network as network_card
from cardiov_core.training.cards.decision import Floors
from cardiov_core.training.cards.grader import NOT_TESTED_ON, limitations_of, metrics_of
from cardiov_core.training.cards.probabilities import KINDS, Kind, NestedCalibration, graded_table, nested_calibration
from cardiov_core.training.data.records import groups_of, refuse_absent, with_people
from cardiov_core.weights import BLEND, BOOSTING, FOREST, RAW_COLUMNS, ModelCard, out_of_fold_table, update_card


@dataclass(frozen=True, eq=False)
class Recalibrated:
    """What a calibration after the training comes to."""

    part: NestedCalibration  # calibration, limit and their proof
    table: pd.DataFrame  # the new out-of-fold table
    changes: dict[str, object]  # fields of the card that become others


def recalibrate(card: ModelCard, dataset: LabelledRecords, kind: Kind | None = None) -> Recalibrated:
    """Fit calibration and prediction sets of a network that was trained without, or fit them again.

    Parameters
    ----------
    card : ModelCard
        With an out-of-fold table and the recipe's number of groups.
    dataset : LabelledRecords
        What it was trained on: knows age and sex, by which the card's figures are divided.
    kind : str, optional
        Of `KINDS`; the one with the least cross-fitted log loss by default.

    Returns
    -------
    Recalibrated
        Nothing is written: see `ship_recalibrated`.

    Raises
    ------
    TrainingError
        If the grader is no network, has no out-of-fold table, or its records are not in the data set.
    """
    stored, cv_groups = out_of_fold_table(card), card.stated.training.cv_groups
    if card.architecture.name in (FOREST, BOOSTING, BLEND):
        raise TrainingError(
            f"{card.name} is no network: its calibration comes with its training.",
            f"Train it again with cardiov train --recipe {card.name}.",
        )
    if stored is None or cv_groups is None:
        raise TrainingError(f"{card.name} has no out-of-fold predictions to calibrate on.", "Train it again.")
    refuse_absent(stored["ecg_id"], dataset, f"{len(stored)} records that trained {card.name}")
    # A table that was calibrated before keeps what it was calibrated from.
    columns = list(RAW_COLUMNS) if RAW_COLUMNS[0] in stored.columns else ["e0", "e1", "e2"]
    raw = stored[columns].to_numpy(dtype=np.float64)
    levels = stored["label"].to_numpy(dtype=np.int64)
    part = nested_calibration(
        raw,
        levels,
        groups_of(stored, cv_groups),
        stored["patient_id"],
        kinds=KINDS if kind is None else (kind,),
        floors=floors_in(stored),
    )
    table = graded_table(with_people(stored, dataset), part)
    metrics = metrics_of(table, cv_groups)
    changes: dict[str, object] = {
        **part.card,
        "output": network_card.output_part(output_of(card), calibrated=True),
        "metrics": metrics,
        "limitations": limitations_of(metrics),
        "not_tested_on": NOT_TESTED_ON,
    }
    return Recalibrated(part, table, changes)


def floors_in(table: pd.DataFrame) -> Floors | None:
    """Return the findings in an out-of-fold table that may raise a level; None where it knows of none."""
    return Floors.in_words(table["findings"].tolist()) if "findings" in table.columns else None


def ship_recalibrated(card: ModelCard, recalibrated: Recalibrated) -> ModelCard:
    """Write calibration, sets, figures and out-of-fold table beside the weights, which stay as they are."""
    return update_card(card, recalibrated.changes, out_of_fold=recalibrated.table)
