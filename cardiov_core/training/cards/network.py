"""What a network's model card says beside every grader's: its output, its schedule, where its figures come from."""

import pandas as pd
import torch

from cardiov_core.inference import Output
from cardiov_core.training.cards.grader import LEVELS, THRESHOLDS, Described
from cardiov_core.training.recipes.network import Recipe
from cardiov_core.weights import N_LOGITS, Architecture, InputPart, OutputPart

_MOST_PROBABLE = "the level is that of least expected cost, or the most probable one without costs"
_DECODING = {
    "exceedance": f"running minimum over the thresholds, then differences; {_MOST_PROBABLE}",
    "rank_consistent": f"products of the answers so far are exceedances (CORN), then differences; {_MOST_PROBABLE}",
    "classification": f"softmax; exceedances are the sums over the levels above; {_MOST_PROBABLE}",
    "regression": "a normal distribution around the number, with residual_sd, at the four levels, made to sum to 1; "
    "the most probable level is the number rounded",
}


def described_network(
    recipe: Recipe, output: Output, trained: pd.DataFrame | None = None, *, calibrated: bool = False
) -> Described:
    """Return what a network's card says beside every grader's."""
    cut = "" if recipe.max_epochs is None else f" --max-epochs {recipe.max_epochs}"
    sizes = {"n_leads": len(recipe.contract.leads), "n_outputs": N_LOGITS[output.kind]}
    return Described(
        architecture=Architecture.of({"name": recipe.net, "kwargs": {**sizes, **recipe.net_arguments}}),
        input=InputPart.of_contract(recipe.contract),
        output=output_part(output, calibrated=calibrated),
        command=f"cardiov train --recipe {recipe.name}{cut}",
        library={"torch": torch.__version__},
        trained=trained,
        validation_folds=recipe.validation.folds,
        figures=_figures_kind(recipe),
        limitations=_limitations_of(recipe),
    )


def output_part(output: Output, *, calibrated: bool) -> OutputPart:
    """Return ``output`` of a network's card; `calibrated` where exceedances are calibrated before they are decoded."""
    return OutputPart(
        kind=output.kind,
        levels=LEVELS,
        thresholds=THRESHOLDS,
        meaning=tuple(_meaning(output, index) for index in range(N_LOGITS[output.kind])),
        decoding=("exceedances calibrated, then: " if calibrated else "") + _DECODING[output.kind],
        **({"residual_sd": output.residual_sd} if output.kind == "regression" else {}),
    )


def _figures_kind(recipe: Recipe) -> str | None:
    """Return where the figures come from in words; None where they are cross-validated."""
    if recipe.cv_groups:
        return None
    folds = ", ".join(map(str, recipe.validation.folds))
    return f"validation fold {folds}, which no weight was trained on but which chose the epoch: they flatter"


def _limitations_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the limits that this recipe brings about."""
    limitations = []
    if recipe.max_epochs is not None and any(stage.epochs > recipe.max_epochs for stage in recipe.stages):
        most = max(stage.epochs for stage in recipe.stages)
        limitations.append(
            f"Cut short: every stage was ended after {recipe.max_epochs} of at most {most} epochs. This is not what "
            "the recipe gives when it is let run."
        )
    if not recipe.cv_groups:
        limitations.append(
            "Not cross-validated: there are no out-of-fold predictions, probabilities are not calibrated, and there "
            "are no prediction sets."
        )
    if recipe.pretraining.start:
        limitations.append(
            f"It begins with the weights of {recipe.pretraining.start}: records that trained those count with their "
            "own out-of-fold predictions, by networks that learned from fewer records."
        )
    return tuple(limitations)


def _meaning(output: Output, index: int) -> str:
    if output.kind == "regression":
        return "the level as a number, 0 (no risk) to 3 (high risk)"
    if output.kind == "classification":
        return f"logit {index} of a softmax: '{LEVELS[index]}'"
    if output.kind == "rank_consistent":
        given = f", given that it is above '{LEVELS[index - 1]}'" if index else ""
        return f"sigmoid of logit {index}: probability that the level is above '{LEVELS[index]}'{given}"
    return f"sigmoid of logit {index}: probability that the level is above '{LEVELS[index]}'"
