"""A network on a task against the labels of some folds."""

from pathlib import Path

import numpy as np
import pandas as pd

from cardiov_core.datasets import LabelledRecords, labelled_records, task_of
from cardiov_core.domain import Float64Array
from cardiov_core.errors import WeightsError
from cardiov_core.evaluation import challenge_with_rules, task_figures
from cardiov_core.signals import KeptExaminations
from cardiov_core.training.tasks.task_card import CARD_SUFFIX, TaskEvaluation, load_task_network
from cardiov_core.training.tasks.task_records import load_task_records
from cardiov_core.training.tasks.train_task import answers, in_unit


def evaluate_task(
    card: Path,
    source: LabelledRecords | Path,
    folds: tuple[int, ...],
    *,
    n_resamples: int = 1000,
    with_rules: bool = False,
) -> TaskEvaluation:
    """Return the figures of a task network on some folds.

    Records that it was trained on count with their out-of-fold outputs, by networks that had not seen their patients.

    Parameters
    ----------
    card : pathlib.Path
        Of the network.
    source : LabelledRecords or pathlib.Path
        PTB-XL, or a folder of challenge records.
    folds : tuple of int
        Which records.
    n_resamples : int
        Behind the intervals.
    with_rules : bool
        Of a challenge's task: score also the answers that findings override or join (Kang and Wen 2022, section 5).

    Returns
    -------
    TaskEvaluation
        As cards state it.

    Raises
    ------
    WeightsError
        If weights or out-of-fold outputs are missing.
    """
    net, stated = load_task_network(card)
    task = task_of(stated.task)
    records = load_task_records(source, task, stated.contract, folds)
    outputs = answers(net, records, np.arange(len(records)), task)
    trained = records.table["fold"].isin(stated.recipe.folds).to_numpy()
    if trained.any():
        ecg_ids = records.table["ecg_id"].astype(str).to_numpy()
        outputs[trained] = _out_of_fold(card, ecg_ids[trained].tolist(), list(task.outputs))
    targets = in_unit(task, records.targets.double().numpy())
    figures = task_figures(
        task,
        targets,
        outputs,
        records.table["patient_id"].tolist(),
        n_resamples=n_resamples,
    )
    if with_rules and isinstance(source, Path):
        findings = _findings(source, records.table["ecg_id"].tolist())
        figures.more["challenge_with_rules"] = challenge_with_rules(task, targets > 0.5, outputs, findings)
    of_records = f"folds {', '.join(map(str, folds))}; {int(trained.sum())} records by their out-of-fold outputs"
    return TaskEvaluation(name=stated.name, figures=figures, figures_of=of_records)


def _findings(folder: Path, record_ids: list[str]) -> list[frozenset[str]]:
    """Return the codes of the findings that each record of a challenge folder has."""
    wanted = set(record_ids)
    kept = KeptExaminations().of(one.record for one in labelled_records(folder) if one.record.record_id in wanted)
    codes_of = {
        each.record.record_id: frozenset(one.code for one in each.findings if one.state == "present") for each in kept
    }
    return [codes_of[record_id] for record_id in record_ids]


def _out_of_fold(card: Path, ecg_ids: list[str], names: list[str]) -> Float64Array:
    path = card.with_name(card.name.removesuffix(CARD_SUFFIX) + ".oof.csv")
    try:
        table = pd.read_csv(path, dtype={"ecg_id": str}).set_index("ecg_id")
        outputs: Float64Array = table.loc[ecg_ids, names].to_numpy(dtype=np.float64)
    except (OSError, KeyError) as error:
        raise WeightsError(
            f"{path.name} has no outputs for {len(ecg_ids)} records that {card.name} was trained on: {error}.",
            "Keep it beside the card, or evaluate on other folds.",
        ) from error
    return outputs
