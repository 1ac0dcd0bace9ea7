"""What the nodes of all trees have in common, whatever a leaf says: how many measurements they ask, and soundness."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from cardiov_core.weights.cards.card import ModelCard


def n_features_of(card: ModelCard) -> int:
    """Return how many measurements a card's trees ask; 0 where it states none."""
    stated = card.architecture.kwargs.get("n_features")
    return stated if isinstance(stated, int) else 0


def are_sound(
    feature: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    roots: npt.NDArray[np.int64],
    others: Collection[npt.NDArray[np.generic]],
    n_features: int,
) -> bool:
    """Tell whether nodes fit each other, so that every way down stays in the trees and ends.

    `others`: what else there is a node of, along the first dimension.
    """
    n_nodes = len(feature)
    at, inner = np.arange(n_nodes), feature >= 0
    return not (
        not n_nodes
        or {len(right), *map(len, others)} != {n_nodes}
        or not len(roots)
        or bool(((roots < 0) | (roots >= n_nodes)).any())
        or bool((feature >= n_features).any())
        or bool((right[inner] <= at[inner] + 1).any())
        or bool((right >= n_nodes).any())
        or bool(inner[-1])
    )
