"""A blend's training, whole: weights of the members, calibration, prediction sets and costs, all fitted out of fold."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from cardiov_core import ordinal
from cardiov_core.datasets import LabelledRecords
from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.inference import blend
from cardiov_core.training.cards.grader import Described, output_of
from cardiov_core.training.cards.probabilities import log_loss, nested_calibration
from cardiov_core.training.cards.recalibrate import floors_in
from cardiov_core.training.data.records import groups_of, refuse_absent, with_people
from cardiov_core.training.graders.trunk import TrainingResult, finish
from cardiov_core.training.recipes.blend import BlendRecipe
from cardiov_core.weights import (
    BLEND,
    Architecture,
    InputPart,
    Member,
    ModelCard,
    load_card,
    out_of_fold_table,
    save_blend,
)

_SAME = ("ecg_id", "patient_id", "fold", "label")
_LIMITATIONS = (
    "Where a member cannot grade a record, the blend does not: half of it would be another grader.",
    "The overlay is the network's half alone, the reasons are the measurements' half alone; nothing shows how they "
    "were weighed on one record but the members' own levels.",
)
_SEEN = "members' predictions that were calibrated and weighed with that group, which had not trained them"
_STEPS = 20
"""Weights that are tried are multiples of a twentieth."""


def train_blend(recipe: BlendRecipe, dataset: LabelledRecords, out: Path) -> TrainingResult:
    """Blend the out-of-fold predictions of graders in a folder, calibrate the blend and write it beside them.

    Parameters
    ----------
    recipe : BlendRecipe
        Which graders.
    dataset : LabelledRecords
        What they were trained on: age and sex of the records, and their labels.
    out : pathlib.Path
        Folder in which the members lie; the blend is written beside them.

    Returns
    -------
    TrainingResult
        Where the results are.

    Raises
    ------
    WeightsError
        If a member does not lie in `out`.
    TrainingError
        If the members were not cross-validated on the same records, or with other labels than the data
        set's.
    """
    cards = [load_card(out / f"{name}.json") for name in recipe.members]
    tables = [_table(card, recipe) for card in cards]
    shared = tables[0]
    for card, table in zip(cards[1:], tables[1:], strict=True):
        if not table[list(_SAME)].equals(shared[list(_SAME)]):
            raise TrainingError(
                f"{card.name} was cross-validated on other records, folds or labels than {cards[0].name}.",
                "Train both on the same data.",
            )
    rows = _checked_people(shared, dataset)
    parts = [ordinal.repair(table[["e0", "e1", "e2"]].to_numpy(dtype=np.float64))[0] for table in tables]
    levels = rows["label"].to_numpy(dtype=np.int64)
    groups = groups_of(rows, recipe.cv_groups)
    weights = recipe.weights or fitted_weights(parts, levels)
    raw = blend(parts, weights) if recipe.weights else blended_out_of_fold(parts, levels, groups)
    nested = nested_calibration(raw, levels, groups, rows["patient_id"], seen=_SEEN, floors=floors_in(shared))
    members = tuple(Member(card.name, card.sha256, weight) for card, weight in zip(cards, weights, strict=True))
    described = Described(
        architecture=Architecture(name=BLEND, kwargs={"members": [asdict(member) for member in members]}),
        input=InputPart.of_contract(cards[0].contract, note="The first member's; each is fed by its own card."),
        output=output_of("calibrated weighted mean of the members' calibrated logits"),
        command=f"cardiov train --recipe {recipe.name} --data DIR --out DIR",
        limitations=_LIMITATIONS,
    )
    return finish(
        recipe, dataset, rows, nested, described, lambda card, table: save_blend(members, card, out, out_of_fold=table)
    )


def fitted_weights(parts: Sequence[Float64Array], levels: IntArray) -> tuple[float, ...]:
    """Return the weights with the least log loss of the levels, each a multiple of a twentieth and none 0.

    `parts`: shape (n, 3), exceedances out of fold, one array a member, calibrated and repaired in rank. `levels`: shape
    (n,), labels.
    """
    tried = [shares for shares in product(range(1, _STEPS), repeat=len(parts)) if sum(shares) == _STEPS]
    weighed = [tuple(share / _STEPS for share in shares) for shares in tried]
    losses = [log_loss(ordinal.decode(blend(parts, weights)), levels) for weights in weighed]
    return weighed[int(np.argmin(losses))]


def blended_out_of_fold(parts: Sequence[Float64Array], levels: IntArray, groups: IntArray) -> Float64Array:
    """Return the blend of each group by weights that were fitted on the other groups; arguments as above."""
    raw = np.full(parts[0].shape, np.nan)
    for group in np.unique(groups):
        own, rest = groups == group, groups != group
        weights = fitted_weights([part[rest] for part in parts], levels[rest])
        raw[own] = blend([part[own] for part in parts], weights)
    return raw


def _table(card: ModelCard, recipe: BlendRecipe) -> pd.DataFrame:
    table, trained = out_of_fold_table(card), card.stated.training
    # Any number of groups of whole folds will do: what is blended was said of patients that nobody had seen.
    if table is None or not trained.cv_groups or trained.folds != recipe.folds:
        raise TrainingError(
            f"{card.name} was not cross-validated on folds {', '.join(map(str, recipe.folds))}.",
            "Train it by a recipe with the same folds.",
        )
    return table.sort_values("ecg_id").reset_index(drop=True)


def _checked_people(table: pd.DataFrame, dataset: LabelledRecords) -> pd.DataFrame:
    """Return the table with sex and age of each record."""
    refuse_absent(table["ecg_id"], dataset, f"the {len(table)} records that trained the members")
    labels = [int(dataset.label(ecg_id)) for ecg_id in table["ecg_id"]]
    if labels != table["label"].tolist():
        raise TrainingError(
            "The members were trained with other labels than these.", "Give the same --labels, or train them again."
        )
    return with_people(table, dataset)
