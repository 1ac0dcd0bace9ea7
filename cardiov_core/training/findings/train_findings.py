"""Training the finding detectors on PTB-XL: boosted trees a finding, cross-validated by patient.

Each detector is trained as often as there are groups of PTB-XL's folds, each time without one group; no patient is in
two. All that is said of it comes from records that it had not seen: where it is present is the probability that leaves
the wanted specificity on records without the finding's label and without related ones.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import STANDARD_LEADS, IntArray, JsonObject
from cardiov_core.errors import DatasetError
from cardiov_core.signals import Evidence, KeptExaminations
from cardiov_core.weights import (
    Detector,
    NewFindingsCard,
    OutOfFoldFigures,
    TrainedPart,
    Trees,
    join_trees,
    save_findings,
)

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


N_FOLDS = 5
"""Groups of PTB-XL's folds 1 to 9: 1 and 2, 3 and 4, 5 and 6, 7 and 8, and 9."""

_MI = ("IMI", "ASMI", "ILMI", "AMI", "ALMI", "LMI", "IPLMI", "IPMI", "PMI")
_ISCHAEMIA = ("ISC_", "ISCAL", "ISCIN", "ISCIL", "ISCAS", "ISCLA", "ISCAN")
_INJURY = ("INJAS", "INJIL", "INJLA", "INJIN", "INJAL")
_LARGEST = float(np.finfo(np.float32).max)
_NOT_FOR_RHYTHM = frozenset({"age", "male", "qrs_axis_deg", "t_axis_deg", "qtc_fridericia_ms"})
_SETTINGS: JsonObject = {
    "max_iter": 100,
    "learning_rate": 0.07,
    "max_leaf_nodes": 7,
    "min_samples_leaf": 8,
    "l2_regularization": 1.0,
    "random_state": 0,
}


@dataclass(frozen=True)
class Task:
    """What one detector learns."""

    # Statements that assert the finding, and those of records that count neither way.
    labels: tuple[str, ...]
    related: tuple[str, ...]
    kind: str  # {"rhythm", "waves"}; which numbers it is fed with: signs of rhythm, or the waves of all leads
    specificity: float  # where its limit lies, on records without labels and related ones


TASKS: Mapping[str, Task] = {
    "atrial_fibrillation": Task(("AFIB",), ("AFLT",), "rhythm", 0.985),
    "atrial_flutter": Task(("AFLT",), ("AFIB",), "rhythm", 0.994),
    "ventricular_premature_beats": Task(("PVC",), ("BIGU", "TRIGU", "PRC(S)"), "rhythm", 0.981),
    "atrial_premature_beats": Task(("PAC",), ("PRC(S)", "BIGU", "TRIGU", "SVARR", "AFIB", "AFLT"), "rhythm", 0.975),
    "lvh": Task(("LVH", "VCLVH"), ("HVOLT", "SEHYP", "RVH"), "waves", 0.965),
    "infarct_pattern": Task(_MI, ("QWAVE", "ABQRS", "ANEUR", *_ISCHAEMIA, *_INJURY), "waves", 0.965),
}
"""By code of the finding."""


@dataclass(frozen=True, eq=False)
class Rows:
    """What detectors are trained on, a row per record."""

    numbers: Sequence[Mapping[str, float]]  # by name; empty where a record has too few beats
    codes: Sequence[frozenset[str]]  # PTB-XL's statements
    groups: IntArray  # int64: which group of folds a record belongs to, 0..4
    fingerprints: Sequence[str]  # checksums of the records


def gather(
    dataset: PtbXl, progress: Callable[[int, int], None] | None = None, kept: KeptExaminations | None = None
) -> Rows:
    """Measure the records of folds 1 to 9, or take what was kept.

    Parameters
    ----------
    dataset : PtbXl
        The records.
    kept : KeptExaminations, optional
        What was measured before; in `KEPT_IN` by default.
    progress : callable, optional
        Gets how many of how many are measured.

    Returns
    -------
    Rows
        In the order of the table.

    Raises
    ------
    DatasetError
        If a record is damaged.
    """
    ids = dataset.ecg_ids(range(1, 10))
    numbers, codes, groups, marks = [], [], [], []
    records = (kept or KeptExaminations()).of(dataset.record(ecg_id) for ecg_id in ids)
    for index, (ecg_id, examination) in enumerate(zip(ids, records, strict=True)):
        evidence = Evidence(examination.record, examination.measurements, examination.quality)
        numbers.append(evidence.numbers or {})
        codes.append(frozenset(dataset.scp_codes(ecg_id)))
        groups.append((dataset.fold(ecg_id) - 1) // 2)
        marks.append(examination.fingerprint)
        if progress is not None:
            progress(index + 1, len(ids))
    return Rows(numbers, codes, np.asarray(groups, dtype=np.int64), marks)


def train_findings(rows: Rows, folder: Path, source: str = "PTB-XL") -> Path:
    """Train all detectors and write them.

    Parameters
    ----------
    rows : Rows
        From `gather`.
    folder : pathlib.Path
        Where the weights go.
    source : str
        Name of the data, for the card.

    Returns
    -------
    pathlib.Path
        The card.

    Raises
    ------
    DatasetError
        If a group has no record, or a finding is labelled in fewer than two of them.
    """
    if set(rows.groups.tolist()) != set(range(N_FOLDS)):
        raise DatasetError("Some of PTB-XL's folds 1 to 9 have no record here.", "Use a folder with all nine.")
    detectors, parts = {}, {}
    for code, task in TASKS.items():
        detectors[code], parts[code] = _train(rows, code, task)
    folds = tuple(
        tuple(mark for mark, group in zip(rows.fingerprints, rows.groups.tolist(), strict=True) if group == fold)
        for fold in range(N_FOLDS)
    )
    card = NewFindingsCard(
        name="findings",
        title="Detectors of findings that no single limit finds: boosted trees on measurements",
        data=f"{source}, {len(rows.codes)} records of folds 1 to 9",
        recipe=_SETTINGS,
        detectors=parts,
        licence="Weights as the code. PTB-XL: Creative Commons Attribution 4.0.",
        folds=folds,
    )
    return save_findings(detectors, card, folder)


def _columns(rows: Rows, kind: str) -> tuple[str, ...]:
    names = sorted({name for row in rows.numbers for name in row})
    waves = [name for name in names if name.split("_", maxsplit=1)[0] in STANDARD_LEADS]
    if kind == "waves":
        return (*waves, "qrs_axis_deg", "t_axis_deg", "qrs_ms")
    return tuple(name for name in names if name not in waves and name not in _NOT_FOR_RHYTHM)


def _train(rows: Rows, code: str, task: Task) -> tuple[Detector, TrainedPart]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    columns = _columns(rows, task.kind)
    table = np.array([[row.get(name, np.nan) for name in columns] for row in rows.numbers], dtype=np.float64)
    labelled = np.array([bool(codes & set(task.labels)) for codes in rows.codes])
    without = np.array([not codes & {*task.labels, *task.related} for codes in rows.codes])
    usable = np.array([bool(row) for row in rows.numbers])
    if labelled.sum() < N_FOLDS:
        raise DatasetError(f"Only {labelled.sum()} records are labelled with {code}.", "Use more of PTB-XL.")
    # Related records are no examples of either side: half an infarct teaches nothing about a whole one.
    taught = usable & (labelled | without)
    folds, seen = [], np.full(labelled.size, np.nan)
    for fold in range(N_FOLDS):
        rest = taught & (rows.groups != fold)
        model = HistGradientBoostingClassifier(**_SETTINGS).fit(table[rest], labelled[rest])
        trees = _exported(model)
        folds.append(trees)
        for index in np.flatnonzero((rows.groups == fold) & usable):
            seen[index] = trees.log_odds(table[index])
    counted = usable & (labelled | without)
    scale = LogisticRegression(C=1e6).fit(seen[counted, np.newaxis], labelled[counted])
    calibration = float(scale.coef_[0, 0]), float(scale.intercept_[0])
    seen = 1.0 / (1.0 + np.exp(-(calibration[0] * seen + calibration[1])))
    limit = float(np.quantile(seen[without & usable], task.specificity))
    part = TrainedPart(
        labels=task.labels,
        related=task.related,
        specificity_wanted=task.specificity,
        out_of_fold=OutOfFoldFigures(
            n_with=int((labelled & usable).sum()),
            n_without=int((without & usable).sum()),
            auc=round(float(roc_auc_score(labelled[counted], seen[counted])), 4),
            sensitivity=round(float((seen[labelled & usable] >= limit).mean()), 4),
            specificity=round(float((seen[without & usable] < limit).mean()), 4),
        ),
    )
    return Detector(columns, limit, calibration, tuple(folds)), part


def _exported(model: "HistGradientBoostingClassifier") -> Trees:
    """Take the nodes out of scikit-learn's trees."""
    trees = []
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(nodes.size)
        trees.append(
            {
                "feature": np.where(leaf, -1, nodes["feature_idx"].astype(np.int64)),
                # A split of missing from measured has an infinite threshold, which no weights file takes.
                "threshold": np.where(leaf, 0.0, np.minimum(nodes["num_threshold"], _LARGEST)),
                "missing_left": nodes["missing_go_to_left"].astype(bool),
                "left": np.where(leaf, own, nodes["left"].astype(np.int64)),
                "right": np.where(leaf, own, nodes["right"].astype(np.int64)),
                "value": np.where(leaf, nodes["value"], 0.0),
            }
        )
    return join_trees(trees, float(np.ravel(model._baseline_prediction)[0]))
