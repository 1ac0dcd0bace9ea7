"""The statement head's training, whole: boosted trees a statement, cross-validation, calibration, figures and card."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Float64Array, IntArray
from cardiov_core.errors import TrainingError
from cardiov_core.evaluation import bootstrap_intervals
from cardiov_core.inference import SHOWN_FROM, boosting_scores
from cardiov_core.signals import FEATURES
from cardiov_core.statements import STATEMENTS
from cardiov_core.training.data.measured import Measured, measured_records
from cardiov_core.training.data.records import groups_of
from cardiov_core.training.loop.boosting_growth import boosting_of, fitted
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.weights import NewStatementCard, StatementFigures, StatementTraining, save_statement_head

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


FEWEST = 25
"""A statement with fewer positive records in training is not learned."""

RECIPE = BoostingRecipe(
    name="statements",
    title="Boosted trees a statement, on measurements of the median beat",
    n_rounds=60,
    learning_rate=0.08,
    max_leaves=6,
    min_samples_leaf=10,
    max_features=0.3,
    l2=1.0,
    seed=1,
    cv_groups=5,
    folds=(1, 2, 3, 4, 5, 6, 7, 8, 9),
)
"""How each statement's trees are grown."""

_N_RESAMPLES = 300


@dataclass(frozen=True, eq=False)
class _Calibrated:
    """Out-of-fold answers: raw scores and calibrated probabilities, ``(n, n_statements)``, and the last calibration."""

    probabilities: Float64Array
    slopes: Float64Array
    offsets: Float64Array


@dataclass(frozen=True)
class _Figures:
    """Each statement's figures, and the mean AUC of those that are shown, with its 95 % interval."""

    statements: tuple[StatementFigures, ...]
    macro_auc: float
    macro_auc_interval: tuple[float, float]


def train_statements(
    dataset: PtbXl, out: Path, recipe: BoostingRecipe = RECIPE, *, progress: bool = False
) -> tuple[Path, NewStatementCard]:
    """Measure the records, cross-validate a statement at a time, grow the final trees and write them with their card.

    Parameters
    ----------
    dataset : PtbXl
        A whole tree.
    out : pathlib.Path
        Folder of the results.
    recipe : BoostingRecipe
        How each statement's trees are grown.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    path : pathlib.Path
        The card.
    card : NewStatementCard
        What it says, but for version and checksum.

    Raises
    ------
    DatasetError
        If the recipe's folds are not in the data set.
    TrainingError
        If no statement has enough positive records.
    """
    records = measured_records(dataset, recipe.folds, progress=progress)
    codes, present = present_statements(dataset, records.table["ecg_id"].tolist())
    if not codes:
        raise TrainingError(f"No statement has {FEWEST} records.", "Give more records.")
    groups = groups_of(records.table, recipe.cv_groups)
    answers = _cross_validated(recipe, records.numbers, present, groups, progress=progress)
    final = boosting_of([_grown(recipe, records.numbers, present[:, at]) for at in range(len(codes))])
    patients = records.table["patient_id"].to_numpy(dtype=str)
    card = _card(recipe, records, dataset, figures_of_statements(codes, present, answers, patients))
    path = save_statement_head(final, answers.probabilities, records.table["mark"].tolist(), card, out)
    return path, card


def present_statements(dataset: PtbXl, ecg_ids: Sequence[int]) -> tuple[tuple[str, ...], IntArray]:
    """Return the statements with at least `FEWEST` records, and where they are present, whatever their likelihood.

    PTB-XL writes the likelihood 0 for rhythm and many form statements: it means 'present, not graded'.
    """
    codes_of = [dataset.scp_codes(ecg_id) for ecg_id in ecg_ids]
    every = tuple(STATEMENTS)
    present = np.array([[code in codes for code in every] for codes in codes_of], dtype=np.int64)
    kept = np.flatnonzero((present.sum(axis=0) >= FEWEST) & (present.sum(axis=0) <= len(present) - FEWEST))
    return tuple(every[at] for at in kept), present[:, kept]


def figures_of_statements(
    codes: Sequence[str], present: IntArray, outputs: _Calibrated, patients: npt.NDArray[np.str_]
) -> _Figures:
    """Return AUC and Brier score of each statement, and the mean AUC of those that are shown, with 95 % intervals."""
    probabilities = outputs.probabilities

    def areas(labels: IntArray, scores: Float64Array) -> Float64Array:
        return np.array(
            [
                roc_auc_score(labels[:, at], scores[:, at]) if 0 < labels[:, at].sum() < len(labels) else np.nan
                for at in range(labels.shape[1])
            ]
        )

    values = areas(present, probabilities)
    shown = values >= SHOWN_FROM

    def with_mean(labels: IntArray, scores: Float64Array) -> Float64Array:
        of_each = areas(labels, scores)
        return np.array([*of_each, np.nanmean(of_each[shown]) if shown.any() else np.nan])

    limits = bootstrap_intervals(with_mean, present, probabilities, groups=patients, n_resamples=_N_RESAMPLES)
    statements = tuple(
        StatementFigures(
            code=code,
            n=int(present[:, at].sum()),
            auc=float(values[at]),
            auc_interval=(limits[at].low, limits[at].high),
            brier=float(((probabilities[:, at] - present[:, at]) ** 2).mean()),
            shown=bool(shown[at]),
            slope=float(outputs.slopes[at]),
            offset=float(outputs.offsets[at]),
        )
        for at, code in enumerate(codes)
    )
    return _Figures(statements, float(values[shown].mean()), (limits[-1].low, limits[-1].high))


def _cross_validated(
    recipe: BoostingRecipe, numbers: Float64Array, present: IntArray, groups: IntArray, *, progress: bool
) -> _Calibrated:
    """Return what trees say of the groups that they have not seen; each calibration is fitted on the other groups."""
    scores = np.full(present.shape, np.nan)
    for group in tqdm(np.unique(groups), disable=not progress, unit="group"):
        kept = groups != group
        trees = boosting_of([_grown(recipe, numbers[kept], labels[kept]) for labels in present.T])
        scores[~kept] = boosting_scores(trees, numbers[~kept])
    probabilities = np.full(present.shape, np.nan)
    slopes, offsets = np.ones(present.shape[1]), np.zeros(present.shape[1])
    for at, labels in enumerate(present.T):
        for group in np.unique(groups):
            kept = groups != group
            slope, offset = fit_slope(scores[kept, at], labels[kept])
            probabilities[~kept, at] = expit(slope * scores[~kept, at] + offset)
        slopes[at], offsets[at] = fit_slope(scores[:, at], labels)
    return _Calibrated(probabilities, slopes, offsets)


def fit_slope(scores: Float64Array, labels: IntArray) -> tuple[float, float]:
    """Return slope and offset by which scores become probabilities with the least log loss (Platt 1999).

    `scores`: shape (n,), of records that did not grow the trees. `labels`: shape (n,), 0 or 1.
    """

    def loss(numbers: Float64Array) -> tuple[float, Float64Array]:
        shifted = numbers[0] * scores + numbers[1]
        wrong = expit(shifted) - labels
        value = float(np.mean(np.logaddexp(0.0, shifted) - labels * shifted))
        return value, np.array([(wrong * scores).mean(), wrong.mean()])

    solution = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 5.0), (-10.0, 10.0)]).x
    return float(solution[0]), float(solution[1])


def _grown(recipe: BoostingRecipe, numbers: Float64Array, labels: IntArray) -> "HistGradientBoostingClassifier":
    return fitted(recipe, numbers, labels, recipe.seed)


def _card(recipe: BoostingRecipe, records: Measured, dataset: PtbXl, figures: _Figures) -> NewStatementCard:
    import sklearn

    return NewStatementCard(
        title=recipe.title,
        measurements=tuple(feature.key for feature in FEATURES),
        n_records=len(records.table),
        macro_auc=figures.macro_auc,
        macro_auc_interval=figures.macro_auc_interval,
        n_shown=sum(one.shown for one in figures.statements),
        statements=figures.statements,
        training=StatementTraining(
            dataset=f"PTB-XL ({dataset.source_name})",
            licence_of_data="CC BY 4.0",
            n_records=len(records.table),
            n_patients=int(records.table["patient_id"].nunique()),
            fewest_positive_records=FEWEST,
            n_statements_of_the_paper=len(STATEMENTS),
            recipe=recipe.as_dict(),
            scikit_learn=sklearn.__version__,
            command="cardiov train-statements --data DIR --out DIR",
        ),
        figures_from=f"pooled out-of-fold predictions, {recipe.cv_groups} groups of patients; each statement's "
        "calibration fitted on the other groups' predictions, whose trees had seen the group",
        limitations=(
            f"Statements with fewer than {FEWEST} records in training are not learned, so they are never named.",
            f"Statements with an AUC below {SHOWN_FROM} out of fold are not shown.",
            "Probabilities are those of a cardiologist's report of PTB-XL having the statement, not of the disease.",
            "Measurements of the median beat: what happens in single beats or between them is seen only by its share "
            "and by the RR intervals.",
        ),
    )
