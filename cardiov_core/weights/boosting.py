"""Boosted trees as plain arrays: what they are, and how they lie in a weights file, without anything that could run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.errors import WeightsMismatchError
from cardiov_core.weights.cards.card import ModelCard, load_card
from cardiov_core.weights.files import HINT_MAKE, Array, CardFields, read_tensors, tensor_bytes
from cardiov_core.weights.graders import write_grader
from cardiov_core.weights.tree_nodes import are_sound, n_features_of

if TYPE_CHECKING:
    import pandas as pd

BOOSTING = "boosted-trees"
"""Architecture of a model card that describes boosted trees."""

_N_LEVELS = 4


@dataclass(frozen=True, eq=False)
class Boosting:
    """All nodes of all trees, a tree after the other, each in depth-first order: a left child follows its parent.

    Attributes
    ----------
    feature : numpy.ndarray
        int64 ``(n_nodes,)``: column that decides; -1 in a leaf.
    threshold : numpy.ndarray
        float64 ``(n_nodes,)``: a value up to it goes to the left.
    right : numpy.ndarray
        int64 ``(n_nodes,)``: index of the right child; of the node itself in a leaf.
    missing_left : numpy.ndarray
        bool ``(n_nodes,)``: whether a missing value goes to the left.
    value : numpy.ndarray
        float64 ``(n_nodes,)``: what a tree that ends here adds to its score; also of inner nodes, for reasons.
    roots : numpy.ndarray
        int64 ``(n_trees,)``: index of each tree's first node.
    score : numpy.ndarray
        int64 ``(n_trees,)``: which score each tree adds to.
    baseline : numpy.ndarray
        float64 ``(n_scores,)``: the scores before the first tree.
    """

    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]
    right: npt.NDArray[np.int64]
    missing_left: npt.NDArray[np.bool_]
    value: npt.NDArray[np.float64]
    roots: npt.NDArray[np.int64]
    score: npt.NDArray[np.int64]
    baseline: npt.NDArray[np.float64]


_STORED: dict[str, type[np.generic]] = {
    "feature": np.int16,
    "threshold": np.float64,
    "right": np.int32,
    "missing_left": np.bool_,
    "value": np.float32,
    "roots": np.int32,
    "score": np.int16,
    "baseline": np.float64,
}
_USED: dict[str, type[np.generic]] = {**_STORED, **dict.fromkeys(("feature", "right", "roots", "score"), np.int64)}


def boosting_bytes(boosting: Boosting) -> bytes:
    """Return the content of a safetensors file with these trees."""
    return tensor_bytes(boosting_arrays(boosting), "float32")


def boosting_arrays(boosting: Boosting) -> dict[str, Array]:
    """Return these trees as they lie in a weights file."""
    state = {item.name: getattr(boosting, item.name).astype(_STORED[item.name]) for item in fields(Boosting)}
    # Thresholds keep all their bits, as bytes: a tensor of float64 would be read as float32.
    return state | {name: state[name].view(np.uint8).reshape(-1, 8) for name in ("threshold", "baseline")}


def boosting_from(tensors: Mapping[str, Array], file: str, n_features: int, n_scores: int) -> Boosting:
    """Return the trees that lie in a weights file."""
    if set(tensors) != set(_STORED):
        raise WeightsMismatchError(f"{file} holds {', '.join(sorted(tensors))}: no boosted trees.", HINT_MAKE)
    arrays = {name: tensors[name] for name in _STORED}
    for name in ("threshold", "baseline"):
        if arrays[name].dtype != np.uint8 or arrays[name].ndim != 2 or arrays[name].shape[1:] != (8,):
            raise WeightsMismatchError(f"{file}: {name} is no array of float64.", HINT_MAKE)
        arrays[name] = np.ascontiguousarray(arrays[name]).view(np.float64).reshape(-1)
    boosting = Boosting(**{name: arrays[name].astype(kind) for name, kind in _USED.items()})
    check_boosting(boosting, file, n_features, n_scores)
    return boosting


def check_boosting(boosting: Boosting, file: str, n_features: int, n_scores: int) -> None:
    """Refuse arrays that do not fit each other, or in which a way down would leave the trees or never end."""
    nodes = (boosting.threshold, boosting.missing_left, boosting.value)
    sound = (
        are_sound(boosting.feature, boosting.right, boosting.roots, nodes, n_features)
        and len(boosting.score) == len(boosting.roots)
        and boosting.baseline.shape == (n_scores,)
        and bool(((boosting.score >= 0) & (boosting.score < n_scores)).all())
        and bool(np.isfinite(boosting.value).all() and np.isfinite(boosting.baseline).all())
        and not bool(np.isnan(boosting.threshold).any())
    )
    if not sound:
        raise WeightsMismatchError(f"{file} holds no sound trees of {n_features} measurements.", HINT_MAKE)


def load_boosting(name_or_path: str | Path) -> tuple[Boosting, ModelCard]:
    """Open a grader of boosted trees.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        As in `load_card`.

    Returns
    -------
    boosting : Boosting
        Checked: no node leads out of the trees or back.
    card : ModelCard
        Its card.

    Raises
    ------
    WeightsError
        If a file is missing or is no safetensors file.
    WeightsIntegrityError
        If the checksum is not the card's.
    WeightsMismatchError
        If the arrays are no trees, or not the card's.
    ModelCardError
        If the card is damaged.
    """
    card = load_card(name_or_path)
    if card.architecture.name != BOOSTING:
        raise WeightsMismatchError(
            f"{card.path.name} describes {card.architecture.name!r}, no boosted trees.", HINT_MAKE
        )
    tensors = read_tensors(card.weights_path, card.sha256)
    return boosting_from(tensors, card.weights_path.name, n_features_of(card), _N_LEVELS), card


def save_boosting(
    boosting: Boosting, card: CardFields, folder: Path, *, out_of_fold: "pd.DataFrame | None" = None
) -> Path:
    """Write a grader of boosted trees: weights, out-of-fold table and card; returns the card's path.

    Parameters
    ----------
    boosting : Boosting
        With a score a level.
    card : NewCard or mapping
        The card without what is filled in here: schema version, checksums and number of nodes.
    folder : pathlib.Path
        Made where it is missing.
    out_of_fold : pandas.DataFrame, optional
        Columns `OUT_OF_FOLD_COLUMNS`, with calibrated exceedances, and the limits of the sets.

    Raises
    ------
    ModelCardError
        If the card lacks a field.
    WeightsMismatchError
        If the arrays are no trees.
    """
    return write_grader(
        boosting_bytes(boosting),
        card,
        folder,
        n_parameters=len(boosting.feature),
        out_of_fold=out_of_fold,
        check=lambda checked: check_boosting(boosting, checked.weights_path.name, n_features_of(checked), _N_LEVELS),
    )
