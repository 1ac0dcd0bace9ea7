"""What the model cards of trees on measurements say beside every grader's."""

from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.signals import FEATURES, RESIDUE_BAND_HZ, RESIDUE_FILTER_ORDER
from cardiov_core.training.cards.grader import Described, output_of
from cardiov_core.training.recipes.boosting import BoostingRecipe
from cardiov_core.training.recipes.forest import ForestRecipe
from cardiov_core.weights import BOOSTING, FOREST, Architecture, InputPart

_CONTRACT = InputContract(
    leads=STANDARD_LEADS,
    sampling_rate_hz=500.0,
    n_samples=5000,
    band_hz=RESIDUE_BAND_HZ,
    filter_order=RESIDUE_FILTER_ORDER,
    normalisation="none",
)

_OWN_LIMITATIONS = (
    "Sizes count as shares of the lead's own QRS: low or high voltage as such is seen only by the Sokolow-Lyon and "
    "Cornell voltages, and not at all where the gains cannot be trusted.",
    "The windows lie at fixed times around the R peak of the beats' dominant shape: single beats of another shape "
    "count only by their share.",
    "Reasons are shares of the trees' own reckoning before calibration: what the measurements spoke for, not causes.",
)


def described_forest(recipe: ForestRecipe) -> Described:
    """Return what a forest's card says beside every grader's."""
    return _described(
        Architecture(
            name=FOREST,
            kwargs={
                "n_trees": recipe.n_trees,
                "n_features": len(FEATURES),
                "min_samples_leaf": recipe.min_samples_leaf,
            },
        ),
        "calibrated votes of the trees",
        recipe.name,
        "Geurts P, Ernst D, Wehenkel L. Extremely randomized trees. Mach Learn 63, 3-42 (2006).",
    )


def described_boosting(recipe: BoostingRecipe) -> Described:
    """Return what the card of boosted trees says beside every grader's."""
    return _described(
        Architecture(
            name=BOOSTING,
            kwargs={"n_rounds": recipe.n_rounds, "n_features": len(FEATURES), "max_leaves": recipe.max_leaves},
        ),
        "calibrated softmax of the trees' scores",
        recipe.name,
        "Friedman JH. Greedy function approximation: a gradient boosting machine. Ann Stat 29, 1189-1232 (2001).",
    )


def _described(architecture: Architecture, meaning: str, name: str, reference: str) -> Described:
    import sklearn

    return Described(
        architecture=architecture,
        input=InputPart.of_contract(
            _CONTRACT,
            note="Waves are measured on the unfiltered median beat; the band is that of the beat-to-beat variation. "
            "Any rate that can be measured will do.",
            measurements=tuple(feature.key for feature in FEATURES),
        ),
        output=output_of(meaning),
        command=f"cardiov train --recipe {name} --data DIR --out DIR",
        library={"scikit_learn": sklearn.__version__},
        limitations=_OWN_LIMITATIONS,
        references=(reference,),
    )
