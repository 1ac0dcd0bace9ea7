"""Growing a forest, and its trees as plain arrays."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array, FloatArray, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.weights import Forest

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesClassifier


def grow(recipe: ForestRecipe, features: Float64Array, levels: IntArray, seed: int) -> Forest:
    """Grow a forest and return it as plain arrays.

    `features`: shape (n, n_features), NaN where a number is missing. `levels`: shape (n,), all four levels must occur.
    """
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(
        recipe.n_trees,
        max_features=recipe.max_features,
        min_samples_leaf=recipe.min_samples_leaf,
        random_state=seed,
        n_jobs=1,
    )
    model.fit(features, levels)
    return forest_of(model)


def forest_of(model: "ExtraTreesClassifier") -> Forest:
    """Return the trees of a fitted ``ExtraTreesClassifier`` of four levels as plain arrays.

    Scikit-learn compares float32 measurements with float64 thresholds; the largest float32 not above a threshold
    decides the same.
    """
    parts: dict[str, list[npt.NDArray[np.generic]]] = {
        name: [] for name in ("feature", "threshold", "right", "missing_left", "counts")
    }
    roots, begin = [], 0
    for estimator in model.estimators_:
        tree = estimator.tree_
        at = np.arange(tree.node_count, dtype=np.int64)
        inner = tree.children_left >= 0
        if not np.array_equal(tree.children_left[inner], at[inner] + 1):
            raise TrainingError(
                "A tree is not stored in depth-first order.", "Install the scikit-learn of constraints.txt."
            )
        parts["feature"].append(np.where(inner, tree.feature, -1))
        parts["threshold"].append(np.where(inner, _float32_not_above(tree.threshold), np.float32(0)))
        parts["right"].append(np.where(inner, tree.children_right, at) + begin)
        parts["missing_left"].append(np.asarray(tree.missing_go_to_left, dtype=bool) & inner)
        parts["counts"].append(np.rint(tree.value[:, 0, :] * tree.n_node_samples[:, np.newaxis]))
        roots.append(begin)
        begin += tree.node_count
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    return Forest(
        feature=joined["feature"].astype(np.int64),
        threshold=joined["threshold"].astype(np.float32),
        right=joined["right"].astype(np.int64),
        missing_left=joined["missing_left"].astype(bool),
        counts=joined["counts"].astype(np.int64),
        roots=np.asarray(roots, dtype=np.int64),
    )


def _float32_not_above(values: Float64Array) -> FloatArray:
    rounded = values.astype(np.float32)
    return np.where(rounded > values, np.nextafter(rounded, np.float32(-np.inf)), rounded).astype(np.float32)
