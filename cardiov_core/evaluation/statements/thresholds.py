"""From probabilities to answers: thresholds of each class, and two rules for records that pass none."""

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array
from cardiov_core.evaluation.statements.multilabel import BoolMatrix, check_shapes

_HALF, _NEAR, _LEAST, _NOTHING = 0.5, 0.03, 0.1, 0.1


def answers_above(scores: Float64Array, thresholds: npt.ArrayLike) -> BoolMatrix:
    """Return the classes at or above their thresholds, and the best one of a record where none is.

    Parameters
    ----------
    scores : numpy.ndarray, shape (n_records, n_classes)
        Probabilities.
    thresholds : array_like
        One for all classes or one per class.
    """
    answers: BoolMatrix = scores >= np.asarray(thresholds)
    none = ~answers.any(axis=1)
    answers[none, scores[none].argmax(axis=1)] = True
    return answers


def adaptive_answers(scores: Float64Array, sinus_rhythm: int | None = None) -> BoolMatrix:
    """Return answers by team Revenger's rule (Kang and Wen 2022, doi:10.1088/1361-6579/ac6aa4, section 4.3).

    Classes of 0.5 and more; where there is none, the best one and those within 0.03 of it, of these such of 0.1 and
    more, as in their public code. `scores`: probabilities ``(n_records, n_classes)``. The class `sinus_rhythm` is
    answered alone where every probability is under 0.1.
    """
    answers: BoolMatrix = scores >= _HALF
    none = ~answers.any(axis=1)
    best = scores.max(axis=1, keepdims=True)
    near = (scores >= best - _NEAR) & ((scores >= _LEAST) | (scores == best))
    answers[none] = near[none]
    if sinus_rhythm is not None:
        silent = (best < _NOTHING).ravel()
        answers[silent] = False
        answers[silent, sinus_rhythm] = True
    return answers


def best_thresholds(labels: BoolMatrix, scores: Float64Array, beta: float = 1.0) -> Float64Array:
    """Return the threshold of each class with the highest F-beta, 0.5 where a class has no positive record.

    Parameters
    ----------
    labels, scores : numpy.ndarray, shape (n_records, n_classes)
        Of records that are not those to be judged.
    beta : float
        How many times recall counts.
    """
    check_shapes(labels, scores)
    return np.array([_best(labels[:, k], scores[:, k], beta) for k in range(labels.shape[1])])


def _best(positive: BoolArray, scores: Float64Array, beta: float) -> float:
    if not positive.any():
        return _HALF
    order = np.argsort(-scores, kind="stable")
    hit = np.cumsum(positive[order])
    n_answers = np.arange(1, len(scores) + 1)
    f = (1 + beta**2) * hit / (n_answers + beta**2 * positive.sum())
    # Records of equal score pass together.
    falling = scores[order]
    whole = np.append(falling[1:] != falling[:-1], True)
    return float(falling[np.argmax(np.where(whole, f, -1.0))])
