"""One grader against the cardiologists' labels: predictions, figures with intervals, a report to read."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Severity
from cardiov_core.errors import ConfigurationError, DatasetError
from cardiov_core.evaluation.bootstrap import Interval, bootstrap_interval
from cardiov_core.evaluation.metrics import (
    LEVEL_KEYS,
    accuracy,
    area_under_curve,
    auc_per_level,
    mean_absolute_error,
    quadratic_weighted_kappa,
    within_one,
)
from cardiov_core.inference import Predictor, analyze

_P_COLUMNS = ["p0", "p1", "p2", "p3"]
_AUC_NAMES = (*LEVEL_KEYS, "mean")
_AGE_SPLIT_YEARS = 65.0
_N_LEVELS = len(Severity)


@dataclass(frozen=True, eq=False)
class Study:
    """What a grader said of some folds, and how good that was.

    Attributes
    ----------
    model_name, model_sha256 : str
        The grader.
    folds : tuple of int
        PTB-XL folds that were asked for.
    predictions : pandas.DataFrame
        One row a record: ecg_id, patient_id, label, level, p0..p3, out_of_fold.
    metrics : dict
        n, mae, accuracy, within_one, quadratic_weighted_kappa, auc {no, low, medium, high, mean}, intervals {mae,
        accuracy, auc}, subgroups, confusion (rows are labels); an AUC
        is None where all records are of that level or none is, its interval too; `corrected_labels` (see
        `corrected_of`) where the data set has some.
    skipped : tuple of str
        Records without a level, each with the reason.
    """

    model_name: str
    model_sha256: str
    folds: tuple[int, ...]
    predictions: pd.DataFrame
    metrics: dict[str, Any]
    skipped: tuple[str, ...]


def evaluate_folds(dataset: PtbXl, predictor: Predictor, folds: Sequence[int], *, n_resamples: int = 1000) -> Study:
    """Grade the records of some folds and compare with their labels by highest likelihood.

    A record that trained the grader counts with its shipped out-of-fold prediction.

    Parameters
    ----------
    dataset : PtbXl
        The records.
    predictor : Predictor
        The grader.
    folds : sequence of int
        1..10.
    n_resamples : int
        Bootstrap resamples a figure, drawn by patient.

    Returns
    -------
    Study
        Predictions and figures.

    Raises
    ------
    DatasetError
        If the folder has no record of these folds, or one that cannot be read, or none could be graded.
    """
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        present = ", ".join(str(int(fold)) for fold in sorted(dataset.table["strat_fold"].unique()))
        raise DatasetError(
            f"{dataset.root} has no record in fold {', '.join(map(str, folds))}.", f"Folds that are there: {present}."
        )
    rows, skipped = [], []
    for ecg_id in ecg_ids:
        record = dataset.record(ecg_id)
        # Every record counts: leaving out the bad signals would flatter the grader.
        prediction = (analysis := analyze(record, predictor, analyse_anyway=True)).prediction
        if prediction is None:
            skipped.append(f"{record.record_id}: {' '.join(analysis.withheld)}")
            continue
        rows.append(
            {
                "ecg_id": ecg_id,
                "patient_id": record.patient_id,
                "sex": record.sex,
                "age": record.age,
                "label": int(dataset.label(ecg_id)),
                "level": int(prediction.severity),
                **dict(zip(_P_COLUMNS, prediction.probabilities, strict=True)),
                "out_of_fold": prediction.out_of_fold,
            }
        )
    if not rows:
        raise DatasetError(
            f"None of the {len(ecg_ids)} records of fold {', '.join(map(str, folds))} could be graded: {skipped[0]}",
            "Look at that record, or name other folds.",
        )
    predictions = pd.DataFrame(rows)
    return Study(
        model_name=predictor.name,
        model_sha256=predictor.card.sha256,
        folds=tuple(folds),
        predictions=predictions.drop(columns=["sex", "age"]),
        metrics=_with_corrections(figures_of(predictions, n_resamples), predictions, dataset),
        skipped=tuple(skipped),
    )


def _with_corrections(metrics: dict[str, Any], predictions: pd.DataFrame, dataset: PtbXl) -> dict[str, Any]:
    if dataset.corrected is None:
        return metrics
    return metrics | {"corrected_labels": corrected_of(predictions["ecg_id"], dataset)}


def corrected_of(ecg_ids: Iterable[int], dataset: PtbXl) -> dict[str, Any]:
    """Say how many labels cardiologists corrected, for ``metrics.json`` and model cards.

    Parameters
    ----------
    ecg_ids : iterable of int
        The records that count.
    dataset : PtbXl
        With or without corrected labels.

    Returns
    -------
    dict
        ``n`` of these records with a label from the file, ``n_changed`` of them with another level than by their
        statements, and the file's ``sha256``.
    """
    if dataset.corrected is None:
        return {"n": 0, "n_changed": 0, "sha256": ""}
    own = PtbXl(dataset.root)
    used = [ecg_id for ecg_id in map(int, ecg_ids) if ecg_id in dataset.corrected.levels]
    changed = sum(own.label(ecg_id) != dataset.label(ecg_id) for ecg_id in used)
    return {"n": len(used), "n_changed": changed, "sha256": dataset.corrected.sha256}


def write_study(study: Study, folder: Path) -> None:
    """Write ``predictions.csv``, ``metrics.json`` and ``report.md`` to a folder, made where it is missing.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        columns = ["ecg_id", "label", "level", *_P_COLUMNS, "out_of_fold"]
        study.predictions[columns].to_csv(folder / "predictions.csv", index=False, float_format="%.6f")
        document = {"model": {"name": study.model_name, "sha256": study.model_sha256}, "folds": list(study.folds)}
        text = json.dumps(document | study.metrics | {"skipped": list(study.skipped)}, indent=2, allow_nan=False)
        (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
        (folder / "report.md").write_text(report_of(study), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error}.", "Name another folder for --out.") from error


def report_of(study: Study) -> str:
    """Return the study as a page of Markdown."""
    metrics = study.metrics
    intervals = metrics["intervals"]
    n_own = int(study.predictions["out_of_fold"].sum())
    lines = [
        f"# {study.model_name} on PTB-XL, folds {', '.join(map(str, study.folds))}",
        "",
        f"{metrics['n']} records. {n_own} of them trained the model and count with their out-of-fold predictions.",
        *_correction_lines(metrics),
        "In brackets: 95 % interval, bootstrap by patient.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| mean absolute error | {_with_interval(metrics['mae'], intervals['mae'])} |",
        f"| accuracy | {_with_interval(metrics['accuracy'], intervals['accuracy'])} |",
        f"| off by one level at most | {metrics['within_one']:.3f} |",
        f"| quadratic-weighted kappa | {_with_interval(metrics['quadratic_weighted_kappa'], None)} |",
    ]
    lines += [f"| AUC {name} | {_with_interval(metrics['auc'][name], intervals['auc'][name])} |" for name in _AUC_NAMES]
    lines += ["", "| group | records | mean absolute error | accuracy |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {group['n']} | {group['mae']:.3f} | {group['accuracy']:.3f} |"
        for name, group in metrics["subgroups"].items()
    ]
    titles = [level.title for level in Severity]
    lines += ["", f"| label \\ given | {' | '.join(titles)} |", "|---" * (_N_LEVELS + 1) + "|"]
    lines += [
        f"| {title} | {' | '.join(map(str, row))} |" for title, row in zip(titles, metrics["confusion"], strict=True)
    ]
    if study.skipped:
        lines += ["", "Without a level:", "", *(f"- {reason}" for reason in study.skipped)]
    return "\n".join(lines) + "\n"


def _correction_lines(metrics: dict[str, Any]) -> list[str]:
    corrected = metrics.get("corrected_labels")
    if corrected is None:
        return []
    return [
        f"Labels that a review corrected or confirmed: {corrected['n']}; unlike PTB-XL's: {corrected['n_changed']}."
    ]


def _with_interval(value: float | None, interval: list[float] | None) -> str:
    if value is None:
        return "not defined: the records lack a level"
    return f"{value:.3f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")


def figures_of(table: pd.DataFrame, n_resamples: int) -> dict[str, Any]:
    """Return the figures of graded records, as ``metrics.json`` and model cards carry them.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, level, p0..p3, patient_id, sex and age.
    n_resamples : int
        Bootstrap resamples a figure, drawn by patient.

    Returns
    -------
    dict
        As in `Study.metrics`; JSON values, None where the records do not define a figure.
    """
    labels = table["label"].to_numpy(dtype=np.int64)
    levels = table["level"].to_numpy(dtype=np.int64)
    probabilities = table[_P_COLUMNS].to_numpy(dtype=np.float64)
    patients = table["patient_id"].fillna("").to_numpy(dtype=str)
    interval = partial(bootstrap_interval, groups=patients, n_resamples=n_resamples)

    areas = auc_per_level(labels, probabilities)
    confusion = np.zeros((_N_LEVELS, _N_LEVELS), dtype=int)
    np.add.at(confusion, (labels, levels), 1)
    return {
        "n": len(table),
        **_plain_figures(labels, levels),
        "within_one": within_one(labels, levels),
        "quadratic_weighted_kappa": _defined(quadratic_weighted_kappa(labels, levels)),
        "auc": {name: _defined(areas[name]) for name in _AUC_NAMES},
        "intervals": {
            "mae": _limits(interval(mean_absolute_error, labels, levels)),
            "accuracy": _limits(interval(accuracy, labels, levels)),
            "auc": {name: _limits(interval(_one_auc(name), labels, probabilities)) for name in _AUC_NAMES},
        },
        "subgroups": _subgroups(table),
        "confusion": confusion.tolist(),
    }


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else value


def _limits(interval: Interval) -> list[float] | None:
    return None if np.isnan(interval.low) else [interval.low, interval.high]


def _one_auc(name: str) -> Callable[[npt.NDArray[Any], npt.NDArray[Any]], float]:
    if name in LEVEL_KEYS:
        level = LEVEL_KEYS.index(name)
        return lambda labels, probabilities: area_under_curve(labels == level, probabilities[:, level])
    return lambda labels, probabilities: auc_per_level(labels, probabilities)[name]


def _plain_figures(labels: npt.NDArray[np.int64], levels: npt.NDArray[np.int64]) -> dict[str, float]:
    return {"mae": mean_absolute_error(labels, levels), "accuracy": accuracy(labels, levels)}


def _subgroups(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return n, mae and accuracy by sex and age; empty groups are left out."""
    masks = {
        "women": table["sex"] == "female",
        "men": table["sex"] == "male",
        f"under {_AGE_SPLIT_YEARS:.0f} years": table["age"] < _AGE_SPLIT_YEARS,
        f"{_AGE_SPLIT_YEARS:.0f} years and over": table["age"] >= _AGE_SPLIT_YEARS,
    }
    found: dict[str, dict[str, float]] = {}
    for name, mask in masks.items():
        part = table[mask]
        if len(part):
            figures = _plain_figures(part["label"].to_numpy(dtype=np.int64), part["level"].to_numpy(dtype=np.int64))
            found[name] = {"n": len(part), **figures}
    return found
