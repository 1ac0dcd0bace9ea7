"""What boosted trees say of a row of numbers, and which numbers made them say so; numpy only, all trees at once."""

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.inference.graders.forest import step_down
from cardiov_core.weights import Boosting


def boosting_scores(boosting: Boosting, rows: npt.ArrayLike) -> Float64Array:
    """Return the scores: the baseline and what each tree adds to its own.

    Parameters
    ----------
    boosting : Boosting
        Checked when it was opened.
    rows : array_like, shape (n, n_features)
        NaN where a number is missing.

    Returns
    -------
    numpy.ndarray, shape (n, n_scores)
        float64.
    """
    values = np.asarray(rows, dtype=np.float64)
    scores = np.empty((len(values), len(boosting.baseline)))
    for index, row in enumerate(values):
        node = boosting.roots
        while (boosting.feature[node] >= 0).any():
            node = step_down(boosting, row, node)
        added = np.bincount(boosting.score, weights=boosting.value[node], minlength=len(boosting.baseline))
        scores[index] = boosting.baseline + added
    return scores


def boosting_probabilities(boosting: Boosting, rows: npt.ArrayLike) -> Float64Array:
    """Return the softmax of the scores, ``(n, n_scores)``: one score a level; arguments as in `boosting_scores`."""
    return np.asarray(softmax(boosting_scores(boosting, rows), axis=1), dtype=np.float64)


def boosting_answers(boosting: Boosting, rows: npt.ArrayLike) -> Float64Array:
    """Return the sigmoid of each score, ``(n, n_scores)``: one yes or no a score; arguments as in `boosting_scores`."""
    return np.asarray(expit(boosting_scores(boosting, rows)), dtype=np.float64)


def boosting_contributions(boosting: Boosting, row: npt.ArrayLike) -> tuple[Float64Array, Float64Array]:
    """Return by how much each number moved the probabilities of the levels on its way through the trees.

    The trees are walked in the order in which they were grown. At each fork the score moves from the node's value to
    its child's; what that does to the probabilities, all earlier trees being told, is credited to the number that
    decides the fork. Base and contributions add up exactly to `boosting_probabilities`.

    `row`: shape (n_features,), NaN where a number is missing. Returns `base`: shape (n_scores,), probabilities before
    anything was measured: of the baseline. Returns `contributions`: shape (n_features, n_scores), their sum over the
    scores is 0 for each number.
    """
    values = np.asarray(row, dtype=np.float64)
    forks, moves, scores = _walk(boosting, values)
    # Each step as a row of what it adds to the scores, then running sums: the scores after every step.
    steps = np.zeros((len(moves), len(boosting.baseline)))
    steps[np.arange(len(moves)), scores] = moves
    after = np.asarray(softmax(boosting.baseline + np.cumsum(steps, axis=0), axis=1), dtype=np.float64)
    base = np.asarray(softmax(boosting.baseline), dtype=np.float64)
    change = np.diff(np.concatenate([base[np.newaxis], after]), axis=0)
    contributions = np.zeros((len(values), len(boosting.baseline)))
    is_fork = forks >= 0
    np.add.at(contributions, forks[is_fork], change[is_fork])
    return base + change[~is_fork].sum(axis=0), contributions


def _walk(boosting: Boosting, row: Float64Array) -> tuple[IntArray, Float64Array, IntArray]:
    """Return of each step, in the order of the trees: the deciding number, the move of the score, and which score.

    What a tree's root adds by itself is a step that no number decides (-1).
    """
    node, tree = boosting.roots, np.arange(len(boosting.roots))
    forks = [np.full(len(node), -1, dtype=np.int64)]
    moves, trees = [boosting.value[node]], [tree]
    while (inner := boosting.feature[node] >= 0).any():
        child = step_down(boosting, row, node)
        forks.append(boosting.feature[node][inner])
        moves.append((boosting.value[child] - boosting.value[node])[inner])
        trees.append(tree[inner])
        node = child
    order = np.argsort(np.concatenate(trees), kind="stable")
    of_tree = np.concatenate(trees)[order]
    return np.concatenate(forks)[order], np.concatenate(moves)[order], boosting.score[of_tree]
