"""When to warn that a level may be wrong: by what predicted errors among out-of-fold predictions.

A level's doubt is the probability that another one holds: 1 less the probability of the level on show. Where the most
probable level is shown, that is 1 - max p; where costs decide, it is the better warning of the two
(docs/method/uncertainty.md has the comparison). Graders that disagree are the other warning.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cardiov_core.domain import BoolArray, Float64Array, IntArray, Prediction, Reason, ReasonCode, Tally
from cardiov_core.errors import LabelError
from cardiov_core.weights import DoubtPart, ModelCard

SHARE_WARNED = 0.25
"""Share of the records that are warned of: the most doubtful quarter. A warning on every second ECG is not read."""


@dataclass(frozen=True, eq=False)
class GradedOutOfFold:
    """What a grader said of its training records by weights that had not seen their patients."""

    # Shape (n,), each record, its level by the cardiologists' statements, and the level that the grader shows.
    ecg_ids: IntArray
    labels: IntArray
    levels: IntArray
    probabilities: Float64Array  # shape (n, 4), of the levels
    patients: npt.NDArray[np.str_]  # shape (n,), who each record is from

    @property
    def wrong(self) -> BoolArray:
        """Where the level on show is not the label."""
        return np.asarray(self.levels != self.labels, dtype=np.bool_)

    @property
    def doubts(self) -> Float64Array:
        """The doubt of each record's level, 0..1."""
        return doubts_of(self.probabilities, self.levels)


def doubts_of(probabilities: npt.ArrayLike, levels: npt.ArrayLike) -> Float64Array:
    """Return the probability that another level than the one on show holds.

    Parameters
    ----------
    probabilities : array_like, shape (n, 4)
        Of the levels.
    levels : array_like of int, shape (n,)
        On show.

    Raises
    ------
    LabelError
        If there is not one level per record.
    """
    values, shown = np.asarray(probabilities, dtype=np.float64), np.asarray(levels, dtype=np.int64)
    if values.ndim != 2 or shown.shape != (len(values),):
        raise LabelError(f"{shown.shape} levels for probabilities of {values.shape}.", "Give one level per record.")
    return np.asarray(1.0 - values[np.arange(len(values)), shown], dtype=np.float64)


def fit_doubt_limit(doubts: Float64Array, share: float = SHARE_WARNED) -> float:
    """Return the doubt from which on a level is warned of: that of the most doubtful share of some records.

    Raises
    ------
    LabelError
        If there is no record.
    """
    if not len(doubts):
        raise LabelError("There is no record to take a limit from.", "Give out-of-fold predictions.")
    return float(np.quantile(doubts, 1.0 - share))


def doubt_limit_of(card: ModelCard) -> float | None:
    """Return the limit that a model card states; None where it states none."""
    stated = card.part(DoubtPart)
    return None if stated is None else stated.limit


def unsure(prediction: Prediction, limit: float | None, graded: GradedOutOfFold | None) -> Reason | None:
    """Warn of a level that is as doubtful as those that were often wrong.

    `limit`: from `doubt_limit_of`. `graded`: what the grader said of its training records, by the same decision.
    Returns None where the level is not as doubtful, or where nothing is known of the grader.
    """
    if limit is None or graded is None or prediction.doubt < limit:
        return None
    warned = graded.doubts >= limit
    with_it, without = Tally.of(graded.wrong, warned), Tally.of(graded.wrong, ~warned)
    if not with_it.n or not without.n:
        return None
    text = (
        f"{prediction.model_name} is unsure of this level: of {with_it.n} records that it graded with this little "
        f"certainty in cross-validation, {with_it.of_hundred} of 100 were wrong; of the others, "
        f"{without.of_hundred} of 100."
    )
    return Reason(ReasonCode.UNSURE, text)


def wrong_where_split(graded: GradedOutOfFold, others: Sequence[GradedOutOfFold]) -> tuple[Tally, Tally] | None:
    """Count how often a grader was wrong where some graders differed by a level or more, and where they agreed.

    Parameters
    ----------
    graded : GradedOutOfFold
        The grader whose level is on show.
    others : sequence of GradedOutOfFold
        The graders beside it.

    Returns
    -------
    tuple of Tally or None
        Where they differ, and where they agree, among the records that all of them graded; None without any.
    """
    shared = graded.ecg_ids
    for other in others:
        shared = np.intersect1d(shared, other.ecg_ids)
    if not others or not len(shared):
        return None
    rows = [_rows_of(one, shared) for one in (graded, *others)]
    levels = np.stack([one.levels[at] for one, at in zip((graded, *others), rows, strict=True)])
    split, wrong = np.ptp(levels, axis=0) > 0, graded.wrong[rows[0]]
    return Tally.of(wrong, split), Tally.of(wrong, ~split)


def _rows_of(graded: GradedOutOfFold, ecg_ids: IntArray) -> IntArray:
    order = np.argsort(graded.ecg_ids, kind="stable")
    return np.asarray(order[np.searchsorted(graded.ecg_ids, ecg_ids, sorter=order)], dtype=np.int64)
