"""The benchmark paper's analyses of one network, or of several that differ in their seeds, on PTB-XL's statements.

Each statement out of fold, the hierarchy upwards, hidden stratification with the records of each cluster, how unsure an
ensemble is against how sure the cardiologist was, and rules beside the network (Strodthoff et al. 2021,
doi:10.1109/JBHI.2020.3022989, sections III-A and IV; Kang and Wen 2022, doi:10.1088/1361-6579/ac6aa4, section 5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiov_core.datasets import LabelledRecords, Task, statement_classes, task_of
from cardiov_core.domain import BoolArray, Float64Array, IntArray
from cardiov_core.errors import WeightsError
from cardiov_core.evaluation import (
    HowRulesCount,
    Interval,
    answers_above,
    answers_with_rules,
    auc_per_class,
    best_thresholds,
    bootstrap_intervals,
    f_beta_g_beta,
    f_beta_g_beta_per_class,
    f_max,
    hidden_strata,
    labels_upwards,
    macro_auc,
    members_of,
    rules_of,
    scores_upwards,
    spread_by_likelihood,
)

BETA = 2.0
"""How many times recall counts in F-beta and G-beta, as in the paper."""

FEWEST, FEWEST_TO_SPLIT = 10, 30
"""Records that a statement needs for a figure, and for clusters."""

_TASK, _NORMAL = "all", "NORM"
_LEVELS: tuple[Literal["superclass", "subclass"], ...] = ("superclass", "subclass")
_RULES: tuple[Literal["sum", "max", "mean"], ...] = ("sum", "max", "mean")
_HOW: tuple[HowRulesCount, ...] = ("override", "join")
_ALONE = "alone"


@dataclass(frozen=True)
class StatementFigure:
    """One statement: records with it, AUC with 95 % interval, F-beta and G-beta at the threshold of other folds."""

    code: str
    n: int
    auc: float
    low: float
    high: float
    f_beta: float
    g_beta: float


@dataclass(frozen=True)
class ClassFigure:
    """One class of the hierarchy from the outputs of its statements by sum and clip: records with it, AUC."""

    superclass: str
    subclass: str
    n: int
    auc: float


@dataclass(frozen=True)
class RuleFigure:
    """Macro AUC of a level of the hierarchy by one way of joining."""

    level: str
    rule: str
    macro_auc: float


@dataclass(frozen=True)
class Cluster:
    """Records with a statement that a network answers alike: their AUC, how many are also normal, which they are."""

    code: str
    auc: float
    n_normal: int
    ecg_ids: tuple[int, ...]


@dataclass(frozen=True)
class SpreadFigure:
    """Mean standard deviation of an ensemble where the cardiologist gave a likelihood, in per cent."""

    likelihood: float
    spread: float
    n: int


@dataclass(frozen=True)
class DetectorFigure:
    """A statement that a rule knows: the network alone, the rule in its place, or both; counts and F-beta."""

    code: str
    how: str
    true_positive: int
    false_positive: int
    false_negative: int
    f_beta: float


@dataclass(frozen=True)
class StatementsCheck:
    """All of it.

    Attributes
    ----------
    net : str
        Which network.
    n_members : int
        How many that differ in their seeds; their mean is judged.
    n, n_patients, n_resamples : int
        Records, patients, and draws behind an interval.
    macro_auc, low, high, f_max, f_beta, g_beta : float
        Over all statements.
    n_rare : int
        Statements with too few records for a row.
    statements, classes, rules, clusters, spread, detectors : tuple
        The analyses. Clusters stand in pairs of a statement, the greatest gap first; no spread of a single network,
        and no detectors where no findings were given.
    """

    net: str
    n_members: int
    n: int
    n_patients: int
    n_resamples: int
    macro_auc: float
    low: float
    high: float
    f_max: float
    f_beta: float
    g_beta: float
    n_rare: int
    statements: tuple[StatementFigure, ...]
    classes: tuple[ClassFigure, ...]
    rules: tuple[RuleFigure, ...]
    clusters: tuple[Cluster, ...]
    spread: tuple[SpreadFigure, ...]
    detectors: tuple[DetectorFigure, ...]


@dataclass(frozen=True, eq=False)
class _Outputs:
    """What members said out of fold: ``(n_members, n, n_statements)``, labels, and who each record is."""

    members: Float64Array
    labels: BoolArray
    ecg_ids: IntArray
    patients: npt.NDArray[np.str_]
    folds: IntArray

    @property
    def mean(self) -> Float64Array:
        mean: Float64Array = self.members.mean(axis=0)
        return mean


def check_statements(
    tables: Sequence[Path],
    dataset: LabelledRecords,
    *,
    findings_of: Callable[[Sequence[int]], Sequence[frozenset[str]]] | None = None,
    n_resamples: int = 500,
) -> StatementsCheck:
    """Analyse what a network answered out of fold on PTB-XL's statements.

    Parameters
    ----------
    tables : sequence of pathlib.Path
        ``NAME.oof.csv`` of trainings on the task ``all``; more than one of them are members of an ensemble.
    dataset : LabelledRecords
        For the likelihoods of statements.
    findings_of : callable, optional
        ECG ids -> codes of the findings that each record has, for the rules.
    n_resamples : int
        Behind the intervals, by patient.

    Raises
    ------
    WeightsError
        If a table cannot be read, is of another task, or the tables are not of the same records.
    """
    task = task_of(_TASK)
    outputs = _read(tables, task)
    labels, mean = outputs.labels, outputs.mean
    intervals = _intervals(outputs, n_resamples)
    answers = _answers(outputs)
    f_beta, g_beta = f_beta_g_beta(labels, answers, BETA)
    return StatementsCheck(
        net=tables[0].name.split(f"-{_TASK}.")[0],
        n_members=len(tables),
        n=len(labels),
        n_patients=len(set(outputs.patients)),
        n_resamples=n_resamples,
        macro_auc=macro_auc(labels, mean),
        low=float(intervals[-1].low),
        high=float(intervals[-1].high),
        f_max=f_max(labels, mean),
        f_beta=f_beta,
        g_beta=g_beta,
        n_rare=int((labels.sum(axis=0) < FEWEST).sum()),
        statements=_by_statement(outputs, answers, intervals, task),
        classes=_classes(labels, mean, task),
        rules=_upwards(labels, mean, task),
        clusters=_clusters(outputs, task),
        spread=_spread(outputs, task, dataset),
        detectors=() if findings_of is None else _detectors(outputs, answers, task, findings_of),
    )


def _by_statement(
    outputs: _Outputs, answers: BoolArray, intervals: Sequence[Interval], task: Task
) -> tuple[StatementFigure, ...]:
    """Return the figures of each statement that is frequent enough."""
    labels = outputs.labels
    areas, of_answers = auc_per_class(labels, outputs.mean), f_beta_g_beta_per_class(labels, answers, BETA)
    return tuple(
        StatementFigure(
            task.outputs[at],
            int(labels[:, at].sum()),
            float(areas[at]),
            float(intervals[at].low),
            float(intervals[at].high),
            *(float(part[at]) for part in of_answers),
        )
        for at in np.flatnonzero(labels.sum(axis=0) >= FEWEST).tolist()
    )


def _read(tables: Sequence[Path], task: Task) -> _Outputs:
    frames = []
    for path in tables:
        try:
            table = pd.read_csv(path, dtype={"patient_id": str})
            table[list(task.outputs)]
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError(
                f"{path} holds no answers on the task {task.name}: {error}.",
                f"Name the .oof.csv of cardiov train --net NAME --task {task.name}.",
            ) from error
        frames.append(table)
    first = frames[0]
    if any(table["ecg_id"].tolist() != first["ecg_id"].tolist() for table in frames):
        raise WeightsError("The tables are not of the same records.", "Train all members on the same data.")
    return _Outputs(
        np.stack([table[list(task.outputs)].to_numpy(dtype=np.float64) for table in frames]),
        first[[f"label_{name}" for name in task.outputs]].to_numpy() > 0.5,
        first["ecg_id"].to_numpy(dtype=np.int64),
        first["patient_id"].to_numpy(dtype=str),
        first["fold"].to_numpy(dtype=np.int64),
    )


def _intervals(outputs: _Outputs, n_resamples: int) -> Sequence[Interval]:
    """Return the intervals of each statement's AUC, and last that of their mean."""

    def statistic(labels: BoolArray, scores: Float64Array) -> Float64Array:
        areas = auc_per_class(labels, scores)
        return np.array([*areas, np.nanmean(areas)])

    return bootstrap_intervals(
        statistic, outputs.labels, outputs.mean, groups=outputs.patients, n_resamples=n_resamples
    )


def _answers(outputs: _Outputs) -> BoolArray:
    """Return answers at the threshold that is best for F-beta on all other folds."""
    answers: BoolArray = np.zeros_like(outputs.labels)
    for fold in np.unique(outputs.folds):
        own = outputs.folds == fold
        answers[own] = answers_above(outputs.mean[own], best_thresholds(outputs.labels[~own], outputs.mean[~own], BETA))
    return answers


def _classes(labels: BoolArray, scores: Float64Array, task: Task) -> tuple[ClassFigure, ...]:
    known = statement_classes().values()
    above = {one.subclass: one.superclass for one in known if one.diagnostic}
    rows = []
    for level in _LEVELS:
        truth = labels_upwards(labels, task.outputs, level)
        had = truth.any(axis=1)
        areas = auc_per_class(truth[had], scores_upwards(scores[had], task.outputs, level))
        for at, name in enumerate(members_of(level, task.outputs)):
            superclass, subclass = (name, "") if level == "superclass" else (above[name], name)
            n = int(truth[:, at].sum())
            if n >= FEWEST:
                rows.append(ClassFigure(superclass, subclass, n, float(areas[at])))
    return tuple(sorted(rows, key=lambda one: (one.superclass, one.subclass)))


def _upwards(labels: BoolArray, scores: Float64Array, task: Task) -> tuple[RuleFigure, ...]:
    rows = []
    for level in _LEVELS:
        truth = labels_upwards(labels, task.outputs, level)
        had = truth.any(axis=1)
        for rule in _RULES:
            area = macro_auc(truth[had], scores_upwards(scores[had], task.outputs, level, rule))
            rows.append(RuleFigure(level, rule, area))
    return tuple(rows)


def _clusters(outputs: _Outputs, task: Task) -> tuple[Cluster, ...]:
    normal = task.outputs.index(_NORMAL)
    pairs = []
    for at, code in enumerate(task.outputs):
        if not FEWEST_TO_SPLIT <= outputs.labels[:, at].sum() < len(outputs.labels):
            continue
        strata = hidden_strata(outputs.labels, outputs.mean, at, normal)
        pairs.append(
            [
                Cluster(code, one.auc, one.n_together, tuple(int(number) for number in outputs.ecg_ids[one.records]))
                for one in strata
            ]
        )
    pairs.sort(key=lambda pair: pair[0].auc - pair[-1].auc)
    return tuple(cluster for pair in pairs for cluster in pair)


def _spread(outputs: _Outputs, task: Task, dataset: LabelledRecords) -> tuple[SpreadFigure, ...]:
    """Return the spread of diagnostic statements by likelihood; PTB-XL's 0 means 'not graded' and is left out."""
    if len(outputs.members) < 2:
        return ()
    known = statement_classes()
    columns = [at for at, code in enumerate(task.outputs) if known[code].diagnostic]
    likelihoods = np.full((len(outputs.ecg_ids), len(columns)), np.nan)
    for row, ecg_id in enumerate(outputs.ecg_ids):
        codes = dataset.scp_codes(int(ecg_id))
        for place, at in enumerate(columns):
            likelihood = codes.get(task.outputs[at], 0.0)
            if likelihood > 0:
                likelihoods[row, place] = likelihood
    by_likelihood: Mapping[float, tuple[float, int]] = spread_by_likelihood(outputs.members[:, :, columns], likelihoods)
    return tuple(SpreadFigure(value, spread, n) for value, (spread, n) in by_likelihood.items())


def _detectors(
    outputs: _Outputs,
    answers: BoolArray,
    task: Task,
    findings_of: Callable[[Sequence[int]], Sequence[frozenset[str]]],
) -> tuple[DetectorFigure, ...]:
    rules = rules_of(task)
    findings = findings_of([int(number) for number in outputs.ecg_ids])
    ways = {_ALONE: answers} | {how: answers_with_rules(answers, findings, rules, how) for how in _HOW}
    rows = []
    enough = outputs.labels.sum(axis=0) >= FEWEST
    for at in [at for at, codes in enumerate(rules) if codes is not None and enough[at]]:
        for how, given in ways.items():
            label, answer = outputs.labels[:, at], given[:, at]
            f_beta, _ = f_beta_g_beta_per_class(outputs.labels, given, BETA)
            hit, wrong, missed = (int(part.sum()) for part in (label & answer, ~label & answer, label & ~answer))
            rows.append(DetectorFigure(task.outputs[at], how, hit, wrong, missed, float(f_beta[at])))
    return tuple(rows)
