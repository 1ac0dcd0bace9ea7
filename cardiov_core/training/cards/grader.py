"""The model card that a training writes: everything in it is measured or comes out of the recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from cardiov_core.datasets import LabelledRecords
from cardiov_core.domain import JsonObject, Severity
from cardiov_core.evaluation import corrected_of, figures_of
from cardiov_core.training.cards.probabilities import NestedCalibration
from cardiov_core.weights import Architecture, CorrectedPart, Figures, InputPart, NewCard, OutputPart, TrainingPart

_N_RESAMPLES = 1000

LIMITATIONS = (
    "Trained on few records of one source and one country's machines; figures come from records of the same source, "
    "not from elsewhere.",
    "The test fold (10) of PTB-XL was neither trained on nor looked at: there is no test figure.",
    "The level follows the statement with the highest likelihood: a rhythm statement beside a graded one does not "
    "count.",
    "ST elevation as such counts as low risk and only infarction statements as high; an old infarct counts like a new "
    "one.",
    "Ventricular tachycardia, hyperkalaemia and Brugada pattern are not among the 71 statements and cannot be graded.",
    "Not trained on people under 18 as a group, on pacemaker rhythms as a group, or on records of fewer than 12 leads.",
    "Prediction sets hold 90 % of the records of each level like those of the training; of records unlike them nothing "
    "is claimed.",
    "What would make these figures too good: candidates were compared on the same records; calibrations, limits, "
    "costs, floors and blend weights of a group were fitted on predictions of graders that had seen that group; and "
    "the first 500 numbers of PTB-XL are easier than the rest, as the parts by device, site and validation show.",
)
"""What holds for every grader trained on these labels."""

NOT_TESTED_ON = (
    "the test fold (10) of PTB-XL",
    "people under 18 as a group, pacemaker rhythms as a group",
    "patients and machines of other hospitals, but for the external validation in docs/method/graders.md",
)
"""What no grader trained on these records was tested on."""

CITATIONS = (
    "Wei G, Di X, Zhang W, et al. Estimating critical values from electrocardiogram using a deep ordinal convolutional "
    "neural network. BMC Med Inform Decis Mak 22, 295 (2022).",
    "Wagner P, Strodthoff N, Bousseljot RD, et al. PTB-XL, a large publicly available electrocardiography dataset. "
    "Sci Data 7, 154 (2020).",
)
"""Paper and data."""

LEVELS = tuple(severity.title for severity in Severity)
THRESHOLDS = tuple(f"above {title.lower()}" for title in LEVELS[:-1])
"""As cards name them."""

_NESTED = "calibration nested"


class AnyRecipe(Protocol):
    """What a card needs of any recipe."""

    @property
    def name(self) -> str:
        """Name of the grader."""

    @property
    def title(self) -> str:
        """One line for people."""

    @property
    def folds(self) -> tuple[int, ...]:
        """Folds that were trained on."""

    @property
    def cv_groups(self) -> int:
        """Parts of the cross-validation."""

    def as_dict(self) -> JsonObject:
        """Return the recipe as JSON values."""


@dataclass(frozen=True, eq=False)
class Described:
    """What only one kind of grader can say of itself."""

    # Of the card.
    architecture: Architecture
    input: InputPart
    output: OutputPart
    command: str  # repeats the training
    # ``torch`` or ``scikit_learn`` -> version, where one of them trained it.
    library: Mapping[str, str] = field(default_factory=dict)
    trained: pd.DataFrame | None = None  # the records that it learned from; None where they are those of the figures
    validation_folds: tuple[int, ...] = ()  # folds that chose it
    figures: str | None = None  # where the figures come from, if not from out-of-fold predictions
    # Beside those of every grader.
    limitations: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


def build_card(
    recipe: AnyRecipe,
    table: pd.DataFrame,
    dataset: LabelledRecords,
    described: Described,
    nested: NestedCalibration | None,
) -> NewCard:
    """Return the model card of any grader."""
    metrics = metrics_of(table, recipe.cv_groups)
    if described.figures is not None:
        metrics = metrics.model_copy(update={"kind": described.figures})
    card = NewCard(
        name=recipe.name,
        version="1.0.0",
        title=recipe.title,
        architecture=described.architecture,
        input=described.input,
        output=described.output,
        training=_training_part(recipe, table, dataset, described),
        metrics=metrics,
        intended_use="Research on critical values of 12-lead ECGs of adults. Not a medical device, not for diagnostic "
        "use; a qualified clinician must read the ECG.",
        limitations=limitations_of(metrics, described.limitations),
        not_tested_on=NOT_TESTED_ON,
        licence="Apache-2.0",
        references=(*described.references, *CITATIONS),
    )
    if nested is None:
        return card
    parts = (nested.calibration_part, nested.conformal_part, nested.decision_part, nested.doubt_part)
    return card.model_copy(update={part.field: part for part in parts})


def _training_part(
    recipe: AnyRecipe, table: pd.DataFrame, dataset: LabelledRecords, described: Described
) -> TrainingPart:
    trained = table if described.trained is None else described.trained
    part = TrainingPart(
        dataset=f"PTB-XL ({dataset.source_name})",
        licence_of_data="CC BY 4.0",
        n_records=len(trained),
        n_patients=int(trained["patient_id"].nunique()),
        records_a_level={severity.title: int((trained["label"] == severity).sum()) for severity in Severity},
        folds=recipe.folds,
        recipe=recipe.as_dict(),
        command=described.command,
    )
    more: dict[str, object] = dict(described.library)
    if dataset.corrected is not None:
        more["corrected_labels"] = CorrectedPart.of(corrected_of(table["ecg_id"], dataset))
    if described.validation_folds:
        more["validation_folds"] = described.validation_folds
    return part.model_copy(update=more)


def metrics_of(table: pd.DataFrame, cv_groups: int) -> Figures:
    """Return the cross-validated figures of a card, each with its interval."""
    rising = (table["e1"] > table["e0"]) | (table["e2"] > table["e1"])
    return Figures.of(
        figures_of(table, _N_RESAMPLES)
        | {
            "kind": f"pooled out-of-fold predictions, {cv_groups} groups of patients, {_NESTED}",
            "label_rule": "highest_likelihood",
            "rank_violation_rate": round(float(rising.mean()), 4),
        }
    )


def limitations_of(metrics: Figures, own: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the limits of a grader, the figure that matters most to a patient first."""
    return (missed_high_risk(metrics.confusion), *LIMITATIONS, *own)


def output_of(meaning: str) -> OutputPart:
    """Return what a grader's three exceedances mean; `meaning` may name the number of the output as ``{}``."""
    return OutputPart(
        kind="exceedance",
        levels=LEVELS,
        thresholds=THRESHOLDS,
        meaning=tuple(f"{meaning.format(i)}: probability that the level is above '{LEVELS[i]}'" for i in range(3)),
        decoding="running minimum over the thresholds, then differences; the level is that of least expected cost",
    )


def missed_high_risk(confusion: Sequence[Sequence[int]]) -> str:
    """Say in words the figure that matters most to a patient; rows are labels."""
    row = confusion[Severity.HIGH_RISK]
    missed = row[Severity.NO_RISK] + row[Severity.LOW_RISK]
    return f"In cross-validation {missed} of {sum(row)} high-risk records were graded no or low risk."
