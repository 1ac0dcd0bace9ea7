"""Forests of decision trees as plain arrays: opening one and writing one, without anything that could run."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.errors import WeightsMismatchError
from cardiov_core.weights.cards.card import ModelCard, load_card
from cardiov_core.weights.files import HINT_MAKE, CardFields, read_tensors, tensor_bytes
from cardiov_core.weights.graders import write_grader
from cardiov_core.weights.tree_nodes import are_sound, n_features_of

if TYPE_CHECKING:
    import pandas as pd

FOREST = "extra-trees"
"""Architecture of a model card that describes a forest."""

_N_LEVELS = 4


@dataclass(frozen=True, eq=False)
class Forest:
    """All nodes of all trees, a tree after the other, each in depth-first order: a left child follows its parent.

    Attributes
    ----------
    feature : numpy.ndarray
        int64 ``(n_nodes,)``: column that decides; -1 in a leaf.
    threshold : numpy.ndarray
        float32 ``(n_nodes,)``: a float32 value up to it goes to the left.
    right : numpy.ndarray
        int64 ``(n_nodes,)``: index of the right child; of the node itself in a leaf.
    missing_left : numpy.ndarray
        bool ``(n_nodes,)``: whether a missing value goes to the left.
    counts : numpy.ndarray
        int64 ``(n_nodes, 4)``: training records per level that reached the node.
    roots : numpy.ndarray
        int64 ``(n_trees,)``: index of each tree's first node.
    """

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float32]
    right: npt.NDArray[np.int64]
    missing_left: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.int64]
    roots: npt.NDArray[np.int64]


_STORED = {
    "feature": np.int16,
    "threshold": np.float32,
    "right": np.int32,
    "missing_left": np.bool_,
    "counts": np.int32,
    "roots": np.int32,
}
_USED = {**_STORED, **dict.fromkeys(("feature", "right", "counts", "roots"), np.int64)}
_SMALL_COUNT = int(np.iinfo(np.int16).max)


def load_forest(name_or_path: str | Path) -> tuple[Forest, ModelCard]:
    """Open a forest's weights.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        As in `load_card`.

    Returns
    -------
    forest : Forest
        Checked: no node leads out of the forest or back.
    card : ModelCard
        Its card.

    Raises
    ------
    WeightsError
        If a file is missing or is no safetensors file.
    WeightsIntegrityError
        If the checksum is not the card's.
    WeightsMismatchError
        If the arrays are no forest, or not the card's.
    ModelCardError
        If the card is damaged.
    """
    card = load_card(name_or_path)
    if card.architecture.name != FOREST:
        raise WeightsMismatchError(f"{card.path.name} describes {card.architecture.name!r}, no forest.", HINT_MAKE)
    tensors = read_tensors(card.weights_path, card.sha256)
    if set(tensors) != set(_STORED):
        raise WeightsMismatchError(
            f"{card.weights_path.name} holds {', '.join(sorted(tensors))}: no forest.", HINT_MAKE
        )
    forest = Forest(**{name: tensors[name].astype(kind) for name, kind in _USED.items()})
    _check(forest, card.weights_path.name, n_features_of(card))
    if len(forest.feature) != card.stated.n_parameters:
        raise WeightsMismatchError(
            f"{card.path.name} states {card.stated.n_parameters} nodes, the file has {len(forest.feature)}.", HINT_MAKE
        )
    return forest, card


def save_forest(forest: Forest, card: CardFields, folder: Path, *, out_of_fold: "pd.DataFrame | None" = None) -> Path:
    """Write a forest: weights, out-of-fold table and card; returns the card's path.

    Parameters
    ----------
    forest : Forest
        What was grown.
    card : mapping
        The card without what is filled in here: schema version, checksums and number of nodes.
    folder : pathlib.Path
        Made where it is missing.
    out_of_fold : pandas.DataFrame, optional
        Columns `OUT_OF_FOLD_COLUMNS`, with calibrated exceedances, and `set_limit`.

    Raises
    ------
    ModelCardError
        If the card lacks a field.
    WeightsMismatchError
        If the arrays are no forest.
    """
    state = {item.name: getattr(forest, item.name).astype(_STORED[item.name]) for item in fields(Forest)}
    if int(forest.counts.max()) <= _SMALL_COUNT:
        state["counts"] = state["counts"].astype(np.int16)
    return write_grader(
        tensor_bytes(state, "float32"),
        card,
        folder,
        n_parameters=len(forest.feature),
        out_of_fold=out_of_fold,
        check=lambda checked: _check(forest, checked.weights_path.name, n_features_of(checked)),
    )


def _check(forest: Forest, file: str, n_features: int) -> None:
    """Refuse arrays that do not fit each other, or in which a way down would leave the forest or never end."""
    nodes = (forest.threshold, forest.missing_left, forest.counts)
    sound = (
        are_sound(forest.feature, forest.right, forest.roots, nodes, n_features)
        and forest.counts.ndim == 2
        and forest.counts.shape[1] == _N_LEVELS
        and bool((forest.counts.sum(axis=1) > 0).all())
    )
    if not sound:
        raise WeightsMismatchError(f"{file} holds no sound forest of {n_features} measurements.", HINT_MAKE)
