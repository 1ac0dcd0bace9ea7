"""A training, whole: cross-validation, the final network, the weights with their model card."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from scipy.special import logit
from torch import Tensor, nn
from tqdm import tqdm

from cardiov_core.datasets import LabelledRecords, PtbXl
from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import ConfigurationError, TrainingError
from cardiov_core.inference import CLIP, Output, exceedance_logits
from cardiov_core.training.cards.decision import Floors
from cardiov_core.training.cards.network import described_network
from cardiov_core.training.cards.probabilities import NestedCalibration, nested_calibration
from cardiov_core.training.data.measured import CONTRACT, measured_records
from cardiov_core.training.data.records import TrainingRecords, ids_of, load_records
from cardiov_core.training.data.split import Split, groups_in, splits_of, training_data
from cardiov_core.training.data.teaching import PatientNumbers, Teaching
from cardiov_core.training.graders.trunk import TrainingResult, finish
from cardiov_core.training.loop import processes as group
from cardiov_core.training.loop.curve import Epoch, Report, draw_curve
from cardiov_core.training.loop.fit import fit, logits_of
from cardiov_core.training.loop.windows import TrainingData
from cardiov_core.training.recipes.network import KIND_OF, Recipe
from cardiov_core.weights import (
    N_LOGITS,
    RAW_COLUMNS,
    Figures,
    ModelCard,
    load_card,
    load_network,
    out_of_fold_table,
    save,
)

LOG_NAME, CURVE_NAME = "log.jsonl", "curve.png"
"""In the folder of a training."""


def train(
    recipe: Recipe, dataset: LabelledRecords, out: Path, *, resume: bool = False, progress: bool = False
) -> TrainingResult:
    """Cross-validate a recipe, train the final network on all its folds and write weights with their card.

    Where torchrun started several processes, they train together, and the first one writes (see `group`).

    Parameters
    ----------
    recipe : Recipe
        What to do.
    dataset : LabelledRecords
        What to train on.
    out : pathlib.Path
        Folder for checkpoints, the log (``log.jsonl``), its curve (``curve.png``) and the results.
    resume : bool
        Go on where an interrupted training of the same recipe in `out` stopped.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    TrainingResult
        Where the results are.

    Raises
    ------
    DatasetError
        If the recipe's folds are not in the data set.
    TrainingError
        If `out` holds another training, there are too few records, or the recipe does not fit several processes.
    """
    with group.joined():
        return _train(recipe, dataset, out, resume=resume, progress=progress and group.is_first())


def _train(recipe: Recipe, dataset: LabelledRecords, out: Path, *, resume: bool, progress: bool) -> TrainingResult:
    check_processes(recipe, group.size())
    if group.is_first():
        out.mkdir(parents=True, exist_ok=True)
        claim(out, recipe, dataset, resume)
    group.wait()
    records, numbers, floors = _read(recipe, dataset, out, progress)
    teaching = None if numbers is None else Teaching(recipe, numbers, records, out, progress=progress)
    start = start_of(recipe, out)
    final, raw = _fit_all(recipe, records, teaching, out, resume, progress, start)
    if start is not None:
        raw = with_own_predictions(raw, records, start)
    if not group.is_first():
        return TrainingResult(out / f"{recipe.name}.json", Figures())
    graded = np.flatnonzero(~np.isnan(raw[:, 0]))
    output = reading_of(recipe, raw[graded], records.levels.numpy()[graded])
    exceedances = exceedances_from(raw[graded], output)
    predictions: NestedCalibration | Float64Array = exceedances
    table = records.table.iloc[graded]
    if recipe.cv_groups:
        groups = groups_in(recipe, records)[graded]
        own = None if floors is None else floors.select(graded)
        predictions = nested_calibration(
            exceedances, table["label"].to_numpy(), groups, table["patient_id"], floors=own
        )
    trained = records.table[records.table["fold"].isin(recipe.folds)]
    return finish(
        recipe,
        dataset,
        table,
        predictions,
        described_network(recipe, output, trained, calibrated=bool(recipe.cv_groups)),
        lambda card, kept: save(final, card, out, out_of_fold=kept, storage="float16"),
    )


def _read(
    recipe: Recipe, dataset: LabelledRecords, out: Path, progress: bool
) -> tuple[TrainingRecords, Float64Array | None, Floors | None]:
    """Return the records, what was measured of them where that teaches, and the findings that may raise a level."""
    if recipe.teaches and recipe.contract == CONTRACT and isinstance(dataset, PtbXl):
        kept = measured_records(dataset, recipe.read_folds, progress=progress)
        levels = torch.tensor(kept.table["label"].to_numpy(), dtype=torch.int64)
        records = TrainingRecords(torch.from_numpy(np.array(kept.windows)), levels, kept.table)
        return records, kept.numbers, kept.floors
    numbers = PatientNumbers(out, ids_of(dataset, recipe.read_folds)) if recipe.teaches else None
    records = load_records(dataset, recipe, None if numbers is None else numbers.take)
    return records, None if numbers is None else numbers.measured(), None


def start_of(recipe: Recipe, out: Path) -> ModelCard | None:
    """Return the card of the network that a recipe begins with; None where it begins with none."""
    name = recipe.pretraining.start
    return load_card(out.parent / name / f"{name}.json") if name else None


def with_own_predictions(raw: Float64Array, records: TrainingRecords, start: ModelCard) -> Float64Array:
    """Put in the start's own out-of-fold output for the records that it learned from: later networks had seen them."""
    table = out_of_fold_table(start)
    if table is None:
        raise TrainingError(f"{start.name} has no out-of-fold predictions.", "Train it with a cross-validation.")
    own = table.set_index("ecg_id")[list(RAW_COLUMNS)].astype(np.float64)
    known = records.table["ecg_id"].isin(own.index).to_numpy()
    scores = raw.copy()
    scores[known] = logit(np.clip(own.loc[records.table["ecg_id"][known]].to_numpy(), CLIP, 1.0 - CLIP))
    return scores


def _fit_all(
    recipe: Recipe,
    records: TrainingRecords,
    teaching: Teaching | None,
    out: Path,
    resume: bool,
    progress: bool,
    begun: ModelCard | None = None,
) -> tuple[nn.Module, Float64Array]:
    """Return the final network, and the raw output of networks for the records that were held out from them.

    Rows of records that no network was to grade are NaN.
    """
    splits = splits_of(recipe, records)
    epochs = sum(recipe.epochs_of(stage) for stage in recipe.stages) * len(splits) + recipe.pretraining.epochs
    raw = np.full((len(records), N_LOGITS[KIND_OF[recipe.output]]), np.nan)
    curve = out / CURVE_NAME
    # After a kill the curve shows at once how far the training had come.
    if group.is_first():
        draw_curve(out / LOG_NAME, curve)
    with one_thread(), tqdm(total=epochs, disable=not progress, unit="epoch") as bar:
        report = reporter(out, bar)
        start = None if teaching is None else teaching.pretrained(resume, report)
        if begun is not None:
            start = load_network(begun.path)[0].state_dict()
        for split in splits:
            data = training_data(records, split.trained) if teaching is None else teaching.data_for(split)
            net = fit_split(recipe, records, split, out, resume, report, data=data, start=start)
            if len(split.held_out):
                raw[split.held_out] = logits_of(net, training_data(records, split.held_out)).numpy()
    if group.is_first():
        draw_curve(out / LOG_NAME, curve)
    return net, raw


def check_processes(recipe: Recipe, n_processes: int) -> None:
    """Refuse recipes that cannot be trained by several processes.

    Raises
    ------
    ConfigurationError
        If more than labels teach, since what teaches is measured and kept by one process.
    """
    if n_processes > 1 and recipe.teaches:
        raise ConfigurationError(
            f"The recipe {recipe.name} learns from more than labels, which one process measures.",
            "Train it without --processes, or choose a recipe like cardiov-paper or cardiov-plain.",
        )


def reading_of(recipe: Recipe, raw: Float64Array, levels: IntArray) -> Output:
    """Return how a recipe's networks are to be read.

    Parameters
    ----------
    recipe : Recipe
        Names the output.
    raw : numpy.ndarray, shape (n, n_logits)
        Output for records that the networks had not been trained on.
    levels : numpy.ndarray of int, shape (n,)
        Their labels: a regression's spread is the root mean square of its errors there.
    """
    if recipe.output != "regression":
        return Output(KIND_OF[recipe.output])
    return Output("regression", float(np.sqrt(np.mean((raw[:, 0] - levels) ** 2))))


def exceedances_from(raw: Float64Array, output: Output) -> Float64Array:
    """Return the exceedances, ``(n, 3)``, that a network's raw output stands for."""
    exceedances: Float64Array = torch.sigmoid(exceedance_logits(torch.from_numpy(raw), output)).numpy()
    return exceedances


def fit_split(
    recipe: Recipe,
    records: TrainingRecords,
    split: Split,
    out: Path,
    resume: bool,
    report: Report,
    *,
    data: TrainingData | None = None,
    start: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """Train one network of a training; arguments as in `train` and `fit`, checkpoints go to ``out/checkpoints``."""
    return fit(
        recipe,
        training_data(records, split.trained) if data is None else data,
        run=split.run,
        seed=split.seed,
        checkpoint=out / "checkpoints" / f"{split.run}.pt",
        resume=resume,
        report=report,
        validation=training_data(records, split.validated) if len(split.validated) else None,
        start=start,
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: two add up in another order, and a training is repeatable only with a fixed number."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def claim(out: Path, recipe: Recipe, dataset: LabelledRecords | Path, resume: bool) -> None:
    """Keep the recipe beside the results and refuse to mix two trainings.

    Raises
    ------
    TrainingError
        If `resume` is asked for and the folder holds a training by another recipe or other labels.
    """
    path = out / "recipe.json"
    own = None if isinstance(dataset, Path) else dataset.corrected
    corrected = {} if own is None else {"corrected_labels": own.sha256}
    text = json.dumps(recipe.as_dict() | corrected, indent=2, sort_keys=True)
    if path.exists() and resume and path.read_text(encoding="utf-8") != text:
        raise TrainingError(
            f"{out.name} holds a training by another recipe or other corrected labels.",
            "Choose an empty folder, or recipe and labels that it began with.",
        )
    if not resume:
        (out / LOG_NAME).unlink(missing_ok=True)
        for kept in (*(out / "checkpoints").glob("*.pt"), *(out / "teaching").glob("*.npz")):
            kept.unlink()
    path.write_text(text, encoding="utf-8")


def reporter(out: Path, bar: "tqdm[NoReturn]") -> Report:
    """Return what writes each epoch to the folder's log and moves the progress bar on."""

    def report(epoch: Epoch) -> None:
        with (out / LOG_NAME).open("a", encoding="utf-8") as log:
            log.write(json.dumps(epoch.as_json()) + "\n")
        bar.set_postfix_str(f"{epoch.run} {epoch.stage} loss {epoch.loss:.3f}")
        bar.update()

    return report
