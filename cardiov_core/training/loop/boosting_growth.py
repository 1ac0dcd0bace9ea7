"""Growing boosted trees, and their trees as plain arrays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.weights import Boosting

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


def boost(recipe: BoostingRecipe, features: Float64Array, levels: IntArray, seed: int) -> Boosting:
    """Grow boosted trees for all classes at once and return them as plain arrays.

    `features`: shape (n, n_features), NaN where a number is missing. `levels`: shape (n,), classes; of two classes
    comes one score, of more one per class.
    """
    return boosting_of([fitted(recipe, features, levels, seed)])


def fitted(
    recipe: BoostingRecipe, features: Float64Array, classes: IntArray, seed: int
) -> "HistGradientBoostingClassifier":
    """Return scikit-learn's fitted ``HistGradientBoostingClassifier``."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=recipe.learning_rate,
        max_iter=recipe.n_rounds,
        max_leaf_nodes=recipe.max_leaves,
        min_samples_leaf=recipe.min_samples_leaf,
        max_features=recipe.max_features,
        l2_regularization=recipe.l2,
        early_stopping=False,
        random_state=seed,
    )
    return model.fit(features, classes)


def boosting_of(models: "Sequence[HistGradientBoostingClassifier]") -> Boosting:
    """Return the trees of fitted classifiers as plain arrays, the scores of one after those of the other.

    Values are rounded to float32, so that what is in memory is what a file holds. Scikit-learn shrinks the values of
    leaves by the learning rate; those of inner nodes, which only reasons need, are shrunk here.
    """
    parts: dict[str, list[npt.NDArray[np.generic]]] = {
        name: [] for name in ("feature", "threshold", "right", "missing_left", "value")
    }
    roots, score, begin, first = [], [], 0, 0
    for model in models:
        for predictors in model._predictors:
            for at, predictor in enumerate(predictors):
                nodes = predictor.nodes
                _append(parts, nodes, begin, float(model.learning_rate))
                roots.append(begin)
                score.append(first + at)
                begin += len(nodes)
        first += len(model._predictors[0])
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    return Boosting(
        feature=joined["feature"].astype(np.int64),
        threshold=joined["threshold"].astype(np.float64),
        right=joined["right"].astype(np.int64),
        missing_left=joined["missing_left"].astype(bool),
        value=joined["value"].astype(np.float32).astype(np.float64),
        roots=np.asarray(roots, dtype=np.int64),
        score=np.asarray(score, dtype=np.int64),
        baseline=np.concatenate([np.ravel(model._baseline_prediction) for model in models]).astype(np.float64),
    )


def _append(
    parts: dict[str, list[npt.NDArray[np.generic]]], nodes: npt.NDArray[np.void], begin: int, learning_rate: float
) -> None:
    at = np.arange(len(nodes), dtype=np.int64)
    inner = nodes["is_leaf"] == 0
    if not np.array_equal(nodes["left"][inner], at[inner] + 1) or bool(nodes["is_categorical"].any()):
        raise TrainingError(
            "A tree is not stored in depth-first order.", "Install the scikit-learn of constraints.txt."
        )
    parts["feature"].append(np.where(inner, nodes["feature_idx"], -1))
    parts["threshold"].append(np.where(inner, nodes["num_threshold"], 0.0))
    parts["right"].append(np.where(inner, nodes["right"].astype(np.int64), at) + begin)
    parts["missing_left"].append(nodes["missing_go_to_left"].astype(bool) & inner)
    parts["value"].append(np.where(inner, nodes["value"] * learning_rate, nodes["value"]))
