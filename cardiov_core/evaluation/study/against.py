"""Two graders on the same records: which is better, by how much, and whether chance could do it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from cardiov_core.domain import Float64Array, JsonObject
from cardiov_core.errors import ConfigurationError
from cardiov_core.evaluation.bootstrap import counted_tests
from cardiov_core.evaluation.counted import (
    CountedLevels,
    alarm_figures,
    high_risk_graded_low,
    level_areas,
    level_figures,
    shares,
)
from cardiov_core.evaluation.json_figures import defined, limits_of
from cardiov_core.evaluation.metrics import LEVEL_KEYS
from cardiov_core.evaluation.study.figures import Graded, graded_of

PAIRED_TEST = (
    "paired bootstrap by patient, two-sided, from the same resamples as the interval: twice the smaller share of them "
    "on either side of no difference. Not corrected for the number of figures"
)
"""How `p_value` comes about."""


def compare_graders(first: pd.DataFrame, second: pd.DataFrame, n_resamples: int, *, seed: int = 0) -> JsonObject:
    """Compare two graders on the records that both graded."""
    common = sorted(set(first["ecg_id"]) & set(second["ecg_id"]))
    if not common:
        raise ConfigurationError("The two graders have no record in common.", "Grade the same folds with both.")
    one = graded_of(first.set_index("ecg_id").loc[common])
    two = graded_of(second.set_index("ecg_id").loc[common])
    our_figures, their_figures = _counted(one), _counted(two)

    def differences(counts: Float64Array) -> Float64Array:
        theirs = their_figures(counts)
        return np.stack([value - theirs[name] for name, value in our_figures(counts).items()])

    once = np.ones((len(common), 1))
    ours, others = (
        {name: float(value[0]) for name, value in figures(once).items()} for figures in (our_figures, their_figures)
    )
    tests = counted_tests(differences, len(common), groups=one.patients, n_resamples=n_resamples, seed=seed)
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


def _counted(graded: Graded) -> Callable[[Float64Array], dict[str, Float64Array]]:
    """Return the figures that graders are chosen by, as a function of how often resamples hold each record."""
    confusions_of = CountedLevels(graded.labels, graded.levels)
    areas = level_areas(graded.labels, graded.probabilities)
    own = (graded.labels[:, np.newaxis] == np.arange(len(LEVEL_KEYS))) - graded.probabilities
    squared = (own**2).sum(axis=1)

    def figures(counts: Float64Array) -> dict[str, Float64Array]:
        confusions = confusions_of(counts)
        values = level_figures(confusions)
        of_levels = {f"auc.{key}": area(counts) for key, area in areas.items()}
        values |= of_levels | {"auc.mean": np.mean([*of_levels.values()], axis=0)}
        alarms = alarm_figures(confusions)
        values |= {name: value for name, value in alarms.items() if name.endswith(("sensitivity", "specificity"))}
        values["high_risk_graded_no_or_low"] = high_risk_graded_low(confusions)
        values["brier.levels"] = shares(squared @ counts, counts.sum(axis=0))
        return values

    return figures
