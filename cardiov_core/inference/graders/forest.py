"""What a forest says of a row of numbers, and which numbers made it say so; numpy only, all trees at once."""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array, FloatArray, IntArray
from cardiov_core.weights import Boosting, Forest


def forest_probabilities(forest: Forest, rows: npt.ArrayLike) -> Float64Array:
    """Return the mean over the trees of the shares of levels in the leaf that a row reaches.

    Parameters
    ----------
    forest : Forest
        Checked by :func:`cardiov_core.weights.load_forest`.
    rows : array_like, shape (n, n_features)
        NaN where a number is missing.

    Returns
    -------
    numpy.ndarray, shape (n, 4)
        float64; rows sum to 1. Scikit-learn's own `predict_proba` but for the order of summation.
    """
    values = np.asarray(rows, dtype=np.float64).astype(np.float32)
    votes = np.empty((len(values), forest.counts.shape[1]))
    for index, row in enumerate(values):
        node = forest.roots
        while (forest.feature[node] >= 0).any():
            node = step_down(forest, row, node)
        votes[index] = _shares(forest, node).mean(axis=0)
    return votes


def path_contributions(forest: Forest, row: npt.ArrayLike) -> tuple[Float64Array, Float64Array]:
    """Return by how much each number moved the probabilities on its way through the trees.

    At each fork the shares of levels change from those of the node to those of its child; the change is credited to
    the number that decides the fork (Saabas 2014). Base and contributions add up exactly to `forest_probabilities`.

    Parameters
    ----------
    forest : Forest
        As above.
    row : array_like, shape (n_features,)
        NaN where a number is missing.

    Returns
    -------
    base : numpy.ndarray, shape (4,)
        Shares of levels in all training records.
    contributions : numpy.ndarray, shape (n_features, 4)
        Their sum over the levels is 0 for each number.
    """
    values = np.asarray(row, dtype=np.float64).astype(np.float32)
    n_levels = forest.counts.shape[1]
    contributions = np.zeros((len(values), n_levels))
    node = forest.roots
    base = _shares(forest, node).mean(axis=0)
    while (inner := forest.feature[node] >= 0).any():
        child = step_down(forest, values, node)
        change = _shares(forest, child) - _shares(forest, node)
        np.add.at(contributions, forest.feature[node][inner], change[inner])
        node = child
    return base, contributions / len(forest.roots)


def step_down(trees: Forest | Boosting, row: FloatArray | Float64Array, node: IntArray) -> IntArray:
    """Go one step down in each tree, ``(n_trees,)`` nodes to as many; stay in leaves."""
    feature = trees.feature[node]
    value = row[feature]
    to_left = np.where(np.isnan(value), trees.missing_left[node], value <= trees.threshold[node])
    return np.where(feature < 0, node, np.where(to_left, node + 1, trees.right[node]))


def _shares(forest: Forest, node: IntArray) -> Float64Array:
    counts = forest.counts[node].astype(np.float64)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)
