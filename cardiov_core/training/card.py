"""The model card that a training writes: everything in it is measured or comes out of the recipe."""

from typing import Any

import pandas as pd
import torch

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import Severity
from cardiov_core.evaluation.study import corrected_of
from cardiov_core.evaluation.study_figures import figures_of
from cardiov_core.training.recipe import Recipe

_N_RESAMPLES = 1000

LIMITATIONS = (
    "Trained on few records of one source and one country's machines; figures are cross-validated on the same source, "
    "not tested elsewhere.",
    "The test fold (10) of PTB-XL was neither trained on nor looked at: there is no test figure.",
    "The level follows the statement with the highest likelihood: a rhythm statement beside a graded one does not "
    "count.",
    "ST elevation as such counts as low risk and only infarction statements as high; an old infarct counts like a new "
    "one.",
    "Ventricular tachycardia, hyperkalaemia and Brugada pattern are not among the 71 statements and cannot be graded.",
    "Not trained on people under 18 as a group, on pacemaker rhythms as a group, or on records of fewer than 12 leads.",
)
"""What holds for every grader trained on these labels."""

CITATIONS = (
    "Wei G, Di X, Zhang W, et al. Estimating critical values from electrocardiogram using a deep ordinal convolutional "
    "neural network. BMC Med Inform Decis Mak 22, 295 (2022).",
    "Wagner P, Strodthoff N, Bousseljot RD, et al. PTB-XL, a large publicly available electrocardiography dataset. "
    "Sci Data 7, 154 (2020).",
)
"""Paper and data."""


def build_card(recipe: Recipe, table: pd.DataFrame, dataset: PtbXl) -> dict[str, Any]:
    """Return the model card without checksums, which `cardiov_core.weights.save` adds.

    Parameters
    ----------
    recipe : Recipe
        The training.
    table : pandas.DataFrame
        Out-of-fold predictions with label, level, patient_id, sex and age.
    dataset : PtbXl
        What it was trained on.

    Returns
    -------
    dict
        JSON values only.
    """
    labels = table["label"].to_numpy()
    contract = recipe.contract
    levels = [severity.title for severity in Severity]
    rising = (table["e1"] > table["e0"]) | (table["e2"] > table["e1"])
    metrics = figures_of(table, _N_RESAMPLES) | {
        "kind": f"pooled out-of-fold predictions, {recipe.cv_groups} groups of patients",
        "label_rule": "highest_likelihood",
        "rank_violation_rate": round(float(rising.mean()), 4),
    }
    return {
        "schema_version": 1,
        "name": recipe.name,
        "version": "1.0.0",
        "title": recipe.title,
        "architecture": {"name": recipe.net, "kwargs": {"n_leads": 12, "n_outputs": 3, **recipe.net_arguments}},
        "input": {
            "leads": list(contract.leads),
            "sampling_rate_hz": contract.sampling_rate_hz,
            "n_samples": contract.n_samples,
            "units": "mV",
            "band_hz": list(contract.band_hz),
            "filter_order": contract.filter_order,
            "normalisation": contract.normalisation,
        },
        "output": {
            "kind": "exceedance",
            "levels": levels,
            "thresholds": ["above no risk", "above low risk", "above medium risk"],
            "meaning": [f"sigmoid of logit {i}: probability that the level is above '{levels[i]}'" for i in range(3)],
            "decoding": "running minimum over the thresholds, then differences; the level is the most probable one",
        },
        "training": {
            "dataset": f"PTB-XL ({dataset.root.name})",
            "licence_of_data": "CC BY 4.0",
            "n_records": len(table),
            "n_patients": int(table["patient_id"].nunique()),
            "records_a_level": {
                title: int((labels == severity).sum()) for severity, title in zip(Severity, levels, strict=True)
            },
            "folds": list(recipe.folds),
            **({} if dataset.corrected is None else {"corrected_labels": corrected_of(table["ecg_id"], dataset)}),
            "recipe": recipe.as_dict(),
            "torch": torch.__version__,
            "command": "make weights",
        },
        "metrics": metrics,
        "intended_use": "Research on critical values of 12-lead ECGs of adults. Not a medical device, not for "
        "diagnostic use; a qualified clinician must read the ECG.",
        "limitations": [missed_high_risk(metrics["confusion"]), *LIMITATIONS, "Probabilities are not calibrated."],
        "licence": "Apache-2.0",
        "references": list(CITATIONS),
    }


def missed_high_risk(confusion: list[list[int]]) -> str:
    """Say in words the figure that matters most to a patient; rows are labels."""
    row = confusion[Severity.HIGH_RISK]
    missed = row[Severity.NO_RISK] + row[Severity.LOW_RISK]
    return f"In cross-validation {missed} of {sum(row)} high-risk records were graded no or low risk."
