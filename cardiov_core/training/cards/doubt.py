"""From which doubt on a level is warned of: chosen out of fold, measured on records that had no part in it."""

import numpy as np

from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import area_under_curve, wilson
from cardiov_core.inference import SHARE_WARNED, doubts_of, fit_doubt_limit
from cardiov_core.training.data.records import groups_of
from cardiov_core.weights import DoubtPart, ModelCard, WarnedPart, out_of_fold_table

_DIGITS = 4


def doubt_part(probabilities: Float64Array, decided: IntArray, labels: IntArray, groups: IntArray) -> DoubtPart:
    """Return the limit, and what warnings by limits that were fitted without the record's group come to.

    `probabilities`: shape (n, 4), out of fold, after nested calibration. `decided`: shape (n,), the levels on show, by
    costs that were chosen without the record's group. `labels`, `groups`: shape (n,), levels, and the cross-validation
    group of each record.
    """
    doubts, wrong = doubts_of(probabilities, decided), decided != labels
    warned = np.zeros(len(labels), dtype=bool)
    parts = np.unique(groups)
    for group in parts:
        own = groups == group
        warned[own] = doubts[own] >= fit_doubt_limit(doubts[~own] if len(parts) > 1 else doubts)
    return DoubtPart(
        limit=fit_doubt_limit(doubts),
        share=SHARE_WARNED,
        fitted_on=f"{len(labels)} out-of-fold predictions",
        measured=WarnedPart(
            kind="nested: limit, calibration and costs fitted without the record's group of patients",
            n=len(labels),
            warned=int(warned.sum()),
            wrong_warned=int(wrong[warned].sum()),
            wrong_warned_interval=_interval(wrong[warned]),
            wrong_others=int(wrong[~warned].sum()),
            wrong_others_interval=_interval(wrong[~warned]),
            auc=_auc(wrong, doubts),
            auc_most_probable=_auc(wrong, 1.0 - probabilities.max(axis=1)),
        ),
    )


def stored_doubt_part(card: ModelCard) -> DoubtPart:
    """Return the same of a grader that is already trained, out of its own out-of-fold table.

    Raises
    ------
    TrainingError
        If it has no such table, or one without decided levels.
    """
    table, cv_groups = out_of_fold_table(card), card.stated.training.cv_groups
    if table is None or cv_groups is None or "decided" not in table.columns:
        raise TrainingError(f"{card.name} has no out-of-fold levels to take a limit from.", "Train it again.")
    return doubt_part(
        table[["p0", "p1", "p2", "p3"]].to_numpy(np.float64),
        table["decided"].to_numpy(np.int64),
        table["label"].to_numpy(np.int64),
        groups_of(table, cv_groups),
    )


def _interval(wrong: BoolArray) -> tuple[float, float] | None:
    return wilson(int(wrong.sum()), len(wrong)) if len(wrong) else None


def _auc(wrong: BoolArray, scores: Float64Array) -> float | None:
    return None if wrong.all() or not wrong.any() else round(area_under_curve(wrong, scores), _DIGITS)
