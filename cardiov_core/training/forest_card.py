"""The model card of a forest: everything in it is measured or comes out of the recipe."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from cardiov_core import ordinal
from cardiov_core.datasets import PtbXl
from cardiov_core.domain import STANDARD_LEADS, Severity
from cardiov_core.evaluation.bootstrap import bootstrap_interval
from cardiov_core.evaluation.study import corrected_of
from cardiov_core.evaluation.study_figures import figures_of
from cardiov_core.inference.calibration import Calibration
from cardiov_core.inference.conformal import COVERAGE, contiguous_set
from cardiov_core.signals.features import FEATURES, RESIDUE_BAND_HZ, RESIDUE_FILTER_ORDER
from cardiov_core.training.card import CITATIONS, LIMITATIONS, missed_high_risk
from cardiov_core.training.forest_recipe import ForestRecipe
from cardiov_core.weights import FOREST

FloatMatrix = npt.NDArray[np.float64]

_N_RESAMPLES = 1000
_RATE_HZ = 500.0
_DURATION_S = 10.0
_SMALLEST = 1e-6
_P_COLUMNS = ["p0", "p1", "p2", "p3"]

_OWN_LIMITATIONS = (
    "Sizes count as shares of the lead's own QRS: low or high voltage as such is seen only by the Sokolow-Lyon and "
    "Cornell voltages, and not at all where the gains cannot be trusted.",
    "The windows lie at fixed times around the R peak of the beats' dominant shape: single beats of another shape "
    "count only by their share.",
    "Reasons are shares of the forest's own reckoning before calibration: what the measurements spoke for, not causes.",
    "Prediction sets hold the level of 90 % of records like those of the training, over all levels together; nothing "
    "is claimed a level.",
)


def build_forest_card(
    recipe: ForestRecipe,
    table: pd.DataFrame,
    raw: FloatMatrix,
    calibration: Calibration,
    limit: float,
    dataset: PtbXl,
    *,
    n_features: int,
) -> dict[str, Any]:
    """Return the model card without checksums, which `cardiov_core.weights.save_forest` adds.

    Parameters
    ----------
    recipe : ForestRecipe
        The training.
    table : pandas.DataFrame
        Nested out-of-fold predictions, calibrated, with label, level, patient_id, sex, age and set_limit.
    raw : numpy.ndarray, shape (n, 3)
        The same before calibration.
    calibration : Calibration
        Of the shipped forest, fitted on all out-of-fold predictions.
    limit : float
        Of its prediction sets.
    dataset : PtbXl
        What it was trained on.
    n_features : int
        Measurements that the forest is fed.

    Returns
    -------
    dict
        JSON values only.
    """
    import sklearn

    labels = table["label"].to_numpy(dtype=np.int64)
    levels = [severity.title for severity in Severity]
    rising = (table["e1"] > table["e0"]) | (table["e2"] > table["e1"])
    metrics = figures_of(table, _N_RESAMPLES) | {
        "kind": f"pooled out-of-fold predictions, {recipe.cv_groups} groups of patients, calibration nested",
        "label_rule": "highest_likelihood",
        "rank_violation_rate": round(float(rising.mean()), 4),
    }
    forest = {"n_trees": recipe.n_trees, "n_features": n_features, "min_samples_leaf": recipe.min_samples_leaf}
    return {
        "schema_version": 1,
        "name": recipe.name,
        "version": "1.0.0",
        "title": recipe.title,
        "architecture": {"name": FOREST, "kwargs": forest},
        "input": _input(),
        "output": {
            "kind": "exceedance",
            "levels": levels,
            "thresholds": ["above no risk", "above low risk", "above medium risk"],
            "meaning": [f"calibrated probability that the level is above '{levels[i]}'" for i in range(3)],
            "decoding": "running minimum over the thresholds, then differences; the level is the most probable one",
        },
        "calibration": _calibration(calibration, raw, table),
        "conformal": _conformal(limit, table),
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
            "scikit_learn": sklearn.__version__,
            "command": f"cardiov train --recipe {recipe.name} --data DIR --out DIR",
        },
        "metrics": metrics,
        "intended_use": "Research on critical values of 12-lead ECGs of adults. Not a medical device, not for "
        "diagnostic use; a qualified clinician must read the ECG.",
        "limitations": [missed_high_risk(metrics["confusion"]), *LIMITATIONS, *_OWN_LIMITATIONS],
        "not_tested_on": [
            "the test fold (10) of PTB-XL",
            "people under 18 as a group, pacemaker rhythms as a group",
            "patients and machines of other hospitals, but for the outside look in docs/graders.md",
        ],
        "licence": "Apache-2.0",
        "references": [
            "Geurts P, Ernst D, Wehenkel L. Extremely randomized trees. Mach Learn 63, 3-42 (2006).",
            *CITATIONS,
        ],
    }


def _input() -> dict[str, Any]:
    return {
        "leads": list(STANDARD_LEADS),
        "sampling_rate_hz": _RATE_HZ,
        "n_samples": round(_RATE_HZ * _DURATION_S),
        "units": "mV",
        "band_hz": list(RESIDUE_BAND_HZ),
        "filter_order": RESIDUE_FILTER_ORDER,
        "normalisation": "none",
        "note": "Waves are measured on the unfiltered median beat; the band is that of the beat-to-beat variation. "
        "Any rate that can be measured will do.",
        "measurements": [feature.key for feature in FEATURES],
    }


def _calibration(calibration: Calibration, raw: FloatMatrix, table: pd.DataFrame) -> dict[str, Any]:
    labels = table["label"].to_numpy(dtype=np.int64)
    before, after = ordinal.decode(raw), table[_P_COLUMNS].to_numpy(dtype=np.float64)
    return {
        "kind": "temperature with an offset a threshold, on the logits of the exceedances",
        "temperature": calibration.temperature,
        "offsets": list(calibration.offsets),
        "fitted_on": f"{len(table)} out-of-fold predictions",
        "log_loss": {"before": _log_loss(before, labels), "nested": _log_loss(after, labels)},
    }


def _log_loss(probabilities: FloatMatrix, labels: npt.NDArray[np.int64]) -> float:
    of_label = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_label, _SMALLEST)).mean())


def _conformal(limit: float, table: pd.DataFrame) -> dict[str, Any]:
    """Return the limit, and how often sets whose limit was fitted without the record held its level."""
    labels = table["label"].to_numpy(dtype=np.int64)
    rows = table[_P_COLUMNS].to_numpy(dtype=np.float64)
    sets = [contiguous_set(row, own) for row, own in zip(rows, table["set_limit"], strict=True)]
    held = np.array([label in chosen for label, chosen in zip(labels.tolist(), sets, strict=True)])
    sizes = np.array([len(chosen) for chosen in sets])
    interval = bootstrap_interval(
        lambda values: float(values.mean()), held.astype(np.float64), groups=table["patient_id"].to_numpy(dtype=str)
    )
    a_level = {}
    for severity in Severity:
        mask = labels == severity
        n_held = int(held[mask].sum())
        limits = binomtest(n_held, int(mask.sum())).proportion_ci(method="wilson")
        a_level[severity.title] = {"n": int(mask.sum()), "held": n_held, "interval": [limits.low, limits.high]}
    return {
        "kind": "split conformal, contiguous levels, marginal",
        "wanted": COVERAGE,
        "limit": limit,
        "fitted_on": f"{len(table)} out-of-fold predictions",
        "measured": {
            "kind": "nested: limit and calibration fitted without the record's group of patients",
            "n": len(table),
            "held": int(held.sum()),
            "coverage": float(held.mean()),
            "interval": [interval.low, interval.high],
            "mean_size": float(sizes.mean()),
            "sets_of_size": {str(size): int((sizes == size).sum()) for size in range(1, len(Severity) + 1)},
            "a_level": a_level,
            "note": "Counts a level are stated, no coverage a level is claimed.",
        },
    }
