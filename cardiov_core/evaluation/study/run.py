"""One grader against the cardiologists' labels: predictions and all figures, written to a folder and read back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cardiov_core.datasets import LabelledRecords, PtbXl, value_in_words
from cardiov_core.domain import JsonObject, texts
from cardiov_core.errors import ConfigurationError, DatasetError
from cardiov_core.evaluation.metrics import confusion_matrix
from cardiov_core.evaluation.study.against import compare_graders
from cardiov_core.evaluation.study.figures import (
    N_RESAMPLES,
    P_COLUMNS,
    curves_of,
    figures_of,
    graded_of,
    with_intervals,
)
from cardiov_core.evaluation.study.leakage import TrainedOn, trained_on
from cardiov_core.evaluation.subgroups import ORIGINS, SET_HELD, VALIDATED
from cardiov_core.inference import Grader, analyze
from cardiov_core.statements import LabelRule, deciding_statement

RULE: LabelRule = "highest_likelihood"
"""The paper's rule: what `label` is."""

OTHER_RULE: LabelRule = "most_severe"
"""What `label_most_severe` is."""

# As predictions.csv writes them, so that its readers get the same figures: the last digits of a float part equals.
_DIGITS = 6

PREDICTIONS_NAME, METRICS_NAME = "predictions.csv", "metrics.json"

_COLUMNS = [
    "ecg_id", "label", "level", *P_COLUMNS, "out_of_fold", "label_most_severe", "rank_violation", "patient_id",
    "statement",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a grader said of some folds, and how good that was."""

    model_name: str
    model_sha256: str
    folds: tuple[int, ...]  # PTB-XL folds that were asked for
    # One row per record: ecg_id, label, level, p0..p3, out_of_fold, label_most_severe, rank_violation, patient_id,
    # statement (the one that decided the label, whoever corrected it).
    predictions: pd.DataFrame
    # As docs/use/evaluate.md describes ``metrics.json``; None where the records do not define a figure.
    metrics: JsonObject
    skipped: tuple[str, ...]  # records without a level, each with the reason

    @property
    def document(self) -> JsonObject:
        """What ``metrics.json`` holds."""
        head: JsonObject = {"model": {"name": self.model_name, "sha256": self.model_sha256}, "folds": list(self.folds)}
        return head | self.metrics | {"skipped": list(self.skipped)}


def evaluate_folds(
    dataset: PtbXl,
    predictor: Grader,
    folds: Sequence[int],
    *,
    n_resamples: int = N_RESAMPLES,
    prevalence: Mapping[str, float] | None = None,
    against: Sequence[Grader] = (),
) -> Evaluation:
    """Grade the records of some folds and compare with their labels by both rules.

    A record that trained the grader counts with its shipped out-of-fold prediction. A record without one is graded by
    the weights, unless they have seen its patient: then it is left out and named.

    Parameters
    ----------
    dataset : PtbXl
        The records; corrected labels where it has some.
    predictor : Grader
        The grader.
    folds : sequence of int
        1..10.
    n_resamples : int
        Bootstrap resamples a figure, drawn by patient.
    prevalence : mapping of str to float, optional
        ``medium_or_higher`` or ``high`` -> a share of positive records, for PPV and NPV there.
    against : sequence of Grader
        Graders that it is compared with on the same records.

    Returns
    -------
    Evaluation
        Predictions and figures; the same for the same records, grader and numbers.

    Raises
    ------
    ConfigurationError
        If one of the folds trained a grader that has no out-of-fold predictions.
    DatasetError
        If the folder has no record of these folds, or one that cannot be read, or none could be graded.
    """
    seen = trained_on(predictor.card)
    predictions, skipped = grade_folds(dataset, predictor, folds, seen)
    chosen = int(predictions["ecg_id"].isin(dataset.ecg_ids(seen.chosen_on)).sum()) if seen.chosen_on else 0
    metrics: JsonObject = {"n_chosen_on": chosen} | _metrics(predictions, dataset, n_resamples, prevalence)
    if against:
        metrics["against"] = [_against(dataset, predictions, other, folds, n_resamples) for other in against]
    return Evaluation(
        model_name=predictor.name,
        model_sha256=predictor.card.sha256,
        folds=tuple(folds),
        predictions=predictions[_COLUMNS],
        metrics=metrics,
        skipped=skipped,
    )


def grade_folds(
    dataset: PtbXl, predictor: Grader, folds: Sequence[int], seen: TrainedOn
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Grade the records of some folds; arguments as in `evaluate_folds`."""
    seen.check_folds(tuple(folds))
    ecg_ids = ecg_ids_of(dataset, folds)
    rows: list[dict[str, object]] = []
    skipped: list[str] = []
    for ecg_id in ecg_ids:
        row = _graded(dataset, predictor, ecg_id, seen)
        if isinstance(row, str):
            skipped.append(row)
        else:
            rows.append(row)
    if not rows:
        raise DatasetError(
            f"None of the {len(ecg_ids)} records of fold {', '.join(map(str, folds))} could be graded: {skipped[0]}",
            "Look at that record, or name other folds.",
        )
    return pd.DataFrame(rows), tuple(skipped)


def ecg_ids_of(dataset: PtbXl, folds: Sequence[int]) -> list[int]:
    """Return the records of some folds; a `DatasetError` where there is none."""
    ecg_ids = dataset.ecg_ids(folds)
    if not ecg_ids:
        present = ", ".join(str(int(fold)) for fold in sorted(dataset.table["strat_fold"].unique()))
        raise DatasetError(
            f"{dataset.root} has no record in fold {', '.join(map(str, folds))}.", f"Folds that are there: {present}."
        )
    return ecg_ids


def _graded(dataset: PtbXl, predictor: Grader, ecg_id: int, seen: TrainedOn) -> dict[str, object] | str:
    """Return the row of a record, or why it has none."""
    record = dataset.record(ecg_id)
    prediction = predictor.out_of_fold_prediction(record)
    if prediction is None:
        objection = seen.objection(ecg_id, record.patient_id)
        if objection is not None:
            return f"{record.record_id}: {objection}"
        # Every record counts: leaving out the bad signals would flatter the grader.
        analysis = analyze(record, predictor, analyse_anyway=True)
        prediction = analysis.prediction
        if prediction is None:
            return f"{record.record_id}: {' '.join(texts(analysis.withheld))}"
    label, chosen = dataset.label(ecg_id), prediction.prediction_set
    return {
        "ecg_id": ecg_id,
        "patient_id": record.patient_id,
        "sex": record.sex,
        "age": record.age,
        **origin_of(dataset, ecg_id),
        "label": int(label),
        SET_HELD: None if chosen is None else label in chosen,
        "label_most_severe": int(dataset.label(ecg_id, OTHER_RULE)),
        "statement": deciding_statement(dataset.scp_codes(ecg_id)),
        "level": int(prediction.severity),
        **{name: round(value, _DIGITS) for name, value in zip(P_COLUMNS, prediction.probabilities, strict=True)},
        "rank_violation": prediction.rank_violation,
        "out_of_fold": prediction.out_of_fold,
        # PTB-XL publishes some samples under two patients: the copy that was blind to one had seen the other.
        "seen_twice": len({row.patient_id for row in predictor.training_rows(record)}) > 1,
    }


def origin_of(dataset: LabelledRecords, ecg_id: int) -> dict[str, str]:
    """Return device, site and whether a human validated the statements, as the table has them."""
    known = ecg_id in dataset.table.index
    stated = dataset.table.loc[ecg_id] if known else pd.Series(dtype=object)
    return {name: value_in_words(stated.get(name)) for name in (*ORIGINS, VALIDATED)}


def _against(
    dataset: PtbXl, predictions: pd.DataFrame, other: Grader, folds: Sequence[int], n_resamples: int
) -> JsonObject:
    theirs, _ = grade_folds(dataset, other, folds, trained_on(other.card))
    model: JsonObject = {"name": other.name, "sha256": other.card.sha256}
    return {"model": model, **compare_graders(predictions, theirs, n_resamples)}


def _metrics(
    predictions: pd.DataFrame, dataset: PtbXl, n_resamples: int, prevalence: Mapping[str, float] | None
) -> JsonObject:
    metrics: JsonObject = {
        "label_rule": RULE,
        "n_out_of_fold": int(predictions["out_of_fold"].sum()),
        "n_seen_twice": int(predictions["seen_twice"].sum()),
        **figures_of(predictions, n_resamples, prevalence),
        "other_label_rule": _other_rule(predictions, n_resamples, prevalence),
        "paper_decision": _paper_decision(predictions, n_resamples, prevalence),
        "curves": curves_of(predictions, n_resamples),
    }
    if dataset.corrected is not None:
        metrics["corrected_labels"] = corrected_of(predictions["ecg_id"], dataset)
    return metrics


def _paper_decision(predictions: pd.DataFrame, n_resamples: int, prevalence: Mapping[str, float] | None) -> JsonObject:
    """Return the figures of the paper's rule, the most probable level, where the grader decides by costs."""
    probable = predictions[list(P_COLUMNS)].to_numpy(dtype=float).argmax(axis=1)
    graded = graded_of(predictions.assign(level=probable))
    figures, limits = with_intervals(graded, n_resamples, prevalence)
    return {
        "n_decided_differently": int((probable != predictions["level"]).sum()),
        **figures,
        "intervals": limits,
        "confusion": confusion_matrix(graded.labels, graded.levels).tolist(),
    }


def _other_rule(predictions: pd.DataFrame, n_resamples: int, prevalence: Mapping[str, float] | None) -> JsonObject:
    """Return the same grades beside the most severe statement of each record."""
    differ = predictions["label"] != predictions["label_most_severe"]
    graded = graded_of(predictions.assign(label=predictions["label_most_severe"]))
    figures, limits = with_intervals(graded, n_resamples, prevalence)
    return {
        "label_rule": OTHER_RULE,
        "n_labelled_differently": int(differ.sum()),
        **figures,
        "intervals": limits,
        "confusion": confusion_matrix(graded.labels, graded.levels).tolist(),
    }


def corrected_of(ecg_ids: Iterable[int], dataset: LabelledRecords) -> JsonObject:
    """Say how many labels cardiologists corrected, for ``metrics.json`` and model cards.

    Parameters
    ----------
    ecg_ids : iterable of int
        The records that count.
    dataset : LabelledRecords
        With or without corrected labels.

    Returns
    -------
    dict
        ``n`` of these records with a label from the file, ``n_changed`` of them with another level than by their
        statements, and the file's ``sha256``.
    """
    if dataset.corrected is None:
        return {"n": 0, "n_changed": 0, "sha256": ""}
    used = [ecg_id for ecg_id in map(int, ecg_ids) if ecg_id in dataset.corrected.levels]
    changed = sum(dataset.own_label(ecg_id) != dataset.label(ecg_id) for ecg_id in used)
    return {"n": len(used), "n_changed": changed, "sha256": dataset.corrected.sha256}


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write ``predictions.csv`` and ``metrics.json`` to a folder, made where it is missing.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        evaluation.predictions.to_csv(folder / PREDICTIONS_NAME, index=False, float_format=f"%.{_DIGITS}f")
        text = json.dumps(evaluation.document, indent=1, allow_nan=False)
        (folder / METRICS_NAME).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error}.", "Name another folder for --out.") from error
