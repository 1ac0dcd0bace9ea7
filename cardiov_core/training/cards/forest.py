"""The model card of a forest: everything in it is measured or comes out of the recipe."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cardiov_core.datasets import PtbXl
from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.signals.features import FEATURES, RESIDUE_BAND_HZ, RESIDUE_FILTER_ORDER
from cardiov_core.training.cards.grader import Described, assemble, input_of, output_of
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.weights import FOREST

_RATE_HZ = 500.0
_DURATION_S = 10.0

_OWN_LIMITATIONS = (
    "Sizes count as shares of the lead's own QRS: low or high voltage as such is seen only by the Sokolow-Lyon and "
    "Cornell voltages, and not at all where the gains cannot be trusted.",
    "The windows lie at fixed times around the R peak of the beats' dominant shape: single beats of another shape "
    "count only by their share.",
    "Reasons are shares of the forest's own reckoning before calibration: what the measurements spoke for, not causes.",
)


def build_forest_card(
    recipe: ForestRecipe, table: pd.DataFrame, dataset: PtbXl, honest: Mapping[str, Any], *, n_features: int
) -> dict[str, Any]:
    """Return the model card without checksums, which `cardiov_core.weights.save_forest` adds.

    Parameters
    ----------
    recipe : ForestRecipe
        The training.
    table : pandas.DataFrame
        Nested out-of-fold predictions from `graded_table`, with label, level, patient_id, sex and age.
    dataset : PtbXl
        What it was trained on.
    honest : mapping
        ``calibration`` and ``conformal``, from `honest_card`.
    n_features : int
        Measurements that the forest is fed.

    Returns
    -------
    dict
        JSON values only.
    """
    import sklearn

    kwargs = {"n_trees": recipe.n_trees, "n_features": n_features, "min_samples_leaf": recipe.min_samples_leaf}
    described = Described(
        architecture={"name": FOREST, "kwargs": kwargs},
        input=_input(),
        output=output_of("calibrated votes of the trees"),
        made_with={
            "scikit_learn": sklearn.__version__,
            "command": f"cardiov train --recipe {recipe.name} --data DIR --out DIR",
        },
        limitations=_OWN_LIMITATIONS,
        references=("Geurts P, Ernst D, Wehenkel L. Extremely randomized trees. Mach Learn 63, 3-42 (2006).",),
    )
    return assemble(recipe, table, dataset, honest, described)


def _input() -> dict[str, Any]:
    contract = InputContract(
        leads=STANDARD_LEADS,
        sampling_rate_hz=_RATE_HZ,
        n_samples=round(_RATE_HZ * _DURATION_S),
        band_hz=RESIDUE_BAND_HZ,
        filter_order=RESIDUE_FILTER_ORDER,
        normalisation="none",
    )
    return {
        **input_of(contract),
        "note": "Waves are measured on the unfiltered median beat; the band is that of the beat-to-beat variation. "
        "Any rate that can be measured will do.",
        "measurements": [feature.key for feature in FEATURES],
    }
