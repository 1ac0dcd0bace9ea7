"""What a network's model card says beside every grader's: its output, its schedule, where its figures come from."""

from typing import Any

import pandas as pd
import torch

from cardiov_core.domain import Severity
from cardiov_core.inference.outputs import Output
from cardiov_core.training.recipes.network import Recipe
from cardiov_core.weights import N_LOGITS

_LEVELS = [severity.title for severity in Severity]
_MOST_PROBABLE = "the level is the most probable one"
_DECODING = {
    "exceedance": f"running minimum over the thresholds, then differences; {_MOST_PROBABLE}",
    "rank_consistent": f"products of the answers so far are exceedances (CORN), then differences; {_MOST_PROBABLE}",
    "classification": f"softmax; exceedances are the sums over the levels above; {_MOST_PROBABLE}",
    "regression": "a normal distribution around the number, with residual_sd, at the four levels, made to sum to 1; "
    "the most probable level is the number rounded",
}


def output_part(output: Output, *, calibrated: bool) -> dict[str, Any]:
    """Return ``output`` of a network's card; `calibrated` where exceedances are calibrated before they are decoded."""
    found: dict[str, Any] = {
        "kind": output.kind,
        "levels": list(_LEVELS),
        "thresholds": ["above no risk", "above low risk", "above medium risk"],
        "meaning": [_meaning(output, index) for index in range(N_LOGITS[output.kind])],
        "decoding": ("exceedances calibrated, then: " if calibrated else "") + _DECODING[output.kind],
    }
    if output.kind == "regression":
        found["residual_sd"] = output.residual_sd
    return found


def architecture_of(recipe: Recipe, output: Output) -> dict[str, Any]:
    """Return ``architecture`` of a network's card."""
    sizes = {"n_leads": len(recipe.contract.leads), "n_outputs": N_LOGITS[output.kind]}
    return {"name": recipe.net, "kwargs": {**sizes, **recipe.net_arguments}}


def made_with(recipe: Recipe) -> dict[str, str]:
    """Return library, version and command."""
    cut = "" if recipe.max_epochs is None else f" --max-epochs {recipe.max_epochs}"
    return {"torch": torch.__version__, "command": f"cardiov train --recipe {recipe.name}{cut}"}


def training_part(recipe: Recipe, trained: pd.DataFrame) -> dict[str, Any]:
    """Return what ``training`` says of the records: how many, of whom, of which folds.

    Parameters
    ----------
    recipe : Recipe
        The training.
    trained : pandas.DataFrame
        The records that it learned from, a row each.
    """
    found: dict[str, Any] = {
        "n_records": len(trained),
        "n_patients": int(trained["patient_id"].nunique()),
        "records_a_level": {severity.title: int((trained["label"] == severity).sum()) for severity in Severity},
        "folds": list(recipe.folds),
    }
    if recipe.validation.folds:
        found["validation_folds"] = list(recipe.validation.folds)
    return found


def figures_kind(recipe: Recipe) -> str | None:
    """Return where the figures come from in words; None where they are cross-validated."""
    if recipe.cv_groups:
        return None
    folds = ", ".join(map(str, recipe.validation.folds))
    return f"validation fold {folds}, which no weight was trained on but which chose the epoch: they flatter"


def limitations_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the limits that this recipe brings about."""
    found = []
    if recipe.max_epochs is not None and any(stage.epochs > recipe.max_epochs for stage in recipe.stages):
        most = max(stage.epochs for stage in recipe.stages)
        found.append(
            f"Cut short: every stage was ended after {recipe.max_epochs} of at most {most} epochs. This is not what "
            "the recipe gives when it is let run."
        )
    if not recipe.cv_groups:
        found.append(
            "Not cross-validated: there are no out-of-fold predictions, probabilities are not calibrated, and there "
            "are no prediction sets."
        )
    return tuple(found)


def _meaning(output: Output, index: int) -> str:
    if output.kind == "regression":
        return "the level as a number, 0 (no risk) to 3 (high risk)"
    if output.kind == "classification":
        return f"logit {index} of a softmax: '{_LEVELS[index]}'"
    if output.kind == "rank_consistent":
        given = f", given that it is above '{_LEVELS[index - 1]}'" if index else ""
        return f"sigmoid of logit {index}: probability that the level is above '{_LEVELS[index]}'{given}"
    return f"sigmoid of logit {index}: probability that the level is above '{_LEVELS[index]}'"
