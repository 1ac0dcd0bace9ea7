"""The model card that a training writes: everything in it is measured or comes out of the recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import InputContract, Severity
from cardiov_core.evaluation.study.figures import figures_of
from cardiov_core.evaluation.study.run import corrected_of
from cardiov_core.inference.outputs import Output
from cardiov_core.training.cards import network as network_card
from cardiov_core.training.recipes.network import Recipe

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
    "Prediction sets hold the level of 90 % of records like those of the training, over all levels together; nothing "
    "is claimed a level.",
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

_LEVELS = [severity.title for severity in Severity]
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

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON values."""


@dataclass(frozen=True)
class Described:
    """What only one kind of grader can say of itself.

    Attributes
    ----------
    architecture, input : mapping
        Of the card.
    output : mapping
        Of the card.
    made_with : mapping of str to str
        Library -> version, and ``command``.
    training : mapping
        What ``training`` says of the records where they are not those of the table.
    figures : str or None
        Where the figures come from, if not from out-of-fold predictions.
    limitations, references : tuple of str
        Beside those of every grader.
    """

    architecture: Mapping[str, Any]
    input: Mapping[str, Any]
    output: Mapping[str, Any]
    made_with: Mapping[str, str]
    training: Mapping[str, Any] = field(default_factory=dict)
    figures: str | None = None
    limitations: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


def build_card(
    recipe: Recipe,
    table: pd.DataFrame,
    dataset: PtbXl,
    honest: Mapping[str, Any],
    *,
    output: Output | None = None,
    trained: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Return a network's model card without checksums, which `cardiov_core.weights.save` adds.

    Parameters
    ----------
    recipe : Recipe
        The training.
    table : pandas.DataFrame
        Out-of-fold predictions from `graded_table`, with label, level, patient_id, sex and age.
    dataset : PtbXl
        What it was trained on.
    honest : mapping
        ``calibration`` and ``conformal``, from `honest_part`; empty where there was no cross-validation.
    output : Output, optional
        How the network is to be read; the paper's independent thresholds where None.
    trained : pandas.DataFrame, optional
        The records that trained the network; those of `table` where None.

    Returns
    -------
    dict
        JSON values only.
    """
    read = output or Output()
    described = Described(
        architecture=network_card.architecture_of(recipe, read),
        input=input_of(recipe.contract),
        output=network_card.output_part(read, calibrated=bool(honest)),
        made_with=network_card.made_with(recipe),
        training=network_card.training_part(recipe, table if trained is None else trained),
        figures=network_card.figures_kind(recipe),
        limitations=network_card.limitations_of(recipe),
    )
    return assemble(recipe, table, dataset, honest, described)


def assemble(
    recipe: AnyRecipe, table: pd.DataFrame, dataset: PtbXl, honest: Mapping[str, Any], described: Described
) -> dict[str, Any]:
    """Return the model card of any grader without checksums; arguments as in `build_card`."""
    metrics = metrics_of(table, recipe.cv_groups)
    if described.figures is not None:
        metrics["kind"] = described.figures
    return {
        "schema_version": 1,
        "name": recipe.name,
        "version": "1.0.0",
        "title": recipe.title,
        "architecture": dict(described.architecture),
        "input": dict(described.input),
        "output": dict(described.output),
        **honest,
        "training": {
            "dataset": f"PTB-XL ({dataset.source_name})",
            "licence_of_data": "CC BY 4.0",
            "n_records": len(table),
            "n_patients": int(table["patient_id"].nunique()),
            "records_a_level": {severity.title: int((table["label"] == severity).sum()) for severity in Severity},
            "folds": list(recipe.folds),
            **({} if dataset.corrected is None else {"corrected_labels": corrected_of(table["ecg_id"], dataset)}),
            "recipe": recipe.as_dict(),
            **described.training,
            **described.made_with,
        },
        "metrics": metrics,
        "intended_use": "Research on critical values of 12-lead ECGs of adults. Not a medical device, not for "
        "diagnostic use; a qualified clinician must read the ECG.",
        "limitations": limitations_of(metrics, described.limitations),
        "not_tested_on": list(NOT_TESTED_ON),
        "licence": "Apache-2.0",
        "references": [*described.references, *CITATIONS],
    }


def metrics_of(table: pd.DataFrame, cv_groups: int) -> dict[str, Any]:
    """Return the cross-validated figures of a card, each with its interval."""
    rising = (table["e1"] > table["e0"]) | (table["e2"] > table["e1"])
    return figures_of(table, _N_RESAMPLES) | {
        "kind": f"pooled out-of-fold predictions, {cv_groups} groups of patients, {_NESTED}",
        "label_rule": "highest_likelihood",
        "rank_violation_rate": round(float(rising.mean()), 4),
    }


def limitations_of(metrics: Mapping[str, Any], own: tuple[str, ...] = ()) -> list[str]:
    """Return the limits of a grader, the figure that matters most to a patient first."""
    return [missed_high_risk(metrics["confusion"]), *LIMITATIONS, *own]


def input_of(contract: InputContract) -> dict[str, Any]:
    """Return what a network is fed, as cards state it."""
    return {
        "leads": list(contract.leads),
        "sampling_rate_hz": contract.sampling_rate_hz,
        "n_samples": contract.n_samples,
        "units": "mV",
        "band_hz": list(contract.band_hz),
        "filter_order": contract.filter_order,
        "normalisation": contract.normalisation,
    }


def output_of(meaning: str) -> dict[str, Any]:
    """Return what a grader's outputs mean; `meaning` may name the number of the output as ``{}``."""
    return {
        "kind": "exceedance",
        "levels": list(_LEVELS),
        "thresholds": ["above no risk", "above low risk", "above medium risk"],
        "meaning": [f"{meaning.format(i)}: probability that the level is above '{_LEVELS[i]}'" for i in range(3)],
        "decoding": "running minimum over the thresholds, then differences; the level is the most probable one",
    }


def missed_high_risk(confusion: list[list[int]]) -> str:
    """Say in words the figure that matters most to a patient; rows are labels."""
    row = confusion[Severity.HIGH_RISK]
    missed = row[Severity.NO_RISK] + row[Severity.LOW_RISK]
    return f"In cross-validation {missed} of {sum(row)} high-risk records were graded no or low risk."
