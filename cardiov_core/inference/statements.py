"""Which ECG statements are likely: what stands behind a level, in a cardiologist's words."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import expit

from cardiov_core.datasets import SAME_MARK, differing_bits, signal_mark
from cardiov_core.domain import EcgRecord, Float64Array, LikelyStatement, Measurements
from cardiov_core.inference.graders.boosting import boosting_scores
from cardiov_core.signals import FEATURES, features_of
from cardiov_core.statements import STATEMENTS
from cardiov_core.weights import StatementHead, load_statement_head, weights_folder

SHOWN_FROM = 0.7
"""A statement whose AUC out of fold is below this is not shown."""


def likely_statements(
    record: EcgRecord, measurements: Measurements, head: StatementHead | None = None
) -> tuple[LikelyStatement, ...]:
    """Return the statements that may be shown of a record, the most probable first.

    Returns of a training record what trees said that had not seen its patient. Empty where no beat was found, the head
    is missing, or it was trained on other measurements.
    """
    chosen = head or shipped_head()
    if chosen is None or measurements.median_beat is None:
        return ()
    if chosen.card.measurements != tuple(feature.key for feature in FEATURES):
        return ()
    known = _out_of_fold(record, chosen)
    if known is None:
        scores = boosting_scores(chosen.trees, features_of(record, measurements)[np.newaxis])[0]
        slopes = np.array([figures.slope for figures in chosen.card.statements])
        offsets = np.array([figures.offset for figures in chosen.card.statements])
        probabilities = np.asarray(expit(slopes * scores + offsets), dtype=np.float64)
    else:
        probabilities = known
    likely = [
        LikelyStatement(
            code=figures.code,
            description=STATEMENTS[figures.code].description,
            level=STATEMENTS[figures.code].critical_value,
            probability=float(probability),
            out_of_fold=known is not None,
        )
        for figures, probability in zip(chosen.card.statements, probabilities, strict=True)
        if figures.shown and figures.code in STATEMENTS
    ]
    return tuple(sorted(likely, key=lambda one: -one.probability))


def _out_of_fold(record: EcgRecord, head: StatementHead) -> Float64Array | None:
    mark = signal_mark(record) if head.marks else None
    if mark is None:
        return None
    bits = differing_bits(mark, head.marks)
    nearest = int(bits.argmin())
    return head.out_of_fold[nearest] if bits[nearest] <= SAME_MARK else None


def shipped_head() -> StatementHead | None:
    """Return the head of the weights in use; None where there is none."""
    return _opened(weights_folder())


@lru_cache(maxsize=2)
def _opened(folder: Path) -> StatementHead | None:
    return load_statement_head(folder / "statements")
