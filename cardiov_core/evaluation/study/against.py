"""Two graders on the same records: which is better, by how much, and whether chance could do it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from cardiov_core.domain import Float64Array
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.bootstrap import bootstrap_tests
from cardiov_core.evaluation.calibration_curve import brier_score
from cardiov_core.evaluation.metrics import LEVEL_KEYS, auc_per_level, confusion_matrix
from cardiov_core.evaluation.operating_points import OPERATING_POINTS, alarm_at, missed_high_risk
from cardiov_core.evaluation.study.figures import Graded, defined, graded_of, level_figures, limits_of

PAIRED_TEST = (
    "paired bootstrap by patient, two-sided, from the same resamples as the interval: twice the smaller share of them "
    "on either side of no difference. Not corrected for the number of figures"
)
"""How `p_value` comes about."""

Levels = npt.NDArray[np.int64]


def compare_graders(first: pd.DataFrame, second: pd.DataFrame, n_resamples: int, *, seed: int = 0) -> dict[str, Any]:
    """Compare two graders on the records that both graded."""
    common = sorted(set(first["ecg_id"]) & set(second["ecg_id"]))
    if not common:
        raise ConfigurationError("The two graders have no record in common.", "Grade the same folds with both.")
    one = graded_of(first.set_index("ecg_id").loc[common])
    two = graded_of(second.set_index("ecg_id").loc[common])
    answers, theirs = _answers(one), _answers(two)
    arrays = (one.labels, answers, theirs)
    ours, others = _figures(one.labels, answers), _figures(one.labels, theirs)
    tests = bootstrap_tests(_differences, *arrays, groups=one.patients, n_resamples=n_resamples, seed=seed)
    apart = np.abs(one.levels - two.levels)
    alike = apart == 0
    return {
        "n": len(common),
        "n_differ": int((apart > 0).sum()),
        "n_differ_far": int((apart > 1).sum()),
        "accuracy_alike": defined(float((one.levels == one.labels)[alike].mean()) if alike.any() else float("nan")),
        "test": PAIRED_TEST,
        "figures": [
            {
                "figure": name,
                "value": defined(value),
                "other": defined(others[name]),
                "difference": defined(value - others[name]),
                "interval": limits_of(tests[index][0]),
                "p_value": tests[index][1],
            }
            for index, (name, value) in enumerate(ours.items())
        ],
    }


def _answers(graded: Graded) -> Float64Array:
    """Return level, probabilities and their ranks, shape ``(n, 9)``.

    The AUC is taken of ranks, which leave it as it is: only their order counts.
    """
    ranks = rankdata(graded.probabilities, axis=0)
    return np.column_stack([graded.levels, graded.probabilities, ranks]).astype(np.float64)


def _figures(labels: Levels, answers: Float64Array) -> dict[str, float]:
    """Return the figures that graders are chosen by; NaN where undefined."""
    levels, probabilities, ranks = answers[:, 0].astype(np.int64), answers[:, 1:5], answers[:, 5:]
    confusion = confusion_matrix(labels, levels)
    missed, n_high = missed_high_risk(confusion)
    figures = level_figures(confusion)
    figures |= {f"auc.{key}": value for key, value in auc_per_level(labels, ranks).items()}
    for name, level in OPERATING_POINTS.items():
        alarm = alarm_at(confusion, level)
        figures[f"operating_points.{name}.sensitivity"] = alarm.sensitivity
        figures[f"operating_points.{name}.specificity"] = alarm.specificity
    figures["high_risk_graded_no_or_low"] = missed / n_high if n_high else float("nan")
    figures["brier.levels"] = brier_score(labels[:, np.newaxis] == np.arange(len(LEVEL_KEYS)), probabilities)
    return figures


def _differences(labels: Levels, answers: Float64Array, theirs: Float64Array) -> Float64Array:
    ours, others = _figures(labels, answers), _figures(labels, theirs)
    return np.array([value - others[name] for name, value in ours.items()])
