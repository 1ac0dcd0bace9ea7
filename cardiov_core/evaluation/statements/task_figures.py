"""The figures of a task, with intervals: macro AUC, Fmax, per output; of levels their AUCs; of numbers MAE and R2."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from cardiov_core import ordinal
from cardiov_core.datasets import SINUS_RHYTHM, Task, Year, challenge_classes
from cardiov_core.domain import BoolArray, Float64Array, JsonObject
from cardiov_core.evaluation.bootstrap import Counted, counted_intervals
from cardiov_core.evaluation.counted import CountedArea, shares
from cardiov_core.evaluation.metrics import LEVEL_KEYS
from cardiov_core.evaluation.statements.challenge_score import challenge_figures, challenge_score
from cardiov_core.evaluation.statements.hierarchy import Level, labels_upwards, scores_upwards
from cardiov_core.evaluation.statements.multilabel import auc_per_class, f_max, macro_auc
from cardiov_core.evaluation.statements.rules import HowRulesCount, answers_with_rules, rules_of
from cardiov_core.evaluation.statements.thresholds import adaptive_answers


@dataclass(frozen=True)
class TaskFigures:
    """How well a task was done.

    Attributes
    ----------
    n, n_patients : int
        Records and patients.
    name : str
        Of the main figure: 'macro_auc', or 'mae' for numbers.
    value, low, high : float
        The main figure with its 95 % interval, resampled by patient.
    more : dict
        Other figures: ``f_max`` or ``r2``, and ``auc`` by output with ``n`` positive records each.
    """

    n: int
    n_patients: int
    name: str
    value: float
    low: float
    high: float
    more: dict[str, object]

    def as_json(self) -> JsonObject:
        """Return the figures as JSON values."""
        return asdict(self)


def judged(task: Task, targets: Float64Array, outputs: Float64Array) -> tuple[BoolArray, Float64Array]:
    """Return labels and scores by class: of levels, the four levels with their decoded probabilities.

    `targets`, `outputs`: shape (n, outputs), labels or exceedances, and probabilities.
    """
    if task.kind != "levels":
        return targets > 0.5, outputs
    levels = (targets > 0.5).sum(axis=1).astype(np.int64)
    return np.eye(len(LEVEL_KEYS), dtype=bool)[levels], ordinal.decode(outputs)


def main_figure(task: Task, targets: Float64Array, outputs: Float64Array) -> float:
    """Return macro AUC, or the mean absolute error of numbers."""
    if task.kind == "number":
        return float(np.abs(targets - outputs).mean())
    return macro_auc(*judged(task, targets, outputs))


def second_figure(task: Task, targets: Float64Array, outputs: Float64Array) -> float | None:
    """Return R2 of numbers and the accuracy of a single label at 0.5; None of other tasks, and where nothing varies.

    The benchmark's Tables III and IV have them beside the mean absolute error of the age and the AUC of the sex
    (Strodthoff et al. 2021, doi:10.1109/JBHI.2020.3022989).
    """
    if task.kind == "number":
        total = float(((targets - targets.mean()) ** 2).sum())
        return 1.0 - float(((targets - outputs) ** 2).sum()) / total if total > 0 else None
    if task.kind == "levels" or len(task.outputs) > 1:
        return None
    return float(((outputs > 0.5) == (targets > 0.5)).mean())


def counted_figure(task: Task, targets: Float64Array, outputs: Float64Array) -> Counted:
    """Return `main_figure` of many resamples at once, for `counted_intervals`; arguments as in `main_figure`."""
    if task.kind == "number":
        errors = np.abs(targets - outputs).mean(axis=1)
        return lambda counts: shares(errors @ counts, counts.sum(axis=0))[np.newaxis]
    labels, scores = judged(task, targets, outputs)
    areas = [CountedArea(positive, own) for positive, own in zip(labels.T, scores.T, strict=True)]

    def mean_area(counts: Float64Array) -> Float64Array:
        total, n_defined = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
        for area in areas:
            value = area(counts)
            total += np.nan_to_num(value)
            n_defined += ~np.isnan(value)
        return shares(total, n_defined)[np.newaxis]

    return mean_area


def task_figures(
    task: Task,
    targets: Float64Array,
    outputs: Float64Array,
    patients: Sequence[object],
    *,
    n_resamples: int = 1000,
) -> TaskFigures:
    """Return the figures of outputs that networks gave to records of patients whom they had not seen.

    Parameters
    ----------
    task : Task
        What was learned.
    targets, outputs : numpy.ndarray, shape (n, outputs)
        Labels and probabilities, or numbers in their own unit.
    patients : sequence
        Who each record is from.
    n_resamples : int
        Behind the interval. A class without a positive in a resample is left out of that resample's mean.
    """
    groups = np.asarray([str(one) for one in patients])
    counted = counted_figure(task, targets, outputs)
    (interval,) = counted_intervals(counted, len(targets), groups=groups, n_resamples=n_resamples)
    if task.kind == "number":
        name = "mae"
        more: dict[str, object] = {"r2": second_figure(task, targets, outputs)}
    else:
        labels, scores = judged(task, targets, outputs)
        names = LEVEL_KEYS if task.kind == "levels" else task.outputs
        areas = [None if np.isnan(area) else float(area) for area in auc_per_class(labels, scores)]
        counts = [int(count) for count in labels.sum(axis=0)]
        more = {"auc": dict(zip(names, areas, strict=True)), "positive": dict(zip(names, counts, strict=True))}
        name = "macro_auc"
        if labels.any(axis=1).all():
            more["f_max"] = f_max(labels, scores)
        more |= _of_challenge(task, labels, scores) | _upwards(task, labels, scores)
        if task.name == "sex":
            more["accuracy"] = second_figure(task, targets, outputs)
    value = main_figure(task, targets, outputs)
    return TaskFigures(
        len(targets), len(np.unique(groups)), name, value, float(interval.low), float(interval.high), more
    )


def _of_challenge(task: Task, labels: BoolArray, scores: Float64Array) -> dict[str, object]:
    """Return the challenge's own figures of its tasks, by Revenger's adaptive rule."""
    if task.source != "cinc":
        return {}
    year, sinus = _year(task)
    return {"challenge": asdict(challenge_figures(labels, adaptive_answers(scores, sinus), year, scores))}


def challenge_value(task: Task, labels: BoolArray, scores: Float64Array) -> float:
    """Return a challenge's score of probabilities by Revenger's adaptive rule.

    Parameters
    ----------
    task : Task
        Of a challenge.
    labels, scores : numpy.ndarray, shape (n, outputs)
        What records have, and probabilities.
    """
    year, sinus = _year(task)
    return challenge_score(labels, adaptive_answers(scores, sinus), year)


def challenge_with_rules(
    task: Task, labels: BoolArray, scores: Float64Array, findings: Sequence[Collection[str]]
) -> dict[str, dict[str, object]]:
    """Return the challenge's figures where rules override the adaptive rule's answers, and where they join them.

    Parameters
    ----------
    task : Task
        Of a challenge.
    labels, scores : numpy.ndarray, shape (n, outputs)
        What records have, and a network's probabilities.
    findings : sequence of collection of str
        Codes of the findings that each record has.
    """
    year, sinus = _year(task)
    answers, rules = adaptive_answers(scores, sinus), rules_of(task)
    ways: tuple[HowRulesCount, ...] = ("override", "join")
    return {
        how: asdict(challenge_figures(labels, answers_with_rules(answers, findings, rules, how), year, scores))
        for how in ways
    }


def _year(task: Task) -> tuple[Year, int]:
    """Return which challenge, and the column of sinus rhythm."""
    year: Year = 2020 if task.name == "cinc2020" else 2021
    return year, [SINUS_RHYTHM in one.codes for one in challenge_classes(year)].index(True)


def _upwards(task: Task, labels: BoolArray, scores: Float64Array) -> dict[str, object]:
    """Return the macro AUC of subclasses and superclasses by sum and clip, of tasks that hold diagnostic statements."""
    if task.name not in ("all", "diagnostic"):
        return {}
    areas: dict[str, object] = {}
    levels: tuple[Level, ...] = ("subclass", "superclass")
    for level in levels:
        truth = labels_upwards(labels, task.outputs, level)
        had = truth.any(axis=1)
        if had.any():
            upwards = scores_upwards(scores[had], task.outputs, level)
            areas[f"macro_auc_{level}"] = macro_auc(truth[had], upwards)
    return areas
