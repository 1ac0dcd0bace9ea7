"""Recipes: everything that decides what a training does, as a file."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from cardiov_core.domain import STANDARD_LEADS, InputContract
from cardiov_core.errors import ConfigurationError
from cardiov_core.training.forest_recipe import ForestRecipe, forest_recipe_from

Objective = Literal["cross_entropy", "ordinal"]

_RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Stage:
    """One of the two stages of the paper's training.

    Attributes
    ----------
    objective : {"cross_entropy", "ordinal"}
        Four-class cross-entropy, or the mean of three binary cross-entropies (paper, Eqs. 4 and 5).
    epochs : int
        Passes over the training records.
    learning_rate : float
        Peak of the one-cycle schedule.
    """

    objective: Objective
    epochs: int
    learning_rate: float


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training windows; never used at inference.

    Attributes
    ----------
    crop_s : float
        Length of the random window in seconds; the whole input where it is as long.
    lead_dropout : float
        Probability that a lead is zeroed.
    scale : float
        Standard deviation of the log of a record's random gain.
    noise_mv : float
        Standard deviation of white noise in mV.
    mixup : float
        Alpha of the beta distribution that mixes pairs of records and their targets; 0 mixes none.
    """

    crop_s: float = 8.0
    lead_dropout: float = 0.1
    scale: float = 0.1
    noise_mv: float = 0.01
    mixup: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A training, whole.

    Attributes
    ----------
    name : str
        Name of the grader that comes out.
    title : str
        One line for people.
    net : str
        For `cardiov_core.nets.build_net`.
    net_arguments : mapping
        Passed on to it.
    contract : InputContract
        What the network is fed, in training and ever after.
    stages : tuple of Stage
        In their order.
    augmentation : Augmentation
        For training windows.
    batch_size : int
        Records a step.
    weight_decay : float
        Of AdamW.
    seed : int
        Of everything random.
    cv_groups : int
        Parts of the cross-validation; whole PTB-XL folds, so that no patient is in two of them.
    folds : tuple of int
        PTB-XL folds that are trained on; fold 10 stays untouched.
    """

    name: str
    title: str
    net: str
    contract: InputContract
    stages: tuple[Stage, ...]
    augmentation: Augmentation
    net_arguments: Mapping[str, Any]
    batch_size: int
    weight_decay: float
    seed: int
    cv_groups: int
    folds: tuple[int, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, for the model card and checkpoints."""
        return asdict(self)


def list_recipes() -> tuple[str, ...]:
    """Return the names of the recipes that come with CardioV."""
    return tuple(sorted(path.stem for path in _RECIPES.glob("*.toml")))


def load_recipe(name_or_path: str | Path) -> Recipe | ForestRecipe:
    """Load a recipe by name or from a TOML file.

    Parameters
    ----------
    name_or_path : str or pathlib.Path
        One of `list_recipes`, or the path of a file of the same form.

    Returns
    -------
    Recipe or ForestRecipe
        Of a network, or of a forest where the file has a section ``forest``; checked as far as it can be without data.

    Raises
    ------
    ConfigurationError
        If there is no such recipe, or a field is unknown, missing or of the wrong kind.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _RECIPES / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"There is no recipe {str(name_or_path)!r}.",
            f"Choose one of {', '.join(list_recipes())}, or give the path of a .toml file.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path.name} is no TOML file: {error}.", "Mend the line it names.") from error
    return forest_recipe_from(table, path.name) if "forest" in table else _recipe_from(table, path.name)


def _recipe_from(table: dict[str, Any], shown_as: str) -> Recipe:
    known = {field.name for field in fields(Recipe)} | {"input"}
    unknown = set(table) - known
    if unknown:
        raise ConfigurationError(
            f"{shown_as} has unknown fields: {', '.join(sorted(unknown))}.", f"Known are {', '.join(sorted(known))}."
        )
    try:
        given = table["input"]
        contract = InputContract(
            leads=STANDARD_LEADS,
            sampling_rate_hz=float(given["sampling_rate_hz"]),
            n_samples=int(given["n_samples"]),
            band_hz=(float(given["band_hz"][0]), float(given["band_hz"][1])),
            filter_order=int(given["filter_order"]),
            normalisation=given["normalisation"],
        )
        recipe = Recipe(
            name=str(table["name"]),
            title=str(table["title"]),
            net=str(table["net"]),
            contract=contract,
            stages=tuple(Stage(**stage) for stage in table["stages"]),
            augmentation=Augmentation(**table.get("augmentation", {})),
            net_arguments=dict(table.get("net_arguments", {})),
            batch_size=int(table["batch_size"]),
            weight_decay=float(table["weight_decay"]),
            seed=int(table["seed"]),
            cv_groups=int(table["cv_groups"]),
            folds=tuple(int(fold) for fold in table["folds"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigurationError(
            f"{shown_as} lacks a field or has one of the wrong kind: {error}.",
            "Compare it with a recipe that comes with CardioV.",
        ) from error
    _check(recipe, shown_as)
    return recipe


def _check(recipe: Recipe, shown_as: str) -> None:
    faults = {
        "stages must end with an ordinal stage": not recipe.stages or recipe.stages[-1].objective != "ordinal",
        "an objective must be cross_entropy or ordinal": any(
            stage.objective not in ("cross_entropy", "ordinal") for stage in recipe.stages
        ),
        "epochs must be at least 1": any(stage.epochs < 1 for stage in recipe.stages),
        "batch_size must be at least 2": recipe.batch_size < 2,
        "cv_groups must be between 2 and the number of folds": not 2 <= recipe.cv_groups <= len(recipe.folds),
        "fold 10 is the test fold and must not be trained on": 10 in recipe.folds,
        "normalisation must be none or global_std": recipe.contract.normalisation not in ("none", "global_std"),
    }
    for rule, broken in faults.items():
        if broken:
            raise ConfigurationError(f"{shown_as}: {rule}.", "Mend the recipe.")
