"""The paper's ablation (its Table 6) and one output more, on one network with the same groups, seeds and epochs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
from torch import Tensor, nn
from tqdm import tqdm

from cardiov_core import ordinal
from cardiov_core.datasets import LabelledRecords
from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import ConfigurationError, TrainingError
from cardiov_core.evaluation import (
    N_RESAMPLES,
    P_COLUMNS,
    PAPER_ABLATIONS,
    PAPER_SOURCE,
    auc_per_level,
    bootstrap_intervals,
    graded_of,
    with_intervals,
)
from cardiov_core.studies.graders.ablation_words import (
    AblationDocument,
    FromOrdinal,
    OutputFigures,
    markdown_of,
    text_of,
)
from cardiov_core.training import (
    CURVE_NAME,
    KIND_OF,
    LOG_NAME,
    OBJECTIVE_OF,
    OutputName,
    Recipe,
    Report,
    Split,
    TrainingRecords,
    claim,
    draw_curve,
    exceedances_from,
    fit_split,
    load_records,
    logits_of,
    one_thread,
    reading_of,
    reporter,
    splits_of,
    training_data,
)
from cardiov_core.weights import N_LOGITS

OUTPUTS: tuple[OutputName, ...] = get_args(OutputName)
"""What is compared; the first is the paper's and what the others are held against."""

_SHARED = "shared"
_DIGITS = 6


@dataclass(frozen=True, eq=False)
class Ablation:
    """What came out."""

    document: AblationDocument  # what ``ablation.json`` holds
    # A row per record and output: output, ecg_id, patient_id, fold, label, level, p0..p3, rank_violation.
    predictions: pd.DataFrame

    @property
    def text(self) -> str:
        """The table for a terminal."""
        return text_of(self.document)


def with_output(recipe: Recipe, output: OutputName) -> Recipe:
    """Return a recipe with another output: its last stage gets the objective that fits."""
    last = replace(recipe.stages[-1], objective=OBJECTIVE_OF[output])
    return replace(recipe, output=output, stages=(*recipe.stages[:-1], last))


def ablate(
    recipe: Recipe, dataset: LabelledRecords, out: Path, *, progress: bool = False, n_resamples: int = N_RESAMPLES
) -> Ablation:
    """Cross-validate a recipe with each output and compare them; continues where it was interrupted.

    The stages before the last are the same for all outputs, so each group trains them once: every output continues from
    the same network, with the same seed, for the same number of epochs.

    Parameters
    ----------
    recipe : Recipe
        Network, groups, seed, epochs; its own output does not matter.
    dataset : LabelledRecords
        What to train on.
    out : pathlib.Path
        Folder for checkpoints, log and ``ablation.json``, ``.md`` and ``.txt``.
    progress : bool
        Show a progress bar on stderr.
    n_resamples : int
        Bootstrap resamples behind an interval, drawn by patient.

    Returns
    -------
    Ablation
        Figures of the pooled out-of-fold predictions.

    Raises
    ------
    ConfigurationError
        If the recipe has no cross-validation or learns from more than labels, or the folder cannot be written.
    DatasetError
        If the recipe's folds are not in the data set.
    TrainingError
        If `out` holds another training, or there are too few records.
    """
    if not recipe.cv_groups:
        raise ConfigurationError(
            f"The recipe {recipe.name} has no cross-validation: there would be nothing to compare outputs on.",
            "Choose a recipe with cv_groups.",
        )
    if recipe.teaches:
        raise ConfigurationError(
            f"In the recipe {recipe.name} measurements or another grader teach beside the labels: what they bring "
            "would hide what the output brings.",
            "Choose one that learns from labels alone, such as cardiov-plain.",
        )
    recipe = with_output(recipe, "ordinal")
    out.mkdir(parents=True, exist_ok=True)
    claim(out, recipe, dataset, resume=True)
    records = load_records(dataset, recipe)
    raw = _fit_all(recipe, records, out, progress)
    tables = {output: _table(with_output(recipe, output), output, raw[output], records) for output in OUTPUTS}
    document = _document(recipe, records, dataset, tables, n_resamples)
    ablation = Ablation(document, pd.concat(tables.values(), ignore_index=True))
    _write(ablation, out)
    return ablation


def _fit_all(recipe: Recipe, records: TrainingRecords, out: Path, progress: bool) -> dict[OutputName, Float64Array]:
    """Return the networks' output for each record by a network that had not seen its patient."""
    splits = [split for split in splits_of(recipe, records) if split.run != "final"]
    raw = {output: np.full((len(records), N_LOGITS[KIND_OF[output]]), np.nan) for output in OUTPUTS}
    shared, last = recipe.stages[:-1], recipe.stages[-1]
    epochs = sum(map(recipe.epochs_of, shared)) + recipe.epochs_of(last) * len(OUTPUTS)
    with one_thread(), tqdm(total=epochs * len(splits), disable=not progress, unit="epoch") as bar:
        report = reporter(out, bar)
        for split in splits:
            start = None
            if shared:
                first = replace(recipe, output="classification", stages=shared)
                start = _fit(first, records, split, _SHARED, out, report).state_dict()
            for output in OUTPUTS:
                own = with_output(replace(recipe, stages=(last,)), output)
                net = _fit(own, records, split, output, out, report, start)
                raw[output][split.held_out] = logits_of(net, training_data(records, split.held_out)).numpy()
    draw_curve(out / LOG_NAME, out / CURVE_NAME)
    return raw


def _fit(
    recipe: Recipe,
    records: TrainingRecords,
    split: Split,
    part: str,
    out: Path,
    report: Report,
    start: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    return fit_split(recipe, records, replace(split, run=f"{split.run}-{part}"), out, True, report, start=start)


def _table(recipe: Recipe, output: OutputName, raw: Float64Array, records: TrainingRecords) -> pd.DataFrame:
    """Return the out-of-fold predictions of one output, uncalibrated: all four as the networks give them."""
    levels = records.levels.numpy()
    if np.isnan(raw).any():
        raise TrainingError(
            f"{int(np.isnan(raw).any(axis=1).sum())} records have no prediction by {output}.",
            "Give a recipe whose groups hold all records.",
        )
    exceedances = exceedances_from(raw, reading_of(recipe, raw, levels))
    probabilities = ordinal.decode(exceedances)
    _, violation = ordinal.repair(exceedances)
    columns = {name: probabilities[:, index].round(_DIGITS) for index, name in enumerate(P_COLUMNS)}
    kept = records.table[["ecg_id", "patient_id", "fold", "sex", "age", "label"]]
    # What is lost in rounding is no contradiction.
    violation = np.where(violation < 10.0**-_DIGITS, 0.0, violation)
    return kept.assign(output=output, level=probabilities.argmax(axis=1), rank_violation=violation, **columns)


def _document(
    recipe: Recipe,
    records: TrainingRecords,
    dataset: LabelledRecords,
    tables: Mapping[OutputName, pd.DataFrame],
    n_resamples: int,
) -> AblationDocument:
    return AblationDocument(
        recipe=recipe.as_dict(),
        dataset=dataset.source_name,
        label_rule="highest_likelihood",
        n=len(records),
        n_patients=int(records.table["patient_id"].nunique()),
        groups=recipe.cv_groups,
        epochs=tuple(recipe.epochs_of(stage) for stage in recipe.stages),
        n_resamples=n_resamples,
        paper_source=PAPER_SOURCE,
        outputs=tuple(_figures(output, tables, n_resamples) for output in tables),
    )


def _figures(output: OutputName, tables: Mapping[OutputName, pd.DataFrame], n_resamples: int) -> OutputFigures:
    figures, intervals = with_intervals(graded_of(tables[output]), n_resamples)
    names = ("mae", "accuracy", "within_one", "quadratic_weighted_kappa", "auc", "rank_violation_rate")
    of_output = OutputFigures.of(
        {
            "output": output,
            **{name: figures[name] for name in names},
            "intervals": {name: intervals[name] for name in names},
            "paper": {**PAPER_ABLATIONS.get(output, {})},
        }
    )
    if output == OUTPUTS[0]:
        return of_output
    differences = _differences(tables[output], tables[OUTPUTS[0]], n_resamples)
    return of_output.model_copy(update={"minus_ordinal": differences})


def _differences(table: pd.DataFrame, first: pd.DataFrame, n_resamples: int) -> dict[str, FromOrdinal]:
    """Return how MAE and mean AUC differ from the first output's, with intervals from the same draws of patients."""
    own, other = graded_of(table), graded_of(first)

    def statistics(
        labels: IntArray,
        levels: IntArray,
        probabilities: Float64Array,
        other_levels: IntArray,
        other_probabilities: Float64Array,
    ) -> Float64Array:
        errors = np.abs(levels - labels).mean() - np.abs(other_levels - labels).mean()
        auc = auc_per_level(labels, probabilities)["mean"] - auc_per_level(labels, other_probabilities)["mean"]
        return np.array([errors, auc], dtype=np.float64)

    arrays = (own.labels, own.levels, own.probabilities, other.levels, other.probabilities)
    limits = bootstrap_intervals(statistics, *arrays, groups=own.patients, n_resamples=n_resamples)
    return {
        name: FromOrdinal(value=float(value), interval=None if np.isnan(low) else (low, high))
        for name, value, (low, high) in zip(("mae", "auc"), statistics(*arrays), limits, strict=True)
    }


def _write(ablation: Ablation, out: Path) -> None:
    document = ablation.document
    try:
        (out / "ablation.json").write_text(
            json.dumps(document.as_json(), indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
        (out / "ablation.md").write_text(markdown_of(document), encoding="utf-8")
        (out / "ablation.txt").write_text(text_of(document), encoding="utf-8")
        ablation.predictions.to_csv(out / "predictions.csv", index=False)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error}.", "Name another folder for --out.") from error
